//! The panels of a corner plot: where they stand, what is in them, and the texts around.

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, Color, FontTransform};

use super::Corner;
use super::contour::{lines, stretches};
use super::density::{NODES, kernel_width};
use super::table::{Table, entry, percent, tint};
use crate::axis::{Axis, Scale, Tick};
use crate::error::PlotError;
use crate::figure::canvas::{Canvas, Drawing, Pixel};
use crate::figure::colour::colour;
use crate::figure::frame::Frame;
use crate::figure::legend::{LINE, LINES, Mark, check_count, draw_entry, trace};
use crate::sample::{Rows, axis, range};

/// All tables, and the axes they are drawn over.
pub(super) struct Panels<'a> {
    corner: &'a Corner,
    axes: Vec<Axis>,
    tables: Vec<Table>,
    /// Shares from the largest.
    shares: Vec<f64>,
}

impl<'a> Panels<'a> {
    pub(super) fn new(corner: &'a Corner, tables: &[Rows<'_>]) -> Result<Self, PlotError> {
        check_count("tables", tables.len(), LINES, "21 at most, which are told apart")?;
        let columns = corner.labels.len();
        let rows: Result<Vec<_>, _> = tables.iter().map(|table| table.finite(columns)).collect();
        let rows = rows?;
        let Some((first, _)) = rows.first() else {
            return Err(PlotError::NothingToDraw { series: 0, logarithmic: false });
        };
        let ranges: Result<Vec<(f64, f64)>, PlotError> = (0..columns)
            .map(|column| {
                let given = corner.ranges.get(column).copied().flatten();
                let (low, high) = range(
                    "a range",
                    given,
                    [first.iter().map(|row| row[column]).collect()].into_iter(),
                )?;
                // Room for the outermost region of a normal distribution.
                let room = if given.is_some() { 0.0 } else { 0.05 * (high - low) };
                Ok((low - room, high + room))
            })
            .collect();
        let ranges = ranges?;
        let fewest = rows.iter().map(|(rows, _)| rows.len()).min().unwrap_or(0);
        let kernel_width = kernel_width(fewest);
        let mut drawn = Vec::new();
        for (index, (table, (rows, left_out))) in tables.iter().zip(&rows).enumerate() {
            let entry = entry(index, table.name, rows, *left_out, &ranges);
            drawn.push(Table::new(entry, rows, &ranges, corner.bins, kernel_width));
        }
        let axes: Result<_, _> = ranges.iter().map(|range| axis(*range, Scale::Linear)).collect();
        let mut shares = corner.shares.clone();
        shares.sort_unstable_by(|a, b| b.total_cmp(a));
        Ok(Self { corner, axes: axes?, tables: drawn, shares })
    }

    /// The rows of panels from above, each from the left up to the diagonal.
    fn frames<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
    ) -> Result<Vec<Vec<Frame>>, PlotError> {
        let columns = self.axes.len() as i32;
        let style = canvas.text(15.0, 1.0);
        let mut labels = 0;
        for axis in &self.axes[1..] {
            for tick in axis.ticks(5) {
                labels = labels.max(canvas.width_of(&tick.label, &style)?);
            }
        }
        // One column alone has its legend above it.
        let above = if columns == 1 { LINE * self.tables.len() as f64 } else { 0.0 };
        let top = canvas.px(above + if self.corner.title.is_empty() { 16.0 } else { 54.0 });
        let (left, gap) =
            (labels + canvas.px(if columns == 1 { 16.0 } else { 50.0 }), canvas.px(9.0));
        let (right, bottom) = (canvas.width - canvas.px(18.0), canvas.height - canvas.px(70.0));
        let side = |from: i32, to: i32| (to - from - (columns - 1) * gap) / columns;
        let (wide, high) = (side(left, right), side(top, bottom));
        if wide.min(high) < canvas.px(40.0) {
            return Err(PlotError::TooNarrow { panels: self.axes.len() });
        }
        let frame = |column: i32, row: i32| Frame {
            left: left + column * (wide + gap),
            right: left + column * (wide + gap) + wide,
            top: top + row * (high + gap),
            bottom: top + row * (high + gap) + high,
            x_axis: self.axes[column as usize],
            y_axis: self.axes[row as usize],
        };
        Ok((0..columns).map(|row| (0..=row).map(|column| frame(column, row)).collect()).collect())
    }

    /// The histograms of a column over each other; the first is filled.
    fn draw_histograms<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: &Frame,
        column: usize,
    ) -> Result<(), PlotError> {
        let heights = || self.tables.iter().map(|table| &table.heights[column]);
        let highest = heights().flatten().copied().fold(0.0, f64::max);
        let Frame { left, right, top, bottom, .. } = *frame;
        let edge = |bin: usize| {
            let part = bin as f64 / self.corner.bins as f64;
            left + (part * f64::from(right - left)).round() as i32
        };
        for (index, heights) in heights().enumerate() {
            let mut points: Vec<Pixel> = vec![(edge(0), bottom)];
            for (bin, height) in heights.iter().enumerate().filter(|_| highest > 0.0) {
                let y = bottom - (height / (1.1 * highest) * f64::from(bottom - top)) as i32;
                if index == 0 {
                    let area = tint(colour(0), 0.25).to_rgba();
                    canvas.rectangle((edge(bin), y), (edge(bin + 1), bottom), area)?;
                }
                points.extend([(edge(bin), y), (edge(bin + 1), y)]);
            }
            points.push((edge(heights.len()), bottom));
            trace(canvas, points, Mark::of(index, 1.7))?;
        }
        Ok(())
    }

    /// The regions of a pair of columns: those of the first table filled, lines for all.
    fn draw_regions<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: &Frame,
        pair: usize,
    ) -> Result<(), PlotError> {
        let Frame { left, right, top, bottom, .. } = *frame;
        let nodes = (NODES - 1) as f64;
        let x = |at: f64| left + (at / nodes * f64::from(right - left)).round() as i32;
        let y = |at: f64| bottom - (at / nodes * f64::from(bottom - top)).round() as i32;
        for (index, table) in self.tables.iter().enumerate() {
            let density = &table.densities[pair];
            for (step, share) in self.shares.iter().enumerate() {
                let Some(threshold) = density.threshold(*share) else { continue };
                if index == 0 {
                    let depth = (step + 1) as f64 / self.shares.len() as f64;
                    let area = tint(colour(0), 0.08 + 0.47 * depth).to_rgba();
                    for line in top..bottom {
                        let at = (f64::from(bottom - line) - 0.5) / f64::from(bottom - top) * nodes;
                        for [from, to] in stretches(density, threshold, at) {
                            canvas.rectangle((x(from), line), (x(to), line + 1), area)?;
                        }
                    }
                }
                let width = if index == 0 { 1.0 } else { 1.7 };
                for line in lines(density, threshold) {
                    let points = line.iter().map(|place| (x(place.0), y(place.1))).collect();
                    trace(canvas, points, Mark::of(index, width))?;
                }
            }
        }
        Ok(())
    }

    /// The box of a panel with its ticks, their labels and the names of the columns where the
    /// panel stands at an edge of the figure.
    fn draw_axes<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: &Frame,
        (column, row): (usize, usize),
    ) -> Result<(), PlotError> {
        let Frame { left, right, top, bottom, .. } = *frame;
        let line = canvas.stroke(BLACK, 0.75, 1.0);
        let closed = vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        canvas.line(closed, line)?;
        let (tick_length, reach) = (canvas.px(4.0), canvas.px(4.0));
        let style = canvas.text(15.0, 0.85);
        let name = canvas.text(18.0, 1.0);
        let below = Pos::new(HPos::Center, VPos::Top);
        let last = row + 1 == self.axes.len();
        for tick in readable_ticks(canvas, frame, &self.axes[column])? {
            let x = frame.x(tick.value);
            canvas.line(vec![(x, bottom), (x, bottom - tick_length)], line)?;
            let half = canvas.width_of(&tick.label, &style)? / 2;
            if last && x - half >= left - reach && x + half <= right + reach {
                canvas.write(&tick.label, &style.pos(below), (x, bottom + canvas.px(7.0)))?;
            }
        }
        if last {
            let at = ((left + right) / 2, canvas.height - canvas.px(14.0));
            let below = name.pos(Pos::new(HPos::Center, VPos::Bottom));
            canvas.write_within(right - left, &self.corner.labels[column], &below, at)?;
        }
        if column == row {
            return Ok(());
        }
        let beside = style.pos(Pos::new(HPos::Right, VPos::Center));
        let wanted = (canvas.finished(bottom - top) / 45.0).clamp(2.0, 5.0) as usize;
        for tick in self.axes[row].ticks(wanted) {
            let y = frame.y(tick.value);
            canvas.line(vec![(left, y), (left + tick_length, y)], line)?;
            let half = canvas.px(8.0);
            if column == 0 && y - half >= top - reach && y + half <= bottom + reach {
                canvas.write(&tick.label, &beside, (left - canvas.px(7.0), y))?;
            }
        }
        if column == 0 {
            let turned = name.transform(FontTransform::Rotate270);
            let turned = turned.pos(Pos::new(HPos::Center, VPos::Top));
            let at = (canvas.px(8.0), (top + bottom) / 2);
            canvas.write_within(bottom - top, &self.corner.labels[row], &turned, at)?;
        }
        Ok(())
    }

    /// The tables and what the regions hold, in the free corner.
    fn draw_legend<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frames: &[Vec<Frame>],
    ) -> Result<(), PlotError> {
        let (first, right) = (frames[0][0], canvas.width - canvas.px(18.0));
        let (left, mut y) = match frames.get(1) {
            Some(row) => (row[1].left + canvas.px(6.0), first.top + canvas.px(0.5 * LINE)),
            None => (first.left, first.top - canvas.px(LINE * (self.tables.len() as f64 - 0.4))),
        };
        for table in &self.tables {
            draw_entry(canvas, &table.entry, (left, right), y)?;
            y += canvas.px(LINE);
        }
        if frames.len() > 1 {
            let parts: Vec<String> =
                self.shares.iter().rev().map(|share| percent(100.0 * share)).collect();
            let style = canvas.text(16.0, 0.75).pos(Pos::new(HPos::Left, VPos::Center));
            let held = format!("hold {} of the rows", listed(&parts));
            for text in ["regions of highest density", &held] {
                canvas.write_within(right - left, text, &style, (left, y))?;
                y += canvas.px(0.8 * LINE);
            }
        }
        Ok(())
    }
}

impl Drawing for Panels<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let frames = self.frames(canvas)?;
        let mut pair = 0;
        for (row, frames) in frames.iter().enumerate() {
            for (column, frame) in frames.iter().enumerate() {
                if column == row {
                    self.draw_histograms(canvas, frame, column)?;
                } else {
                    self.draw_regions(canvas, frame, pair)?;
                    pair += 1;
                }
                self.draw_axes(canvas, frame, (column, row))?;
            }
        }
        let (left, right) = (frames[0][0].left, canvas.width - canvas.px(18.0));
        let style = canvas.text(25.0, 1.0).pos(Pos::new(HPos::Left, VPos::Center));
        canvas.write_within(right - left, &self.corner.title, &style, (left, canvas.px(27.0)))?;
        self.draw_legend(canvas, &frames)
    }
}

/// Round values along the lower edge of a panel, so few that their labels stay apart.
fn readable_ticks<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    frame: &Frame,
    axis: &Axis,
) -> Result<Vec<Tick>, PlotError> {
    let style = canvas.text(15.0, 1.0);
    let most = (canvas.finished(frame.right - frame.left) / 40.0).clamp(2.0, 6.0) as usize;
    for wanted in (2..=most).rev() {
        let ticks = axis.ticks(wanted);
        let mut written = 0;
        for tick in &ticks {
            written += canvas.width_of(&tick.label, &style)? + canvas.px(12.0);
        }
        if written <= frame.right - frame.left {
            return Ok(ticks);
        }
    }
    Ok(axis.ticks(1))
}

/// `a, b and c`.
fn listed(parts: &[String]) -> String {
    match parts {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => parts.concat(),
    }
}
