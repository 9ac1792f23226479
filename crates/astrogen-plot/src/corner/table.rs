//! What is drawn of one table: its histograms, its densities and its line in the legend.

use plotters::style::RGBColor;

use super::density::Density;
use crate::figure::colour::colour;
use crate::figure::legend::{Entry, Mark};
use crate::sample::bin_of;

/// A table as it is drawn.
pub(super) struct Table {
    pub(super) entry: Entry,
    /// Heights of the histograms, a column each.
    pub(super) heights: Vec<Vec<f64>>,
    /// Densities of columns (0, 1), (0, 2), (1, 2), (0, 3) and so on.
    pub(super) densities: Vec<Density>,
}

impl Table {
    pub(super) fn new(
        entry: Entry,
        rows: &[&[f64]],
        ranges: &[(f64, f64)],
        bins: usize,
        kernel_width: f64,
    ) -> Self {
        let position = |row: &[f64], column: usize| {
            let (low, high) = ranges[column];
            (row[column] - low) / (high - low)
        };
        let density = |(x, y)| {
            let positions = rows.iter().map(|row| [position(row, x), position(row, y)]);
            Density::new(positions, rows.len(), kernel_width)
        };
        let heights = |column: usize| {
            heights(rows.iter().map(|row| row[column]), rows.len(), ranges[column], bins)
        };
        let pairs = (1..ranges.len()).flat_map(|y| (0..y).map(move |x| (x, y)));
        Self {
            entry,
            heights: (0..ranges.len()).map(heights).collect(),
            densities: pairs.map(density).collect(),
        }
    }
}

/// The share of the rows in each bin over its width.
fn heights(
    values: impl Iterator<Item = f64>,
    rows: usize,
    range: (f64, f64),
    bins: usize,
) -> Vec<f64> {
    let each = bins as f64 / (rows as f64 * (range.1 - range.0));
    let mut heights = vec![0.0; bins];
    for bin in values.filter_map(|value| bin_of(value, range, bins)) {
        heights[bin] += each;
    }
    heights
}

/// A table's mark, its name, and what is not shown of it.
pub(super) fn entry(
    index: usize,
    name: &str,
    rows: &[&[f64]],
    left_out: usize,
    ranges: &[(f64, f64)],
) -> Entry {
    let beyond = |row: &&&[f64]| {
        row.iter().zip(ranges).any(|(value, (low, high))| !(*low..=*high).contains(value))
    };
    let beyond = 100.0 * rows.iter().filter(beyond).count() as f64 / rows.len() as f64;
    let mut text = format!("{name}: {} rows", rows.len());
    if beyond > 0.0 {
        text += &format!(", {} outside", percent(beyond));
    }
    if left_out > 0 {
        text += &format!(", {left_out} not finite");
    }
    let mark = match index {
        0 => Mark::Area { colour: tint(colour(0), 0.4), opacity: 1.0 },
        _ => Mark::of(index, 3.0),
    };
    Entry::new(text, mark)
}

/// A colour on white: none of it at 0, all at 1.
pub(super) fn tint(RGBColor(red, green, blue): RGBColor, part: f64) -> RGBColor {
    let on_white = |byte: u8| (255.0 - part * (255.0 - f64::from(byte))).round() as u8;
    RGBColor(on_white(red), on_white(green), on_white(blue))
}

/// A percentage with two digits, `<0.1%` below.
pub(super) fn percent(part: f64) -> String {
    match part {
        ..0.1 => "<0.1%".into(),
        ..9.95 => format!("{part:.1}%"),
        99.0.. => format!("{part:.1}%"),
        _ => format!("{part:.0}%"),
    }
}
