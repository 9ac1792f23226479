//! The maximum mean discrepancy of two tables with the kernel of radial basis functions.
//!
//! With rows `x_i` of `N` real and `y_j` of `M` fake objects and the kernel
//!
//! ```text
//! k(x, y)  =  mean over factors f of exp(-|x - y|^2 / (2 (f s)^2))
//!
//! MMD^2  =    sum over i != j of k(x_i, x_j) / (N (N - 1))
//!         +   sum over i != j of k(y_i, y_j) / (M (M - 1))
//!         - 2 sum over i, j   of k(x_i, y_j) / (N M)
//! ```
//!
//! is the unbiased estimate: its mean over draws is the squared distance of the distributions in
//! the kernel's space, 0 exactly where they are one, so that single values below 0 are to be
//! expected there. The kernel sees differences of the size of the bandwidth `s` best, which is by
//! default the median distance of two real rows: of the real ones alone, so that models are
//! compared by one kernel. Reference: Gretton et al. 2012, *A Kernel Two-Sample Test*; equation 3
//! and, for the median, section 8.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use super::pairs::{sum_across, sum_within};
use super::{in_units, pair, some_rows};
use crate::{MetricsError, quantiles};

/// Real rows of whose distances the median is taken, two million of them.
const MEDIAN_ROWS: i64 = 2000;

/// Settings of the maximum mean discrepancy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MmdConfig {
    /// The bandwidth `s`, above 0; by default the median distance between two of 2000 real rows,
    /// drawn by the seed where there are more.
    pub bandwidth: Option<f64>,
    /// The kernel is the mean of those with the bandwidth times each of these, 1 to 16 numbers
    /// above 0; `[1.0]` by default, `[0.5, 1.0, 2.0]` is a mixture that sees more sizes.
    pub factors: Vec<f64>,
    /// Whether columns are first brought to mean 0 and deviation 1 of the real rows
    /// ([`Standardisation`](super::Standardisation)); true by default. Without it every column counts in its own unit.
    pub standardise: bool,
    /// The most rows of either table, 2 or more; of more, so many are drawn by the seed. 20,000 by
    /// default: some seconds on two cores, in proportion to the square.
    pub rows: i64,
}

impl Default for MmdConfig {
    fn default() -> Self {
        Self { bandwidth: None, factors: vec![1.0], standardise: true, rows: 20_000 }
    }
}

impl MmdConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let setting = |name, rule, got| Err(MetricsError::Setting { name, rule, got });
        let positive = |value: &f64| *value > 0.0 && value.is_finite();
        if let Some(bandwidth) = self.bandwidth.filter(|bandwidth| !positive(bandwidth)) {
            return setting("bandwidth", "above 0 and finite", bandwidth.to_string());
        }
        if !(1..=16).contains(&self.factors.len()) || !self.factors.iter().all(positive) {
            let got = format!("{:?}", self.factors);
            return setting("factors", "1 to 16 numbers above 0", got);
        }
        if self.rows < 2 {
            return setting("rows", "2 or more", self.rows.to_string());
        }
        Ok(())
    }
}

/// The maximum mean discrepancy, and what it was measured with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mmd {
    /// The unbiased estimate of the squared discrepancy, at most 2; below 0 at times where both
    /// tables are of one distribution.
    pub squared: f64,
    /// The bandwidth `s`, in the real columns' deviations if they were standardised.
    pub bandwidth: f64,
    /// Real rows that were compared.
    pub real_rows: i64,
    /// Fake rows that were compared.
    pub fake_rows: i64,
}

/// The maximum mean discrepancy between tables `[N, D]` and `[M, D]`.
///
/// The work is on the real table's device in float64, block by block, in time proportional to
/// `(N + M)^2` and some tens of MiB. Rows are drawn by a ChaCha generator of the seed; libtorch's
/// generators are left alone.
///
/// ```
/// use astrogen_metrics::table::{MmdConfig, maximum_mean_discrepancy};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let rows = || Tensor::randn([500, 3], (Kind::Double, Device::Cpu));
/// let config = MmdConfig::default();
/// let mmd = |fake: &Tensor| maximum_mean_discrepancy(&rows(), fake, &config, 7);
/// assert!(mmd(&rows())?.squared.abs() < 0.01);
/// assert!(mmd(&(rows() + 1.0))?.squared > 0.1);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::BadValues`] for tables that are not `[N, D]` and
/// `[M, D]` with two rows or more of finite floating-point values, a real column that is constant
/// where columns are standardised, and a median distance of 0; [`MetricsError::Torch`] most likely
/// for want of memory.
pub fn maximum_mean_discrepancy(
    real: &Tensor,
    fake: &Tensor,
    config: &MmdConfig,
    seed: u64,
) -> Result<Mmd, MetricsError> {
    config.validate()?;
    let [real, fake] = pair(real, fake)?;
    let rows = [&real, &fake].map(|table| table.size()[0]);
    if rows.contains(&1) {
        let (set, rule) = ("tables", "of two rows or more each");
        let got = format!("{} real and {} fake", rows[0], rows[1]);
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let [real, fake] = in_units(real, fake, config.standardise)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (real, fake) =
        (some_rows(&real, config.rows, &mut rng)?, some_rows(&fake, config.rows, &mut rng)?);
    let bandwidth = match config.bandwidth {
        Some(bandwidth) => bandwidth,
        None => median_distance(&real.f_narrow(0, 0, MEDIAN_ROWS.min(real.size()[0]))?)?,
    };
    let scales: Vec<f64> =
        config.factors.iter().map(|factor| -0.5 / (factor * bandwidth).powi(2)).collect();
    let (n, m) = (real.size()[0], fake.size()[0]);
    let kernel = |squares: Tensor, same| kernel_sum(&squares, same, &scales);
    let (among_real, among_fake) = (sum_within(&real, kernel)?, sum_within(&fake, kernel)?);
    let across = sum_across(&real, &fake, kernel)?;
    let count = |rows: i64, others: i64| rows as f64 * others as f64;
    let squared =
        among_real / count(n, n - 1) + among_fake / count(m, m - 1) - 2.0 * across / count(n, m);
    Ok(Mmd { squared, bandwidth, real_rows: n, fake_rows: m })
}

/// The median of the distances between all pairs of rows.
pub(crate) fn median_distance(rows: &Tensor) -> Result<f64, MetricsError> {
    let distances = Vec::<f64>::try_from(rows.f_pdist(2.0)?)?;
    let median = quantiles(&distances, &[0.5])?[0];
    if median > 0.0 {
        return Ok(median);
    }
    let (set, rule) = ("median distance of real rows", "above 0: give a bandwidth");
    Err(MetricsError::BadValues { set, rule, got: "0: most rows are the same".into() })
}

/// Sum of the kernel over the pairs of two blocks of these squared distances; without that of a row
/// and itself if both are the same block.
fn kernel_sum(squares: &Tensor, same: bool, scales: &[f64]) -> Result<f64, TchError> {
    let mut sum = 0.0;
    for scale in scales {
        let mut kernel = squares.f_mul_scalar(*scale)?.f_exp_()?;
        if same {
            kernel = kernel.f_fill_diagonal_(0.0, false)?;
        }
        sum += kernel.f_sum(Kind::Double)?.f_double_value(&[])?;
    }
    Ok(sum / scales.len() as f64)
}
