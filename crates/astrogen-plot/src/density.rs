//! Maps of where points lie, one per sample, side by side: a colour against a magnitude, true beside
//! generated.
//!
//! The plane is cut into equal cells and the points in each are counted; the colour is the
//! logarithm of the count, on one scale for all panels, and a cell without points stays white. A
//! sample of another size than the first is scaled to the first one's, so that like
//! distributions look alike. Colours run evenly in a perceptual space.

use std::path::Path;

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, Color, FontTransform};

use crate::error::PlotError;
use crate::figure;
use crate::figure::axis::{Axis, Scale};
use crate::figure::canvas::{Canvas, Drawing};
use crate::figure::colour::sequential;
use crate::figure::row::{Frame, Row};
use crate::sample::{Points, axis, bin_of, check_bins, empty, range};

/// A figure of density maps: texts, ranges, cells and size.
///
/// ```
/// use astrogen_plot::{Density, Points};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("colours.png");
/// let magnitude: Vec<f64> = (0..500).map(|i| 18.0 + 0.01 * f64::from(i)).collect();
/// let colour: Vec<f64> = magnitude.iter().map(|m| 0.5 + 0.1 * (9.0 * m).sin()).collect();
/// let redder: Vec<f64> = colour.iter().map(|colour| colour + 0.1).collect();
///
/// Density { x_label: "i".into(), y_label: "r - i".into(), ..Density::default() }.save(
///     &path,
///     &[Points::new("true", &magnitude, &colour), Points::new("generated", &magnitude, &redder)],
/// )?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// Above the figure; empty for none.
    pub title: String,
    /// Below the panels; empty for none.
    pub x_label: String,
    /// Beside the vertical axis; empty for none.
    pub y_label: String,
    /// The horizontal range; by default all but the outermost quarter per cent at either end of
    /// every sample. Points beyond it are not shown.
    pub x_range: Option<(f64, f64)>,
    /// The vertical range; by default as the horizontal one.
    pub y_range: Option<(f64, f64)>,
    /// Cells along each axis, 1..=1000; 100 by default.
    pub bins: usize,
    /// Width in pixels, 320..=8192; 1200 by default, for two samples.
    pub width: u32,
    /// Height in pixels, 320..=8192; 640 by default.
    pub height: u32,
}

impl Default for Density {
    fn default() -> Self {
        Self {
            title: String::new(),
            x_label: String::new(),
            y_label: String::new(),
            x_range: None,
            y_range: None,
            bins: 100,
            width: 1200,
            height: 640,
        }
    }
}

impl Density {
    /// Draws a panel a sample and writes the figure, whole or not at all; `path` ends in `.png`
    /// or `.svg`.
    ///
    /// # Errors
    /// [`PlotError::NothingToDraw`] for no sample, [`PlotError::EmptySample`] for one without a
    /// finite point within the ranges, [`PlotError::DifferentLengths`], [`PlotError::Setting`],
    /// [`PlotError::TooNarrow`]; [`PlotError::BadExtension`], [`PlotError::BadFigureSize`],
    /// [`PlotError::Write`] if the disk refuses.
    pub fn save(&self, path: impl AsRef<Path>, samples: &[Points<'_>]) -> Result<(), PlotError> {
        figure::save(path.as_ref(), self.width, self.height, &Maps::new(self, samples)?)
    }
}

/// Draws density maps with the defaults of [`Density`].
///
/// # Errors
/// As [`Density::save`].
pub fn save_density(
    path: impl AsRef<Path>,
    title: &str,
    x_label: &str,
    y_label: &str,
    samples: &[Points<'_>],
) -> Result<(), PlotError> {
    let (title, x_label, y_label) = (title.into(), x_label.into(), y_label.into());
    Density { title, x_label, y_label, ..Density::default() }.save(path, samples)
}

/// The counts of every sample, and the axes they are drawn over.
struct Maps<'a> {
    density: &'a Density,
    names: Vec<&'a str>,
    /// A sample's cells, row by row from below.
    counts: Vec<Vec<f64>>,
    x_axis: Axis,
    y_axis: Axis,
    colours: Axis,
    scaled: bool,
}

impl<'a> Maps<'a> {
    fn new(density: &'a Density, samples: &[Points<'a>]) -> Result<Self, PlotError> {
        let bins = density.bins;
        check_bins(bins)?;
        let points: Result<Vec<_>, _> = samples.iter().map(Points::finite).collect();
        let points = points?;
        let Some(first) = points.first().map(Vec::len) else {
            return Err(PlotError::NothingToDraw { series: 0, logarithmic: false });
        };
        let along = |of: fn(&(f64, f64)) -> f64| {
            points.iter().map(move |points| points.iter().map(of).collect::<Vec<_>>())
        };
        let x_range = range("x_range", density.x_range, along(|point| point.0))?;
        let y_range = range("y_range", density.y_range, along(|point| point.1))?;
        let count = |(points, sample): (&Vec<(f64, f64)>, &Points<'_>)| {
            let weight = first as f64 / points.len() as f64;
            let mut cells = vec![0.0; bins * bins];
            for (x, y) in points {
                if let (Some(x), Some(y)) = (bin_of(*x, x_range, bins), bin_of(*y, y_range, bins)) {
                    cells[y * bins + x] += weight;
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
        let bins = self.density.bins;
        let place =
            |index: usize, side: i32| (index as f64 / bins as f64 * f64::from(side)).round() as i32;
        let (wide, high) = (frame.right - frame.left, frame.bottom - frame.top);
        let colour = |cell: &f64| (*cell > 0.0).then(|| sequential(self.colours.position(*cell)));
        for (row, cells) in cells.chunks_exact(bins).enumerate() {
            let (below, above) =
                (frame.bottom - place(row, high), frame.bottom - place(row + 1, high));
            let mut start = 0;
            for stretch in cells.chunk_by(|a, b| colour(a) == colour(b)) {
                let end = start + stretch.len();
                if let Some(colour) = stretch.first().and_then(colour) {
                    let from = (frame.left + place(start, wide), above);
                    let to = (frame.left + place(end, wide), below);
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
        for tick in self.ticks(canvas) {
            let at = y(self.colours.position(tick.value));
            canvas.line(vec![(right, at), (right + canvas.px(5.0), at)], line)?;
            canvas.write(&tick.label, &style, (right + canvas.px(9.0), at))?;
        }
        let turned = canvas.text(19.0, 1.0).transform(FontTransform::Rotate270);
        let beside = turned.pos(Pos::new(HPos::Center, VPos::Top));
        let at = (canvas.width - canvas.px(30.0), (top + bottom) / 2);
        canvas.write_within(bottom - top, &self.bar_label(), &beside, at)
    }

    fn ticks<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Vec<figure::axis::Tick> {
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
    fn bar_width<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<i32, PlotError> {
        let style = canvas.text(17.0, 1.0);
        let mut labels = 0;
        for tick in self.ticks(canvas) {
            labels = labels.max(canvas.width_of(&tick.label, &style)?);
        }
        Ok(labels + canvas.px(24.0 + 18.0 + 9.0 + 40.0))
    }
}

impl Drawing for Maps<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let row = Row {
            title: &self.density.title,
            x_label: &self.density.x_label,
            y_label: &self.density.y_label,
            panels: self.names.iter().map(|name| (*name, self.x_axis)).collect(),
            y_axis: self.y_axis,
            legend: Vec::new(),
        };
        let frames = row.draw(canvas, self.bar_width(canvas)?, |index, frame| {
            self.draw_cells(canvas, frame, &self.counts[index])
        })?;
        frames.last().map_or(Ok(()), |frame| self.draw_bar(canvas, frame))
    }
}
