//! Gradient penalties: how steep a critic may be.
//!
//! With `g_n` the gradient of the critic's score with respect to the input of sample `n`, and
//! `|g_n| = sqrt(sum g_n^2 + 1e-12)` over all axes but the batch's, the penalties are
//!
//! | kind | value | where |
//! | --- | --- | --- |
//! | [`TwoSided`](PenaltyKind::TwoSided) | `weight * mean (abs(g) - target)^2` | between reals and fakes |
//! | [`OneSided`](PenaltyKind::OneSided) | `weight * mean relu(abs(g) - target)^2` | between reals and fakes |
//! | [`Dragan`](PenaltyKind::Dragan) | `weight * mean (abs(g) - target)^2` | around the reals |
//! | [`R1`](PenaltyKind::R1) | `weight / 2 * mean abs(g)^2` | at the reals |
//! | [`R2`](PenaltyKind::R2) | `weight / 2 * mean abs(g)^2` | at the fakes |
//!
//! (`abs(g)` for `|g|`.) Two-sided and one-sided: Gulrajani et al. 2017, *Improved Training of
//! Wasserstein GANs*; DRAGAN: Kodali et al. 2017, *On Convergence and Stability of GANs*; R1
//! and R2: Mescheder, Geiger and Nowozin 2018, *Which Training Methods for GANs do actually
//! Converge?* R1 and R2 are the two-sided penalty of target 0 at half the weight, and carry the
//! same 1e-12 in their squared norm.
//!
//! A step is three calls: draw, place, penalise.
//!
//! 1. [`PenaltyDraw::new`] draws one weight per sample (and DRAGAN's noise),
//! 2. [`penalty_points`] says where the penalty is taken,
//! 3. one of two kernels computes it: [`gradient_penalty`] for any critic, by double backward;
//!    [`piecewise_linear_penalty`] for a critic that is [`PiecewiseLinear`], in closed form.
//!
//! ```
//! use astrogen_losses::{
//!     GradientPenaltyConfig, PenaltyDraw, gradient_penalty, penalty_points,
//! };
//! use tch::{Kind, Tensor};
//!
//! let config = GradientPenaltyConfig::default();
//! let real = Tensor::ones([8, 3, 4, 4], (Kind::Float, tch::Device::Cpu));
//! let fake = real.zeros_like();
//! // The mean over 48 pixels has a gradient of norm 1 / sqrt(48) everywhere.
//! let critic = |x: &Tensor| x.mean_dim([1i64, 2, 3].as_slice(), false, None);
//!
//! let draw = PenaltyDraw::new(config.kind, &real);
//! let points = penalty_points(config.kind, &real, &fake, &draw);
//! let penalty = gradient_penalty(critic, &points, &config);
//! let expected = 10.0 * (48f64.powf(-0.5) - 1.0).powi(2);
//! assert!((penalty.value.double_value(&[]) - expected).abs() < 1e-5);
//! ```

mod closed_form;
mod config;
mod double_backward;
mod norm;
mod points;
mod sample;

pub use closed_form::{
    LossGradients, PenaltyGradients, PiecewiseLinear, Trace, WholeTrace, piecewise_linear_loss,
    piecewise_linear_penalty,
};
pub use config::{GradientPenaltyConfig, PenaltyKind};
pub use double_backward::{Penalty, gradient_penalty};
pub use points::{PenaltyDraw, interpolation_weights, penalty_points};
pub use sample::{interpolate_sample, sample_penalty};
