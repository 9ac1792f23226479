//! Which of two samples has the larger values: the rank sum of Mann and Whitney.
//!
//! ```text
//! U  =  pairs (a, b) with a > b, and half of those with a = b
//! z  =  (U - n m / 2) / sqrt(n m / 12 (n + m + 1 - sum over ties of (t^3 - t) / ((n + m) (n + m - 1))))
//! ```
//!
//! for `n` values `a` and `m` values `b`, with `t` the number of equal values in each tie. If both
//! samples are of one distribution, whichever it is, `z` is nearly normal from some ten values
//! each on. `U / (n m)` is how often a value of the first sample is above one of the second, and
//! the area under the curve of a classifier's rates (AUC). As `scipy.stats.mannwhitneyu` with
//! `method="asymptotic"` and without the correction for continuity. Reference: Mann & Whitney
//! 1947.

use serde::{Deserialize, Serialize};
use tch::{TchError, Tensor};

use super::Sorted;
use crate::MetricsError;

/// The rank sum of two samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MannWhitney {
    /// Pairs in which the first sample's value is the larger one, ties by half.
    pub statistic: f64,
    /// The part of all pairs that this is, 0 to 1; 0.5 where neither sample is the larger one.
    pub area: f64,
    /// Standard deviations from 0.5; negative where the first sample is smaller, 0 where all
    /// values are equal.
    pub z: f64,
    /// How often two samples of one distribution have a `z` at most as large: small where the
    /// first sample has the smaller values, near 1 where it has the larger ones.
    pub p_less: f64,
    /// How often they have one at least as large.
    pub p_greater: f64,
}

impl Sorted {
    /// The rank sum of this sample and another one; see the [module](self).
    ///
    /// ```
    /// use astrogen_metrics::Sorted;
    ///
    /// let near = Sorted::new("distances", &[0.1, 0.2, 0.2, 0.4])?;
    /// let far = Sorted::new("distances", &[0.2, 0.5, 0.7])?;
    /// let found = near.mann_whitney(&far)?;
    /// assert_eq!(found.statistic, 2.0); // 0.4 > 0.2, and twice 0.2 = 0.2
    /// assert!(found.p_less < 0.1);
    /// # Ok::<(), astrogen_metrics::MetricsError>(())
    /// ```
    ///
    /// # Errors
    /// [`MetricsError::Torch`].
    pub fn mann_whitney(&self, other: &Self) -> Result<MannWhitney, MetricsError> {
        let (a, b) = (self.values(), other.values());
        let (n, m) = (a.len() as f64, b.len() as f64);
        let (mut i, mut j, mut statistic, mut ties) = (0, 0, 0.0, 0.0);
        while let Some(value) = a.get(i).into_iter().chain(b.get(j)).copied().reduce(f64::min) {
            let equal = |rest: &[f64]| rest.iter().take_while(|x| **x <= value).count();
            let (own, others) = (equal(&a[i..]), equal(&b[j..]));
            statistic += own as f64 * (j as f64 + 0.5 * others as f64);
            let tied = (own + others) as f64;
            ties += tied.powi(3) - tied;
            (i, j) = (i + own, j + others);
        }
        let all = n + m;
        let variance = n * m / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
        let off = statistic - 0.5 * n * m;
        let z = if variance > 0.0 { off / variance.sqrt() } else { 0.0 };
        let (p_less, p_greater) = (normal_survival(-z)?, normal_survival(z)?);
        Ok(MannWhitney { statistic, area: statistic / (n * m), z, p_less, p_greater })
    }
}

/// How often a normal deviate is above `z`.
pub(crate) fn normal_survival(z: f64) -> Result<f64, TchError> {
    let z = Tensor::f_from_slice(&[z * std::f64::consts::FRAC_1_SQRT_2])?;
    Ok(0.5 * z.f_erfc()?.f_double_value(&[0])?)
}
