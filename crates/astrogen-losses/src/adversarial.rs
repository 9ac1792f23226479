//! The adversarial loss, on logits.
//!
//! A discriminator gives one logit `x` an image, the log-odds that the image is real, so
//! `D = sigmoid(x)`. With the binary cross-entropy against a target `t` in [0, 1],
//!
//! ```text
//! bce(x, t) = -t ln sigmoid(x) - (1 - t) ln sigmoid(-x)
//! ```
//!
//! the two players minimise
//!
//! ```text
//! discriminator     mean bce(x_real, real_label) + mean bce(x_fake, 0)
//! generator         mean bce(x_fake, 1) = -mean ln D(fake)             non-saturating
//!                   -mean bce(x_fake, 0) = mean ln(1 - D(fake))        saturating
//! ```
//!
//! (Goodfellow et al. 2014, *Generative Adversarial Nets*, equation 1 and section 3). Both
//! generator objectives have the same fixed point; where the discriminator wins, the
//! saturating one has a vanishing gradient and the non-saturating one has not, so the
//! latter is the default. `real_label` below 1 is one-sided label smoothing (Salimans et
//! al. 2016, *Improved Techniques for Training GANs*, section 3.4): only the target of
//! real images is softened, since softening that of fakes would reward the generator for
//! staying where it is.
//!
//! Everything is written with `ln sigmoid`, which neither overflows nor cancels: values
//! and gradients are finite at logits of any finite size, and agree with PyTorch's
//! `BCEWithLogitsLoss`.
//!
//! ```
//! use astrogen_losses::{AdversarialConfig, discriminator_loss, generator_loss};
//! use tch::Tensor;
//!
//! let config = AdversarialConfig::default();
//! let real_logits = Tensor::from_slice(&[2.0f32, 3.0]);
//! let fake_logits = Tensor::from_slice(&[-2.0f32, 0.0]);
//!
//! let loss = discriminator_loss(&real_logits, &fake_logits, &config);
//! assert!((loss.total().double_value(&[]) - 0.497_795).abs() < 1e-5);
//!
//! let loss = generator_loss(&fake_logits, &config);
//! assert!((loss.double_value(&[]) - 1.410_038).abs() < 1e-5);
//! ```

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::LossError;

/// What the generator minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeneratorObjective {
    /// `-mean ln D(fake)`: strong gradients while the discriminator wins.
    #[default]
    NonSaturating,
    /// `mean ln(1 - D(fake))`: the minimax game itself.
    Saturating,
}

/// Settings of the adversarial loss. The default is the DCGAN's: non-saturating, hard
/// labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdversarialConfig {
    /// What the generator minimises.
    pub objective: GeneratorObjective,
    /// The discriminator's target for real images, in (0, 1]; 1 is no smoothing, 0.9 the
    /// usual amount.
    pub real_label: f64,
}

impl Default for AdversarialConfig {
    fn default() -> Self {
        Self { objective: GeneratorObjective::default(), real_label: 1.0 }
    }
}

impl AdversarialConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`LossError::Setting`] where `real_label` is outside (0, 1].
    pub fn validate(&self) -> Result<(), LossError> {
        if self.real_label > 0.0 && self.real_label <= 1.0 {
            return Ok(());
        }
        Err(LossError::Setting {
            name: "real_label",
            rule: "above 0 and at most 1",
            got: self.real_label.to_string(),
        })
    }
}

/// The discriminator's loss in its two parts, each a scalar tensor.
#[derive(Debug)]
pub struct DiscriminatorLoss {
    /// The part of the real images: `mean bce(x_real, real_label)`.
    pub real: Tensor,
    /// The part of the generated images: `mean bce(x_fake, 0)`.
    pub fake: Tensor,
}

impl DiscriminatorLoss {
    /// What the discriminator minimises: `real + fake`.
    pub fn total(&self) -> Tensor {
        &self.real + &self.fake
    }
}

/// The discriminator's loss on the logits of real and of generated images.
///
/// Logits may have any shape, usually `[N]`, and the two batches may differ in size: each
/// part is a mean. The fakes' logits must come from detached images if the generator is
/// to get no gradients.
pub fn discriminator_loss(
    real_logits: &Tensor,
    fake_logits: &Tensor,
    config: &AdversarialConfig,
) -> DiscriminatorLoss {
    DiscriminatorLoss {
        real: mean_bce(real_logits, config.real_label),
        fake: mean_bce(fake_logits, 0.0),
    }
}

/// The generator's loss on the logits of its images, a scalar tensor.
///
/// Label smoothing does not touch it: the generator always aims at the label 1.
pub fn generator_loss(fake_logits: &Tensor, config: &AdversarialConfig) -> Tensor {
    match config.objective {
        GeneratorObjective::NonSaturating => mean_bce(fake_logits, 1.0),
        GeneratorObjective::Saturating => -mean_bce(fake_logits, 0.0),
    }
}

/// Mean binary cross-entropy of logits against one target. A term whose weight is zero is
/// left out: it would cost a pass, and zero times an infinite logit is not a number.
fn mean_bce(logits: &Tensor, target: f64) -> Tensor {
    let real_term = || logits.log_sigmoid().mean(None::<Kind>) * -target;
    let fake_term = || logits.neg().log_sigmoid().mean(None::<Kind>) * (target - 1.0);
    if target == 1.0 {
        real_term()
    } else if target == 0.0 {
        fake_term()
    } else {
        real_term() + fake_term()
    }
}
