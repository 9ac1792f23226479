//! The sharp recipe: bilinear upsampling and noise against a critic under R1 and R2.

use anyhow::{Context, Result, ensure};
use astrogen::data::augment::Translation;
use astrogen::models::weights::fingerprint;
use astrogen::models::{SharpConfig, SharpGenerator};
use astrogen::train::optim::AdamConfig;
use astrogen::train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen::train::schedule::Schedule;
use tch::Device;

use crate::recipe::{Fit, Options, Recipe, RecipeName};
use crate::shared::training::Look;

pub(crate) struct Sharp;

impl Recipe for Sharp {
    const NAME: RecipeName = RecipeName::Sharp;
    const FIT: Fit = Fit { steps: 4500, sample_interval: 250, checkpoint_interval: 1000 };
    const LOOK: Look<RelativisticStep> = Look {
        generator: |step| step.average(),
        trained: |folder, device| {
            let generator = SharpGenerator::load(folder, device)?;
            let fingerprint = fingerprint(&generator.named_tensors())?;
            Ok((Box::new(generator), fingerprint))
        },
        file: SharpGenerator::FILE,
        title: "Sharp DCGAN losses",
        curves: &["critic_loss", "generator_loss", "gradient_penalty"],
    };
    type Model = SharpConfig;
    type Algorithm = RelativisticStepConfig;
    type Step = RelativisticStep;

    fn model([channels, image_size, _]: [i64; 3], options: &Options) -> SharpConfig {
        let default = SharpConfig::default();
        let features = options.features.unwrap_or(default.generator_features);
        SharpConfig {
            image_size,
            channels,
            generator_features: features,
            critic_features: options.discriminator_features.unwrap_or(features),
            ..default
        }
    }

    fn check(model: &SharpConfig) -> Result<()> {
        model.validate().context("the sharp recipe (--recipe article has sizes up to 512)")
    }

    fn algorithm(options: &Options, steps: u64) -> RelativisticStepConfig {
        let default = RelativisticStepConfig::default();
        let lr = options.lr.unwrap_or(default.generator_optimizer.lr);
        let schedule = Schedule::Linear { steps, end: 0.1 };
        RelativisticStepConfig {
            generator_optimizer: AdamConfig { lr, schedule, ..default.generator_optimizer },
            critic_optimizer: AdamConfig { lr, schedule, ..default.critic_optimizer },
            translation: Translation {
                pixels: options.translation.unwrap_or(0),
                ..default.translation
            },
            ..default
        }
    }

    fn images_a_step(options: &Options, images: usize) -> Result<usize> {
        let batch = options.batch_size.unwrap_or(16);
        let both = batch.saturating_mul(2); // as many again for the generator
        ensure!(
            both <= images,
            "--batch-size {batch} takes {both} images a step, half of them for the generator, and \
             there are {images}: lower it to {} at most, or give more images",
            images / 2
        );
        Ok(both)
    }

    fn step(
        model: &SharpConfig,
        config: &RelativisticStepConfig,
        device: Device,
    ) -> Result<RelativisticStep> {
        Ok(RelativisticStep::new(model, config, device)?)
    }
}
