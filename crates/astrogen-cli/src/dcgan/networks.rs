//! What options become: the networks of each recipe, and how they are trained.

use astrogen_data::augment::Translation;
use astrogen_losses::AdversarialConfig;
use astrogen_models::{DcganConfig, R3ganConfig, SharpConfig};
use astrogen_train::gan::InstanceNoise;
use astrogen_train::{AdamConfig, DcganStepConfig, RelativisticStepConfig, Schedule};

use super::DcganArguments;

impl DcganArguments {
    pub(super) fn sharp_model(&self, [channels, image_size, _]: [i64; 3]) -> SharpConfig {
        let default = SharpConfig::default();
        let features = self.features.unwrap_or(default.generator_features);
        SharpConfig {
            image_size,
            channels,
            generator_features: features,
            critic_features: self.discriminator_features.unwrap_or(features),
            ..default
        }
    }

    /// Settings for a run of so many steps.
    pub(super) fn sharp_algorithm(&self, steps: u64) -> RelativisticStepConfig {
        let default = RelativisticStepConfig::default();
        let lr = self.lr.unwrap_or(default.generator_optimizer.lr);
        let schedule = Schedule::Linear { steps, end: 0.1 };
        let update_clipping = self.update_clipping;
        let adam = |adam: AdamConfig| AdamConfig { lr, schedule, update_clipping, ..adam };
        RelativisticStepConfig {
            generator_optimizer: adam(default.generator_optimizer),
            critic_optimizer: adam(default.critic_optimizer),
            ..self.relativistic(default)
        }
    }

    pub(super) fn r3gan_model(&self, [channels, image_size, _]: [i64; 3]) -> R3ganConfig {
        R3ganConfig { channels, ..R3ganConfig::new(image_size, self.features.unwrap_or(96)) }
    }

    /// Settings for a run of so many steps on images of this size.
    pub(super) fn r3gan_algorithm(&self, image_size: i64, steps: u64) -> RelativisticStepConfig {
        let default = RelativisticStepConfig::r3gan(image_size, steps);
        let lr = self.lr.unwrap_or(default.generator_optimizer.lr);
        let update_clipping = self.update_clipping;
        let adam = |adam: AdamConfig| AdamConfig { lr, update_clipping, ..adam };
        RelativisticStepConfig {
            generator_optimizer: adam(default.generator_optimizer),
            critic_optimizer: adam(default.critic_optimizer),
            ..self.relativistic(default)
        }
    }

    /// Settings with the options that both relativistic recipes have.
    fn relativistic(&self, default: RelativisticStepConfig) -> RelativisticStepConfig {
        let pixels = self.translation.unwrap_or(0);
        RelativisticStepConfig {
            gamma: self.gamma.unwrap_or(default.gamma),
            translation: Translation { pixels, ..default.translation },
            ..default
        }
    }

    pub(super) fn article_model(&self, [channels, image_size, _]: [i64; 3]) -> DcganConfig {
        let default = DcganConfig::default();
        let features = self.features.unwrap_or(default.generator_features);
        DcganConfig {
            image_size,
            channels,
            generator_features: features,
            discriminator_features: self.discriminator_features.unwrap_or(features),
            upsampling: self.upsampling.map_or(default.upsampling, Into::into),
            spectral_norm: self.spectral_norm,
            minibatch_deviation: self.minibatch_deviation,
            ..default
        }
    }

    pub(super) fn article_algorithm(&self) -> DcganStepConfig {
        let default = DcganStepConfig::default();
        let lr = self.lr.unwrap_or(default.generator_optimizer.lr);
        let real_label = self.real_label.unwrap_or(default.loss.real_label);
        let start = self.instance_noise.unwrap_or(0.0);
        DcganStepConfig {
            generator_optimizer: AdamConfig { lr, ..default.generator_optimizer },
            discriminator_optimizer: AdamConfig { lr, ..default.discriminator_optimizer },
            instance_noise: InstanceNoise { start, end: 0.0, steps: 1000 },
            loss: AdversarialConfig { real_label, ..default.loss },
            lecam: self.lecam.unwrap_or(default.lecam),
            ..default
        }
    }
}
