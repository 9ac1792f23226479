//! The figure: curves over their axes, and the legend beside them.

use plotters::backend::DrawingBackend;
use plotters::style::ShapeStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::trace::{Point, runs, smooth, thin};
use super::{Curves, Series, Smoothing};
use crate::axis::{Axis, Scale};
use crate::error::PlotError;
use crate::figure::canvas::{Canvas, Drawing, Pixel};
use crate::figure::colour::colour;
use crate::figure::frame::Frame;
use crate::figure::legend::{LINES, Mark, check_count};
use crate::figure::row::Row;

/// Everything about a figure that does not depend on what it is drawn on.
pub(super) struct Figure<'a> {
    curves: &'a Curves,
    series: &'a [Series],
    x_axis: Axis,
    y_axis: Axis,
    window: Option<usize>,
}

impl<'a> Figure<'a> {
    pub(super) fn new(curves: &'a Curves, series: &'a [Series]) -> Result<Self, PlotError> {
        check_count("series", series.len(), LINES, "21 at most, which are told apart")?;
        let shown = || {
            let runs = series.iter().flat_map(|line| runs(&line.points, curves.y_scale));
            runs.flatten().copied()
        };
        let axes = (
            Axis::over(shown().map(|point| point.0), Scale::Linear, 0.01),
            Axis::over(shown().map(|point| point.1), curves.y_scale, 0.05),
        );
        let (Some(x_axis), Some(y_axis)) = axes else {
            let logarithmic = curves.y_scale == Scale::Log;
            return Err(PlotError::NothingToDraw { series: series.len(), logarithmic });
        };
        let longest = series.iter().map(|line| line.points.len()).max().unwrap_or(0);
        let window = match curves.smoothing {
            Smoothing::Auto => (longest > 500).then_some(longest / 100),
            Smoothing::Off => None,
            Smoothing::Window(window) => (window > 1).then_some(window),
        };
        // As many points on either side of the one in the middle.
        let window = window.map(|window| window | 1).filter(|window| longest / 2 >= *window);
        Ok(Self { curves, series, x_axis, y_axis, window })
    }

    /// The legend takes what its texts need, up to about a quarter of the figure.
    fn legend_width<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<i32, PlotError> {
        let (name, note) = (canvas.text(17.0, 1.0), canvas.text(14.0, 1.0));
        let mut widest = 0;
        for line in self.series {
            widest = widest.max(canvas.width_of(&line.name, &name)? + canvas.px(34.0));
        }
        for text in self.notes() {
            widest = widest.max(canvas.width_of(&text, &note)?);
        }
        Ok((widest + canvas.px(28.0)).min(canvas.width / 4) + canvas.px(16.0))
    }

    /// What the two kinds of line are, below the legend.
    fn notes(&self) -> Vec<String> {
        let notes = |window| vec!["faint: every value".into(), format!("bold: mean of {window}")];
        self.window.map_or_else(Vec::new, notes)
    }
}

impl Drawing for Figure<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let row = Row {
            title: &self.curves.title,
            x_label: &self.curves.x_label,
            y_label: &self.curves.y_label,
            panels: vec![("", self.x_axis)],
            y_axis: self.y_axis,
            legend: Vec::new(),
        };
        row.draw(canvas, self.legend_width(canvas)?, |_, frame| {
            let pen = Pen { figure: self, canvas, frame };
            for (index, line) in self.series.iter().enumerate() {
                pen.draw_series(index, line)?;
            }
            pen.draw_legend()
        })?;
        Ok(())
    }
}

/// A figure at its place on a canvas.
struct Pen<'a, DB: DrawingBackend> {
    figure: &'a Figure<'a>,
    canvas: &'a Canvas<'a, DB>,
    frame: &'a Frame,
}

impl<DB: DrawingBackend> Pen<'_, DB> {
    /// One series: its values, faint where a running mean lies over them.
    fn draw_series(&self, index: usize, line: &Series) -> Result<(), PlotError> {
        let Frame { left, right, .. } = *self.frame;
        let columns = (self.canvas.finished(right - left) / 2.0).max(1.0) as usize;
        let window = self.figure.window.filter(|window| line.points.len() / 2 >= *window);
        for run in runs(&line.points, self.figure.curves.y_scale) {
            if let [(x, y)] = run {
                self.canvas.dot(self.frame.at((*x, *y)), colour(index))?;
                continue;
            }
            let values = thin(run, columns);
            match window {
                None => self.trace(index, &values, 1.0, 1.8)?,
                Some(window) => {
                    self.trace(index, &values, 0.22, 1.0)?;
                    self.trace(index, &smooth(run, window), 1.0, 2.2)?;
                }
            }
        }
        Ok(())
    }

    fn trace(
        &self,
        index: usize,
        points: &[Point],
        opacity: f64,
        width: f64,
    ) -> Result<(), PlotError> {
        let pixels = points.iter().map(|point| self.frame.at(*point)).collect();
        self.stroke(index, pixels, self.canvas.stroke(colour(index), opacity, width))
    }

    /// Names beside the curves, where they hide nothing.
    fn draw_legend(&self) -> Result<(), PlotError> {
        let Self { figure, canvas, frame } = *self;
        let left = frame.right + canvas.px(14.0);
        let text_left = left + canvas.px(34.0);
        let rows = figure.series.len() as i32 + 2;
        let spacing = canvas.px(27.0).min((frame.bottom - frame.top) / rows);
        let size = (canvas.finished(spacing) * 0.9).min(17.0);
        let style = canvas.text(size, 1.0).pos(Pos::new(HPos::Left, VPos::Center));
        let mut y = frame.top + canvas.px(12.0);
        for (index, line) in figure.series.iter().enumerate() {
            let sample = vec![(left, y), (left + canvas.px(26.0), y)];
            self.stroke(index, sample, canvas.stroke(colour(index), 1.0, 3.0))?;
            let room = canvas.width - text_left - canvas.px(8.0);
            canvas.write_within(room, &line.name, &style, (text_left, y))?;
            y += spacing;
        }
        let small = canvas.text(14.0, 0.65).pos(Pos::new(HPos::Left, VPos::Center));
        for note in figure.notes() {
            y += canvas.px(8.0);
            let room = canvas.width - left - canvas.px(8.0);
            canvas.write_within(room, &note, &small, (left, y))?;
            y += canvas.px(12.0);
        }
        Ok(())
    }

    /// A line in the manner of series `index`.
    fn stroke(&self, index: usize, points: Vec<Pixel>, style: ShapeStyle) -> Result<(), PlotError> {
        match Mark::of(index, 1.0) {
            Mark::Dashes { .. } => self.canvas.dashes(points, style),
            Mark::Dots { .. } => self.canvas.dots(points, style),
            _ => self.canvas.line(points, style),
        }
    }
}
