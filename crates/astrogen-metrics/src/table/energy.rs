//! The energy distance of two tables.
//!
//! With rows `x_i` of `N` real and `y_j` of `M` fake objects and Euclidean distances,
//!
//! ```text
//! E^2 =    2 sum over i, j of |x_i - y_j| / (N M)
//!        -   sum over i, j of |x_i - x_j| / N^2
//!        -   sum over i, j of |y_i - y_j| / M^2
//! ```
//!
//! and the energy distance is its root `E`. It is 0 exactly where the distributions are one, sees
//! every difference of them without a bandwidth to be chosen, and needs a mean but no variance.
//! For one column it is `scipy.stats.energy_distance`, the root of twice the integral of the
//! squared difference of the distribution functions. Pairs of a row and itself count, as there, so
//! that `E^2` is never below 0 and two samples of one distribution have some `(1/N + 1/M)` times
//! the mean distance of two rows. Reference: Székely & Rizzo 2013, *Energy statistics*.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::pairs::{sum_across, sum_within};
use super::{in_units, pair, some_rows};
use crate::MetricsError;

/// Settings of the energy distance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnergyConfig {
    /// Whether columns are first brought to mean 0 and deviation 1 of the real rows
    /// ([`Standardisation`](super::Standardisation)); true by default. Without it every column
    /// counts in its own unit.
    pub standardise: bool,
    /// The most rows of either table, 1 or more; of more, so many are drawn by the seed. 20,000 by
    /// default: some seconds on two cores, in proportion to the square.
    pub rows: i64,
}

impl Default for EnergyConfig {
    fn default() -> Self {
        Self { standardise: true, rows: 20_000 }
    }
}

impl EnergyConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        if self.rows < 1 {
            let got = self.rows.to_string();
            return Err(MetricsError::Setting { name: "rows", rule: "1 or more", got });
        }
        Ok(())
    }
}

/// The energy distance `E` between tables `[N, D]` and `[M, D]`, in the real columns' deviations
/// (to the power 1/2) if they are standardised:
/// `E^2 = 2 mean|x - y| - mean|x - x'| - mean|y - y'|`, the root of which
/// `scipy.stats.energy_distance` gives for one column.
///
/// The work is on the real table's device in float64, block by block, in time proportional to
/// `(N + M)^2` and some tens of MiB. libtorch's generators are left alone.
///
/// ```
/// use astrogen_metrics::table::{EnergyConfig, energy_distance};
/// use tch::Tensor;
///
/// let table = |values: &[f64]| Tensor::from_slice(values).unsqueeze(1);
/// let config = EnergyConfig { standardise: false, ..Default::default() };
/// let distance = energy_distance(&table(&[0.0, 8.0]), &table(&[0.0, 6.0, 8.0]), &config, 7)?;
/// assert!((distance.powi(2) - 4.0 / 9.0).abs() < 1e-12);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::BadValues`] for tables that are not `[N, D]` and
/// `[M, D]` of finite floating-point values, and a real column that is constant where columns are
/// standardised; [`MetricsError::Torch`] most likely for want of memory.
pub fn energy_distance(
    real: &Tensor,
    fake: &Tensor,
    config: &EnergyConfig,
    seed: u64,
) -> Result<f64, MetricsError> {
    config.validate()?;
    let [real, fake] = pair(real, fake)?;
    let [real, fake] = in_units(real, fake, config.standardise)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (real, fake) =
        (some_rows(&real, config.rows, &mut rng)?, some_rows(&fake, config.rows, &mut rng)?);
    let (n, m) = (real.size()[0] as f64, fake.size()[0] as f64);
    let across = sum_across(&real, &fake, sum_of_distances)? / (n * m);
    let among_real = sum_within(&real, sum_of_distances)? / (n * n);
    let among_fake = sum_within(&fake, sum_of_distances)? / (m * m);
    Ok((2.0 * across - among_real - among_fake).max(0.0).sqrt())
}

/// Of squared distances; a row is at 0 from itself.
pub(crate) fn sum_of_distances(mut squares: Tensor, same: bool) -> Result<f64, tch::TchError> {
    if same {
        squares = squares.f_fill_diagonal_(0.0, false)?;
    }
    squares.f_sqrt_()?.f_sum(Kind::Double)?.f_double_value(&[])
}
