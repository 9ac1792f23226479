//! A quantity in units of its local scatter, its tails compressed.

use serde::{Deserialize, Serialize};

use super::bins::{Between, bins};
use crate::CatalogError;

/// The median and the scatter of one quantity along another, fitted on training rows only
/// and saved with the model: `asinh((value - median(along)) / width(along))`, and back.
///
/// The observed magnitude of a bright galaxy lies within a hundredth of a magnitude of the
/// true one, that of a faint galaxy within half a magnitude. To a network that sees observed
/// magnitudes all in one unit, the former is a rounding error; in units of the local scatter
/// both are one task. The inverse hyperbolic sine is the identity for small numbers and a
/// logarithm for large ones: a hundredfold outlier stays one, at 5.3, without making the rest
/// small beside it.
///
/// The rows are sorted by `along` and cut into bins of equally many. Each gives a knot: its
/// median of `along`, its median of the values, and half the distance between the 16th and
/// 84th percentile of what is left of the values beside the medians, interpolated linearly.
/// Between knots the median is interpolated linearly and so is the logarithm of the width;
/// beyond the ends the first and last median go on as straight lines, the width stays.
///
/// ```
/// use astrogen_catalog::LocalScale;
///
/// let truth: Vec<f64> = (0..4000).map(|i| 18.0 + 0.0015 * f64::from(i)).collect();
/// let scatter = |m: f64| 0.01 * 10f64.powf(0.3 * (m - 18.0));
/// let swing = |i: usize| 2.0 * (0.618034 * i as f64).fract() - 1.0; // even in -1..1
/// let observed: Vec<f64> =
///     truth.iter().enumerate().map(|(i, &m)| m + 0.02 + scatter(m) * swing(i)).collect();
///
/// let local = LocalScale::fit("i", &truth, &observed, 16)?;
/// // A swing of 0.68 is the 84th percentile anywhere: one width.
/// let faint = local.apply(22.0, 22.02 + 0.68 * scatter(22.0));
/// assert!((faint - 1f64.asinh()).abs() < 0.1, "{faint}");
/// assert!((local.inverse(22.0, faint) - 22.02 - 0.68 * scatter(22.0)).abs() < 1e-12);
/// # Ok::<(), astrogen_catalog::CatalogError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Knot>", into = "Vec<Knot>")]
pub struct LocalScale {
    /// One or more, `at` ascending.
    knots: Vec<Knot>,
}

/// Median and scatter at one place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knot {
    /// The value of the quantity along which it lies.
    pub at: f64,
    /// The median there.
    pub median: f64,
    /// Half the distance between the 16th and 84th percentile there, above 0.
    pub width: f64,
}

impl LocalScale {
    /// Fits `values` along `along`, both of the training rows, in `count` bins; `name` is that of
    /// the values, for messages. Bins whose knots would coincide are joined:
    /// the scatter is that of all their rows about the median of the first of them.
    ///
    /// # Errors
    /// `Shape` for slices of two lengths, `Setting` for no bin, `Rows` for fewer than two
    /// rows per bin, a value that is not finite, and a bin without any scatter.
    pub fn fit(
        name: &str,
        along: &[f64],
        values: &[f64],
        count: usize,
    ) -> Result<LocalScale, CatalogError> {
        let bins = bins(name, along, values, count)?.into_iter();
        let knots = bins.map(|bin| Knot { at: bin.at, median: bin.median, width: bin.width });
        Ok(LocalScale { knots: knots.collect() })
    }

    /// The knots, in ascending order.
    pub fn knots(&self) -> &[Knot] {
        &self.knots
    }

    /// A value in units of the scatter at `along`, its tails compressed; NaN where one of both is.
    pub fn apply(&self, along: f64, value: f64) -> f64 {
        let (median, width) = self.at(along);
        ((value - median) / width).asinh()
    }

    /// Takes [`LocalScale::apply`] back; NaN stays NaN.
    pub fn inverse(&self, along: f64, scaled: f64) -> f64 {
        let (median, width) = self.at(along);
        scaled.sinh() * width + median
    }

    /// Median and width.
    fn at(&self, along: f64) -> (f64, f64) {
        let place = Between::find(&self.knots, |knot| knot.at, along);
        let (a, b) = (self.knots[place.a], self.knots[place.b]);
        let inside = place.inside();
        let width = (a.width.ln() * (1.0 - inside) + b.width.ln() * inside).exp();
        (place.line(a.median, b.median), width)
    }
}

impl TryFrom<Vec<Knot>> for LocalScale {
    type Error = String;

    fn try_from(knots: Vec<Knot>) -> Result<Self, String> {
        let sound = |knot: &Knot| {
            (knot.at + knot.median).is_finite() && knot.width > 0.0 && knot.width.is_finite()
        };
        let ascending = knots.windows(2).all(|pair| pair[0].at < pair[1].at);
        if knots.is_empty() || !ascending || !knots.iter().all(sound) {
            return Err("the knots of a local scale: expected at least one, in ascending order, \
                        of finite numbers and widths above 0"
                .to_owned());
        }
        Ok(LocalScale { knots })
    }
}

impl From<LocalScale> for Vec<Knot> {
    fn from(scale: LocalScale) -> Self {
        scale.knots
    }
}
