//! The networks of a deep convolutional GAN, by one of several recipes.

mod networks;
mod recipe;

use astrogen_images::ImageFolder;
use astrogen_train::{Augmentation, DcganStepConfig, FitConfig, RelativisticStepConfig};
use clap::Args;
use recipe::RecipeName;

pub use recipe::DcganRecipe;

use crate::augment::AugmentArguments;
use crate::image_config::open;
use crate::transfer::TransferArguments;
use crate::upsampling::UpsamplingArgument;
use crate::{CliError, ImageArguments, ImageConfig, Networks, RunArguments};

/// The networks of a deep convolutional GAN, and how they are trained.
#[derive(Debug, Args)]
pub struct DcganArguments {
    /// Networks and how they are trained; sharp if left out.
    #[arg(long, value_enum)]
    recipe: Option<RecipeName>,
    /// Images that each network sees per update; 16 (sharp), 64 (article) or 32 (r3gan) if left out.
    #[arg(long)]
    batch_size: Option<usize>,
    /// Width of the generator's last hidden layer; 16 (sharp) or 64 (article) if left out. R3gan: width of
    /// both networks up to 32 pixels, 96 if left out; 768 is the authors'.
    #[arg(long, allow_negative_numbers = true)]
    features: Option<i64>,
    /// Sharp, article: width of the discriminator's first layer; the generator's if left out.
    #[arg(long, allow_negative_numbers = true)]
    discriminator_features: Option<i64>,
    /// Learning rate of both networks; 2e-3 (sharp, falling to a tenth of it), 2e-4 (article) or 2e-4
    /// (r3gan, falling to a quarter) if left out.
    #[arg(long, allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Sharp, r3gan: weight of the penalties on the discriminator's slopes; 0.1 (sharp) or, at first,
    /// 2 (SIZE / 64)^3 (r3gan) if left out.
    #[arg(long, allow_negative_numbers = true)]
    gamma: Option<f64>,
    /// Sharp, r3gan: the discriminator sees a third of all images shifted by up to this many pixels,
    /// against learning a few hundred of them by heart; 0 if left out.
    #[arg(long, allow_negative_numbers = true)]
    translation: Option<i64>,
    #[command(flatten)]
    augment: AugmentArguments,
    #[command(flatten)]
    transfer: TransferArguments,
    /// Article: what the discriminator should say of real images, in (0, 1]; below 1 it is kept
    /// from being too sure to learn from. 1 if left out.
    #[arg(long, allow_negative_numbers = true)]
    real_label: Option<f64>,
    /// Article: deviation of the noise on every image the discriminator sees, at first; within
    /// 1000 steps it falls to zero. 0 if left out.
    #[arg(long, allow_negative_numbers = true)]
    instance_noise: Option<f64>,
    /// Article: how the generator doubles its images: transposed, as in the article, or by an
    /// interpolation that leaves no mesh. Transposed if left out.
    #[arg(long, value_enum)]
    upsampling: Option<UpsamplingArgument>,
    /// Article: each of the discriminator's weights is divided by its spectral norm.
    #[arg(long)]
    spectral_norm: bool,
    /// Article: the discriminator is told how much the images of a batch differ, against a generator
    /// that paints one image again and again.
    #[arg(long)]
    minibatch_deviation: bool,
    /// Article: weight of LeCam, against learning a few hundred images by heart; its authors use 0.01
    /// to 0.3. 0 if left out.
    #[arg(long, allow_negative_numbers = true)]
    lecam: Option<f64>,
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
        let name = self.name()?;
        let shape = images.shape();
        self.check(name, shape)?;
        let data = images.folder(run.seed())?;
        let folder = open(&data)?;
        let count = folder.train().len();
        let seen = self.batch_size.unwrap_or(match name {
            RecipeName::Sharp => 16,
            RecipeName::Article => 64,
            RecipeName::R3gan => 32,
        });
        let batch_size = match name {
            RecipeName::Sharp | RecipeName::R3gan => images_a_step(seen, count)?,
            RecipeName::Article => seen,
        };
        let [steps, sample_interval, checkpoint_interval] = match name {
            RecipeName::Sharp => [4500, 250, 1000],
            RecipeName::Article => [2000, 100, 200],
            RecipeName::R3gan => [2000, 200, 500],
        };
        let steps = run.steps((count / batch_size.max(1)) as u64).unwrap_or(steps);
        let fit = FitConfig {
            steps,
            sample_interval,
            checkpoint_interval,
            seed: run.seed(),
            ..FitConfig::default()
        };
        let augment = self.augment.augmentation(steps, seen);
        let recipe = self.recipe(name, shape, steps, augment);
        let config = ImageConfig::new(data, &folder, batch_size, recipe, fit);
        Ok((folder, ImageConfig { from: self.transfer.from()?, ..config }))
    }

    /// Refuses networks that cannot be, for images `[C, H, W]`.
    fn check(&self, name: RecipeName, shape: [i64; 3]) -> Result<(), CliError> {
        let (hint, checked) = match name {
            RecipeName::Sharp => (
                "the sharp recipe (--recipe article has sizes up to 512)",
                self.sharp_model(shape).validate(),
            ),
            RecipeName::Article => return Ok(self.article_model(shape).validate()?),
            RecipeName::R3gan => ("R3GAN", self.r3gan_model(shape).validate()),
        };
        checked.map_err(|source| CliError::Recipe { hint, source })
    }

    /// A recipe for images `[C, H, W]` and a run of so many steps.
    fn recipe(
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
                    ..self.r3gan_algorithm(shape[1], steps)
                },
            }),
        }
    }

    /// The recipe that was asked for by its name or by an option that is its own.
    fn name(&self) -> Result<RecipeName, CliError> {
        let relativistic = self.translation.map(|_| "--translation");
        let relativistic = relativistic.or(self.gamma.map(|_| "--gamma"));
        let article = [
            ("--real-label", self.real_label.is_some()),
            ("--instance-noise", self.instance_noise.is_some()),
            ("--upsampling", self.upsampling.is_some()),
            ("--spectral-norm", self.spectral_norm),
            ("--minibatch-deviation", self.minibatch_deviation),
            ("--lecam", self.lecam.is_some()),
        ];
        let article = article.into_iter().find(|(_, given)| *given).map(|(option, _)| option);
        let hint = match (self.recipe, relativistic, article) {
            (Some(RecipeName::Sharp | RecipeName::R3gan), _, Some(option)) => {
                format!("{option} belongs to --recipe article; leave one of them out")
            }
            (Some(RecipeName::Article), Some(option), _) => {
                format!("{option} belongs to --recipe sharp and r3gan; leave one of them out")
            }
            (None, Some(relativistic), Some(article)) => {
                format!(
                    "{relativistic} belongs to --recipe sharp and {article} to --recipe article"
                )
            }
            (Some(RecipeName::R3gan), ..) if self.discriminator_features.is_some() => {
                "--discriminator-features: both of R3GAN's networks are as wide as --features says"
                    .to_owned()
            }
            (Some(recipe), ..) => return Ok(recipe),
            (None, _, Some(_)) => return Ok(RecipeName::Article),
            (None, _, None) => return Ok(RecipeName::Sharp),
        };
        Err(CliError::Usage(hint))
    }
}

/// Real images that a relativistic step takes, of so many.
fn images_a_step(batch: usize, images: usize) -> Result<usize, CliError> {
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
