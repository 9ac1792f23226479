//! Panels side by side over one vertical axis: their frames, titles, labels and legend.

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, FontTransform};

use super::canvas::Canvas;
use super::frame::{Frame, readable};
use super::legend::{self, Entry, LINE};
use crate::axis::{Axis, Tick};
use crate::error::PlotError;

/// The distance of neighbouring panels in pixels of the finished figure.
pub(crate) const GAP: f64 = 36.0;

/// What is left free right of texts.
const EDGE: f64 = 16.0;

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
        let left = self.left(canvas, &y_ticks)?;
        let legend = self.legend_lines(canvas, left)?;
        let frames = self.frames(canvas, (left, right_margin), legend.len())?;
        for (index, frame) in frames.iter().enumerate() {
            frame.draw_grid(canvas, &y_ticks, room_below(canvas, &frames, index))?;
            if index == 0 {
                frame.draw_y_labels(canvas, &y_ticks)?;
            }
            contents(index, frame)?;
            let Frame { left, right, top, bottom, .. } = *frame;
            let axes = vec![(left, top), (left, bottom), (right, bottom)];
            canvas.line(axes, canvas.stroke(BLACK, 0.7, 1.0))?;
            let style = canvas.text(19.0, 1.0).pos(Pos::new(HPos::Center, VPos::Center));
            let at = ((left + right) / 2, top - canvas.px(18.0));
            canvas.write_within(right - left, self.panels[index].0, &style, at)?;
        }
        self.draw_texts(canvas, &frames, &legend)?;
        Ok(frames)
    }

    /// The entries of the legend, line by line.
    fn legend_lines<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        left: i32,
    ) -> Result<Vec<&[Entry]>, PlotError> {
        let style = canvas.text(17.0, 1.0);
        let room = canvas.finished(canvas.width - canvas.px(EDGE) - left);
        legend::lines(
            &self.legend,
            room,
            |name| Ok(canvas.finished(canvas.width_of(name, &style)?)),
        )
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

    /// Room for titles and a line of the legend above and for the axis below, in pixels of the finished
    /// figure.
    pub(crate) fn above_and_below(&self) -> (f64, f64) {
        let room = |empty: bool, without, with| if empty { without } else { with };
        let untitled = self.panels.iter().all(|panel| panel.0.is_empty());
        let above = room(self.title.is_empty(), 20.0, 54.0)
            + room(self.legend.is_empty(), 0.0, 32.0)
            + room(untitled, 0.0, 32.0);
        (above, room(self.x_label.is_empty(), 40.0, 70.0))
    }

    /// The rectangles of the panels, within the room that margins and texts leave.
    fn frames<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        (left, right_margin): (i32, i32),
        legend_lines: usize,
    ) -> Result<Vec<Frame>, PlotError> {
        let (above, below) = self.above_and_below();
        let above = above + LINE * legend_lines.saturating_sub(1) as f64;
        let (top, bottom) = (canvas.px(above), canvas.height - canvas.px(below));
        let (count, gap) = (self.panels.len() as i32, canvas.px(GAP));
        let width = canvas.width - right_margin - left - (count - 1) * gap;
        // A wider figure has a legend of fewer lines.
        let too_low = legend_lines > 1 && bottom - top < canvas.px(32.0);
        if width < count * canvas.px(32.0) || too_low {
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
        legend: &[&[Entry]],
    ) -> Result<(), PlotError> {
        let [first, last] = [frames.first(), frames.last()];
        let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
        let (left, right, top, bottom) = (first.left, last.right, first.top, first.bottom);
        let edge = canvas.width - canvas.px(EDGE);
        let mut y = canvas.px(27.0);
        let style = canvas.text(25.0, 1.0).pos(Pos::new(HPos::Left, VPos::Center));
        canvas.write_within(edge - left, self.title, &style, (left, y))?;
        y = canvas.px(if self.title.is_empty() { 20.0 } else { 54.0 }) + canvas.px(10.0);
        legend::draw_lines(canvas, legend, (left, edge), y)?;
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

/// From where to where the values below a panel may be written: up to the edges of the canvas, or halfway
/// to a neighbour.
fn room_below<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    frames: &[Frame],
    index: usize,
) -> (i32, i32) {
    let (edge, half) = (canvas.px(2.0), canvas.px(0.5 * GAP - 3.0));
    let from = if index == 0 { edge } else { frames[index].left - half };
    let last = index + 1 == frames.len();
    (from, if last { canvas.width - edge } else { frames[index].right + half })
}
