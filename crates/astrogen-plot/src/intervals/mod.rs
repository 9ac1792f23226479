//! Numbers of many kinds with their intervals, one below the other: how far each is from what it is
//! held against.
//!
//! Numbers of different units share an axis by the half-width of their intervals,
//!
//! ```text
//! place  =  asinh((value - reference) / ((high - low) / 2))
//! ```
//!
//! so that 0 is the reference. Near 0 the axis is linear, far out logarithmic. A number that
//! [differs](Interval::differs) from its reference has another colour, which is explained below the axis.

mod rows;

use std::f64::consts::SQRT_2;
use std::path::Path;

use crate::error::PlotError;
use crate::figure;
use rows::{ABOVE, BELOW, ROW, Rows};

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

    /// Whether the number is farther from its reference than its interval reaches on that side; of a
    /// reference that is an estimate too, and scatters about as much, than both scatter together:
    ///
    /// ```text
    /// |value - reference|  >  sqrt(2) |end of the interval on the reference's side - value|
    /// ```
    pub fn differs(&self, reference_scatters: bool) -> bool {
        let Self { value, low, high, reference, .. } = *self;
        let reach = if reference < value { value - low } else { high - value };
        let scatter = if reference_scatters { SQRT_2 * reach } else { reach };
        (value - reference).abs() > scatter
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
    /// Whether references are estimates too, which scatter about as much as the numbers: what
    /// [differs](Interval::differs) is then a question of both. False by default.
    pub reference_scatters: bool,
    /// Width in pixels, 320..=8192; 1100 by default.
    pub width: u32,
}

impl Default for Intervals {
    fn default() -> Self {
        let x_label = "distance from the reference, in half-widths of the interval".into();
        Self { title: String::new(), x_label, reference_scatters: false, width: 1100 }
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
        let height = (ABOVE + ROW * rows.len() as f64 + BELOW).max(320.0) as u32;
        figure::save(path.as_ref(), self.width, height, &Rows { settings: self, rows })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::rows::ticks;
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
        let meaning = "orange: farther from 0 than the interval reaches";
        for words in ["Title", "power", "pixels", "half-widths", "\n0\n", "\n3\n", meaning] {
            assert!(text.contains(words), "{words}");
        }
        assert!(!text.contains("bad"));
        let error = Intervals::default().save(&path, &[bad]).unwrap_err();
        assert!(matches!(error, PlotError::NothingToDraw { series: 1, .. }));
    }

    #[test]
    fn a_number_is_orange_where_it_differs_from_a_reference_that_scatters_or_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        // 1.2 and 1.5 half-widths from the reference.
        let numbers = [number("near", 1.6, 0.5), number("far", 1.75, 0.5)];
        for (reference_scatters, orange) in [(false, 2), (true, 1)] {
            let differing = numbers.iter().filter(|number| number.differs(reference_scatters));
            assert_eq!(differing.count(), orange);
            let figure = Intervals { reference_scatters, ..Intervals::default() };
            figure.save(&path, &numbers).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let dots = text.lines().filter(|line| line.starts_with("<circle"));
            assert_eq!(dots.filter(|dot| dot.contains("#D55E00")).count(), orange);
            assert_eq!(text.contains("reference scatter together"), reference_scatters);
        }
        assert!(!number("in it", 1.4, 0.5).differs(false));
        let point = Interval { low: 2.0, high: 2.0, ..number("", 2.0, 0.0) };
        assert!(point.differs(true) && !Interval { reference: 2.0, ..point }.differs(true));
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
