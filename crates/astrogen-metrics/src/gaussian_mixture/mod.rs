//! Mixtures of Gaussians with full covariances: the density that a flow has to beat.
//!
//! ```text
//! p(x) = sum over k of w_k N(x; mean_k, covariance_k)
//! p(x | c) = p(x, c) / p(c)
//! ```
//!
//! A mixture is fitted to rows `[N, D]` by expectation and maximisation ([`GaussianMixtureConfig`]);
//! with one component it is the Gaussian of the rows' mean and covariance. The marginal density
//! of some columns is a mixture again, of the same weights and those columns' means and
//! covariances, so the conditional density of the others is known too. All in float64, on the
//! device of the tensors. Reference: Dempster, Laird and Rubin 1977, *Maximum likelihood from
//! incomplete data via the EM algorithm*.

mod fit;
mod start;

pub use fit::{GaussianMixtureConfig, GaussianMixtureFit};

use std::f64::consts::TAU;

use tch::{Kind, Tensor};

use crate::MetricsError;

/// A mixture of `K` Gaussians in `D` columns.
#[derive(Debug)]
pub struct GaussianMixture {
    weights: Tensor,
    means: Tensor,
    covariances: Tensor,
    /// `inverse(L)` transposed for every covariance `L L^T`, so that `(x - mean) P` is standard
    /// normal: `[K, D, D]`.
    whitening: Tensor,
    /// `ln w_k - ln det L_k - D / 2 ln(2 pi)`: `[K]`.
    log_norms: Tensor,
}

impl GaussianMixture {
    /// A mixture from its weights `[K]`, which are divided by their sum, means `[K, D]` and
    /// covariances `[K, D, D]`.
    ///
    /// ```
    /// use astrogen_metrics::GaussianMixture;
    /// use tch::Tensor;
    ///
    /// let standard = GaussianMixture::new(
    ///     &Tensor::from_slice(&[1.0]),
    ///     &Tensor::from_slice(&[0.0, 0.0]).view([1, 2]),
    ///     &Tensor::from_slice(&[1.0, 0.5, 0.5, 1.0]).view([1, 2, 2]),
    /// )?;
    /// let origin = Tensor::from_slice(&[0.0, 0.0]).view([1, 2]);
    /// // Given the second column, the first has mean 0 and variance 1 - 0.5^2.
    /// let density = standard.conditional_log_prob(&origin, &[1])?.double_value(&[0]).exp();
    /// assert!((density - 1.0 / (std::f64::consts::TAU * 0.75).sqrt()).abs() < 1e-12);
    /// # Ok::<(), astrogen_metrics::MetricsError>(())
    /// ```
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for other shapes, numbers that are not finite, a weight that is
    /// not above 0, a covariance that is not symmetric and positive definite.
    pub fn new(
        weights: &Tensor,
        means: &Tensor,
        covariances: &Tensor,
    ) -> Result<Self, MetricsError> {
        let bad = |rule, got| {
            Err(MetricsError::BadValues { set: "parts of a Gaussian mixture", rule, got })
        };
        let sizes = [weights, means, covariances].map(Tensor::size);
        let [k, d] = means.size()[..] else {
            return bad("weights [K], means [K, D], covariances [K, D, D]", format!("{sizes:?}"));
        };
        if k < 1 || d < 1 || sizes[0] != [k] || sizes[2] != [k, d, d] {
            return bad("weights [K], means [K, D], covariances [K, D, D]", format!("{sizes:?}"));
        }
        let double = |tensor: &Tensor| -> Result<Tensor, MetricsError> {
            Ok(tensor.f_detach()?.f_to_device(means.device())?.f_to_kind(Kind::Double)?)
        };
        let [weights, means, covariances] =
            [double(weights)?, double(means)?, double(covariances)?];
        for part in [&weights, &means, &covariances] {
            if !all(&part.f_isfinite()?)? {
                return bad("finite numbers", format!("{part:?} with others"));
            }
        }
        if !all(&weights.f_gt(0.0)?)? {
            return bad("of weights above 0", format!("{:?}", Vec::<f64>::try_from(&weights)?));
        }
        let transposed = covariances.f_transpose(1, 2)?;
        let largest = covariances.f_abs()?.f_amax(&[1i64, 2][..], true)?;
        let skew = covariances.f_sub(&transposed)?.f_abs()?;
        if !all(&skew.f_le_tensor(&largest.f_mul_scalar(1e-9)?)?)? {
            return bad("of symmetric covariances", "one that is not".into());
        }
        let (lower, info) = covariances.f_linalg_cholesky_ex(false, false)?; // [K, D, D], [K]
        if !all(&info.f_eq(0)?)? {
            return bad("of positive definite covariances", "one that is not".into());
        }
        let weights = weights.f_div(&weights.f_sum(Kind::Double)?)?;
        let identity =
            Tensor::f_eye(d, (Kind::Double, means.device()))?.f_expand([k, d, d], true)?;
        let whitening =
            lower.f_linalg_solve_triangular(&identity, false, true, false)?.f_transpose(1, 2)?;
        let log_det = lower.f_diagonal(0, 1, 2)?.f_log()?.f_sum_dim_intlist(
            &[1i64][..],
            false,
            Kind::Double,
        )?;
        let norm = 0.5 * d as f64 * TAU.ln();
        let log_norms = weights.f_log()?.f_sub(&log_det)?.f_sub_scalar(norm)?;
        Ok(Self { weights, means, covariances, whitening, log_norms })
    }

    /// The components' shares `[K]`, with the sum 1.
    pub fn weights(&self) -> &Tensor {
        &self.weights
    }

    /// The components' means `[K, D]`.
    pub fn means(&self) -> &Tensor {
        &self.means
    }

    /// The components' covariances `[K, D, D]`.
    pub fn covariances(&self) -> &Tensor {
        &self.covariances
    }

    /// The logarithm of the density at rows `[N, D]`, in float64: `[N]`.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for rows of another width or kind. Numbers that are not finite
    /// have a density that is not either.
    pub fn log_prob(&self, x: &Tensor) -> Result<Tensor, MetricsError> {
        let x = self.rows(x)?;
        Ok(self.component_log_probs(&x)?.f_logsumexp(&[1i64][..], false)?)
    }

    /// The logarithm of the density of all other columns at rows `[N, D]` given those columns, as
    /// places from 0: `ln p(x) - ln p(x[given])`, in float64: `[N]`.
    ///
    /// # Errors
    /// As [`log_prob`](Self::log_prob) and [`marginal`](Self::marginal), and for columns that
    /// are all of them.
    pub fn conditional_log_prob(&self, x: &Tensor, given: &[i64]) -> Result<Tensor, MetricsError> {
        if given.is_empty() {
            return self.log_prob(x);
        }
        let marginal = self.marginal(given)?;
        if given.len() as i64 == self.means.size()[1] {
            return Err(bad_columns("fewer than all", given));
        }
        let x = self.rows(x)?;
        let places = Tensor::f_from_slice(given)?.f_to_device(x.device())?;
        let known = marginal.log_prob(&x.f_index_select(1, &places)?)?;
        Ok(self.log_prob(&x)?.f_sub(&known)?)
    }

    /// The mixture of some columns, given as places from 0, whatever the others are.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for no column, one twice, or one that is not there.
    pub fn marginal(&self, columns: &[i64]) -> Result<Self, MetricsError> {
        let width = self.means.size()[1];
        let twice = (1..columns.len()).any(|at| columns[..at].contains(&columns[at]));
        if columns.is_empty() || twice || columns.iter().any(|at| !(0..width).contains(at)) {
            return Err(bad_columns(
                "different places from 0 below the number of columns",
                columns,
            ));
        }
        let places = Tensor::f_from_slice(columns)?.f_to_device(self.means.device())?;
        let means = self.means.f_index_select(1, &places)?;
        let covariances =
            self.covariances.f_index_select(1, &places)?.f_index_select(2, &places)?;
        Self::new(&self.weights, &means, &covariances)
    }

    /// `ln w_k N(x; k)` at rows `[N, D]`: `[N, K]`.
    fn component_log_probs(&self, x: &Tensor) -> Result<Tensor, MetricsError> {
        let mut columns = Vec::new();
        for k in 0..self.weights.size()[0] {
            let centred = x.f_sub(&self.means.f_get(k)?)?; // [N, D]
            let white = centred.f_matmul(&self.whitening.f_get(k)?)?;
            let squares = white.f_square()?.f_sum_dim_intlist(&[1i64][..], false, Kind::Double)?;
            columns.push(squares.f_mul_scalar(-0.5)?.f_add(&self.log_norms.f_get(k)?)?);
        }
        Ok(Tensor::f_stack(&columns, 1)?)
    }

    /// Rows in float64 where the mixture is.
    fn rows(&self, x: &Tensor) -> Result<Tensor, MetricsError> {
        self.check_width(x)?;
        Ok(x.f_to_device(self.means.device())?.f_to_kind(Kind::Double)?)
    }

    fn check_width(&self, x: &Tensor) -> Result<(), MetricsError> {
        let width = self.means.size()[1];
        if matches!(x.size()[..], [_, d] if d == width) && x.is_floating_point() {
            return Ok(());
        }
        let rule = "floating-point [N, D] with D of the mixture";
        let got = format!("{:?} {:?} for D = {width}", x.kind(), x.size());
        Err(MetricsError::BadValues { set: "rows", rule, got })
    }
}

fn bad_columns(rule: &'static str, got: &[i64]) -> MetricsError {
    MetricsError::BadValues { set: "columns of a Gaussian mixture", rule, got: format!("{got:?}") }
}

fn all(condition: &Tensor) -> Result<bool, MetricsError> {
    Ok(condition.f_all()?.f_int64_value(&[])? != 0)
}
