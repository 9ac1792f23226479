//! Histogram equalization: the curve that makes every level equally frequent.

use serde::{Deserialize, Serialize};

use crate::PreprocessError;

/// The sorted unit values that a histogram equalization takes to evenly spaced levels.
///
/// Value `i` of `n` maps to `i / (n - 1)`, with straight lines between, as
/// `astropy.visualization.HistEqStretch` does. An array of up to 1025 values is kept whole; a
/// larger one by 1025 evenly spaced quantiles, so that the table stays small beside the frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Equalization {
    values: Vec<f64>,
}

const LEVELS: usize = 1025;

impl Equalization {
    /// Fits the table to physical `values`, taken to the unit range by `limits` and clipped.
    ///
    /// # Errors
    /// [`PreprocessError::NoGoodPixels`] if fewer than two values are finite,
    /// [`PreprocessError::Setting`] unless `vmin < vmax`.
    pub fn fit(values: &[f32], limits: [f64; 2]) -> Result<Self, PreprocessError> {
        let [vmin, vmax] = limits;
        if !(vmin < vmax && (vmax - vmin).is_finite()) {
            return Err(PreprocessError::Setting {
                name: "stretch histogram_equalization limits",
                rule: "vmin below vmax",
                got: format!("{vmin},{vmax}"),
            });
        }
        let mut sorted: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
        if sorted.len() < 2 {
            return Err(PreprocessError::NoGoodPixels { band: 0 });
        }
        sorted.sort_unstable_by(f32::total_cmp);
        let last = sorted.len() - 1;
        let levels = LEVELS.min(sorted.len());
        let level = |index: usize| {
            let position = index as f64 / (levels - 1) as f64 * last as f64;
            let rank = (position as usize).min(last - 1);
            let (low, high) = (f64::from(sorted[rank]), f64::from(sorted[rank + 1]));
            let value = low + (high - low) * (position - rank as f64);
            ((value - vmin) / (vmax - vmin)).clamp(0.0, 1.0)
        };
        Ok(Equalization { values: (0..levels).map(level).collect() })
    }

    /// The table that changes nothing.
    #[must_use]
    pub fn identity() -> Self {
        Equalization { values: vec![0.0, 1.0] }
    }

    /// The table's unit values, never falling.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The level of `x`; of equal values in the table, the last one's.
    pub(super) fn forward(&self, x: f64) -> f64 {
        if x.is_nan() {
            return x;
        }
        let last = self.values.len() - 1;
        match self.values.partition_point(|&value| value <= x) {
            0 => 0.0,
            above if above > last => 1.0,
            above => {
                let (low, high) = (self.values[above - 1], self.values[above]);
                ((above - 1) as f64 + (x - low) / (high - low)) / last as f64
            }
        }
    }

    /// The value at level `y`.
    pub(crate) fn inverse(&self, y: f64) -> f64 {
        if y.is_nan() {
            return y;
        }
        let last = self.values.len() - 1;
        let position = y * last as f64;
        let rank = (position as usize).min(last - 1);
        let (low, high) = (self.values[rank], self.values[rank + 1]);
        low + (high - low) * (position - rank as f64)
    }
}

impl TryFrom<Vec<f64>> for Equalization {
    type Error = PreprocessError;

    /// Takes a table back from its values.
    fn try_from(values: Vec<f64>) -> Result<Self, PreprocessError> {
        let unit = values.iter().all(|value| (0.0..=1.0).contains(value));
        if values.len() >= 2 && unit && values.is_sorted() {
            return Ok(Equalization { values });
        }
        Err(PreprocessError::Setting {
            name: "stretch histogram_equalization table",
            rule: "two or more unit values that never fall",
            got: format!("{} values", values.len()),
        })
    }
}

impl From<Equalization> for Vec<f64> {
    fn from(equalization: Equalization) -> Self {
        equalization.values
    }
}
