//! Every number with an interval and its floor.
//!
//! A distance between finite sets is not 0 for sets of one distribution, it has a bias that falls
//! with the number of rows, and it scatters. So a distance alone says nothing; beside what reals
//! are from each other, and with how far it scatters, it does. For any metric `d(real, fake)` of
//! two sets whose first dimension is the row (images `[N, C, H, W]`, features or tables `[N, D]`):
//!
//! ```text
//! n      =  the lesser of half the reals and of the fakes
//! V, T   =  n reals each, parted at random;   F  =  n fakes, at random
//!
//! value  =  d(T, F)
//! floor  =  d(V, T)
//! ```
//!
//! Both are between sets of `n` rows, so that both have the same bias: fakes as good as reals have
//! the floor as their expected value.
//!
//! The interval says what `d(T, F)` might have been with other draws of `n` reals and `n` fakes.
//! It comes from half-samples: `T_r` and `F_r` are `n / 2` rows of `T` and of `F` without
//! replacement, and
//!
//! ```text
//! low, high  =  value + quantiles over r of (d(T_r, F_r) - mean over r of d(T_r, F_r))
//! ```
//!
//! A half without replacement, given the sample, has a mean of variance
//! `s^2 / (n / 2) (1 - 1/2) = s^2 / n`: just that of the mean of a sample of `n`. So the spread over
//! half-samples is, to first order, the spread of `d` itself, and nothing has to be rescaled
//! (McCarthy 1969, *Pseudo-Replication: Half Samples*; Politis & Romano 1994, *Large Sample
//! Confidence Regions Based on Subsamples under Minimal Assumptions*, with subsamples of `n / 2`).
//! The usual bootstrap draws with replacement and puts copies into the sets; nearest neighbours,
//! precision and recall, and kernels then see pairs at distance 0 that no fresh draw has. Half-sets
//! have a larger bias than sets of `n`, which is why the deviations from their own mean are taken.
//!
//! The floor has no interval of its own: it is one draw, and scatters about as much as the value. Whether a
//! value differs from its floor is a question of both.
//!
//! Where the sets are alike, distances of second order (a squared discrepancy, a statistic that
//! cannot fall below 0) spread more over halves than over sets of `n`: there the interval is on the
//! safe, wide side. It is of the metric's mean at `n` rows, bias and all: the value at endlessly
//! many rows may lie below it.

use std::fmt;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::table::some_rows;
use crate::{MetricsError, Sorted};

/// The least rows of `V`, `T` and `F`.
const LEAST: i64 = 4;

/// A number with its interval and its floor; see the [module](self).
///
/// It prints as `value (low to high; floor of reals)` with two digits of the interval's width, or
/// with as many decimals as are asked for:
///
/// ```
/// use astrogen_metrics::Estimate;
///
/// let distance = Estimate { value: 0.04712, low: 0.0413, high: 0.0527, floor: 0.0242 };
/// assert_eq!(distance.to_string(), "0.047 (0.041 to 0.053; floor 0.024)");
/// assert_eq!(format!("{distance:.1}"), "0.0 (0.0 to 0.1; floor 0.0)");
/// let recall = Estimate { value: 0.0, low: 0.0, high: 0.0, floor: 0.7642 };
/// assert_eq!(recall.to_string(), "0.000 (0.000 to 0.000; floor 0.764)");
/// let kernel = Estimate { value: 1.777e-3, low: 1.673e-3, high: 1.936e-3, floor: -1.468e-6 };
/// assert_eq!(kernel.to_string(), "0.00178 (0.00167 to 0.00194; floor -1e-6)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The metric between half of the reals and as many fakes.
    pub value: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// The metric between the two halves of the reals.
    pub floor: f64,
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, low, high, floor } = self;
        let width = if high > low { high - low } else { value.abs().max(floor.abs()) / 10.0 };
        let digits = (1.0 - width.log10().floor()).max(0.0); // endless for a width of 0
        match f.precision().or((digits <= 6.0).then_some(digits as usize)) {
            Some(n) => {
                write!(f, "{value:.n$} ({low:.n$} to {high:.n$}; floor ")?;
                // A floor that these digits do not show.
                match *floor != 0.0 && floor.abs() < 0.5 * 0.1f64.powi(n as i32) {
                    true if f.precision().is_none() => write!(f, "{floor:.0e})"),
                    _ => write!(f, "{floor:.n$})"),
                }
            }
            None => write!(f, "{value:.2e} ({low:.2e} to {high:.2e}; floor {floor:.2e})"),
        }
    }
}

/// Settings of the interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EstimateConfig {
    /// Half-samples of which the interval is made, so many that one of them at least lies beyond
    /// each end: `2 / (1 - level) - 1` or more. 20 by default; 100 for an interval whose ends
    /// hardly hang on the seed.
    pub replicates: usize,
    /// How often the interval holds the metric's mean, above 0 and below 1; 0.9 by default.
    pub level: f64,
    /// Of the halves and half-samples; 0 by default.
    pub seed: u64,
}

impl Default for EstimateConfig {
    fn default() -> Self {
        Self { replicates: 20, level: 0.9, seed: 0 }
    }
}

impl EstimateConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let setting = |name, rule, got| Err(MetricsError::Setting { name, rule, got });
        if !(self.level > 0.0 && self.level < 1.0) {
            return setting("level", "above 0 and below 1", self.level.to_string());
        }
        if (self.replicates as f64 + 1.0) * (1.0 - self.level) < 2.0 - 1e-9 {
            let got = format!("{} at a level of {}", self.replicates, self.level);
            return setting("replicates", "2 / (1 - level) - 1 or more", got);
        }
        Ok(())
    }
}

/// A metric's value, interval and floor for sets `[N, ...]` and `[M, ...]`, which is called
/// `2 + replicates` times with sets of equally many rows; see the [module](self).
///
/// Rows are drawn by a ChaCha generator of the seed; libtorch's generators are left alone.
///
/// ```
/// use astrogen_metrics::estimate::{EstimateConfig, estimate};
/// use astrogen_metrics::{MmdConfig, maximum_mean_discrepancy};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let rows = |n| Tensor::randn([n, 3], (Kind::Double, Device::Cpu));
/// let mmd = |real: &Tensor, fake: &Tensor| {
///     Ok(maximum_mean_discrepancy(real, fake, &MmdConfig::default(), 7)?.squared)
/// };
/// let found = estimate(&rows(400), &(rows(200) + 0.7), &EstimateConfig::default(), mmd)?;
/// assert!(found.floor < found.low && found.low < found.value && found.value < found.high);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::BadValues`] for fewer than 8 real or 4 fake rows and
/// for a metric that is not a finite number; those of the metric.
pub fn estimate(
    real: &Tensor,
    fake: &Tensor,
    config: &EstimateConfig,
    metric: impl Fn(&Tensor, &Tensor) -> Result<f64, MetricsError>,
) -> Result<Estimate, MetricsError> {
    let one = |real: &Tensor, fake: &Tensor| Ok(vec![metric(real, fake)?]);
    Ok(estimate_all(real, fake, config, one)?[0]) // as many as `one` gives
}

/// [`estimate`] of a metric that gives several numbers at once, all of them from one pass over
/// the same halves: one estimate a number, in their order.
///
/// # Errors
/// As [`estimate`], and [`MetricsError::BadValues`] for a metric that gives now more and now fewer
/// numbers.
pub fn estimate_all(
    real: &Tensor,
    fake: &Tensor,
    config: &EstimateConfig,
    metric: impl Fn(&Tensor, &Tensor) -> Result<Vec<f64>, MetricsError>,
) -> Result<Vec<Estimate>, MetricsError> {
    config.validate()?;
    let rows = |set: &Tensor| set.size().first().copied().unwrap_or(0);
    let n = (rows(real) / 2).min(rows(fake));
    if n < LEAST {
        let (set, rule) = ("sets", "of 8 real and 4 fake rows or more for an interval");
        let got = format!("{} real and {} fake", rows(real), rows(fake));
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let real = some_rows(real, 2 * n, &mut rng)?;
    let (other, real) = (real.f_narrow(0, 0, n)?, real.f_narrow(0, n, n)?); // V and T
    let fake = some_rows(fake, n, &mut rng)?;
    let values = metric(&real, &fake)?;
    let floors = metric(&other, &real)?;
    let mut halves = Vec::with_capacity(config.replicates);
    for _ in 0..config.replicates {
        let [real, fake] = [&real, &fake].map(|set| some_rows(set, n / 2, &mut rng));
        halves.push(metric(&real?, &fake?)?);
    }
    if let Some(odd) = halves.iter().chain([&floors]).find(|got| got.len() != values.len()) {
        let (set, rule) = ("metric's numbers", "equally many each time");
        let got = format!("{} and {}", values.len(), odd.len());
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let each = values.iter().zip(&floors).enumerate().map(|(index, (value, floor))| {
        let halves: Vec<f64> = halves.iter().map(|numbers| numbers[index]).collect();
        let [low, high] = interval(*value, &halves, config.level)?;
        Sorted::new("metric's numbers", &[*value, *floor])?;
        Ok(Estimate { value: *value, low, high, floor: *floor })
    });
    each.collect()
}

/// The value with the quantiles of the half-samples about their mean. The `k`-th of `R` lies in the
/// mean above a part `k / (R + 1)` of the distribution that they are from, so the quantile `p` is
/// at the place `p (R + 1)`: others are too near the middle for few replicates.
fn interval(value: f64, halves: &[f64], level: f64) -> Result<[f64; 2], MetricsError> {
    let sorted = Sorted::new("metric's numbers", halves)?;
    let count = halves.len() as f64;
    let mean = halves.iter().sum::<f64>() / count;
    let at = |p: f64| sorted.quantile((p * (count + 1.0) - 1.0) / (count - 1.0)) - mean;
    let tail = 0.5 * (1.0 - level);
    Ok([value + at(tail), value + at(1.0 - tail)])
}
