//! From one distribution to another.

use serde::{Deserialize, Serialize};

use super::LocalScores;
use crate::CatalogError;

/// The increasing change of a quantity that gives it the distribution of another one, along a
/// third: `value -> F_to^-1(F_from(value))`, by [`LocalScores`] of both, and never beyond the
/// values that rows nearby have. (Quantile mapping: Panofsky and Brier 1968.)
///
/// ```
/// use astrogen_catalog::QuantileMap;
///
/// let along: Vec<f64> = (0..2000).map(|i| f64::from(i) / 2000.0).collect();
/// let made: Vec<f64> = (0..2000).map(|i| f64::from(i * 37 % 2003)).collect();
/// let observed: Vec<f64> = made.iter().map(|value| 3.0 * value - 1.0).collect();
///
/// let map = QuantileMap::fit("i", &along, &made, &observed, 4)?;
/// assert!((map.apply(0.5, 1000.0) - 2999.0).abs() < 1e-9);
/// # Ok::<(), astrogen_catalog::CatalogError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantileMap {
    from: LocalScores,
    to: LocalScores,
}

impl QuantileMap {
    /// Fits both distributions in `count` bins of `along`; `name` is for messages.
    ///
    /// # Errors
    /// Those of [`LocalScores::fit`].
    pub fn fit(
        name: &str,
        along: &[f64],
        from: &[f64],
        to: &[f64],
        count: usize,
    ) -> Result<Self, CatalogError> {
        let fit = |values| LocalScores::fit(name, along, values, count);
        Ok(Self { from: fit(from)?, to: fit(to)? })
    }

    /// The value with the score of `value` in the other distribution, or the end of its
    /// [range](LocalScores::range); NaN where one of both is.
    pub fn apply(&self, along: f64, value: f64) -> f64 {
        let [low, high] = self.to.range(along);
        match self.to.inverse(along, self.from.apply(along, value)) {
            value if value < low => low,
            value if value > high => high,
            value => value, // or no number
        }
    }
}
