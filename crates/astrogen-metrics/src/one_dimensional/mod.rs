//! Two samples of one quantity: how far apart their distributions are.
//!
//! With the empirical distribution functions `F` and `G` of `n` and `m` values,
//!
//! ```text
//! Kolmogorov-Smirnov   D  = max over x of |F(x) - G(x)|
//! Wasserstein-1        W1 = integral of |F(x) - G(x)| dx
//! ```
//!
//! `D` lies in [0, 1], has no unit and is the same after any increasing change of the quantity;
//! `W1` is in the quantity's unit, is the least mean distance that values have to move to turn
//! one sample into the other, and sees how far out the tails are, which `D` hardly does. The
//! sizes may differ, ties are counted as they are.
//!
//! Both are above 0 for two samples of one distribution too: `D` is then 0.87 `sqrt((n + m) /
//! (n m))` in the mean, and the `p_value` says how often it is at least what was found. With
//! many values the `p_value` falls for differences of no importance; judge those by `D`.
//!
//! [`binned`](mod@binned) does the same in bins of another quantity, and [`profile`](mod@profile)
//! gives one sample's means and sums in such bins. [`mann_whitney`] says which of two samples has the
//! larger values.
//!
//! The work is on the host in float64, most of it sorting. References: Smirnov 1939 for the
//! limit of `D`; Vallender 1974 for `W1` by distribution functions. `W1` and quantiles are those
//! of `scipy.stats.wasserstein_distance` and `numpy.quantile`, `D` that of
//! `scipy.stats.ks_2samp`.

pub mod binned;
pub mod mann_whitney;
pub mod profile;

use serde::{Deserialize, Serialize};

use crate::MetricsError;

/// A sample in ascending order: sorted once, compared often.
#[derive(Debug, Clone, PartialEq)]
pub struct Sorted {
    values: Vec<f64>,
}

/// The two-sample Kolmogorov-Smirnov statistic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KolmogorovSmirnov {
    /// The largest difference of the distribution functions, in [0, 1].
    pub statistic: f64,
    /// How often two samples of one continuous distribution are at least so far apart, by the
    /// limit of large samples `Q(sqrt(n m / (n + m)) D)`: rough below some tens of values, too
    /// large where values are tied.
    pub p_value: f64,
}

impl Sorted {
    /// Sorts the values. `set` is what a message calls them, `real values` say.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] if there is none, or one that is not a finite number.
    pub fn new(set: &'static str, values: &[f64]) -> Result<Self, MetricsError> {
        check_values(set, values)?;
        let mut values = values.to_vec();
        values.sort_unstable_by(f64::total_cmp);
        Ok(Self { values })
    }

    /// The values in ascending order, one at least.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The statistic against another sample; symmetric, and 0 between equal samples.
    pub fn kolmogorov_smirnov(&self, other: &Self) -> KolmogorovSmirnov {
        let mut statistic = 0f64;
        self.walk(other, |_, _, difference| statistic = statistic.max(difference));
        let (n, m) = (self.values.len() as f64, other.values.len() as f64);
        let p_value = kolmogorov_survival((n * m / (n + m)).sqrt() * statistic);
        KolmogorovSmirnov { statistic, p_value }
    }

    /// The distance to another sample in the unit of the values; symmetric, and 0 between
    /// equal samples.
    pub fn wasserstein_1(&self, other: &Self) -> f64 {
        let mut distance = 0.0;
        self.walk(other, |from, to, difference| distance += (to - from) * difference);
        distance
    }

    /// How far the lowest and the highest hundredth of the sample lie from those of another one,
    /// in the unit of the values:
    ///
    /// ```text
    /// mean of |F^-1(p) - G^-1(p)| over the p in [0, 0.01] and [0.99, 1]
    /// ```
    ///
    /// the part of Wasserstein-1 that the tails have, and a mean instead of a sum. Below some
    /// thousand values it hangs on a handful of them.
    pub fn tail_distance(&self, other: &Self) -> f64 {
        let tail = 0.01;
        let lower = self.quantile_distance(other, [0.0, tail]);
        (lower + self.quantile_distance(other, [1.0 - tail, 1.0])) / (2.0 * tail)
    }

    /// The integral of `|F^-1(p) - G^-1(p)|` over the parts from `low` to `high`.
    fn quantile_distance(&self, other: &Self, [low, high]: [f64; 2]) -> f64 {
        let (a, b) = (&self.values, &other.values);
        let (n, m) = (a.len() as f64, b.len() as f64);
        let (mut i, mut j) = ((low * n) as usize, (low * m) as usize);
        let (mut p, mut distance) = (low, 0.0);
        while let (Some(x), Some(y)) = (a.get(i), b.get(j))
            && p < high
        {
            let ends = [(i + 1) as f64 / n, (j + 1) as f64 / m];
            let next = ends[0].min(ends[1]).min(high);
            distance += (next - p).max(0.0) * (x - y).abs();
            i += usize::from(ends[0] <= next);
            j += usize::from(ends[1] <= next);
            p = next;
        }
        distance
    }

    /// The statistic against the even distribution over [0, 1].
    pub fn against_uniform(&self) -> KolmogorovSmirnov {
        let n = self.values.len() as f64;
        let at = |(index, value): (usize, &f64)| {
            let uniform = value.clamp(0.0, 1.0);
            (uniform - index as f64 / n).max((index + 1) as f64 / n - uniform)
        };
        let statistic = self.values.iter().enumerate().map(at).fold(0.0, f64::max);
        KolmogorovSmirnov { statistic, p_value: kolmogorov_survival(n.sqrt() * statistic) }
    }

    /// The value below which a part `p` of the sample lies, between neighbours by a straight
    /// line; `p` beyond [0, 1] counts as the nearest end.
    pub fn quantile(&self, p: f64) -> f64 {
        let last = self.values.len() - 1;
        let place = last as f64 * p.clamp(0.0, 1.0);
        let below = (place.floor() as usize).min(last); // 0 where p is NaN
        let (low, high) = (self.values[below], self.values[(below + 1).min(last)]);
        low + (high - low) * (place - below as f64)
    }

    /// From the 16th to the 84th percentile: two standard deviations of a normal distribution,
    /// whatever its outliers do.
    pub fn width(&self) -> f64 {
        self.quantile(0.84) - self.quantile(0.16)
    }

    /// From the 1st to the 99th percentile: 2.34 times the width for a normal distribution, more
    /// where tails are heavy.
    pub fn tails(&self) -> f64 {
        self.quantile(0.99) - self.quantile(0.01)
    }

    /// Calls `step(from, to, |F - G|)` for every stretch between values of either sample.
    fn walk(&self, other: &Self, mut step: impl FnMut(f64, f64, f64)) {
        let (a, b) = (&self.values, &other.values);
        let (n, m) = (a.len() as f64, b.len() as f64);
        let (mut i, mut j) = (0, 0);
        while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
            let value = x.min(*y);
            i += a[i..].iter().take_while(|x| **x <= value).count();
            j += b[j..].iter().take_while(|y| **y <= value).count();
            let next = match (a.get(i), b.get(j)) {
                (Some(x), Some(y)) => x.min(*y),
                (Some(x), None) => *x,
                (None, Some(y)) => *y,
                (None, None) => value,
            };
            step(value, next, (i as f64 / n - j as f64 / m).abs());
        }
        // One sample is used up and its function is 1: the rest is the other's.
        for (rest, used, count) in [(&a[i..], i, n), (&b[j..], j, m)] {
            for (index, pair) in rest.windows(2).enumerate() {
                step(pair[0], pair[1], 1.0 - (used + index + 1) as f64 / count);
            }
        }
    }
}

/// The two-sample Kolmogorov-Smirnov statistic of values in any order.
///
/// ```
/// use astrogen_metrics::one_dimensional::{kolmogorov_smirnov, wasserstein_1};
///
/// let real = [18.0, 19.0, 20.0, 21.0];
/// let fake = [18.5, 19.5, 20.5, 21.5];
/// assert_eq!(kolmogorov_smirnov(&real, &fake)?.statistic, 0.25);
/// assert_eq!(wasserstein_1(&real, &fake)?, 0.5);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for a sample that is empty or holds what is not a finite number.
pub fn kolmogorov_smirnov(real: &[f64], fake: &[f64]) -> Result<KolmogorovSmirnov, MetricsError> {
    Ok(Sorted::new("real values", real)?.kolmogorov_smirnov(&Sorted::new("fake values", fake)?))
}

/// The Wasserstein-1 distance of values in any order, in their unit.
///
/// # Errors
/// As [`kolmogorov_smirnov`].
pub fn wasserstein_1(real: &[f64], fake: &[f64]) -> Result<f64, MetricsError> {
    Ok(Sorted::new("real values", real)?.wasserstein_1(&Sorted::new("fake values", fake)?))
}

/// The quantiles of values in any order at the parts `p`, as [`Sorted::quantile`].
///
/// # Errors
/// As [`kolmogorov_smirnov`], and for a part outside [0, 1].
pub fn quantiles(values: &[f64], p: &[f64]) -> Result<Vec<f64>, MetricsError> {
    if let Some(bad) = p.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        let (set, rule) = ("parts of a quantile", "within 0 to 1");
        return Err(MetricsError::BadValues { set, rule, got: bad.to_string() });
    }
    let sorted = Sorted::new("values", values)?;
    Ok(p.iter().map(|p| sorted.quantile(*p)).collect())
}

/// Refuses an empty sample and one with values that are not finite.
pub(crate) fn check_values(set: &'static str, values: &[f64]) -> Result<(), MetricsError> {
    let rule = "finite numbers, one at least";
    let bad = values.iter().filter(|value| !value.is_finite()).count();
    if values.is_empty() || bad > 0 {
        let got = format!("{} values, {bad} of them not finite", values.len());
        return Err(MetricsError::BadValues { set, rule, got });
    }
    Ok(())
}

/// `Q(x) = 2 sum over k >= 1 of (-1)^(k-1) exp(-2 k^2 x^2)`, which converges fast for large
/// `x`; for small `x` its other form, `1 - sqrt(2 pi) / x sum of exp(-((2k - 1) pi / x)^2 / 8)`.
pub(crate) fn kolmogorov_survival(x: f64) -> f64 {
    use std::f64::consts::PI;
    if x < 0.05 {
        return 1.0; // to far beyond the last digit
    }
    let terms = (1..=8).map(f64::from);
    let q = if x < 1.0 {
        let sum: f64 = terms.map(|k| (-((2.0 * k - 1.0) * PI / x).powi(2) / 8.0).exp()).sum();
        1.0 - (2.0 * PI).sqrt() / x * sum
    } else {
        let sign = |k: f64| if k % 2.0 == 1.0 { 2.0 } else { -2.0 };
        terms.map(|k| sign(k) * (-2.0 * k * k * x * x).exp()).sum()
    };
    q.clamp(0.0, 1.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn quantiles_from_end_to_end_are_wasserstein_1_apart() {
        for (n, m) in [(1, 1), (7, 3), (100, 100), (350, 1013)] {
            let values = |count: u32, step: f64| -> Vec<f64> {
                (0..count).map(|i| (f64::from(i) * step).sin().powi(3)).collect()
            };
            let a = Sorted::new("a", &values(n, 0.7)).unwrap();
            let b = Sorted::new("b", &values(m, 1.3)).unwrap();
            let (got, expected) = (a.quantile_distance(&b, [0.0, 1.0]), a.wasserstein_1(&b));
            assert!((got - expected).abs() < 1e-12, "{n}, {m}: {got} {expected}");
        }
    }

    #[test]
    fn the_limit_of_the_p_value_is_that_of_scipy_everywhere() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/one_dimensional.safetensors");
        let tensors = tch::Tensor::read_safetensors(path).unwrap();
        let survival = &tensors.iter().find(|(name, _)| name == "survival").unwrap().1;
        let rows = Vec::<f64>::try_from(survival.flatten(0, -1)).unwrap();
        assert_eq!(rows.len(), 24);
        for row in rows.chunks(2) {
            let got = kolmogorov_survival(row[0]);
            assert!((got - row[1]).abs() <= 1e-12 * row[1], "at {}: {got} {}", row[0], row[1]);
        }
    }
}
