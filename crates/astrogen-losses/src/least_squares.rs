//! The least-squares loss (Mao et al. 2017, *Least Squares Generative Adversarial Networks*).
//!
//! A critic gives one score a sample, of any real value. The two players minimise
//!
//! ```text
//! critic      1/2 mean (D(real) - 1)^2 + 1/2 mean D(fake)^2
//! generator   1/2 mean (D(fake) - 1)^2
//! ```
//!
//! the paper's equation 9: labels 0 and 1, the generator aiming at the label of real samples.
//! Samples on the right side of the boundary are still pulled towards their label, so their
//! gradient does not vanish.
//!
//! ```
//! use astrogen_losses::least_squares;
//! use tch::Tensor;
//!
//! let real_scores = Tensor::from_slice(&[1.0f32, 3.0]);
//! let fake_scores = Tensor::from_slice(&[0.0f32, 2.0]);
//! let loss = least_squares::critic_loss(&real_scores, &fake_scores);
//! assert_eq!(loss.double_value(&[]), 0.5 * 2.0 + 0.5 * 2.0);
//! assert_eq!(least_squares::generator_loss(&fake_scores).double_value(&[]), 0.5);
//! ```

use tch::{Kind, Tensor};

/// The critic's loss `1/2 mean (D(real) - 1)^2 + 1/2 mean D(fake)^2`, a scalar, on scores
/// `[N]`.
///
/// The two batches may differ in size. The fakes' scores must come from detached samples if
/// the generator is to get no gradients.
pub fn critic_loss(real_scores: &Tensor, fake_scores: &Tensor) -> Tensor {
    half_mean_square(&(real_scores - 1.0)) + half_mean_square(fake_scores)
}

/// The generator's loss `1/2 mean (D(fake) - 1)^2`, a scalar, on scores `[N]`.
pub fn generator_loss(fake_scores: &Tensor) -> Tensor {
    half_mean_square(&(fake_scores - 1.0))
}

fn half_mean_square(difference: &Tensor) -> Tensor {
    difference.square().mean(None::<Kind>) * 0.5
}
