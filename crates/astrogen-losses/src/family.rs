//! The families of adversarial losses behind one choice.
//!
//! | family | critic minimises | generator minimises |
//! | --- | --- | --- |
//! | [`CrossEntropy`](AdversarialLoss::CrossEntropy) | `bce(D(real), real_label) + bce(D(fake), 0)` | `bce(D(fake), 1)` or `-bce(D(fake), 0)` |
//! | [`Wasserstein`](AdversarialLoss::Wasserstein) | `D(fake) - D(real)` | `-D(fake)` |
//! | [`Hinge`](AdversarialLoss::Hinge) | `relu(1 - D(real)) + relu(1 + D(fake))` | `-D(fake)` |
//! | [`LeastSquares`](AdversarialLoss::LeastSquares) | `(D(real) - 1)^2 / 2 + D(fake)^2 / 2` | `(D(fake) - 1)^2 / 2` |
//! | [`Relativistic`](AdversarialLoss::Relativistic) | `softplus(-(D(real) - D(fake)))` | `softplus(-(D(fake) - D(real)))` |
//!
//! each a mean over the batch. `D` is what the network puts out, a logit or a score: none of
//! these wants a sigmoid in the network.
//!
//! ```
//! use astrogen_losses::AdversarialLoss;
//! use tch::Tensor;
//!
//! let scores = |values: &[f32]| Tensor::from_slice(values);
//! let (real_scores, fake_scores) = (scores(&[2.0, 0.0]), scores(&[-1.0, 0.5]));
//!
//! let loss = AdversarialLoss::Hinge;
//! let critic = loss.critic_loss(&real_scores, &fake_scores);
//! assert_eq!(critic.double_value(&[]), 0.5 + 0.75);
//! // The closure is called only by the families that compare fakes with reals.
//! let generator = loss.generator_loss(&fake_scores, || unreachable!());
//! assert_eq!(generator.double_value(&[]), 0.25);
//! ```

use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{
    AdversarialConfig, LossError, discriminator_loss, generator_loss, hinge, least_squares,
    relativistic, wasserstein,
};

/// A family of adversarial losses. In a settings file: `"wasserstein"`, `"hinge"`,
/// `"least_squares"`, `"relativistic"` or `{"cross_entropy": {...}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdversarialLoss {
    /// Binary cross-entropy on logits, see [`adversarial`](crate::adversarial).
    CrossEntropy(AdversarialConfig),
    /// Difference of mean scores, see [`wasserstein`].
    Wasserstein,
    /// Margins at 1 and -1, see [`hinge`].
    Hinge,
    /// Squared distance to the labels 1 and 0, see [`least_squares`].
    LeastSquares,
    /// Difference of scores in pairs, see [`relativistic`].
    Relativistic,
}

impl AdversarialLoss {
    /// Checks the family's settings.
    ///
    /// # Errors
    /// Those of [`AdversarialConfig::validate`]; the other families have no settings.
    pub fn validate(&self) -> Result<(), LossError> {
        match self {
            Self::CrossEntropy(config) => config.validate(),
            Self::Wasserstein | Self::Hinge | Self::LeastSquares | Self::Relativistic => Ok(()),
        }
    }

    /// What the critic (or discriminator) minimises on scores `[N]`: a scalar.
    ///
    /// The fakes' scores must come from detached samples if the generator is to get no
    /// gradients.
    ///
    /// # Panics
    /// For [`Relativistic`](Self::Relativistic), when the two have different shapes.
    pub fn critic_loss(&self, real_scores: &Tensor, fake_scores: &Tensor) -> Tensor {
        match self {
            Self::CrossEntropy(config) => {
                discriminator_loss(real_scores, fake_scores, config).total()
            }
            Self::Wasserstein => wasserstein::critic_loss(real_scores, fake_scores),
            Self::Hinge => hinge::critic_loss(real_scores, fake_scores),
            Self::LeastSquares => least_squares::critic_loss(real_scores, fake_scores),
            Self::Relativistic => relativistic::critic_loss(real_scores, fake_scores),
        }
    }

    /// How surely each real is known, `[N]`, positive where it is told from fakes: its score `D(real)`, for
    /// [`LeastSquares`](Self::LeastSquares) less 1/2, which is halfway between the labels, or, where only
    /// differences of scores count ([`Wasserstein`](Self::Wasserstein) and
    /// [`Relativistic`](Self::Relativistic)), `D(real) - D(fake)` of its pair.
    ///
    /// # Panics
    /// Where differences count, when the two have different shapes.
    pub fn margins(&self, real_scores: &Tensor, fake_scores: &Tensor) -> Tensor {
        match self {
            Self::CrossEntropy(_) | Self::Hinge => real_scores.detach(),
            Self::LeastSquares => real_scores.detach() - 0.5,
            Self::Wasserstein | Self::Relativistic => (real_scores - fake_scores).detach(),
        }
    }

    /// What the generator minimises on scores `[N]` of its samples: a scalar.
    ///
    /// `real_scores` gives the scores of as many real samples; only
    /// [`Relativistic`](Self::Relativistic) calls it, so that no other family pays for them.
    ///
    /// # Panics
    /// For [`Relativistic`](Self::Relativistic), when the two have different shapes.
    pub fn generator_loss(
        &self,
        fake_scores: &Tensor,
        real_scores: impl FnOnce() -> Tensor,
    ) -> Tensor {
        match self {
            Self::CrossEntropy(config) => generator_loss(fake_scores, config),
            Self::Wasserstein => wasserstein::generator_loss(fake_scores),
            Self::Hinge => hinge::generator_loss(fake_scores),
            Self::LeastSquares => least_squares::generator_loss(fake_scores),
            Self::Relativistic => relativistic::generator_loss(&real_scores(), fake_scores),
        }
    }
}
