//! The settings of the step.

use astrogen_losses::{AdversarialLoss, GradientPenaltyConfig};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::augmentation::Augmentation;
use crate::ema::check_decay;
use crate::lecam::{check_weight, is_off};
use crate::optim::AdamConfig;
use crate::transfer::is_none_frozen;

/// Settings of [`WganGpStep`](super::WganGpStep); the defaults are those of the WGAN-GP paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WganGpStepConfig {
    /// Adam of the generator. Default lr 1e-4, betas (0, 0.9).
    pub generator_optimizer: AdamConfig,
    /// Adam of the critic. Default lr 1e-4, betas (0, 0.9).
    pub critic_optimizer: AdamConfig,
    /// The family of losses. Default Wasserstein.
    pub loss: AdversarialLoss,
    /// The gradient penalty. Default two-sided, weight 10.
    pub penalty: GradientPenaltyConfig,
    /// The weight of [LeCam](astrogen_losses::regularizer) in the critic's loss, finite and at
    /// least 0; the authors use 0.01 to 0.3. Default 0, none.
    #[serde(skip_serializing_if = "is_off")]
    pub lecam: f64,
    /// Critic updates per generator update, at least 1. Default 5.
    pub n_critic: u64,
    /// After each update the critic's weights are clipped to +- this, > 0. Default none.
    pub weight_clip: Option<f64>,
    /// What is done to what the critic sees, and how often. Default nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<Augmentation>,
    /// The first so many layers of the critic stay as they begin, for networks that
    /// [begin](crate::transfer) with another run's weights. Default 0.
    #[serde(skip_serializing_if = "is_none_frozen")]
    pub frozen_layers: usize,
    /// Decay of the generator's average, in [0, 1). Default 0.999.
    pub ema_decay: f64,
}

impl Default for WganGpStepConfig {
    fn default() -> Self {
        let adam = AdamConfig { lr: 1e-4, betas: [0.0, 0.9], ..AdamConfig::default() };
        Self {
            generator_optimizer: adam,
            critic_optimizer: adam,
            loss: AdversarialLoss::Wasserstein,
            penalty: GradientPenaltyConfig::default(),
            lecam: 0.0,
            n_critic: 5,
            weight_clip: None,
            augment: None,
            frozen_layers: 0,
            ema_decay: 0.999,
        }
    }
}

impl WganGpStepConfig {
    /// Checks the settings, as [`WganGpStep::new`](super::WganGpStep::new) does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] or [`TrainError::Loss`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.loss.validate()?;
        self.penalty.validate()?;
        self.generator_optimizer.validate()?;
        self.critic_optimizer.validate()?;
        check_decay(self.ema_decay)?;
        check_weight(self.lecam)?;
        self.augment.map_or(Ok(()), |augment| augment.probability.validate())?;
        if self.n_critic == 0 {
            return Err(TrainError::Setting {
                name: "n_critic",
                rule: "at least 1 critic update a generator update",
                got: "0".to_owned(),
            });
        }
        match self.weight_clip {
            Some(limit) if !(limit > 0.0 && limit.is_finite()) => Err(TrainError::Setting {
                name: "weight_clip",
                rule: "a finite number above 0, or none",
                got: limit.to_string(),
            }),
            _ => Ok(()),
        }
    }
}
