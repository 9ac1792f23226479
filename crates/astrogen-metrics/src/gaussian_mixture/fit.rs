//! Expectation and maximisation.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::{GaussianMixture, all, start};
use crate::MetricsError;
use crate::table::{finite, first_true};

/// How a mixture is fitted; the names in parentheses are scikit-learn's.
///
/// ```
/// use astrogen_metrics::GaussianMixtureConfig;
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let near = Tensor::randn([300, 2], (Kind::Double, Device::Cpu));
/// let far = Tensor::randn([100, 2], (Kind::Double, Device::Cpu)) + 20.0;
/// let rows = Tensor::cat(&[near, far], 0);
/// let config = GaussianMixtureConfig { components: 2, ..Default::default() };
/// let fit = config.fit(&rows, None)?;
/// assert!(fit.converged);
/// assert!((fit.mixture.weights().max().double_value(&[]) - 0.75).abs() < 1e-6);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianMixtureConfig {
    /// How many Gaussians (`n_components`), 1 or more; 1 by default.
    pub components: usize,
    /// Converged when the mean log density rises by less in an iteration (`tol`), 0 or more;
    /// 1e-3 by default.
    pub tolerance: f64,
    /// The most iterations (`max_iter`), 1 or more; 100 by default.
    pub max_iterations: usize,
    /// Added to the variances of every component, in parts of the column's variance over all
    /// rows, 0 or more; 1e-6 by default. scikit-learn's `reg_covar` is the same where columns
    /// have the variance 1.
    pub regularisation: f64,
    /// How many starts (`n_init`), the best of which is kept, 1 or more; 1 by default.
    pub starts: usize,
    /// Seeds the starts; libtorch's generators are left alone. 0 by default.
    pub seed: u64,
}

impl Default for GaussianMixtureConfig {
    fn default() -> Self {
        Self {
            components: 1,
            tolerance: 1e-3,
            max_iterations: 100,
            regularisation: 1e-6,
            starts: 1,
            seed: 0,
        }
    }
}

/// A fitted mixture, and how it went.
#[derive(Debug)]
pub struct GaussianMixtureFit {
    /// The mixture after the last iteration.
    pub mixture: GaussianMixture,
    /// The mean log density of the rows at the beginning of the last iteration, scikit-learn's
    /// `lower_bound_`.
    pub lower_bound: f64,
    /// How many iterations were done.
    pub iterations: usize,
    /// Whether the last one rose by less than the tolerance.
    pub converged: bool,
}

impl GaussianMixtureConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let at_least_1 = [
            ("components", self.components),
            ("max_iterations", self.max_iterations),
            ("starts", self.starts),
        ];
        for (name, value) in at_least_1 {
            if value < 1 {
                return Err(setting(name, "1 or more", value.to_string()));
            }
        }
        for (name, value) in
            [("tolerance", self.tolerance), ("regularisation", self.regularisation)]
        {
            if !value.is_finite() || value < 0.0 {
                return Err(setting(name, "0 or more", value.to_string()));
            }
        }
        Ok(())
    }

    /// Fits a mixture to rows `[N, D]`, each with a weight of `[N]` or all alike; a weight of 2 is
    /// a row twice.
    ///
    /// A start draws one row per component, far from those drawn before (k-means++, Arthur and
    /// Vassilvitskii 2007), lets ten iterations of k-means follow, in columns of variance 1, and
    /// takes means and covariances of the clusters. The fit does not depend on the columns'
    /// units.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for rows that are not floating-point `[N, D]`, not finite,
    /// fewer than the components or with fewer different ones, a constant column, weights that
    /// are not `[N]`, finite, 0 or more and not all 0; [`MetricsError::Setting`] for a setting
    /// outside its range, and for `regularisation` where a component collapses without more of it;
    /// [`MetricsError::Torch`] most likely for want of memory.
    pub fn fit(
        &self,
        rows: &Tensor,
        weights: Option<&Tensor>,
    ) -> Result<GaussianMixtureFit, MetricsError> {
        let rows = self.standard(rows, weights)?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut best: Option<GaussianMixtureFit> = None;
        for _ in 0..self.starts {
            let members = start::clusters(&rows.values, &rows.weights, self.components, &mut rng)?;
            let fit = self.iterate(&rows, self.maximise(&rows, &members)?)?;
            if best.as_ref().is_none_or(|best| fit.lower_bound > best.lower_bound) {
                best = Some(fit);
            }
        }
        // One start at least: `standard` refused 0.
        let rule = "1 or more, one of which ends at a finite density";
        let none = || setting("starts", rule, self.starts.to_string());
        rows.back(best.ok_or_else(none)?)
    }

    /// As [`fit`](Self::fit) from a given mixture, whose components are kept in order and number;
    /// `components`, `starts` and `seed` are not used.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), and [`MetricsError::BadValues`] for rows of another width.
    pub fn fit_from(
        &self,
        start: &GaussianMixture,
        rows: &Tensor,
        weights: Option<&Tensor>,
    ) -> Result<GaussianMixtureFit, MetricsError> {
        start.check_width(rows)?;
        let config = Self { components: start.means.size()[0] as usize, ..self.clone() };
        let rows = config.standard(rows, weights)?;
        let means = start.means.f_to_device(rows.mean.device())?;
        let covariances = start.covariances.f_to_device(rows.mean.device())?;
        let means = means.f_sub(&rows.mean)?.f_div(&rows.deviation)?;
        let covariances = covariances.f_div(&rows.scales()?)?;
        let start = GaussianMixture::new(&start.weights, &means, &covariances)?;
        rows.back(config.iterate(&rows, start)?)
    }

    fn iterate(
        &self,
        rows: &Standard,
        start: GaussianMixture,
    ) -> Result<GaussianMixtureFit, MetricsError> {
        let mut fit = GaussianMixtureFit {
            mixture: start,
            lower_bound: f64::NEG_INFINITY,
            iterations: 0,
            converged: false,
        };
        while fit.iterations < self.max_iterations && !fit.converged {
            let joint = fit.mixture.component_log_probs(&rows.values)?; // [N, K]
            let density = joint.f_logsumexp(&[1i64][..], true)?; // [N, 1]
            let members = joint.f_sub(&density)?.f_exp()?;
            let lower_bound = density.f_mul(&rows.weights)?.f_sum(Kind::Double)?;
            let lower_bound = lower_bound.f_double_value(&[])?;
            fit.mixture = self.maximise(rows, &members)?;
            fit.converged = (lower_bound - fit.lower_bound).abs() < self.tolerance;
            fit.lower_bound = lower_bound;
            fit.iterations += 1;
        }
        Ok(fit)
    }

    /// The mixture that is likeliest if rows belong to components in parts `[N, K]`.
    fn maximise(&self, rows: &Standard, members: &Tensor) -> Result<GaussianMixture, MetricsError> {
        let (count, width) = rows.values.size2()?;
        let members = members.f_mul(&rows.weights)?;
        // Weights have the sum 1; as scikit-learn does, a little keeps an empty one finite.
        let shares = members.f_sum_dim_intlist(&[0i64][..], false, Kind::Double)?; // [K]
        let shares = shares.f_add_scalar(10.0 * f64::EPSILON / count as f64)?;
        let means = members.f_tr()?.f_matmul(&rows.values)?.f_div(&shares.f_unsqueeze(1)?)?;
        let floor = Tensor::f_eye(width, (Kind::Double, means.device()))?
            .f_mul_scalar(self.regularisation)?;
        let mut covariances = Vec::new();
        for k in 0..shares.size()[0] {
            let centred = rows.values.f_sub(&means.f_get(k)?)?; // [N, D]
            let weighted = centred.f_mul(&members.f_narrow(1, k, 1)?)?;
            let covariance = weighted.f_tr()?.f_matmul(&centred)?.f_div(&shares.f_get(k)?)?;
            let even = covariance.f_add(&covariance.f_tr()?)?.f_mul_scalar(0.5)?;
            covariances.push(even.f_add(&floor)?);
        }
        let covariances = Tensor::f_stack(&covariances, 0)?;
        GaussianMixture::new(&shares, &means, &covariances).map_err(|error| match error {
            MetricsError::BadValues { rule, .. } => {
                let rule = match rule {
                    "finite numbers" => "such that all components stay finite",
                    _ => "larger: a component has collapsed",
                };
                setting("regularisation", rule, self.regularisation.to_string())
            }
            other => other,
        })
    }

    /// The rows with mean 0 and variance 1 in every column, and weights with the sum 1.
    fn standard(&self, rows: &Tensor, weights: Option<&Tensor>) -> Result<Standard, MetricsError> {
        self.validate()?;
        let bad = |set, rule, got| Err(MetricsError::BadValues { set, rule, got });
        let (size, kind) = (rows.size(), rows.kind());
        if !matches!(size[..], [n, d] if n > 0 && d > 0) || !rows.is_floating_point() {
            let got = format!("{kind:?} {size:?}");
            return bad("rows", "floating-point [N, D] with N, D >= 1", got);
        }
        if (size[0] as usize) < self.components {
            let got = format!("{} for {} components", size[0], self.components);
            return bad("rows", "as many as the components or more", got);
        }
        let values = finite("rows", &rows.f_detach()?)?;
        let weights = match weights {
            None => Tensor::f_ones([size[0], 1], (Kind::Double, values.device()))?,
            Some(weights) => {
                if weights.size() != size[..1] {
                    let got = format!("{:?} for rows {size:?}", weights.size());
                    return bad("weights of the rows", "[N], one per row", got);
                }
                let weights = finite("weights of the rows", &weights.f_detach()?)?;
                let sum = weights.f_sum(Kind::Double)?.f_double_value(&[])?;
                let good = all(&weights.f_ge(0.0)?)? && sum > 0.0 && sum.is_finite();
                if !good {
                    let got = format!("{:e} to {:e}", min(&weights)?, max(&weights)?);
                    return bad("weights of the rows", "0 or more, not all of them 0", got);
                }
                weights.f_to_device(values.device())?.f_unsqueeze(1)?
            }
        };
        let weights = weights.f_div(&weights.f_sum(Kind::Double)?)?; // [N, 1]
        let over = |values: &Tensor| -> Result<Tensor, MetricsError> {
            let weighted = values.f_mul(&weights)?;
            Ok(weighted.f_sum_dim_intlist(&[0i64][..], true, Kind::Double)?)
        };
        let mean = over(&values)?; // [1, D]
        let centred = values.f_sub(&mean)?;
        let deviation = over(&centred.f_square()?)?.f_sqrt()?;
        let rounding = mean.f_abs()?.f_mul_scalar(1e-12)?;
        if let Some(column) = first_true(&deviation.f_le_tensor(&rounding)?)? {
            let got = format!("column {column} constant");
            return bad("columns of the rows", "spread: drop a constant one", got);
        }
        let values = centred.f_div(&deviation)?;
        Ok(Standard { values, weights, mean, deviation })
    }
}

/// Rows in columns of mean 0 and variance 1.
struct Standard {
    /// `[N, D]`
    values: Tensor,
    /// `[N, 1]`, with the sum 1.
    weights: Tensor,
    /// `[1, D]`
    mean: Tensor,
    /// `[1, D]`
    deviation: Tensor,
}

impl Standard {
    /// What covariances are multiplied with: `[D, D]`.
    fn scales(&self) -> Result<Tensor, MetricsError> {
        Ok(self.deviation.f_tr()?.f_matmul(&self.deviation)?)
    }

    /// The fit in the rows' own units.
    fn back(&self, fit: GaussianMixtureFit) -> Result<GaussianMixtureFit, MetricsError> {
        let means = fit.mixture.means.f_mul(&self.deviation)?.f_add(&self.mean)?;
        let covariances = fit.mixture.covariances.f_mul(&self.scales()?)?;
        let mixture = GaussianMixture::new(&fit.mixture.weights, &means, &covariances)?;
        let log_scale = self.deviation.f_log()?.f_sum(Kind::Double)?.f_double_value(&[])?;
        Ok(GaussianMixtureFit { mixture, lower_bound: fit.lower_bound - log_scale, ..fit })
    }
}

fn setting(name: &'static str, rule: &'static str, got: String) -> MetricsError {
    MetricsError::Setting { name, rule, got }
}

fn min(values: &Tensor) -> Result<f64, MetricsError> {
    Ok(values.f_min()?.f_double_value(&[])?)
}

fn max(values: &Tensor) -> Result<f64, MetricsError> {
    Ok(values.f_max()?.f_double_value(&[])?)
}
