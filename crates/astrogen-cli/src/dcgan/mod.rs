//! The networks of a deep convolutional GAN, by one of two recipes.

use std::fmt;

use astrogen_data::augment::Translation;
use astrogen_images::ImageFolder;
use astrogen_losses::AdversarialConfig;
use astrogen_models::{DcganConfig, SharpConfig};
use astrogen_train::gan::InstanceNoise;
use astrogen_train::{AdamConfig, DcganStepConfig, FitConfig, RelativisticStepConfig, Schedule};
use clap::{Args, ValueEnum};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::image_config::open;
use crate::{CliError, ImageArguments, ImageConfig, Networks, RunArguments};

/// The networks of a deep convolutional GAN, and how they are trained.
#[derive(Debug, Args)]
pub struct DcganArguments {
    /// Networks and how they are trained; sharp if left out.
    #[arg(long, value_enum)]
    recipe: Option<RecipeName>,
    /// Images that each network sees per update; 16 (sharp) or 64 (article) if left out.
    #[arg(long)]
    batch_size: Option<usize>,
    /// Width of the generator's last hidden layer; 16 (sharp) or 64 (article) if left out.
    #[arg(long, allow_negative_numbers = true)]
    features: Option<i64>,
    /// Width of the discriminator's first layer; the generator's if left out.
    #[arg(long, allow_negative_numbers = true)]
    discriminator_features: Option<i64>,
    /// Learning rate of both networks; 2e-3 (sharp, falling to a tenth of it) or 2e-4 (article)
    /// if left out.
    #[arg(long, allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Sharp: the discriminator sees a third of all images shifted by up to this many pixels,
    /// against learning a few hundred of them by heart; 0 if left out.
    #[arg(long, allow_negative_numbers = true)]
    translation: Option<i64>,
    /// Article: what the discriminator should say of real images, in (0, 1]; below 1 it is kept
    /// from being too sure to learn from. 1 if left out.
    #[arg(long, allow_negative_numbers = true)]
    real_label: Option<f64>,
    /// Article: deviation of the noise on every image the discriminator sees, at first; within
    /// 1000 steps it falls to zero. 0 if left out.
    #[arg(long, allow_negative_numbers = true)]
    instance_noise: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RecipeName {
    /// A deep convolutional GAN whose images keep points and filaments sharp, in minutes. Unlike
    /// the article's it doubles images bilinearly, without transposed convolutions and their
    /// mesh, has inputs of noise, compares reals and fakes in pairs under gradient penalties,
    /// and has no batch normalisation in the discriminator.
    Sharp,
    /// Radford, Metz and Chintala's DCGAN as they describe it: their networks and settings.
    Article,
}

/// Networks and how they are trained, by name: the fields `recipe`, `model` and `algorithm` of a
/// run's config.json. Runs from before recipes had names followed the article.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "recipe", rename_all = "snake_case")]
pub enum DcganRecipe {
    /// Bilinear upsampling and noise against a critic under R1 and R2.
    Sharp(Networks<SharpConfig, RelativisticStepConfig>),
    /// Radford, Metz and Chintala's DCGAN.
    Article(Networks<DcganConfig, DcganStepConfig>),
}

impl<'de> Deserialize<'de> for DcganRecipe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Named {
            recipe: Option<RecipeName>,
            model: Value,
            algorithm: Value,
        }
        let Named { recipe, model, algorithm } = Named::deserialize(deserializer)?;
        let networks = json!({"model": model, "algorithm": algorithm});
        match recipe.unwrap_or(RecipeName::Article) {
            RecipeName::Sharp => serde_json::from_value(networks).map(Self::Sharp),
            RecipeName::Article => serde_json::from_value(networks).map(Self::Article),
        }
        .map_err(D::Error::custom)
    }
}

impl fmt::Display for DcganRecipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sharp(_) => "sharp",
            Self::Article(_) => "article's",
        })
    }
}

impl DcganArguments {
    /// The settings of a new run, and its images, which are looked through.
    ///
    /// # Errors
    /// [`CliError::Usage`] for options of both recipes, or more images a batch than there are;
    /// [`CliError::Recipe`] and [`CliError::Model`] for networks that cannot be, before minutes go
    /// into reading files; [`CliError::Images`] where no file can be used.
    pub fn config(
        &self,
        images: &ImageArguments,
        run: &RunArguments,
    ) -> Result<(ImageFolder, ImageConfig<DcganRecipe>), CliError> {
        let mut recipe = self.recipe(images.shape())?;
        let data = images.folder(run.seed())?;
        let folder = open(&data)?;
        let count = folder.train().len();
        let batch_size = match &recipe {
            DcganRecipe::Sharp(_) => self.sharp_images_a_step(count)?,
            DcganRecipe::Article(_) => self.batch_size.unwrap_or(64),
        };
        let [steps, sample_interval, checkpoint_interval] = match &recipe {
            DcganRecipe::Sharp(_) => [4500, 250, 1000],
            DcganRecipe::Article(_) => [2000, 100, 200],
        };
        let steps = run.steps((count / batch_size.max(1)) as u64).unwrap_or(steps);
        if let DcganRecipe::Sharp(networks) = &mut recipe {
            let schedule = Schedule::Linear { steps, end: 0.1 };
            networks.algorithm.generator_optimizer.schedule = schedule;
            networks.algorithm.critic_optimizer.schedule = schedule;
        }
        let fit = FitConfig {
            steps,
            sample_interval,
            checkpoint_interval,
            seed: run.seed(),
            ..FitConfig::default()
        };
        let config = ImageConfig::new(data, &folder, batch_size, recipe, fit);
        Ok((folder, config))
    }

    /// The recipe that was asked for, for images `[C, H, W]`.
    fn recipe(&self, shape: [i64; 3]) -> Result<DcganRecipe, CliError> {
        match self.name()? {
            RecipeName::Sharp => {
                let model = self.sharp_model(shape);
                let hint = "the sharp recipe (--recipe article has sizes up to 512)";
                model.validate().map_err(|source| CliError::Recipe { hint, source })?;
                Ok(DcganRecipe::Sharp(Networks { model, algorithm: self.sharp_algorithm() }))
            }
            RecipeName::Article => {
                let model = self.article_model(shape);
                model.validate()?;
                Ok(DcganRecipe::Article(Networks { model, algorithm: self.article_algorithm() }))
            }
        }
    }

    /// The recipe that was asked for by its name or by an option that is its own.
    fn name(&self) -> Result<RecipeName, CliError> {
        let sharp = self.translation.map(|_| "--translation");
        let article = self.real_label.map(|_| "--real-label");
        let article = article.or(self.instance_noise.map(|_| "--instance-noise"));
        Err(CliError::Usage(match (self.recipe, sharp, article) {
            (Some(RecipeName::Sharp), _, Some(option)) => {
                format!("{option} belongs to --recipe article; leave one of them out")
            }
            (Some(RecipeName::Article), Some(option), _) => {
                format!("{option} belongs to --recipe sharp; leave one of them out")
            }
            (None, Some(sharp), Some(article)) => {
                format!("{sharp} belongs to --recipe sharp and {article} to --recipe article")
            }
            (Some(recipe), _, _) => return Ok(recipe),
            (None, _, Some(_)) => return Ok(RecipeName::Article),
            (None, _, None) => return Ok(RecipeName::Sharp),
        }))
    }

    fn sharp_model(&self, [channels, image_size, _]: [i64; 3]) -> SharpConfig {
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

    fn sharp_algorithm(&self) -> RelativisticStepConfig {
        let default = RelativisticStepConfig::default();
        let lr = self.lr.unwrap_or(default.generator_optimizer.lr);
        let pixels = self.translation.unwrap_or(0);
        RelativisticStepConfig {
            generator_optimizer: AdamConfig { lr, ..default.generator_optimizer },
            critic_optimizer: AdamConfig { lr, ..default.critic_optimizer },
            translation: Translation { pixels, ..default.translation },
            ..default
        }
    }

    /// Real images that a step takes, of so many.
    fn sharp_images_a_step(&self, images: usize) -> Result<usize, CliError> {
        let batch = self.batch_size.unwrap_or(16);
        let both = batch.saturating_mul(2); // as many again for the generator
        if both <= images {
            return Ok(both);
        }
        Err(CliError::Usage(format!(
            "--batch-size {batch} takes {both} images a step, half of them for the generator, and \
             there are {images}: lower it to {} at most, or give more images",
            images / 2
        )))
    }

    fn article_model(&self, [channels, image_size, _]: [i64; 3]) -> DcganConfig {
        let default = DcganConfig::default();
        let features = self.features.unwrap_or(default.generator_features);
        DcganConfig {
            image_size,
            channels,
            generator_features: features,
            discriminator_features: self.discriminator_features.unwrap_or(features),
            ..default
        }
    }

    fn article_algorithm(&self) -> DcganStepConfig {
        let default = DcganStepConfig::default();
        let lr = self.lr.unwrap_or(default.generator_optimizer.lr);
        let real_label = self.real_label.unwrap_or(default.loss.real_label);
        let start = self.instance_noise.unwrap_or(0.0);
        DcganStepConfig {
            generator_optimizer: AdamConfig { lr, ..default.generator_optimizer },
            discriminator_optimizer: AdamConfig { lr, ..default.discriminator_optimizer },
            instance_noise: InstanceNoise { start, end: 0.0, steps: 1000 },
            loss: AdversarialConfig { real_label, ..default.loss },
            ..default
        }
    }
}
