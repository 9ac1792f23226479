//! The figure: a row for each number, and the axis below them.

use plotters::backend::DrawingBackend;
use plotters::style::BLACK;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Interval, Intervals};
use crate::error::PlotError;
use crate::figure::canvas::{Canvas, Drawing};
use crate::figure::colour::colour;

/// The height of a number, and of what is above and below all of them, in pixels.
pub(super) const ROW: f64 = 34.0;
pub(super) const ABOVE: f64 = 56.0;
pub(super) const BELOW: f64 = 96.0;

/// All numbers and their places.
pub(super) struct Rows<'a> {
    pub(super) settings: &'a Intervals,
    pub(super) rows: Vec<(&'a Interval, [f64; 3])>,
}

impl Rows<'_> {
    /// The ends of the axis: all intervals, and -1 to 1 at least.
    fn ends(&self) -> [f64; 2] {
        let places = self.rows.iter().flat_map(|(_, places)| places.map(f64::asinh));
        let [low, high] = places.fold([-1f64, 1f64].map(f64::asinh), |[low, high], place| {
            [low.min(place), high.max(place)]
        });
        let margin = 0.04 * (high - low);
        [low - margin, high + margin]
    }
}

/// 0, and on either side 1, 3, 10, 30, 100, ..., every second of them where there are many.
pub(super) fn ticks([low, high]: [f64; 2]) -> Vec<(f64, String)> {
    let sides = (0..40).flat_map(|power: i32| {
        let size = (if power % 2 == 0 { 1.0 } else { 3.0 }) * 10f64.powi(power / 2);
        [-size, size]
    });
    let many = high - low > 14.0;
    let is_shown = |value: &f64| !many || value.abs().log10().fract().abs() < 1e-9;
    let sides = sides.filter(is_shown);
    let within = |value: &f64| (low..=high).contains(&value.asinh());
    [0.0].into_iter().chain(sides).filter(within).map(|value| (value, value.to_string())).collect()
}

impl Drawing for Rows<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let settings = self.settings;
        let letters = canvas.text(17.0, 1.0);
        let (mut left, mut right) = (0, 0);
        for (number, _) in &self.rows {
            left = left.max(canvas.width_of(&number.name, &letters)?);
            right = right.max(canvas.width_of(&number.text, &letters)?);
        }
        let (left, right) = (left + canvas.px(32.0), canvas.width - right - canvas.px(32.0));
        if right - left < canvas.px(120.0) {
            return Err(PlotError::TooNarrow { panels: 1 });
        }
        let (top, bottom) = (canvas.px(ABOVE), canvas.height - canvas.px(BELOW));
        let ends = self.ends();
        let x = |place: f64| {
            let share = (place.asinh() - ends[0]) / (ends[1] - ends[0]);
            left + (share * f64::from(right - left)).round() as i32
        };
        let centred = |style| Pos::new(style, VPos::Center);

        for (value, label) in ticks(ends) {
            let at = x(value);
            let weight = if value == 0.0 { 0.8 } else { 0.15 };
            canvas.line(vec![(at, top), (at, bottom)], canvas.stroke(BLACK, weight, 1.0))?;
            let style = canvas.text(15.0, 0.9).pos(centred(HPos::Center));
            canvas.write(&label, &style, (at, bottom + canvas.px(16.0)))?;
        }
        let each = f64::from(bottom - top) / self.rows.len() as f64;
        for (row, (number, [low, value, high])) in self.rows.iter().enumerate() {
            let y = top + ((row as f64 + 0.5) * each).round() as i32;
            let colour = colour(usize::from(number.differs(settings.reference_scatters)));
            canvas.line(vec![(x(*low), y), (x(*high), y)], canvas.stroke(colour, 1.0, 2.5))?;
            canvas.dot((x(*value), y), colour)?;
            let style = canvas.text(17.0, 1.0).pos(centred(HPos::Right));
            canvas.write(&number.name, &style, (left - canvas.px(14.0), y))?;
            let style = canvas.text(17.0, 1.0).pos(centred(HPos::Left));
            canvas.write(&number.text, &style, (right + canvas.px(14.0), y))?;
        }
        canvas.line(vec![(left, bottom), (right, bottom)], canvas.stroke(BLACK, 0.7, 1.0))?;
        let middle = (left + right) / 2;
        let room = 2 * middle.min(canvas.width - middle);
        let meaning = match settings.reference_scatters {
            true => "orange: farther from 0 than number and reference scatter together",
            false => "orange: farther from 0 than the interval reaches",
        };
        for (text, size, opacity, below) in
            [(settings.x_label.as_str(), 17.0, 1.0, 46.0), (meaning, 15.0, 0.75, 70.0)]
        {
            let style = canvas.text(size, opacity).pos(centred(HPos::Center));
            canvas.write_within(room, text, &style, (middle, bottom + canvas.px(below)))?;
        }
        let style = canvas.text(21.0, 1.0).pos(centred(HPos::Center));
        let at = (canvas.width / 2, canvas.px(26.0));
        canvas.write_within(canvas.width, &settings.title, &style, at)
    }
}
