//! Whether a conditional sampler is as wide as the truth, object by object.
//!
//! For each object with its conditions the sampler draws `K` values, and the observed one is
//! ranked among them. With `b` draws below it and `t` equal to it, and `u` even in [0, 1),
//!
//! ```text
//! PIT = (b + u (t + 1)) / (K + 1)
//! ```
//!
//! the probability integral transform. If the observed value comes from the very distribution
//! that is drawn from, object by object, it is as likely at each rank, and the PIT is exactly
//! even over [0, 1], whatever `K`. A histogram that is
//!
//! - a bowl, high at both ends: the draws are too narrow;
//! - a hill: too wide;
//! - a slope: biased, up to the right if the draws are too low.
//!
//! Even is necessary, not sufficient: a sampler that ignores its conditions and draws from all
//! objects alike is calibrated as a whole, so look at parts of the objects too:
//! [`by_condition`](mod@by_condition) does so in bins of a condition. References:
//! Dawid 1984 for the transform; Gneiting, Balabdaoui and Raftery 2007, *Probabilistic
//! forecasts, calibration and sharpness*.

pub mod by_condition;

pub use by_condition::{CalibratedBin, Calibration, by_condition};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::MetricsError;
use crate::one_dimensional::{KolmogorovSmirnov, Sorted, check_values};

/// The probability integral transform of many objects.
#[derive(Debug, Clone, PartialEq)]
pub struct Pit {
    sorted: Sorted,
}

impl Pit {
    /// Ranks each of `observed` `[N]` among its own draws; `draws` is `[N, K]` row by row,
    /// object `n` at `n * K..(n + 1) * K`.
    ///
    /// The random part is that of a ChaCha generator of this seed, so the same input gives the
    /// same values.
    ///
    /// ```
    /// use astrogen_metrics::Pit;
    ///
    /// // 22.1 lies above all three draws of the first object, 19.0 below all of the second.
    /// let pit = Pit::new(&[22.1, 19.0], &[21.9, 22.0, 21.8, 20.0, 20.1, 19.9], 7)?;
    /// assert!(pit.values()[0] < 0.25 && pit.values()[1] >= 0.75);
    /// # Ok::<(), astrogen_metrics::MetricsError>(())
    /// ```
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for no object, values that are not finite, and draws that
    /// are not equally many, one at least, for every object.
    pub fn new(observed: &[f64], draws: &[f64], seed: u64) -> Result<Self, MetricsError> {
        Ok(Self { sorted: Sorted::new("PIT values", &pit_values(observed, draws, seed)?)? })
    }

    /// Values that are known already, one per object: those of densities on a grid, say.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for no value, and values that are not finite or not in [0, 1].
    pub fn from_values(values: &[f64]) -> Result<Self, MetricsError> {
        let sorted = Sorted::new("PIT values", values)?;
        if let Some(bad) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            let (set, rule) = ("PIT values", "within 0 to 1");
            return Err(MetricsError::BadValues { set, rule, got: bad.to_string() });
        }
        Ok(Self { sorted })
    }

    /// The values in ascending order, one for each object, in [0, 1].
    pub fn values(&self) -> &[f64] {
        self.sorted.values()
    }

    /// How many values lie in each of `bins` equal parts of [0, 1]; none for 0 bins.
    ///
    /// Calibrated, each count is `N / bins` give or take `sqrt(N / bins (1 - 1 / bins))`.
    pub fn histogram(&self, bins: usize) -> Vec<usize> {
        let mut counts = vec![0; bins];
        for value in self.values() {
            let bin = (value * bins as f64) as usize;
            if let Some(count) = counts.get_mut(bin.min(bins.saturating_sub(1))) {
                *count += 1;
            }
        }
        counts
    }

    /// The Kolmogorov-Smirnov statistic against the even distribution: how far the share of
    /// objects below any level is from that level, at worst.
    pub fn kolmogorov_smirnov(&self) -> KolmogorovSmirnov {
        self.sorted.against_uniform()
    }

    /// The histogram's distance from even, `1/2 sum over bins of |share - 1 / bins|`: the part
    /// of the objects that would have to change bins, from 0 to `1 - 1 / bins` (total
    /// variation, half the L1 distance). 0 for 0 bins.
    ///
    /// Calibrated, it is about `sqrt((bins - 1) / (2 pi N))`.
    pub fn total_variation(&self, bins: usize) -> f64 {
        let (even, all) = (1.0 / bins as f64, self.values().len() as f64);
        let difference = |count: usize| (count as f64 / all - even).abs();
        0.5 * self.histogram(bins).into_iter().map(difference).sum::<f64>()
    }

    /// The part of the objects whose observed value lies within the draws' central interval of
    /// probability `level`, `0.68` say: calibrated, it is `level`, give or take
    /// `sqrt(level (1 - level) / N)`. Less: the draws are too narrow or biased.
    pub fn coverage(&self, level: f64) -> f64 {
        let within = |value: &&f64| (*value - 0.5).abs() <= 0.5 * level;
        self.values().iter().filter(within).count() as f64 / self.values().len() as f64
    }
}

/// The probability integral transform of each of `observed` `[N]` among its own draws `[N, K]`, in
/// the order of the objects; [`Pit::new`] sorts them. For
/// [`by_condition`](by_condition::by_condition), which has to know whose they are.
///
/// # Errors
/// As [`Pit::new`].
pub fn pit_values(observed: &[f64], draws: &[f64], seed: u64) -> Result<Vec<f64>, MetricsError> {
    check_values("observed values", observed)?;
    check_values("draws", draws)?;
    if !draws.len().is_multiple_of(observed.len()) {
        let rule = "equally many for each observed value";
        let got = format!("{} for {} observed values", draws.len(), observed.len());
        return Err(MetricsError::BadValues { set: "draws", rule, got });
    }
    let each = draws.len() / observed.len();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rank = |(value, draws): (&f64, &[f64])| {
        let below = draws.iter().filter(|draw| *draw < value).count();
        let tied = draws.iter().filter(|draw| *draw == value).count();
        let u: f64 = rng.random();
        (below as f64 + u * (tied + 1) as f64) / (each + 1) as f64
    };
    Ok(observed.iter().zip(draws.chunks_exact(each)).map(rank).collect())
}
