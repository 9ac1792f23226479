//! The Wasserstein loss (Arjovsky, Chintala and Bottou 2017, *Wasserstein GAN*).
//!
//! A critic gives one score a sample, of any real value. The two players minimise
//!
//! ```text
//! critic      mean D(fake) - mean D(real)
//! generator   -mean D(fake)
//! ```
//!
//! Minus the critic's loss is its estimate of the Wasserstein-1 distance between the real and
//! the generated distribution, up to the critic's Lipschitz constant. It means something only
//! where that constant is held, by a [gradient penalty](mod@crate::gradient_penalty) towards
//! norm 1, by clipped weights or by spectral normalisation.
//!
//! ```
//! use astrogen_losses::wasserstein;
//! use tch::Tensor;
//!
//! let real_scores = Tensor::from_slice(&[2.0f32, 4.0]);
//! let fake_scores = Tensor::from_slice(&[-1.0f32, 2.0]);
//! let loss = wasserstein::critic_loss(&real_scores, &fake_scores);
//! assert_eq!(loss.double_value(&[]), 0.5 - 3.0);
//! assert_eq!(wasserstein::generator_loss(&fake_scores).double_value(&[]), -0.5);
//! ```

use tch::{Kind, Tensor};

/// The critic's loss `mean D(fake) - mean D(real)`, a scalar, on scores `[N]`.
///
/// The two batches may differ in size. The fakes' scores must come from detached samples if
/// the generator is to get no gradients.
pub fn critic_loss(real_scores: &Tensor, fake_scores: &Tensor) -> Tensor {
    fake_scores.mean(None::<Kind>) - real_scores.mean(None::<Kind>)
}

/// The generator's loss `-mean D(fake)`, a scalar, on scores `[N]`.
pub fn generator_loss(fake_scores: &Tensor) -> Tensor {
    -fake_scores.mean(None::<Kind>)
}
