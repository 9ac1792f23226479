//! Precision and recall, density and coverage of two tables of features.
//!
//! The ball of a row reaches as far as its `k`-th nearest neighbour among the rows of its own table.
//!
//! ```text
//! precision   share of fakes that are inside a real's ball          k = 3, distance <= radius
//! recall      share of reals that are inside a fake's ball          k = 3, distance <= radius
//! density     mean number of reals' balls around a fake, over k     k = 5, distance <  radius
//! coverage    share of reals whose ball holds a fake                k = 5, distance <  radius
//! ```
//!
//! Precision and density say how good samples are; recall and coverage, how many of the reals they
//! stand for: of a generator that makes one good image, precision is 1 and coverage near 0. A
//! single odd real has a wide ball that makes precision large, and density, which counts balls, less
//! so; density can be above 1. For two sets of one distribution, density and coverage come near 1
//! and `1 - 2^-k` at equal counts, precision and recall to values that depend on the dimension.
//! References: Kynkäänniemi et al. 2019, *Improved Precision and Recall Metric for Assessing
//! Generative Models*; Naeem et al. 2020, *Reliable Fidelity and Diversity Metrics for Generative
//! Models*.

use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use super::pair_of;
use crate::MetricsError;

/// Distances made at a time, 16 MiB of float64.
const CHUNK: i64 = 1 << 21;

/// Squared distances that differ by less than this part of both rows' squared lengths are equal:
/// some hundred times the rounding of the products they are made of.
const TIE: f64 = 1e-12;

/// Settings of precision, recall, density and coverage; the defaults are the published ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrdcConfig {
    /// The neighbour that balls of precision and recall reach to, 1 or more; 3 by default.
    pub precision_recall: i64,
    /// The neighbour that balls of density and coverage reach to, 1 or more; 5 by default.
    pub density_coverage: i64,
}

impl Default for PrdcConfig {
    fn default() -> Self {
        Self { precision_recall: 3, density_coverage: 5 }
    }
}

impl PrdcConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let settings = [
            ("precision_recall", self.precision_recall),
            ("density_coverage", self.density_coverage),
        ];
        match settings.into_iter().find(|(_, k)| *k < 1) {
            Some((name, k)) => {
                Err(MetricsError::Setting { name, rule: "1 or more", got: k.to_string() })
            }
            None => Ok(()),
        }
    }
}

/// Precision, recall, density and coverage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prdc {
    /// Share of the fakes among the reals, 0 to 1.
    pub precision: f64,
    /// Share of the reals among the fakes, 0 to 1.
    pub recall: f64,
    /// How densely reals lie around the fakes, 0 or more, near 1 for equals.
    pub density: f64,
    /// Share of the reals that a fake is near to, 0 to 1.
    pub coverage: f64,
}

/// Precision, recall, density and coverage of tables of features `[N, D]` and `[M, D]`, from one
/// pass over the distances.
///
/// The work is in float64 on the real table's device, in time proportional to `D (N + M)^2`;
/// distances are made 16 MiB at a time. Distances equal up to rounding count as equal. Rows that
/// all are one have balls of radius 0, which hold themselves for precision and recall and nothing
/// for density and coverage.
///
/// ```
/// use astrogen_metrics::{PrdcConfig, prdc};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let rows = || Tensor::randn([400, 4], (Kind::Double, Device::Cpu));
/// let config = PrdcConfig::default();
/// let good = prdc(&rows(), &rows(), &config)?;
/// assert!(good.precision > 0.8 && good.recall > 0.8 && good.coverage > 0.8);
/// let collapsed = prdc(&rows(), &(0.05 * rows()), &config)?;
/// assert!(collapsed.precision > 0.9 && collapsed.coverage < 0.3);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::BadValues`] for tables that are not `[N, D]` and
/// `[M, D]` of finite floating-point values, with more rows than neighbours are asked for;
/// [`MetricsError::Torch`] most likely for want of memory.
pub fn prdc(real: &Tensor, fake: &Tensor, config: &PrdcConfig) -> Result<Prdc, MetricsError> {
    config.validate()?;
    let ks = [config.precision_recall, config.density_coverage];
    let least = ks[0].max(ks[1]).saturating_add(1);
    let (real, fake) = {
        let [real, fake] = pair_of(least, "of more rows than neighbours each", real, fake)?;
        // Distances of numbers near 0 lose fewest digits.
        let mean = real.f_mean_dim(&[0i64][..], true, None)?;
        (Rows::new(real.f_sub(&mean)?)?, Rows::new(fake.f_sub(&mean)?)?)
    };
    let [real_wide, real_strict] = real.radii(ks)?.map(|radii| radii.f_tr());
    let (real_wide, real_strict) = (real_wide?, real_strict?); // [1, N]
    let [fake_wide, _] = fake.radii(ks)?; // [M, 1]

    let count = |truth: &Tensor| truth.f_sum(Kind::Double)?.f_double_value(&[]);
    let (mut precise, mut balls) = (0.0, 0.0);
    let mut recalled = real_wide.f_zeros_like()?.f_to_kind(Kind::Bool)?;
    let mut covered = recalled.shallow_clone();
    for (start, len) in chunks(fake.count(), real.count()) {
        let (lengths, products) = fake.narrow(start, len)?.products(&real)?; // [len, N]
        let least = products.f_add(&lengths.f_mul_scalar(1.0 - TIE)?)?;
        precise += count(&least.f_le_tensor(&real_wide)?.f_any_dim(1, false)?)?;
        let near = least.f_le_tensor(&fake_wide.f_narrow(0, start, len)?)?;
        recalled = recalled.f_logical_or(&near.f_any_dim(0, true)?)?;
        let most = products.f_add(&lengths.f_mul_scalar(1.0 + TIE)?)?;
        let inside = most.f_lt_tensor(&real_strict)?;
        balls += count(&inside)?;
        covered = covered.f_logical_or(&inside.f_any_dim(0, true)?)?;
    }
    let (n, m) = (real.count() as f64, fake.count() as f64);
    Ok(Prdc {
        precision: precise / m,
        recall: count(&recalled)? / n,
        density: balls / (m * ks[1] as f64),
        coverage: count(&covered)? / n,
    })
}

/// Starts and lengths of the chunks of rows whose distances to so many others are made at a time.
fn chunks(rows: i64, others: i64) -> impl Iterator<Item = (i64, i64)> {
    let step = (CHUNK / others).max(1);
    (0..rows).step_by(step as usize).map(move |start| (start, step.min(rows - start)))
}

/// Features, and what their distances are made of.
struct Rows {
    /// `[N, D]`
    features: Tensor,
    /// Squared lengths, `[N, 1]`.
    lengths: Tensor,
}

impl Rows {
    fn new(features: Tensor) -> Result<Self, TchError> {
        let lengths = features.f_square()?.f_sum_dim_intlist(&[1i64][..], true, None)?;
        Ok(Self { features, lengths })
    }

    fn count(&self) -> i64 {
        self.features.size()[0]
    }

    fn narrow(&self, start: i64, len: i64) -> Result<Self, TchError> {
        let narrow = |tensor: &Tensor| tensor.f_narrow(0, start, len);
        Ok(Self { features: narrow(&self.features)?, lengths: narrow(&self.lengths)? })
    }

    /// `|x|^2 + |y|^2` and `-2 x . y`, `[N, M]`: their sum is the squared distance.
    fn products(&self, others: &Self) -> Result<(Tensor, Tensor), TchError> {
        let products = self.features.f_matmul(&others.features.f_tr()?)?.f_mul_scalar_(-2.0)?;
        Ok((self.lengths.f_add(&others.lengths.f_tr()?)?, products))
    }

    /// The squared distances of each row to its `k`-th nearest neighbours here, `[N, 1]`.
    fn radii(&self, ks: [i64; 2]) -> Result<[Tensor; 2], TchError> {
        let mut radii = [Vec::new(), Vec::new()];
        for (start, len) in chunks(self.count(), self.count()) {
            let (lengths, products) = self.narrow(start, len)?.products(self)?;
            let squares = lengths.f_add(&products)?;
            // Nobody is a neighbour of its own.
            let _ = squares.f_narrow(1, start, len)?.f_fill_diagonal_(f64::INFINITY, false)?;
            let (nearest, _) = squares.f_topk(ks[0].max(ks[1]), 1, false, true)?;
            for (radii, k) in radii.iter_mut().zip(ks) {
                radii.push(nearest.f_narrow(1, k - 1, 1)?);
            }
        }
        let [first, second] = radii.map(|radii| Tensor::f_cat(&radii, 0));
        Ok([first?, second?])
    }
}
