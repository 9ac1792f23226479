//! The networks of a deep convolutional GAN, by one of several recipes.

mod auto;
mod networks;
mod recipe;
mod settings;

use astrogen_images::ImageFolder;
use clap::Args;
use recipe::{RecipeArgument, RecipeName};
use settings::NewRun;

pub use recipe::DcganRecipe;

use crate::augment::AugmentArguments;
use crate::image_config::open;
use crate::pace::PaceArguments;
use crate::transfer::TransferArguments;
use crate::upsampling::UpsamplingArgument;
use crate::{CliError, ImageArguments, ImageConfig, RunArguments};

/// The networks of a deep convolutional GAN, and how they are trained.
#[derive(Debug, Clone, Args)]
pub struct DcganArguments {
    /// Networks and how they are trained; if left out, article with an option that is its own alone, and
    /// else sharp.
    #[arg(long, value_enum)]
    recipe: Option<RecipeArgument>,
    #[command(flatten)]
    pace: PaceArguments,
    /// Images that each network sees per update; 16 (sharp), 64 (article) or 32 (r3gan) if left out; by
    /// auto half of the images where there are fewer than twice as many.
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
    /// (r3gan, falling to a quarter; its authors' for batches of 256: in batches of 16, 2e-3 measured best)
    /// if left out.
    #[arg(long, allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Sharp, r3gan: weight of the penalties on the discriminator's slopes; 0.1 (sharp) or, at first,
    /// 2 at 64 pixels, 17 at 128 and 150 at 256 (r3gan; for small galaxies on a dark sky 0.08 measured
    /// better at 64) if left out; by auto a multiple of the images' variance (sharp).
    #[arg(long, allow_negative_numbers = true)]
    gamma: Option<f64>,
    /// Sharp, r3gan: the largest root mean square of an update of a weight, in learning rates; 1 keeps
    /// one batch from throwing a network far. No limit if left out, but 1 by auto for the sharp recipe
    /// above 64 pixels.
    #[arg(long, allow_negative_numbers = true)]
    update_clipping: Option<f64>,
    /// Sharp, r3gan: the discriminator sees three images in ten shifted by up to this many pixels,
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
    /// into reading files; [`CliError::Images`] where no file can be used; [`CliError::Train`] where
    /// a step fails that is tried for its time.
    pub fn config(
        &self,
        images: &ImageArguments,
        run: &RunArguments,
    ) -> Result<(ImageFolder, ImageConfig<DcganRecipe>), CliError> {
        let shape = images.shape();
        let (named, seconds) = (self.name()?, self.pace.seconds()?);
        let name = named.unwrap_or_else(|| auto::recipe(shape[1]));
        self.check(name, shape)?;
        let data = images.folder(run.seed())?;
        let folder = open(&data)?;
        let new = NewRun { data, folder: &folder, shape, run };
        let config = match (named, seconds) {
            (None, _) => self.auto(name, &new, seconds)?,
            (Some(_), None) => self.settings(name, &new, None)?,
            (Some(_), Some(seconds)) => {
                let steps = new.steps_within(&self.settings(name, &new, None)?, seconds)?;
                self.settings(name, &new, Some(steps))?
            }
        };
        Ok((folder, config))
    }

    /// Refuses networks that cannot be, for images `[C, H, W]`.
    fn check(&self, name: RecipeName, shape: [i64; 3]) -> Result<(), CliError> {
        let (hint, checked) = match name {
            RecipeName::Sharp => (
                "the sharp recipe (--recipe article has sizes up to 512)",
                self.sharp_model(shape).validate(),
            ),
            RecipeName::Article => return Ok(self.article_model(shape).validate()?),
            RecipeName::R3gan if self.discriminator_features.is_some() => {
                let hint = "--discriminator-features: both of R3GAN's networks are as wide as --features \
                            says";
                return Err(CliError::Usage(hint.to_owned()));
            }
            RecipeName::R3gan => ("R3GAN", self.r3gan_model(shape).validate()),
        };
        checked.map_err(|source| CliError::Recipe { hint, source })
    }

    /// The recipe that was asked for by its name or by an option that is its own; none to have one
    /// chosen.
    fn name(&self) -> Result<Option<RecipeName>, CliError> {
        let relativistic = [
            ("--translation", self.translation.is_some()),
            ("--gamma", self.gamma.is_some()),
            ("--update-clipping", self.update_clipping.is_some()),
        ];
        let article = [
            ("--real-label", self.real_label.is_some()),
            ("--instance-noise", self.instance_noise.is_some()),
            ("--upsampling", self.upsampling.is_some()),
            ("--spectral-norm", self.spectral_norm),
            ("--minibatch-deviation", self.minibatch_deviation),
            ("--lecam", self.lecam.is_some()),
        ];
        let given =
            |of: &[(&'static str, bool)]| of.iter().find(|(_, given)| *given).map(|of| of.0);
        let (relativistic, article) = (given(&relativistic), given(&article));
        let recipe = self.recipe.map(RecipeArgument::name);
        let hint = match (recipe, relativistic, article) {
            (Some(Some(RecipeName::Article)), Some(option), _) => {
                format!("{option} belongs to --recipe sharp and r3gan; leave one of them out")
            }
            (Some(None | Some(RecipeName::Sharp | RecipeName::R3gan)), _, Some(option)) => {
                format!("{option} belongs to --recipe article; leave one of them out")
            }
            (None, Some(relativistic), Some(article)) => {
                format!(
                    "{relativistic} belongs to --recipe sharp and {article} to --recipe article"
                )
            }
            (Some(recipe), ..) => return Ok(recipe),
            (None, _, Some(_)) => return Ok(Some(RecipeName::Article)),
            (None, _, None) => return Ok(Some(RecipeName::Sharp)),
        };
        Err(CliError::Usage(hint))
    }
}
