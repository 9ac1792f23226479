//! What options and images become: the settings of a run.

use astrogen_images::{FolderConfig, ImageFolder};
use astrogen_train::{
    Augmentation, DcganStep, DcganStepConfig, FitConfig, GanStep, RelativisticStep,
    RelativisticStepConfig, TrainError,
};
use tch::Device;

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
        match config.networks.as_tried() {
            DcganRecipe::Sharp(Networks { model, algorithm }) => {
                let step = |device| RelativisticStep::new(&model, &algorithm, device);
                self.tried(step, config, seconds)
            }
            DcganRecipe::Article(Networks { model, algorithm }) => {
                let step = |device| DcganStep::new(&model, &algorithm, device);
                self.tried(step, config, seconds)
            }
            DcganRecipe::R3gan(Networks { model, algorithm }) => {
                let step = |device| RelativisticStep::r3gan(&model, &algorithm, device);
                self.tried(step, config, seconds)
            }
        }
    }

    fn tried<S: GanStep>(
        &self,
        step: impl FnOnce(Device) -> Result<S, TrainError>,
        config: &ImageConfig<DcganRecipe>,
        seconds: f64,
    ) -> Result<u64, CliError> {
        let device = self.run.device()?;
        let step = step(device)?;
        // What cannot begin from another run is refused before it is tried.
        config.begin(&step, self.folder, None)?;
        tried(step, self.folder, &config.batches, (device, self.run.precision()), seconds)
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
        let seen = self.batch_size.unwrap_or(name.batch_size());
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
        let augment = self.augment.augmentation(steps, seen, &self.transfer);
        let recipe = self.networks(name, new.shape, steps, augment);
        let config = ImageConfig::new(new.data.clone(), new.folder, batch_size, recipe, fit);
        Ok(ImageConfig { from: self.transfer.checkpoint()?, ..config })
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
    if images < 2 {
        return Err(CliError::Usage(format!(
            "two images at least are needed, one of them for the generator, and there is {images}: \
             give more images"
        )));
    }
    Err(CliError::Usage(format!(
        "--batch-size {batch} takes {both} images a step, half of them for the generator, and \
         there are {images}: lower it to {} at most, or give more images",
        images / 2
    )))
}
