//! Two tables `[N, D]` and `[M, D]`: rows of real objects beside rows of sampled ones, stars with
//! positions, velocities and ages, say.
//!
//! | what it sees | numbers |
//! | --- | --- |
//! | each column by itself | [`compare_columns`], [`mean_difference`] |
//! | how columns go together | [`correlation_distance`] |
//! | all columns together | [`sliced_wasserstein_table`], [`maximum_mean_discrepancy`], [`energy_distance`], [`classifier_two_sample`] |
//!
//! Tables of one distribution are not at distance 0: [`between_halves`] gives the floor of any of
//! these numbers, and [`estimate`](mod@crate::estimate) an interval with it.

mod classifier;
mod columns;
mod correlation;
pub(crate) mod energy;
mod mmd;
pub(crate) mod pairs;
mod sliced_wasserstein;
mod standardisation;

pub use classifier::{ClassifierConfig, ClassifierTwoSample, classifier_two_sample};
pub use columns::{compare_columns, mean_difference};
pub use correlation::{Correlation, CorrelationDistance, correlation_distance};
pub use energy::{EnergyConfig, energy_distance};
pub(crate) use mmd::median_distance;
pub use mmd::{Mmd, MmdConfig, maximum_mean_discrepancy};
pub use sliced_wasserstein::sliced_wasserstein_table;
pub use standardisation::Standardisation;

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, TchError, Tensor};

use crate::MetricsError;

/// A number's floor: what `metric` gives between two halves of the real table `[N, D]`, parted at
/// random by the seed. Of an odd number of rows one is left out.
///
/// Most distances between equals fall with the number of rows, and halves have half of them: hold
/// the floor against numbers of as few rows, or read it as an upper limit. Of the unbiased
/// [`maximum_mean_discrepancy`] it shows the scatter about 0.
///
/// ```
/// use astrogen_metrics::table::{MmdConfig, between_halves, maximum_mean_discrepancy};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let real = Tensor::randn([600, 3], (Kind::Double, Device::Cpu));
/// let config = MmdConfig::default();
/// let mmd = |a: &Tensor, b: &Tensor| maximum_mean_discrepancy(a, b, &config, 7);
/// let floor = between_halves(&real, 7, mmd)?;
/// assert!(mmd(&real, &(&real + 0.5))?.squared > 3.0 * floor.squared.abs());
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for a table that is not `[N, D]` with two rows at least, and those
/// of `metric`.
pub fn between_halves<T>(
    real: &Tensor,
    seed: u64,
    metric: impl FnOnce(&Tensor, &Tensor) -> Result<T, MetricsError>,
) -> Result<T, MetricsError> {
    let half = match real.size()[..] {
        [n, d] if n >= 2 && d > 0 => n / 2,
        _ => {
            let (set, rule) = ("real table", "[N, D] with N >= 2 and D >= 1 to be halved");
            return Err(MetricsError::BadValues { set, rule, got: format!("{:?}", real.size()) });
        }
    };
    let shuffled = some_rows(real, 2 * half, &mut ChaCha8Rng::seed_from_u64(seed))?;
    metric(&shuffled.f_narrow(0, 0, half)?, &shuffled.f_narrow(0, half, half)?)
}

/// So many rows of a set `[N, ...]`, or all it has, in a random order.
pub(crate) fn some_rows(
    table: &Tensor,
    count: i64,
    rng: &mut ChaCha8Rng,
) -> Result<Tensor, TchError> {
    let rows = table.size()[0];
    let chosen = index::sample(rng, rows as usize, count.min(rows) as usize);
    let chosen: Vec<i64> = chosen.into_iter().map(|row| row as i64).collect();
    table.f_index_select(0, &Tensor::f_from_slice(&chosen)?.f_to_device(table.device())?)
}

/// Both tables in float64 on the real one's device, `[N, D]` and `[M, D]` of finite values.
pub(crate) fn pair(real: &Tensor, fake: &Tensor) -> Result<[Tensor; 2], MetricsError> {
    let good = match (&real.size()[..], &fake.size()[..]) {
        ([n, d], [m, e]) => *n > 0 && *m > 0 && *d > 0 && d == e,
        _ => false,
    };
    if !good || !real.is_floating_point() || !fake.is_floating_point() {
        let rule = "floating-point, [N, D] and [M, D] of as many columns with N, M, D >= 1";
        return Err(bad_pair(rule, real, fake));
    }
    on_one_device(real, fake)
}

/// Both tables about the real one's means, in its deviations or in their own units: distances of
/// numbers near 0 lose fewest digits.
fn in_units(real: Tensor, fake: Tensor, standardise: bool) -> Result<[Tensor; 2], MetricsError> {
    if standardise {
        let units = Standardisation::of(&real)?;
        return Ok([units.apply(&real)?, units.apply(&fake)?]);
    }
    let mean = real.f_mean_dim(&[0i64][..], true, None)?;
    Ok([real.f_sub(&mean)?, fake.f_sub(&mean)?])
}

fn on_one_device(real: &Tensor, fake: &Tensor) -> Result<[Tensor; 2], MetricsError> {
    let (real, fake) = (real.f_detach()?, fake.f_detach()?.f_to_device(real.device())?);
    Ok([finite("real table", &real)?, finite("fake table", &fake)?])
}

fn bad_pair(rule: &'static str, real: &Tensor, fake: &Tensor) -> MetricsError {
    let of = |table: &Tensor| format!("{:?} {:?}", table.kind(), table.size());
    let got = format!("real {}, fake {}", of(real), of(fake));
    MetricsError::BadValues { set: "tables", rule, got }
}

/// The table in float64, all of whose values are finite.
pub(crate) fn finite(set: &'static str, table: &Tensor) -> Result<Tensor, MetricsError> {
    let table = table.f_to_kind(Kind::Double)?;
    let good = table.f_isfinite()?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
    let total = table.numel() as i64;
    if good == total {
        return Ok(table);
    }
    let got = format!("{total} values, {} of them not finite", total - good);
    Err(MetricsError::BadValues { set, rule: "finite numbers", got })
}

/// The place of the first true value in `[1, D]`.
pub(crate) fn first_true(values: &Tensor) -> Result<Option<i64>, TchError> {
    if values.f_any()?.f_int64_value(&[])? == 0 {
        return Ok(None);
    }
    Ok(Some(values.f_to_kind(Kind::Int64)?.f_argmax(1, false)?.f_int64_value(&[0])?))
}
