//! The Fréchet distance of two tables of features.
//!
//! With means `m` and covariances `S` of real and fake features (divided by `N - 1`)
//!
//! ```text
//! distance = |m_r - m_f|^2  +  trace(S_r + S_f - 2 (S_r S_f)^(1/2))
//! ```
//!
//! is the squared Wasserstein-2 distance of the normal distributions with these means and
//! covariances. On features of Inception it is the FID (Heusel et al. 2017, *GANs Trained by a Two
//! Time-Scale Update Rule*).
//!
//! The trace of the root is the sum of the roots of the eigenvalues of `S_r S_f`. These roots are
//! the singular values of `A B^T` for any `A` and `B` with `S_r = A^T A` and `S_f = B^T B`, here the
//! triangular factors of the centred rows: no covariance is made and no root taken of rounding, so
//! that directions without variance add nothing, where by eigenvalues each adds a hundred-millionth
//! of the largest.
//!
//! # Few rows
//!
//! `N` rows span `N - 1` directions: of fewer rows than features the covariance has not seen all of
//! them, and the distance is too large by far more than its scatter. So the rank of both is told.
//! Above full rank the distance is too large still, by about a constant over `N`: compare at equal
//! counts.

use std::fmt;

use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use super::pair_of;
use crate::MetricsError;

/// The distance, its parts, and what the covariances were made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrechetDistance {
    /// The squared distance: the sum of both parts.
    pub distance: f64,
    /// The squared distance of the means.
    pub means: f64,
    /// What the covariances add, 0 or more.
    pub covariances: f64,
    /// Number of features.
    pub features: i64,
    /// Rows of real features.
    pub real_rows: i64,
    /// Rows of fake features.
    pub fake_rows: i64,
    /// Rank of the real covariance.
    pub real_rank: i64,
    /// Rank of the fake covariance.
    pub fake_rank: i64,
}

impl FrechetDistance {
    /// Whether both covariances are of full rank. Where not, either rows are too few or features
    /// depend on each other.
    pub fn full_rank(&self) -> bool {
        self.real_rank.min(self.fake_rank) == self.features
    }
}

/// `12.3 (means 4.1, covariances 8.2; 500 real and 500 fake rows)`, and the ranks where one is not
/// full.
impl fmt::Display for FrechetDistance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { distance, means, covariances, features, real_rows, fake_rows, .. } = self;
        write!(
            f,
            "{distance:.4} (means {means:.4}, covariances {covariances:.4}; {real_rows} real and \
             {fake_rows} fake rows"
        )?;
        if !self.full_rank() {
            let (real, fake) = (self.real_rank, self.fake_rank);
            write!(f, ", covariances of rank {real} and {fake} for {features} features")?;
            if *real_rows.min(fake_rows) <= *features {
                write!(f, ": too few rows, the distance is too large")?;
            }
        }
        write!(f, ")")
    }
}

/// The Fréchet distance between tables of features `[N, D]` and `[M, D]`, with
/// the rank of what it knows.
///
/// The work is in float64 on the real table's device, in time proportional to `D^2 (N + M + D)`:
/// less than a second for 454 features, some ten for 2048. Features that are constant in both sets
/// count by their means alone.
///
/// ```
/// use astrogen_metrics::frechet_distance;
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let real = Tensor::randn([500, 4], (Kind::Double, Device::Cpu));
/// let shifted = frechet_distance(&real, &(&real + 3.0))?; // by 3 along four axes
/// assert!((shifted.distance - 36.0).abs() < 1e-9 && shifted.full_rank());
/// let few = frechet_distance(&real, &real.narrow(0, 0, 4))?;
/// assert_eq!((few.real_rank, few.fake_rank), (4, 3));
/// assert!(few.to_string().contains("too few rows"));
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for tables that are not `[N, D]` and `[M, D]` with two rows or more
/// of finite floating-point values; [`MetricsError::Torch`] most likely for want of memory.
pub fn frechet_distance(real: &Tensor, fake: &Tensor) -> Result<FrechetDistance, MetricsError> {
    let [real, fake] = pair_of(2, "of two rows or more each", real, fake)?;
    let (real_mean, real_factor) = factor(&real)?;
    let (fake_mean, fake_factor) = factor(&fake)?;
    let sum = |tensor: &Tensor| tensor.f_square()?.f_sum(Kind::Double)?.f_double_value(&[]);
    let means = sum(&real_mean.f_sub(&fake_mean)?)?;
    let root = singular_values(&real_factor.f_matmul(&fake_factor.f_tr()?)?)?;
    let root: f64 = root.iter().sum();
    let covariances = (sum(&real_factor)? + sum(&fake_factor)? - 2.0 * root).max(0.0);
    Ok(FrechetDistance {
        distance: means + covariances,
        means,
        covariances,
        features: real.size()[1],
        real_rows: real.size()[0],
        fake_rows: fake.size()[0],
        real_rank: rank(&real_factor, &real_mean, real.size()[0])?,
        fake_rank: rank(&fake_factor, &fake_mean, fake.size()[0])?,
    })
}

/// The mean `[D]`, and `A` of `[min(N, D), D]` with the covariance `A^T A`.
fn factor(rows: &Tensor) -> Result<(Tensor, Tensor), TchError> {
    let (n, d) = rows.size2()?;
    let mean = rows.f_mean_dim(&[0i64][..], false, None)?;
    let centred = rows.f_sub(&mean)?.f_mul_scalar_((n as f64 - 1.0).powf(-0.5))?;
    let factor = if n > d { Tensor::f_linalg_qr(&centred, "r")?.1 } else { centred };
    Ok((mean, factor))
}

/// The singular values that are more than the rounding of the rows they were made of.
fn rank(factor: &Tensor, mean: &Tensor, rows: i64) -> Result<i64, TchError> {
    let values = singular_values(factor)?;
    let largest = values.first().copied().unwrap_or(0.0);
    let offset = mean.f_abs()?.f_max()?.f_double_value(&[])?;
    let size = rows.max(mean.size()[0]) as f64;
    let rounding = f64::EPSILON * (size * largest + size.sqrt() * offset);
    Ok(values.iter().filter(|value| **value > rounding).count() as i64)
}

/// Largest first.
fn singular_values(matrix: &Tensor) -> Result<Vec<f64>, TchError> {
    Vec::try_from(matrix.f_svd(true, false)?.1)
}
