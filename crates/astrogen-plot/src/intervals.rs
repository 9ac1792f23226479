//! Numbers of many kinds with their intervals, one below the other: how far each is from what it is
//! held against.
//!
//! Numbers of different units share an axis by the half-width of their intervals,
//!
//! ```text
//! place  =  asinh((value - reference) / ((high - low) / 2))
//! ```
//!
//! so that 0 is the reference. Near 0 the axis is linear, far out logarithmic. A number whose interval
//! leaves the reference out has another colour.

use std::path::Path;

use plotters::backend::DrawingBackend;
use plotters::style::BLACK;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::error::PlotError;
use crate::figure;
use crate::figure::canvas::{Canvas, Drawing};
use crate::figure::colour::colour;

/// The height of a number, and of all that is above and below them, in pixels.
const ROW: f64 = 34.0;
const AROUND: f64 = 130.0;

/// A number with its interval, and what it is held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// Written on the left.
    pub name: String,
    /// Written on the right: the number as it is.
    pub text: String,
    /// The number.
    pub value: f64,
    /// Where its interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// What it is held against.
    pub reference: f64,
}

impl Interval {
    /// How far the number is from its reference, in half-widths of its interval; see the
    /// [module](self). None where one of them is not finite.
    ///
    /// ```
    /// use astrogen_plot::Interval;
    ///
    /// let of = |[value, low, high]: [f64; 3]| {
    ///     let (name, text) = (String::new(), String::new());
    ///     Interval { name, text, value, low, high, reference: 1.0 }.distance()
    /// };
    /// assert_eq!(of([3.0, 2.0, 4.0]), Some(2.0));
    /// assert_eq!(of([0.0, 0.0, 0.0]), Some(-10.0)); // a width of a tenth of the larger
    /// ```
    pub fn distance(&self) -> Option<f64> {
        self.places().map(|[_, value, _]| value)
    }

    /// The ends of the interval and the number, in half-widths of the interval from the reference;
    /// none where one of them is not finite. An interval without a width counts as a tenth of the
    /// number or of its reference, whichever is larger.
    fn places(&self) -> Option<[f64; 3]> {
        let width = 0.5 * (self.high - self.low);
        let size = self.value.abs().max(self.reference.abs()).max(1e-300);
        let width = if width > 0.0 { width } else { 0.1 * size };
        let places =
            [self.low, self.value, self.high].map(|value| (value - self.reference) / width);
        places.iter().all(|place| place.is_finite()).then_some(places)
    }
}

/// A figure of numbers with their intervals: texts and width. Its height follows their count.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// Above the figure; empty for none.
    pub title: String,
    /// Below the axis.
    pub x_label: String,
    /// Width in pixels, 320..=8192; 1100 by default.
    pub width: u32,
}

impl Default for Intervals {
    fn default() -> Self {
        let x_label = "distance from the reference, in half-widths of the interval".into();
        Self { title: String::new(), x_label, width: 1100 }
    }
}

impl Intervals {
    /// Draws the numbers from above down and writes the figure, whole or not at all; `path` ends in
    /// `.png` or `.svg`.
    ///
    /// ```
    /// use astrogen_plot::{Interval, Intervals};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("quality.png");
    /// let number = |name: &str, value: f64, reference: f64| Interval {
    ///     name: name.into(),
    ///     text: format!("{value} (reals {reference})"),
    ///     value,
    ///     low: value - 0.1,
    ///     high: value + 0.1,
    ///     reference,
    /// };
    /// let numbers = [number("power", 0.5, 0.2), number("pixels", 0.31, 0.3)];
    /// Intervals { title: "Samples beside reals".into(), ..Intervals::default() }
    ///     .save(&path, &numbers)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PlotError::NothingToDraw`] for no number that is finite; [`PlotError::TooNarrow`] where
    /// texts leave no room; [`PlotError::BadExtension`], [`PlotError::BadFigureSize`],
    /// [`PlotError::Write`] if the disk refuses.
    pub fn save(&self, path: impl AsRef<Path>, numbers: &[Interval]) -> Result<(), PlotError> {
        let rows: Vec<(&Interval, [f64; 3])> = numbers
            .iter()
            .filter_map(|number| number.places().map(|places| (number, places)))
            .collect();
        if rows.is_empty() {
            return Err(PlotError::NothingToDraw { series: numbers.len(), logarithmic: false });
        }
        let height = (AROUND + ROW * rows.len() as f64).max(320.0) as u32;
        figure::save(path.as_ref(), self.width, height, &Rows { settings: self, rows })
    }
}

/// All numbers and their places.
struct Rows<'a> {
    settings: &'a Intervals,
    rows: Vec<(&'a Interval, [f64; 3])>,
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
fn ticks([low, high]: [f64; 2]) -> Vec<(f64, String)> {
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
        let (top, bottom) = (canvas.px(56.0), canvas.height - canvas.px(74.0));
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
            let beyond = *low > 0.0 || *high < 0.0;
            let colour = colour(if beyond { 1 } else { 0 });
            canvas.line(vec![(x(*low), y), (x(*high), y)], canvas.stroke(colour, 1.0, 2.5))?;
            canvas.dot((x(*value), y), colour)?;
            let style = canvas.text(17.0, 1.0).pos(centred(HPos::Right));
            canvas.write(&number.name, &style, (left - canvas.px(14.0), y))?;
            let style = canvas.text(17.0, 1.0).pos(centred(HPos::Left));
            canvas.write(&number.text, &style, (right + canvas.px(14.0), y))?;
        }
        canvas.line(vec![(left, bottom), (right, bottom)], canvas.stroke(BLACK, 0.7, 1.0))?;
        let style = canvas.text(17.0, 1.0).pos(centred(HPos::Center));
        let middle = (left + right) / 2;
        canvas.write_within(
            canvas.width,
            &settings.x_label,
            &style,
            (middle, bottom + canvas.px(46.0)),
        )?;
        let style = canvas.text(21.0, 1.0).pos(centred(HPos::Center));
        canvas.write_within(
            canvas.width,
            &settings.title,
            &style,
            (canvas.width / 2, canvas.px(26.0)),
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn number(name: &str, value: f64, half: f64) -> Interval {
        let (low, high, reference) = (value - half, value + half, 1.0);
        Interval { name: name.into(), text: format!("{value}"), value, low, high, reference }
    }

    #[test]
    fn every_finite_number_has_its_row_and_others_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        let bad = Interval { value: f64::NAN, ..number("bad", 2.0, 1.0) };
        let numbers = [number("power", 5.0, 0.5), number("pixels", 1.0, 0.25), bad.clone()];
        Intervals { title: "Title".into(), ..Intervals::default() }.save(&path, &numbers).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for words in ["Title", "power", "pixels", "half-widths", "\n0\n", "\n3\n"] {
            assert!(text.contains(words), "{words}");
        }
        assert!(!text.contains("bad"));
        let error = Intervals::default().save(&path, &[bad]).unwrap_err();
        assert!(matches!(error, PlotError::NothingToDraw { series: 1, .. }));
    }

    #[test]
    fn places_count_half_widths_from_the_reference() {
        assert_eq!(number("", 2.0, 0.5).places(), Some([1.0, 2.0, 3.0]));
        let point = Interval { low: 2.0, high: 2.0, ..number("", 2.0, 0.0) };
        assert_eq!(point.places().unwrap()[1], 5.0, "a tenth of 2 stands for its width");
        let zero = Interval { value: 0.0, low: 0.0, high: 0.0, ..point.clone() };
        assert_eq!(zero.places(), Some([-10.0; 3]), "a tenth of the reference does");
        let labels: Vec<String> =
            ticks([-1.0, 40f64.asinh()]).into_iter().map(|tick| tick.1).collect();
        assert_eq!(labels, ["0", "-1", "1", "3", "10", "30"]);
        assert!(ticks([-50.0, 50.0]).len() < 60);
    }
}
