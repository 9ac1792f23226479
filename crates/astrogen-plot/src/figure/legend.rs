//! What the marks of a figure mean.

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBColor};

use super::canvas::{Canvas, Pixel};
use super::colour::{COLOURS, colour};
use crate::error::PlotError;

/// The distance of lines of entries, in pixels of the finished figure.
pub(crate) const LINE: f64 = 27.0;

/// How long a mark is, its distance to the name, and that of a name to the next mark.
const LENGTH: f64 = 26.0;
const BEFORE_NAME: f64 = 8.0;
const AFTER_NAME: f64 = 26.0;

/// How many lines [`Mark::of`] tells apart.
pub(crate) const LINES: usize = 3 * COLOURS.len();

/// How a quantity is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mark {
    Line { colour: RGBColor, width: f64 },
    Dashes { colour: RGBColor, width: f64 },
    Dots { colour: RGBColor, width: f64 },
    Area { colour: RGBColor, opacity: f64 },
}

impl Mark {
    /// The line of series `index`: solid, dashed once the colours begin again, and then dotted.
    pub(crate) fn of(index: usize, width: f64) -> Self {
        let colour = colour(index);
        match index / COLOURS.len() {
            0 => Self::Line { colour, width },
            1 => Self::Dashes { colour, width },
            _ => Self::Dots { colour, width },
        }
    }
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

/// Refuses more things of a kind than are told apart; `rule` says how many these are.
pub(crate) fn check_count(
    name: &'static str,
    count: usize,
    most: usize,
    rule: &'static str,
) -> Result<(), PlotError> {
    if count <= most {
        return Ok(());
    }
    Err(PlotError::Setting { name, rule, got: count.to_string() })
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
        Mark::Dots { colour, width } => canvas.dots(points, canvas.stroke(colour, 1.0, width)),
        Mark::Area { colour, opacity } => canvas.polygon(points, colour.mix(opacity)),
    }
}

/// Entries in lines, in each as many as have room beside each other; sizes in pixels of the finished
/// figure.
pub(crate) fn lines(
    entries: &[Entry],
    room: f64,
    width_of: impl Fn(&str) -> Result<f64, PlotError>,
) -> Result<Vec<&[Entry]>, PlotError> {
    let mut lines = Vec::new();
    let (mut start, mut x) = (0, 0.0);
    for (index, entry) in entries.iter().enumerate() {
        let width = LENGTH + BEFORE_NAME + width_of(&entry.name)?;
        if index > start && x + width > room {
            lines.push(&entries[start..index]);
            (start, x) = (index, 0.0);
        }
        x += width + AFTER_NAME;
    }
    if start < entries.len() {
        lines.push(&entries[start..]);
    }
    Ok(lines)
}

/// Writes lines of entries from `left` to `right`, the middle of the first at `y`.
pub(crate) fn draw_lines<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    lines: &[&[Entry]],
    (left, right): (i32, i32),
    mut y: i32,
) -> Result<(), PlotError> {
    for line in lines {
        let mut x = left;
        for entry in *line {
            x = draw_entry(canvas, entry, (x, right), y)? + canvas.px(AFTER_NAME);
        }
        y += canvas.px(LINE);
    }
    Ok(())
}

/// Writes one entry from `left`, its name as far as there is room; returns where that ends.
pub(crate) fn draw_entry<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    Entry { name, mark }: &Entry,
    (left, right): (i32, i32),
    y: i32,
) -> Result<i32, PlotError> {
    let style = canvas.text(17.0, 0.9).pos(Pos::new(HPos::Left, VPos::Center));
    let sample = canvas.px(LENGTH);
    let text_left = left + sample + canvas.px(BEFORE_NAME);
    if text_left >= right {
        return Err(PlotError::TooNarrow { panels: 1 });
    }
    let half = if matches!(mark, Mark::Area { .. }) { canvas.px(7.0) } else { 0 };
    let mut points = vec![(left, y - half), (left + sample, y - half)];
    if half > 0 {
        points.extend([(left + sample, y + half), (left, y + half)]);
    }
    trace(canvas, points, *mark)?;
    canvas.write_within(right - text_left, name, &style, (text_left, y))?;
    Ok(text_left + canvas.width_of(name, &style)?)
}
