//! How far a reconstruction is from what it is of, and how far a normal distribution of latents from
//! the standard one.
//!
//! ```text
//! mean squared     mean (a - b)^2
//! mean absolute    mean |a - b|
//! KL divergence    mean over rows of sum over latents 1/2 (m^2 + v - ln v - 1)
//! ```
//!
//! The last is `KL(N(m, v) || N(0, 1))` in nats (Kingma and Welling 2014, appendix B).
//!
//! ```
//! use astrogen_losses::{Reconstruction, kl_divergence};
//! use tch::Tensor;
//!
//! let (a, b) = (Tensor::from_slice(&[0.0f64, 1.0]), Tensor::from_slice(&[0.0, 3.0]));
//! assert_eq!(Reconstruction::MeanSquared.loss(&a, &b).double_value(&[]), 2.0);
//! assert_eq!(Reconstruction::MeanAbsolute.loss(&a, &b).double_value(&[]), 1.0);
//!
//! let zeros = Tensor::from_slice2(&[[0.0f64, 0.0]]);
//! assert_eq!(kl_divergence(&zeros, &zeros).double_value(&[]), 0.0);
//! ```

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// How reconstructions are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reconstruction {
    /// The mean squared error.
    #[default]
    MeanSquared,
    /// The mean absolute error, which forgives single bright pixels.
    MeanAbsolute,
}

impl Reconstruction {
    /// The loss of two tensors of one shape, a scalar.
    pub fn loss(self, of: &Tensor, reconstructed: &Tensor) -> Tensor {
        let apart = reconstructed - of;
        match self {
            Self::MeanSquared => apart.square().mean(None::<Kind>),
            Self::MeanAbsolute => apart.abs().mean(None::<Kind>),
        }
    }
}

/// The divergence of normal distributions from the standard one, of means and logarithms of variances
/// `[N, L]`: in nats, summed over latents, averaged over rows.
pub fn kl_divergence(mean: &Tensor, log_variance: &Tensor) -> Tensor {
    let each = (mean.square() + log_variance.exp() - log_variance - 1.0) * 0.5;
    each.sum_dim_intlist(-1, false, None::<Kind>).mean(None::<Kind>)
}
