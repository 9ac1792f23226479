//! The settings of the step.

use astrogen_data::augment::Translation;
use astrogen_losses::GradientPenaltyConfig;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::TrainError;
use crate::annealing::Annealing;
use crate::augmentation::Augmentation;
use crate::ema::check_decay;
use crate::optim::AdamConfig;
use crate::schedule::{Schedule, read_earlier};
use crate::transfer::is_none_frozen;

/// Settings of [`RelativisticStep`](super::RelativisticStep); the defaults are for [`SharpConfig`](astrogen_models::SharpConfig)'s networks in batches
/// of 16 and minutes of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct RelativisticStepConfig {
    /// Adam of the generator. Default lr 2e-3, betas (0, 0.99).
    pub generator_optimizer: AdamConfig,
    /// Adam of the critic. Default lr 2e-3, betas (0, 0.99).
    pub critic_optimizer: AdamConfig,
    /// The weight of R1 and of R2, finite and at least 0. Default 0.1.
    pub gamma: f64,
    /// The penalties are taken at every so many steps, with as many times the weight; at least
    /// 1. Default 2.
    pub penalty_interval: u64,
    /// Shifts of what the critic sees. Default none.
    pub translation: Translation,
    /// What else is done to what the critic sees, and how often. Default nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<Augmentation>,
    /// The first so many layers of the critic stay as they begin, for networks that
    /// [begin](crate::transfer) with another run's weights. Default 0.
    #[serde(skip_serializing_if = "is_none_frozen")]
    pub frozen_layers: usize,
    /// Decay of the generator's average, in [0, 1). Default 0.998.
    pub ema_decay: f64,
    /// How betas, `gamma`, `ema_decay` and a fixed probability of `augment` change within a run.
    /// Default: they stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annealing: Option<Annealing>,
}

impl Default for RelativisticStepConfig {
    fn default() -> Self {
        let adam = AdamConfig { lr: 2e-3, betas: [0.0, 0.99], ..AdamConfig::default() };
        Self {
            generator_optimizer: adam,
            critic_optimizer: adam,
            gamma: 0.1,
            penalty_interval: 2,
            translation: Translation::default(),
            augment: None,
            frozen_layers: 0,
            ema_decay: 0.998,
            annealing: None,
        }
    }
}

impl RelativisticStepConfig {
    /// R3GAN's settings (Huang et al. 2024) for its [networks](astrogen_models::r3gan) on images of
    /// this size, in a run of so many steps: penalties at each step; Adam with
    /// betas (0, 0.9), the second going to 0.99, and a learning rate that falls from 2e-4 to 5e-5; a
    /// weight of the penalties that falls to a tenth; an average whose half-life grows from 0 to a
    /// fortieth of the run, as for their faces (a quarter of it for their smaller photographs), all along
    /// half a cosine. They also augment what the discriminator sees with a probability that grows to 0.3
    /// (0.55 for the smallest): that is left out, since turned and cut images are a choice of their own;
    /// [`augment`](Self::augment) with a fixed probability does it, along the same cosine. The generator
    /// learns by the fakes that its opponent has just seen, where they draw others. Penalties begin with the
    /// weight
    ///
    /// ```text
    /// gamma = 2 * 75^(log2(image_size / 64) / 2)
    /// ```
    ///
    /// the authors' 2 at 64 pixels and 150 at 256, on a power law between and beyond (0.23 at 32, where they
    /// have 0.05 for one set and 0.5 for another). Batches do not change it: theirs were of 256, and of the
    /// weights from 0.05 to 16 in batches of 16 at 64 pixels 2 was best (docs/quality.md).
    pub fn r3gan(image_size: i64, steps: u64) -> Self {
        let steps = steps.max(1);
        let schedule = Schedule::Cosine { steps, end: 0.25 };
        let adam = AdamConfig { lr: 2e-4, betas: [0.0, 0.9], schedule, ..AdamConfig::default() };
        Self {
            generator_optimizer: adam,
            critic_optimizer: adam,
            gamma: 2.0 * 75f64.powf(0.5 * (image_size as f64 / 64.0).log2()),
            penalty_interval: 1,
            translation: Translation::default(),
            augment: None,
            frozen_layers: 0,
            ema_decay: 0.5f64.powf(40.0 / steps as f64),
            annealing: Some(Annealing { steps, beta2: 0.99, gamma: 0.1 }),
        }
    }

    /// R1 and R2, as one penalty on reals and fakes joined, in the step after `done` others.
    pub(super) fn penalty(&self, done: u64) -> GradientPenaltyConfig {
        let factor = self.annealing.map_or(1.0, |annealing| annealing.gamma_factor(done));
        let interval = self.penalty_interval;
        GradientPenaltyConfig { interval, ..GradientPenaltyConfig::r1(2.0 * self.gamma * factor) }
    }

    /// Checks the settings, as [`RelativisticStep::new`](super::RelativisticStep::new) does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let refuse = |name, rule, got: String| Err(TrainError::Setting { name, rule, got });
        if !(self.gamma >= 0.0 && self.gamma.is_finite()) {
            return refuse("gamma", "finite and at least 0", self.gamma.to_string());
        }
        if self.penalty_interval == 0 {
            return refuse("penalty_interval", "at least 1 (1 is every step)", "0".into());
        }
        self.generator_optimizer.validate()?;
        self.critic_optimizer.validate()?;
        self.annealing.as_ref().map_or(Ok(()), Annealing::validate)?;
        self.augment.map_or(Ok(()), |augment| augment.probability.validate())?;
        check_decay(self.ema_decay)
    }
}

impl Serialize for RelativisticStepConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for RelativisticStepConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let earlier = ["linear_steps", "final_lr"];
        let (mut config, schedule) = read_earlier(deserializer, &earlier, Self::deserialize)?;
        if let Some(schedule) = schedule {
            config.generator_optimizer.schedule = schedule;
            config.critic_optimizer.schedule = schedule;
        }
        Ok(config)
    }
}
