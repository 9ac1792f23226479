//! What the marks of a figure mean.

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBColor};

use super::canvas::{Canvas, Pixel};
use crate::error::PlotError;

/// How a quantity is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mark {
    Line { colour: RGBColor, width: f64 },
    Dashes { colour: RGBColor, width: f64 },
    Area { colour: RGBColor, opacity: f64 },
}

/// A mark and its meaning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) mark: Mark,
}

impl Entry {
    pub(crate) fn new(name: impl Into<String>, mark: Mark) -> Self {
        Self { name: name.into(), mark }
    }
}

/// Lines in the manner of a mark; an area is drawn within them.
pub(crate) fn trace<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    points: Vec<Pixel>,
    mark: Mark,
) -> Result<(), PlotError> {
    match mark {
        Mark::Line { colour, width } => canvas.line(points, canvas.stroke(colour, 1.0, width)),
        Mark::Dashes { colour, width } => canvas.dashes(points, canvas.stroke(colour, 1.0, width)),
        Mark::Area { colour, opacity } => canvas.polygon(points, colour.mix(opacity)),
    }
}

/// Writes entries side by side from `left` to `right`, their middle at `y`.
pub(crate) fn draw_beside<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    entries: &[Entry],
    (left, right): (i32, i32),
    y: i32,
) -> Result<(), PlotError> {
    let mut x = left;
    for entry in entries {
        let Some(end) = draw_entry(canvas, entry, (x, right), y)? else { break };
        x = end + canvas.px(26.0);
    }
    Ok(())
}

/// Writes one entry from `left`, as far as there is room; returns where its text ends, `None` if
/// there is no room at all.
pub(crate) fn draw_entry<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    Entry { name, mark }: &Entry,
    (left, right): (i32, i32),
    y: i32,
) -> Result<Option<i32>, PlotError> {
    let style = canvas.text(17.0, 0.9).pos(Pos::new(HPos::Left, VPos::Center));
    let sample = canvas.px(26.0);
    let text_left = left + sample + canvas.px(8.0);
    if text_left >= right {
        return Ok(None);
    }
    let half = if matches!(mark, Mark::Area { .. }) { canvas.px(7.0) } else { 0 };
    let mut points = vec![(left, y - half), (left + sample, y - half)];
    if half > 0 {
        points.extend([(left + sample, y + half), (left, y + half)]);
    }
    trace(canvas, points, *mark)?;
    canvas.write_within(right - text_left, name, &style, (text_left, y))?;
    Ok(Some(text_left + canvas.width_of(name, &style)?))
}
