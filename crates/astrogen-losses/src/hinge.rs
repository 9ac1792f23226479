//! The hinge loss (Lim and Ye 2017, *Geometric GAN*; the loss of SAGAN and BigGAN).
//!
//! A critic gives one score a sample, of any real value. The two players minimise
//!
//! ```text
//! critic      mean relu(1 - D(real)) + mean relu(1 + D(fake))
//! generator   -mean D(fake)
//! ```
//!
//! The critic stops at a margin: a real sample scored above 1 and a fake scored below -1 give
//! it no gradient. The generator's loss has no margin.
//!
//! ```
//! use astrogen_losses::hinge;
//! use tch::Tensor;
//!
//! let real_scores = Tensor::from_slice(&[2.0f32, 0.5]);
//! let fake_scores = Tensor::from_slice(&[-3.0f32, 1.0]);
//! let loss = hinge::critic_loss(&real_scores, &fake_scores);
//! assert_eq!(loss.double_value(&[]), 0.5 / 2.0 + 2.0 / 2.0);
//! assert_eq!(hinge::generator_loss(&fake_scores).double_value(&[]), 1.0);
//! ```

use tch::{Kind, Tensor};

/// The critic's loss `mean relu(1 - D(real)) + mean relu(1 + D(fake))`, a scalar, on scores
/// `[N]`.
///
/// The two batches may differ in size. The fakes' scores must come from detached samples if
/// the generator is to get no gradients.
pub fn critic_loss(real_scores: &Tensor, fake_scores: &Tensor) -> Tensor {
    (1.0_f64 - real_scores).relu().mean(None::<Kind>)
        + (fake_scores + 1.0).relu().mean(None::<Kind>)
}

/// The generator's loss `-mean D(fake)`, a scalar, on scores `[N]`.
pub fn generator_loss(fake_scores: &Tensor) -> Tensor {
    -fake_scores.mean(None::<Kind>)
}
