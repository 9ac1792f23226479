//! The figure: frame, grid lines, labels, curves and legend.

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, FontTransform, RGBColor, ShapeStyle};

use super::axis::{Axis, Scale, Tick};
use super::canvas::{Canvas, Drawing, Pixel};
use super::trace::{Point, runs, smooth, thin};
use super::{Curves, Series, Smoothing};
use crate::error::PlotError;

/// Okabe and Ito's colours, told apart with every kind of colour vision; their yellow is left out,
/// which is hard to see on white.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// Everything about a figure that does not depend on what it is drawn on.
pub(super) struct Figure<'a> {
    curves: &'a Curves,
    series: &'a [Series],
    x_axis: Axis,
    y_axis: Axis,
    y_ticks: Vec<Tick>,
    window: Option<usize>,
}

impl<'a> Figure<'a> {
    pub(super) fn new(curves: &'a Curves, series: &'a [Series]) -> Result<Self, PlotError> {
        let (width, height) = (curves.width, curves.height);
        if ![width, height].iter().all(|side| (320..=8192).contains(side)) {
            return Err(PlotError::BadFigureSize { width, height });
        }
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
            Smoothing::Window(window) => (window > 1 && longest / 2 >= window).then_some(window),
        };
        let y_ticks = y_axis.ticks((height / 75).max(3) as usize);
        Ok(Self { curves, series, x_axis, y_axis, y_ticks, window })
    }

    /// Room for labels on the left, the legend on the right, the title above, the axis below.
    fn layout<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<Frame, PlotError> {
        let style = canvas.text(17.0, 1.0);
        let mut labels = 0;
        for tick in &self.y_ticks {
            labels = labels.max(canvas.width_of(&tick.label, &style)?);
        }
        let room =
            |text: &str, without, with| canvas.px(if text.is_empty() { without } else { with });
        Ok(Frame {
            left: labels + room(&self.curves.y_label, 22.0, 52.0),
            right: canvas.width - self.legend_width(canvas)?,
            top: room(&self.curves.title, 20.0, 54.0),
            bottom: canvas.height - room(&self.curves.x_label, 40.0, 70.0),
        })
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
        let pen = Pen { figure: self, canvas, frame: self.layout(canvas)? };
        pen.draw_grid()?;
        pen.draw_texts()?;
        for (index, line) in self.series.iter().enumerate() {
            pen.draw_series(index, line)?;
        }
        pen.draw_legend()
    }
}

/// The rectangle of the curves, in pixels of the canvas.
#[derive(Clone, Copy)]
struct Frame {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

/// A figure at its place on a canvas.
struct Pen<'a, DB: DrawingBackend> {
    figure: &'a Figure<'a>,
    canvas: &'a Canvas<'a, DB>,
    frame: Frame,
}

impl<DB: DrawingBackend> Pen<'_, DB> {
    /// Grid lines with their labels, and the two axes.
    fn draw_grid(&self) -> Result<(), PlotError> {
        let Self { figure, canvas, frame: Frame { left, right, top, bottom } } = *self;
        let grid = canvas.stroke(BLACK, 0.12, 1.0);
        let style = canvas.text(17.0, 0.85);
        let beside = style.pos(Pos::new(HPos::Right, VPos::Center));
        for tick in &figure.y_ticks {
            let y = self.y_pixel(tick.value);
            canvas.line(vec![(left, y), (right, y)], grid)?;
            canvas.write(&tick.label, &beside, (left - canvas.px(8.0), y))?;
        }
        let below = style.pos(Pos::new(HPos::Center, VPos::Top));
        let wanted = (canvas.finished(right - left) / 110.0).max(2.0);
        for tick in figure.x_axis.ticks(wanted as usize) {
            let x = self.x_pixel(tick.value);
            canvas.line(vec![(x, top), (x, bottom)], grid)?;
            canvas.write(&tick.label, &below, (x, bottom + canvas.px(9.0)))?;
        }
        let axes = vec![(left, top), (left, bottom), (right, bottom)];
        canvas.line(axes, canvas.stroke(BLACK, 0.7, 1.0))
    }

    /// Title and the names of the axes.
    fn draw_texts(&self) -> Result<(), PlotError> {
        let Self { figure, canvas, frame: Frame { left, right, top, bottom } } = *self;
        let Curves { title, x_label, y_label, .. } = figure.curves;
        let style = canvas.text(25.0, 1.0).pos(Pos::new(HPos::Left, VPos::Center));
        canvas.write_within(
            canvas.width - left - canvas.px(16.0),
            title,
            &style,
            (left, top / 2),
        )?;
        let style = canvas.text(19.0, 1.0);
        let below = style.pos(Pos::new(HPos::Center, VPos::Bottom));
        let at = ((left + right) / 2, canvas.height - canvas.px(12.0));
        canvas.write_within(right - left, x_label, &below, at)?;
        let turned = style.transform(FontTransform::Rotate270);
        let beside = turned.pos(Pos::new(HPos::Center, VPos::Top));
        let at = (canvas.px(10.0), (top + bottom) / 2);
        canvas.write_within(bottom - top, y_label, &beside, at)
    }

    /// One series: its values, faint where a running mean lies over them.
    fn draw_series(&self, index: usize, line: &Series) -> Result<(), PlotError> {
        let Frame { left, right, .. } = self.frame;
        let columns = (self.canvas.finished(right - left) / 2.0).max(1.0) as usize;
        let window = self.figure.window.filter(|window| line.points.len() / 2 >= *window);
        for run in runs(&line.points, self.figure.curves.y_scale) {
            if let [(x, y)] = run {
                self.canvas.dot((self.x_pixel(*x), self.y_pixel(*y)), colour(index))?;
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
        let pixels = points.iter().map(|(x, y)| (self.x_pixel(*x), self.y_pixel(*y))).collect();
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

    /// A line in the manner of series `index`: dashed once the colours begin again.
    fn stroke(&self, index: usize, points: Vec<Pixel>, style: ShapeStyle) -> Result<(), PlotError> {
        if (index / COLOURS.len()).is_multiple_of(2) {
            self.canvas.line(points, style)
        } else {
            self.canvas.dashes(points, style)
        }
    }

    fn x_pixel(&self, value: f64) -> i32 {
        let Frame { left, right, .. } = self.frame;
        left + (self.figure.x_axis.position(value) * f64::from(right - left)).round() as i32
    }

    fn y_pixel(&self, value: f64) -> i32 {
        let Frame { top, bottom, .. } = self.frame;
        bottom - (self.figure.y_axis.position(value) * f64::from(bottom - top)).round() as i32
    }
}

fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}
