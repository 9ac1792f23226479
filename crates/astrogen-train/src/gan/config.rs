//! The settings of the step.

use astrogen_losses::AdversarialConfig;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::augmentation::Augmentation;
use crate::ema::check_decay;
use crate::lecam::{check_weight, is_off};
use crate::optim::AdamConfig;
use crate::transfer::is_none_frozen;

/// Settings of [`DcganStep`](super::DcganStep); the defaults are those of the DCGAN paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DcganStepConfig {
    /// Adam of the generator. Default lr 2e-4, betas (0.5, 0.999).
    pub generator_optimizer: AdamConfig,
    /// Adam of the discriminator. Default lr 2e-4, betas (0.5, 0.999).
    pub discriminator_optimizer: AdamConfig,
    /// The losses. Default: non-saturating, no label smoothing.
    pub loss: AdversarialConfig,
    /// The weight of [LeCam](astrogen_losses::regularizer) in the discriminator's loss, finite and at
    /// least 0; the authors use 0.01 to 0.3. Default 0, none.
    #[serde(skip_serializing_if = "is_off")]
    pub lecam: f64,
    /// Noise on every image the discriminator sees. Default none. See the
    /// [module](super).
    pub instance_noise: InstanceNoise,
    /// What else is done to every image the discriminator sees, and how often. Default nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<Augmentation>,
    /// The first so many layers of the discriminator stay as they begin, for networks that
    /// [begin](crate::transfer) with another run's weights. Default 0.
    #[serde(skip_serializing_if = "is_none_frozen")]
    pub frozen_layers: usize,
    /// Decay of the generator's average, in [0, 1). Default 0.999.
    pub ema_decay: f64,
}

impl Default for DcganStepConfig {
    fn default() -> Self {
        let adam = AdamConfig { lr: 2e-4, betas: [0.5, 0.999], ..AdamConfig::default() };
        Self {
            generator_optimizer: adam,
            discriminator_optimizer: adam,
            loss: AdversarialConfig::default(),
            lecam: 0.0,
            instance_noise: InstanceNoise::default(),
            augment: None,
            frozen_layers: 0,
            ema_decay: 0.999,
        }
    }
}

/// Gaussian noise whose deviation, in signed units, goes from `start` to `end` in `steps`
/// steps, linearly, and stays there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceNoise {
    /// Deviation at the first step, at least 0. Default 0.
    pub start: f64,
    /// Deviation from step `steps` on, at least 0. Default 0.
    pub end: f64,
    /// Steps from one to the other. Default 0.
    pub steps: u64,
}

impl DcganStepConfig {
    /// Checks the settings, as [`DcganStep::new`](super::DcganStep::new) does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] or [`TrainError::Loss`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.loss.validate()?;
        self.instance_noise.validate()?;
        self.generator_optimizer.validate()?;
        self.discriminator_optimizer.validate()?;
        check_weight(self.lecam)?;
        self.augment.map_or(Ok(()), |augment| augment.probability.validate())?;
        check_decay(self.ema_decay)
    }
}

impl InstanceNoise {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for a deviation that is negative or not finite.
    pub fn validate(self) -> Result<(), TrainError> {
        for (name, deviation) in
            [("instance_noise start", self.start), ("instance_noise end", self.end)]
        {
            if !(deviation >= 0.0 && deviation.is_finite()) {
                return Err(TrainError::Setting {
                    name,
                    rule: "a finite deviation of at least 0",
                    got: deviation.to_string(),
                });
            }
        }
        Ok(())
    }

    /// The deviation at a step, counted from 0.
    pub(super) fn at(self, step: u64) -> f64 {
        if step >= self.steps {
            return self.end;
        }
        self.start + (self.end - self.start) * step as f64 / self.steps as f64
    }
}
