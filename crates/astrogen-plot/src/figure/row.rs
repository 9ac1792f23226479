//! Panels side by side over one vertical axis: frames, grid lines, labels, title and legend.

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, FontTransform};

use super::axis::{Axis, Tick};
use super::canvas::{Canvas, Pixel};
use super::legend::{self, Entry};
use crate::error::PlotError;

/// The distance of neighbouring panels in pixels of the finished figure.
pub(crate) const GAP: f64 = 36.0;

/// Everything around the contents of a figure; empty texts take no room.
pub(crate) struct Row<'a> {
    pub(crate) title: &'a str,
    pub(crate) x_label: &'a str,
    pub(crate) y_label: &'a str,
    /// Title and horizontal axis of each panel.
    pub(crate) panels: Vec<(&'a str, Axis)>,
    pub(crate) y_axis: Axis,
    /// Above the panels, side by side.
    pub(crate) legend: Vec<Entry>,
}

/// The rectangle of a panel in pixels of the canvas, with its axes.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) left: i32,
    pub(crate) right: i32,
    pub(crate) top: i32,
    pub(crate) bottom: i32,
    pub(crate) x_axis: Axis,
    pub(crate) y_axis: Axis,
}

impl Frame {
    pub(crate) fn x(&self, value: f64) -> i32 {
        self.left + (self.x_axis.position(value) * f64::from(self.right - self.left)).round() as i32
    }

    pub(crate) fn y(&self, value: f64) -> i32 {
        self.bottom
            - (self.y_axis.position(value) * f64::from(self.bottom - self.top)).round() as i32
    }

    pub(crate) fn at(&self, (x, y): (f64, f64)) -> Pixel {
        (self.x(x), self.y(y))
    }
}

impl Row<'_> {
    /// Draws the row with a margin of so many canvas pixels on the right; `contents` draws each
    /// panel, over its grid lines and below its axes. Returns the frames.
    pub(crate) fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        right_margin: i32,
        mut contents: impl FnMut(usize, &Frame) -> Result<(), PlotError>,
    ) -> Result<Vec<Frame>, PlotError> {
        let y_ticks = self.y_ticks(canvas);
        let frames = self.frames(canvas, &y_ticks, right_margin)?;
        for (index, frame) in frames.iter().enumerate() {
            let labelled = index == 0;
            draw_grid(canvas, frame, &y_ticks, labelled)?;
            contents(index, frame)?;
            let Frame { left, right, top, bottom, .. } = *frame;
            let axes = vec![(left, top), (left, bottom), (right, bottom)];
            canvas.line(axes, canvas.stroke(BLACK, 0.7, 1.0))?;
            let style = canvas.text(19.0, 1.0).pos(Pos::new(HPos::Center, VPos::Center));
            let at = ((left + right) / 2, top - canvas.px(18.0));
            canvas.write_within(right - left, self.panels[index].0, &style, at)?;
        }
        self.draw_texts(canvas, &frames)?;
        Ok(frames)
    }

    /// The values written beside the vertical axis.
    fn y_ticks<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Vec<Tick> {
        readable(&self.y_axis, (canvas.finished(canvas.height) / 75.0).max(3.0))
    }

    /// Room for labels on the left, in pixels of the canvas.
    fn left<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        y_ticks: &[Tick],
    ) -> Result<i32, PlotError> {
        let style = canvas.text(17.0, 1.0);
        let mut labels = 0;
        for tick in y_ticks {
            labels = labels.max(canvas.width_of(&tick.label, &style)?);
        }
        Ok(labels + canvas.px(if self.y_label.is_empty() { 22.0 } else { 52.0 }))
    }

    /// Room for labels on the left of a canvas, in its pixels.
    pub(crate) fn left_room<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
    ) -> Result<i32, PlotError> {
        self.left(canvas, &self.y_ticks(canvas))
    }

    /// Room for titles and legend above and for the axis below, in pixels of the finished figure.
    pub(crate) fn above_and_below(&self) -> (f64, f64) {
        let room = |empty: bool, without, with| if empty { without } else { with };
        let untitled = self.panels.iter().all(|panel| panel.0.is_empty());
        let above = room(self.title.is_empty(), 20.0, 54.0)
            + room(self.legend.is_empty(), 0.0, 32.0)
            + room(untitled, 0.0, 32.0);
        (above, room(self.x_label.is_empty(), 40.0, 70.0))
    }

    /// The rectangles of the panels, within the room that texts leave.
    fn frames<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        y_ticks: &[Tick],
        right_margin: i32,
    ) -> Result<Vec<Frame>, PlotError> {
        let left = self.left(canvas, y_ticks)?;
        let (above, below) = self.above_and_below();
        let (top, bottom) = (canvas.px(above), canvas.height - canvas.px(below));
        let (count, gap) = (self.panels.len() as i32, canvas.px(GAP));
        let width = canvas.width - right_margin - left - (count - 1) * gap;
        if width < count * canvas.px(32.0) {
            return Err(PlotError::TooNarrow { panels: self.panels.len() });
        }
        let panels = self.panels.iter().zip(0..);
        let frame = |((_, x_axis), index): (&(&str, Axis), i32)| Frame {
            left: left + index * (width / count + gap),
            right: left + index * (width / count + gap) + width / count,
            top,
            bottom,
            x_axis: *x_axis,
            y_axis: self.y_axis,
        };
        Ok(panels.map(frame).collect())
    }

    /// Title, legend and the names of the axes.
    fn draw_texts<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frames: &[Frame],
    ) -> Result<(), PlotError> {
        let [first, last] = [frames.first(), frames.last()];
        let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
        let (left, right, top, bottom) = (first.left, last.right, first.top, first.bottom);
        let edge = canvas.width - canvas.px(16.0);
        let mut y = canvas.px(27.0);
        let style = canvas.text(25.0, 1.0).pos(Pos::new(HPos::Left, VPos::Center));
        canvas.write_within(edge - left, self.title, &style, (left, y))?;
        y = canvas.px(if self.title.is_empty() { 20.0 } else { 54.0 }) + canvas.px(10.0);
        legend::draw_beside(canvas, &self.legend, (left, edge), y)?;
        let style = canvas.text(19.0, 1.0);
        let below = style.pos(Pos::new(HPos::Center, VPos::Bottom));
        let at = ((left + right) / 2, canvas.height - canvas.px(12.0));
        canvas.write_within(right - left, self.x_label, &below, at)?;
        let turned = style.transform(FontTransform::Rotate270);
        let beside = turned.pos(Pos::new(HPos::Center, VPos::Top));
        let at = (canvas.px(10.0), (top + bottom) / 2);
        canvas.write_within(bottom - top, self.y_label, &beside, at)
    }
}

/// Grid lines with their labels; those of the vertical axis where `labelled`.
fn draw_grid<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    frame: &Frame,
    y_ticks: &[Tick],
    labelled: bool,
) -> Result<(), PlotError> {
    let Frame { left, right, top, bottom, x_axis, .. } = *frame;
    let grid = canvas.stroke(BLACK, 0.12, 1.0);
    let style = canvas.text(17.0, 0.85);
    let beside = style.pos(Pos::new(HPos::Right, VPos::Center));
    for tick in y_ticks {
        let y = frame.y(tick.value);
        canvas.line(vec![(left, y), (right, y)], grid)?;
        if labelled {
            canvas.write(&tick.label, &beside, (left - canvas.px(8.0), y))?;
        }
    }
    let below = style.pos(Pos::new(HPos::Center, VPos::Top));
    let wanted = (canvas.finished(right - left) / 80.0).max(2.0);
    for tick in readable(&x_axis, wanted) {
        let x = frame.x(tick.value);
        canvas.line(vec![(x, top), (x, bottom)], grid)?;
        canvas.write(&tick.label, &below, (x, bottom + canvas.px(9.0)))?;
    }
    Ok(())
}

/// About so many round values; more where there would be no three of them, and more still where
/// there would be no two.
fn readable(axis: &Axis, wanted: f64) -> Vec<Tick> {
    let mut ticks = axis.ticks(wanted as usize);
    for (least, more) in [(3, 1.6), (2, 2.2)] {
        if ticks.len() < least {
            ticks = axis.ticks((more * wanted) as usize);
        }
    }
    ticks
}
