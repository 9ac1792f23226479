//! What options and images become: the settings of a run.

use astrogen_images::{FolderConfig, ImageFolder};
use astrogen_train::{
    Augmentation, DcganStep, DcganStepConfig, FitConfig, RelativisticStep, RelativisticStepConfig,
};

use super::DcganArguments;
use super::recipe::{DcganRecipe, RecipeName};
use crate::pace::tried;
use crate::{CliError, ImageConfig, Networks, RunArguments};

/// What a new run is made of, but for its networks.
pub(super) struct NewRun<'a> {
    pub(super) data: FolderConfig,
    /// The images of `data`.
    pub(super) folder: &'a ImageFolder,
    /// Of an image, `[C, H, W]`.
    pub(super) shape: [i64; 3],
    pub(super) run: &'a RunArguments,
}

impl NewRun<'_> {
    /// Images to train on.
    pub(super) fn images(&self) -> usize {
        self.folder.train().len()
    }

    /// How many steps of such a run take so many seconds.
    ///
    /// # Errors
    /// Those of [`tried`].
    pub(super) fn steps_within(
        &self,
        config: &ImageConfig<DcganRecipe>,
        seconds: f64,
    ) -> Result<u64, CliError> {
        let (device, folder, batches) = (self.run.device()?, self.folder, &config.batches);
        match &config.networks {
            DcganRecipe::Sharp(Networks { model, algorithm }) => {
                let step = RelativisticStep::new(model, algorithm, device);
                tried(step, folder, batches, device, seconds)
            }
            DcganRecipe::Article(Networks { model, algorithm }) => {
                let step = DcganStep::new(model, algorithm, device);
                tried(step, folder, batches, device, seconds)
            }
            DcganRecipe::R3gan(Networks { model, algorithm }) => {
                let step = RelativisticStep::r3gan(model, algorithm, device);
                tried(step, folder, batches, device, seconds)
            }
        }
    }
}

impl DcganArguments {
    /// The settings of a recipe for a run of so many steps; of those that were asked for, or else the
    /// recipe's own, if none are given.
    ///
    /// # Errors
    /// [`CliError::Usage`] for more images a step than there are.
    pub(super) fn settings(
        &self,
        name: RecipeName,
        new: &NewRun,
        steps: Option<u64>,
    ) -> Result<ImageConfig<DcganRecipe>, CliError> {
        let seen = self.batch_size.unwrap_or(match name {
            RecipeName::Sharp => 16,
            RecipeName::Article => 64,
            RecipeName::R3gan => 32,
        });
        let batch_size = match name {
            RecipeName::Sharp | RecipeName::R3gan => images_a_step(seen, new.images())?,
            RecipeName::Article => seen,
        };
        let [own, sample_interval, checkpoint_interval] = match name {
            RecipeName::Sharp => [4500, 250, 1000],
            RecipeName::Article => [2000, 100, 200],
            RecipeName::R3gan => [2000, 200, 500],
        };
        let asked = || new.run.steps((new.images() / batch_size.max(1)) as u64);
        let steps = steps.or_else(asked).unwrap_or(own);
        let seed = new.run.seed();
        let fit =
            FitConfig { steps, sample_interval, checkpoint_interval, seed, ..FitConfig::default() };
        let augment = self.augment.augmentation(steps, seen);
        let recipe = self.networks(name, new.shape, steps, augment);
        Ok(ImageConfig::new(new.data.clone(), new.folder, batch_size, recipe, fit))
    }

    /// A recipe for images `[C, H, W]` and a run of so many steps.
    fn networks(
        &self,
        name: RecipeName,
        shape: [i64; 3],
        steps: u64,
        augment: Option<Augmentation>,
    ) -> DcganRecipe {
        let frozen_layers = self.transfer.frozen_layers();
        match name {
            RecipeName::Sharp => DcganRecipe::Sharp(Networks {
                model: self.sharp_model(shape),
                algorithm: RelativisticStepConfig {
                    augment,
                    frozen_layers,
                    ..self.sharp_algorithm(steps)
                },
            }),
            RecipeName::Article => DcganRecipe::Article(Networks {
                model: self.article_model(shape),
                algorithm: DcganStepConfig { augment, frozen_layers, ..self.article_algorithm() },
            }),
            RecipeName::R3gan => DcganRecipe::R3gan(Networks {
                model: self.r3gan_model(shape),
                algorithm: RelativisticStepConfig {
                    augment,
                    frozen_layers,
                    ..self.r3gan_algorithm(shape[1], steps)
                },
            }),
        }
    }
}

/// Real images that a relativistic step takes, of so many.
pub(super) fn images_a_step(batch: usize, images: usize) -> Result<usize, CliError> {
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
