//! The relativistic paired loss (Jolicoeur-Martineau 2018, *The relativistic discriminator*;
//! the loss of R3GAN, Huang et al. 2024).
//!
//! A critic gives one score a sample, of any real value, and only differences of scores
//! count. With pairs of one real and one generated sample the two players minimise
//!
//! ```text
//! critic      mean softplus(-(D(real) - D(fake)))
//! generator   mean softplus(-(D(fake) - D(real)))
//! ```
//!
//! The critic learns that the real sample of each pair looks more real than the fake one, the
//! generator the reverse. So the generator's loss needs scores of real samples too, and the
//! critic cannot win by pushing all fakes far from all reals at once, which is what keeps
//! modes from being dropped. R3GAN adds [R1 and R2](mod@crate::gradient_penalty) to the critic's
//! loss, without which this game does not converge.
//!
//! The *relativistic average* loss of the same paper compares each real score with the mean of
//! the fake scores, and each fake score with the mean of the real ones. It is another loss and
//! is not this one.
//!
//! ```
//! use astrogen_losses::relativistic;
//! use tch::Tensor;
//!
//! let real_scores = Tensor::from_slice(&[5.0f32, 7.0]);
//! let fake_scores = Tensor::from_slice(&[5.0f32, 7.0]);
//! let loss = relativistic::critic_loss(&real_scores, &fake_scores);
//! assert!((loss.double_value(&[]) - 2f64.ln()).abs() < 1e-6);
//! ```

use tch::{Kind, Tensor};

/// The critic's loss `mean softplus(-(D(real) - D(fake)))`, a scalar, on scores `[N]`.
///
/// The fakes' scores must come from detached samples if the generator is to get no gradients.
///
/// # Panics
/// When the two have different shapes: scores are compared in pairs.
pub fn critic_loss(real_scores: &Tensor, fake_scores: &Tensor) -> Tensor {
    mean_preference(real_scores, fake_scores)
}

/// The generator's loss `mean softplus(-(D(fake) - D(real)))`, a scalar, on scores `[N]`.
///
/// # Panics
/// When the two have different shapes: scores are compared in pairs.
pub fn generator_loss(real_scores: &Tensor, fake_scores: &Tensor) -> Tensor {
    mean_preference(fake_scores, real_scores)
}

/// `mean softplus(-(preferred - other))`, through `ln sigmoid`, which neither overflows nor
/// cancels.
fn mean_preference(preferred: &Tensor, other: &Tensor) -> Tensor {
    let (preferred_size, other_size) = (preferred.size(), other.size());
    assert!(
        preferred_size == other_size,
        "relativistic pairs need one real score for each fake score, got the shapes \
         {preferred_size:?} and {other_size:?}"
    );
    -(preferred - other).log_sigmoid().mean(None::<Kind>)
}
