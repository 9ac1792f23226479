//! Samples of many objects, and the panels they are drawn in.

use crate::axis::{Axis, Scale, around};
use crate::error::PlotError;

/// A named sample of points, borrowed; points with a coordinate that is not finite are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Points<'a> {
    /// What the figure calls it, `true` or `generated` say.
    pub name: &'a str,
    /// Horizontal values.
    pub x: &'a [f64],
    /// Vertical values, as many.
    pub y: &'a [f64],
}

impl<'a> Points<'a> {
    /// Points from their coordinates.
    pub fn new(name: &'a str, x: &'a [f64], y: &'a [f64]) -> Self {
        Self { name, x, y }
    }

    /// The points with two finite coordinates, one at least.
    pub(crate) fn finite(&self) -> Result<Vec<(f64, f64)>, PlotError> {
        let Self { name, x, y } = *self;
        if x.len() != y.len() {
            let (x, y) = (x.len(), y.len());
            return Err(PlotError::DifferentLengths { name: name.into(), x, y });
        }
        let shows = |value: &f64| Scale::Linear.shows(*value);
        let points = x.iter().zip(y).filter(|(x, y)| shows(x) && shows(y));
        let points: Vec<_> = points.map(|(x, y)| (*x, *y)).collect();
        if points.is_empty() {
            Err(empty(name, "point with two finite coordinates"))
        } else {
            Ok(points)
        }
    }
}

/// A named sample of one quantity, borrowed; values that are not finite are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Values<'a> {
    /// What the figure calls it.
    pub name: &'a str,
    /// The values, in any order.
    pub values: &'a [f64],
}

impl<'a> Values<'a> {
    /// A sample from its values.
    pub fn new(name: &'a str, values: &'a [f64]) -> Self {
        Self { name, values }
    }

    /// The finite values, one at least.
    pub(crate) fn finite(&self) -> Result<Vec<f64>, PlotError> {
        let shown = self.values.iter().copied().filter(|value| Scale::Linear.shows(*value));
        let values: Vec<f64> = shown.collect();
        if values.is_empty() { Err(empty(self.name, "finite value")) } else { Ok(values) }
    }
}

/// A named table of numbers, borrowed, row by row; rows with a number that is not finite are left
/// out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rows<'a> {
    /// What the figure calls it, `data` or `samples` say.
    pub name: &'a str,
    /// The values `[N, D]`, row `n` at `n * D..(n + 1) * D`.
    pub values: &'a [f64],
}

impl<'a> Rows<'a> {
    /// A table from its values.
    pub fn new(name: &'a str, values: &'a [f64]) -> Self {
        Self { name, values }
    }

    /// The rows of so many finite numbers, one at least, and how many others there are.
    pub(crate) fn finite(&self, columns: usize) -> Result<(Vec<&'a [f64]>, usize), PlotError> {
        let Self { name, values } = *self;
        if !values.len().is_multiple_of(columns) {
            let values = values.len();
            return Err(PlotError::NoRows { name: name.into(), values, columns });
        }
        let shows = |row: &&[f64]| row.iter().all(|value| Scale::Linear.shows(*value));
        let rows: Vec<_> = values.chunks_exact(columns).filter(shows).collect();
        if rows.is_empty() {
            return Err(empty(name, "row of finite numbers"));
        }
        let left_out = values.len() / columns - rows.len();
        Ok((rows, left_out))
    }
}

/// One panel of a row: what is written above it, and the samples that are drawn over each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel<'a, S> {
    /// Above the panel, the band's name say; empty for none.
    pub title: &'a str,
    /// The samples, in one order and by the same names in every panel of a row.
    pub samples: Vec<S>,
}

impl<'a, S> Panel<'a, S> {
    /// A panel from its samples.
    pub fn new(title: &'a str, samples: impl IntoIterator<Item = S>) -> Self {
        Self { title, samples: samples.into_iter().collect() }
    }
}

/// The part of a sample that a range chosen by itself leaves out at either end.
const TAIL: f64 = 0.0025;

/// The range of an axis: the one that is given, or else the one that holds all but the outermost
/// quarter per cent at either end of every sample, with a little room.
pub(crate) fn range(
    name: &'static str,
    given: Option<(f64, f64)>,
    samples: impl Iterator<Item = Vec<f64>>,
) -> Result<(f64, f64), PlotError> {
    if let Some((low, high)) = given {
        if low < high && Scale::Linear.shows(low) && Scale::Linear.shows(high) {
            return Ok((low, high));
        }
        let rule = "two finite numbers in ascending order";
        return Err(PlotError::Setting { name, rule, got: format!("{low} to {high}") });
    }
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for mut values in samples {
        values.sort_unstable_by(f64::total_cmp);
        low = low.min(quantile(&values, TAIL));
        high = high.max(quantile(&values, 1.0 - TAIL));
    }
    // Values that are all but equal lie in the middle.
    let spread = high - low > 1e-12 * low.abs().max(high.abs()) + 1e-250;
    let margin = if spread { 0.02 * (high - low) } else { around(low) };
    Ok((low - margin, high + margin))
}

/// An axis that ends where the range does, or is around the one end that can be shown.
pub(crate) fn axis((low, high): (f64, f64), scale: Scale) -> Result<Axis, PlotError> {
    Axis::between(low, high, scale)
        .or_else(|| Axis::over([low, high].into_iter(), scale, 0.0))
        .ok_or_else(|| PlotError::Draw(format!("no axis from {low} to {high}")))
}

/// Refuses a number of bins that draws nothing or more than can be seen.
pub(crate) fn check_bins(bins: usize) -> Result<(), PlotError> {
    if (1..=1000).contains(&bins) {
        return Ok(());
    }
    let (name, rule) = ("bins", "1 to 1000");
    Err(PlotError::Setting { name, rule, got: bins.to_string() })
}

/// The bin of a value within a range cut into equal parts; the upper end belongs to the last.
pub(crate) fn bin_of(value: f64, (low, high): (f64, f64), bins: usize) -> Option<usize> {
    let inside = (low..=high).contains(&value);
    inside.then(|| (((value - low) / (high - low) * bins as f64) as usize).min(bins - 1))
}

/// The value below which a part `p` in [0, 1] of values in ascending order lies, between
/// neighbours by a straight line; NaN of none.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = last as f64 * p;
    let below = (place as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    low + (high - low) * (place - below as f64)
}

pub(crate) fn empty(name: &str, wanted: impl Into<String>) -> PlotError {
    PlotError::EmptySample { name: name.into(), wanted: wanted.into() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn an_outlier_does_not_decide_on_the_range() {
        let mut values: Vec<f64> = (0..10_000).map(|i| f64::from(i) / 9999.0).collect();
        values[17] = 1e9;
        values[18] = -1e9;
        let (low, high) = range("x_range", None, [values].into_iter()).unwrap();
        assert!(low > -0.03 && low < 0.0 && high > 1.0 && high < 1.03, "{low} {high}");
        let (low, high) = range("x_range", None, [vec![5.0], vec![5.0]].into_iter()).unwrap();
        assert!(low < 5.0 && high > 5.0);
    }

    #[test]
    fn a_small_constant_fills_its_range_and_a_given_range_is_the_axis() {
        let (low, high) = range("x_range", None, [vec![2e-4; 3]].into_iter()).unwrap();
        assert!(low > 0.0 && low < 2e-4 && high > 2e-4 && high < 4e-4, "{low} {high}");
        let given = (1.0, 1.0 + 1e-13);
        let kept = range("x_range", Some(given), std::iter::empty()).unwrap();
        let axis = axis(kept, Scale::Linear).unwrap();
        assert_eq!((axis.position(given.0), axis.position(given.1)), (0.0, 1.0));
    }

    #[test]
    fn bins_hold_their_lower_ends_and_the_last_its_upper() {
        let bin = |value| bin_of(value, (0.0, 2.0), 4);
        assert_eq!([0.0, 0.49, 0.5, 1.99, 2.0].map(bin), [0, 0, 1, 3, 3].map(Some));
        assert_eq!([-0.01, 2.01, f64::NAN].map(bin), [None; 3]);
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let sorted = [1.0, 2.0, 4.0];
        assert_eq!(
            [0.0, 0.25, 0.5, 0.75, 1.0].map(|p| quantile(&sorted, p)),
            [1.0, 1.5, 2.0, 3.0, 4.0]
        );
        assert!(quantile(&[], 0.5).is_nan());
    }
}
