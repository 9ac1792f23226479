//! One row of density maps: cells counted, coloured and drawn over their axes.

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, Color, FontTransform};

use super::Density;
use crate::axis::{Axis, Scale, Tick};
use crate::error::PlotError;
use crate::figure::canvas::{Canvas, Drawing};
use crate::figure::colour::sequential;
use crate::figure::frame::Frame;
use crate::figure::row::Row;
use crate::sample::{Points, axis, bin_of, check_bins, empty, range};

/// The counts of every sample, and the axes they are drawn over.
pub(super) struct Plane<'a> {
    density: &'a Density,
    names: Vec<&'a str>,
    /// A sample's cells, row by row from below.
    counts: Vec<Vec<f64>>,
    /// Cells along a row.
    across: usize,
    /// Height over width of the ranges of the axes.
    pub(super) ratio: f64,
    x_axis: Axis,
    y_axis: Axis,
    colours: Axis,
    /// Whether samples of other sizes than the first one's are scaled to it.
    pub(super) scaled: bool,
}

impl<'a> Plane<'a> {
    /// With `square` cells the settings' number of them lies along the longer axis; the other has
    /// as many as are as high and wide, and a range that is not given is a quarter of the other at
    /// least.
    pub(super) fn new(
        density: &'a Density,
        samples: &[Points<'a>],
        square: bool,
    ) -> Result<Self, PlotError> {
        check_bins(density.bins)?;
        let points: Result<Vec<_>, _> = samples.iter().map(Points::finite).collect();
        let points = points?;
        let Some(first) = points.first().map(Vec::len) else {
            return Err(PlotError::NothingToDraw { series: 0, logarithmic: false });
        };
        let along = |of: fn(&(f64, f64)) -> f64| {
            points.iter().map(move |points| points.iter().map(of).collect::<Vec<_>>())
        };
        let mut x_range = range("x_range", density.x_range, along(|point| point.0))?;
        let mut y_range = range("y_range", density.y_range, along(|point| point.1))?;
        let length = |(low, high): (f64, f64)| high - low;
        if square {
            // Of a thin disc the panel holds some sky too.
            let least = 0.25 * length(x_range).max(length(y_range));
            for (range, given) in [(&mut x_range, density.x_range), (&mut y_range, density.y_range)]
            {
                let missing = 0.5 * (least - length(*range)).max(0.0);
                if given.is_none() {
                    *range = (range.0 - missing, range.1 + missing);
                }
            }
        }
        let ratio = length(y_range) / length(x_range);
        let part = |of_longer: f64| (density.bins as f64 * of_longer).round().max(1.0) as usize;
        let [across, along] = match square {
            true => [part((1.0 / ratio).min(1.0)), part(ratio.min(1.0))],
            false => [density.bins; 2],
        };
        let count = |(points, sample): (&Vec<(f64, f64)>, &Points<'_>)| {
            let weight = first as f64 / points.len() as f64;
            let mut cells = vec![0.0; across * along];
            for (x, y) in points {
                let place = (bin_of(*x, x_range, across), bin_of(*y, y_range, along));
                if let (Some(x), Some(y)) = place {
                    cells[y * across + x] += weight;
                }
            }
            if cells.iter().all(|cell| *cell == 0.0) {
                return Err(empty(sample.name, "point within the ranges of the axes"));
            }
            Ok(cells)
        };
        let counts: Result<Vec<_>, _> = points.iter().zip(samples).map(count).collect();
        let counts = counts?;
        let colours = Axis::over(counts.iter().flatten().copied(), Scale::Log, 0.0)
            .ok_or_else(|| PlotError::Draw("no count is above 0".into()))?;
        Ok(Self {
            density,
            names: samples.iter().map(|sample| sample.name).collect(),
            counts,
            across,
            ratio,
            x_axis: axis(x_range, Scale::Linear)?,
            y_axis: axis(y_range, Scale::Linear)?,
            colours,
            scaled: points.iter().any(|points| points.len() != first),
        })
    }

    /// The cells of one panel, in stretches of one colour.
    fn draw_cells<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: &Frame,
        cells: &[f64],
    ) -> Result<(), PlotError> {
        let (across, along) = (self.across, cells.len() / self.across);
        let place = |index: usize, of: usize, side: i32| {
            (index as f64 / of as f64 * f64::from(side)).round() as i32
        };
        let (wide, high) = (frame.right - frame.left, frame.bottom - frame.top);
        let colour = |cell: &f64| (*cell > 0.0).then(|| sequential(self.colours.position(*cell)));
        for (row, cells) in cells.chunks_exact(across).enumerate() {
            let edge = |row: usize| frame.bottom - place(row, along, high);
            let (below, above) = (edge(row), edge(row + 1));
            let mut start = 0;
            for stretch in cells.chunk_by(|a, b| colour(a) == colour(b)) {
                let end = start + stretch.len();
                if let Some(colour) = stretch.first().and_then(colour) {
                    let from = (frame.left + place(start, across, wide), above);
                    let to = (frame.left + place(end, across, wide), below);
                    canvas.rectangle(from, to, colour.to_rgba())?;
                }
                start = end;
            }
        }
        Ok(())
    }

    /// The scale of the colours, right of the last panel.
    fn draw_bar<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: &Frame,
    ) -> Result<(), PlotError> {
        let (left, right) = (frame.right + canvas.px(24.0), frame.right + canvas.px(42.0));
        let Frame { top, bottom, .. } = *frame;
        let y = |position: f64| bottom - (position * f64::from(bottom - top)).round() as i32;
        for step in 0..256 {
            let part = |step: i32| f64::from(step) / 256.0;
            let colour = sequential(part(step) + 0.5 / 256.0).to_rgba();
            canvas.rectangle((left, y(part(step + 1))), (right, y(part(step))), colour)?;
        }
        let style = canvas.text(17.0, 0.85).pos(Pos::new(HPos::Left, VPos::Center));
        let line = canvas.stroke(BLACK, 0.7, 1.0);
        let mut ticks = self.ticks(canvas);
        let at = |tick: &Tick| y(self.colours.position(tick.value));
        if ticks.windows(2).any(|pair| at(&pair[0]) - at(&pair[1]) < canvas.px(17.0)) {
            let decade = |tick: &&Tick| tick.value.log10().fract().abs() < 1e-9;
            let decades: Vec<Tick> = ticks.iter().filter(decade).cloned().collect();
            ticks = match decades.len() {
                2.. => decades,
                _ => ticks.first().into_iter().chain(ticks.last()).cloned().collect(),
            };
        }
        for tick in ticks {
            let at = at(&tick);
            canvas.line(vec![(right, at), (right + canvas.px(5.0), at)], line)?;
            canvas.write(&tick.label, &style, (right + canvas.px(9.0), at))?;
        }
        Ok(())
    }

    fn ticks<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Vec<Tick> {
        self.colours.ticks((canvas.finished(canvas.height) / 75.0).max(3.0) as usize)
    }

    fn bar_label(&self) -> String {
        if self.scaled {
            format!("points in a cell, scaled to the number of {}", self.names[0])
        } else {
            "points in a cell".into()
        }
    }

    /// Room for the bar, its labels and its name.
    pub(super) fn bar_width<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
    ) -> Result<i32, PlotError> {
        let style = canvas.text(17.0, 1.0);
        let mut labels = 0;
        for tick in self.ticks(canvas) {
            labels = labels.max(canvas.width_of(&tick.label, &style)?);
        }
        Ok(labels + canvas.px(24.0 + 18.0 + 9.0 + 40.0))
    }

    /// The panels' texts and axes.
    pub(super) fn row(&self) -> Row<'_> {
        Row {
            title: &self.density.title,
            x_label: &self.density.x_label,
            y_label: &self.density.y_label,
            panels: self.names.iter().map(|name| (*name, self.x_axis)).collect(),
            y_axis: self.y_axis,
            legend: Vec::new(),
        }
    }

    /// The panels and the scale of their colours, without its name. Returns the last panel.
    pub(super) fn draw_row<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
    ) -> Result<Option<Frame>, PlotError> {
        let frames = self.row().draw(canvas, self.bar_width(canvas)?, |index, frame| {
            self.draw_cells(canvas, frame, &self.counts[index])
        })?;
        let last = frames.last().copied();
        last.map_or(Ok(()), |frame| self.draw_bar(canvas, &frame))?;
        Ok(last)
    }
}

/// Writes what colours mean at the right edge of a figure, between two heights.
pub(super) fn write_bar_label<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    label: &str,
    (top, bottom): (i32, i32),
) -> Result<(), PlotError> {
    let turned = canvas.text(19.0, 1.0).transform(FontTransform::Rotate270);
    let beside = turned.pos(Pos::new(HPos::Center, VPos::Top));
    let at = (canvas.width - canvas.px(30.0), (top + bottom) / 2);
    canvas.write_within(bottom - top, label, &beside, at)
}

impl Drawing for Plane<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let Some(Frame { top, bottom, .. }) = self.draw_row(canvas)? else { return Ok(()) };
        write_bar_label(canvas, &self.bar_label(), (top, bottom))
    }
}
