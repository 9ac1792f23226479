#![doc = include_str!("../README.md")]
//!
//! A loss knows no model. It takes what a model gave, logits or scores say, and returns scalar
//! tensors that can be differentiated. The gradient penalty needs the model itself: it takes
//! it as a closure, or as what it is to the penalty, a [`PiecewiseLinear`] critic.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`adversarial`] | binary cross-entropy on logits, non-saturating or saturating |
//! | [`wasserstein`] | difference of mean scores |
//! | [`hinge`] | scores up to a margin |
//! | [`least_squares`] | squared distance of scores to labels |
//! | [`relativistic`] | scores compared in pairs of real and fake |
//! | [`family`] | [`AdversarialLoss`]: one of the five, by name |
//! | [`mod@gradient_penalty`] | WGAN-GP two-sided and one-sided, DRAGAN, R1, R2, by two kernels |
//! | [`reconstruction`] | squared and absolute error of images, divergence of latents |
//! | [`regularizer`] | LeCam, for small data sets |
//! | [`error`] | [`LossError`] |

pub mod adversarial;
pub mod error;
pub mod family;
pub mod gradient_penalty;
pub mod hinge;
pub mod least_squares;
pub mod reconstruction;
pub mod regularizer;
pub mod relativistic;
pub mod wasserstein;

pub use adversarial::{
    AdversarialConfig, DiscriminatorLoss, GeneratorObjective, discriminator_loss, generator_loss,
};
pub use error::LossError;
pub use family::AdversarialLoss;
pub use gradient_penalty::{
    GradientPenaltyConfig, LossGradients, Penalty, PenaltyDraw, PenaltyGradients, PenaltyKind,
    PiecewiseLinear, Trace, WholeTrace, gradient_penalty, interpolate_sample,
    interpolation_weights, penalty_points, piecewise_linear_loss, piecewise_linear_penalty,
    sample_penalty,
};
pub use reconstruction::{Reconstruction, kl_divergence};
pub use regularizer::{ScoreAverages, lecam};
