//! The article's recipe: Radford, Metz and Chintala's DCGAN.

use anyhow::Result;
use astrogen::losses::AdversarialConfig;
use astrogen::models::weights::fingerprint;
use astrogen::prelude::*;
use astrogen::train::gan::InstanceNoise;
use astrogen::train::optim::AdamConfig;
use tch::Device;

use crate::recipe::{Fit, Options, Recipe, RecipeName};
use crate::shared::training::Look;

pub(crate) struct Article;

impl Recipe for Article {
    const NAME: RecipeName = RecipeName::Article;
    const FIT: Fit = Fit { steps: 2000, sample_interval: 100, checkpoint_interval: 200 };
    const LOOK: Look<DcganStep> = Look {
        generator: |step| step.average(),
        trained: |folder, device| {
            let generator = DcganGenerator::load(folder, device)?;
            let fingerprint = fingerprint(&generator.named_tensors())?;
            Ok((Box::new(generator), fingerprint))
        },
        file: DcganGenerator::FILE,
        title: "DCGAN losses",
        curves: &["discriminator_loss", "generator_loss"],
    };
    type Model = DcganConfig;
    type Algorithm = DcganStepConfig;
    type Step = DcganStep;

    fn model([channels, image_size, _]: [i64; 3], options: &Options) -> DcganConfig {
        let default = DcganConfig::default();
        let features = options.features.unwrap_or(default.generator_features);
        DcganConfig {
            image_size,
            channels,
            generator_features: features,
            discriminator_features: options.discriminator_features.unwrap_or(features),
            ..default
        }
    }

    fn check(model: &DcganConfig) -> Result<()> {
        Ok(model.validate()?)
    }

    fn algorithm(options: &Options, _steps: u64) -> DcganStepConfig {
        let default = DcganStepConfig::default();
        let lr = options.lr.unwrap_or(default.generator_optimizer.lr);
        let real_label = options.real_label.unwrap_or(default.loss.real_label);
        DcganStepConfig {
            generator_optimizer: AdamConfig { lr, ..default.generator_optimizer },
            discriminator_optimizer: AdamConfig { lr, ..default.discriminator_optimizer },
            instance_noise: InstanceNoise {
                start: options.instance_noise.unwrap_or(0.0),
                end: 0.0,
                steps: 1000,
            },
            loss: AdversarialConfig { real_label, ..default.loss },
            ..default
        }
    }

    fn images_a_step(options: &Options, _images: usize) -> Result<usize> {
        Ok(options.batch_size.unwrap_or(64))
    }

    fn step(model: &DcganConfig, config: &DcganStepConfig, device: Device) -> Result<DcganStep> {
        Ok(DcganStep::new(model, config, device)?)
    }
}
