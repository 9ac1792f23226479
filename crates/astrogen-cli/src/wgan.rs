//! The networks of a Wasserstein GAN with gradient penalty.

use astrogen_images::ImageFolder;
use astrogen_losses::GradientPenaltyConfig;
use astrogen_models::WganConfig;
use astrogen_train::fit::FitConfig;
use astrogen_train::optim::AdamConfig;
use astrogen_train::wgan_gp::WganGpStepConfig;
use clap::Args;

use crate::augment::AugmentArguments;
use crate::image_config::open;
use crate::transfer::TransferArguments;
use crate::upsampling::UpsamplingArgument;
use crate::{CliError, ImageArguments, ImageConfig, Networks, RunArguments};

/// The networks of a Wasserstein GAN, and how they are trained.
#[derive(Debug, Args)]
pub struct WganArguments {
    #[arg(long, default_value_t = 32)]
    batch_size: usize,
    /// Width of both networks at half the image size; the library's default is 32.
    #[arg(long, default_value_t = 16, allow_negative_numbers = true)]
    features: i64,
    /// How the generator doubles its images: transposed, as in the article, or by an
    /// interpolation that leaves no mesh.
    #[arg(long, value_enum, default_value_t = UpsamplingArgument::Transposed)]
    upsampling: UpsamplingArgument,
    /// Critic updates per generator update; every training step is one critic update. The
    /// paper's is 5; with fewer, images come sooner.
    #[arg(long, default_value_t = 2)]
    n_critic: u64,
    /// Weight of the gradient penalty.
    #[arg(long, default_value_t = 10.0, allow_negative_numbers = true)]
    penalty_weight: f64,
    /// Learning rate of both networks; the paper's is 1e-4, for wider networks.
    #[arg(long, default_value_t = 5e-4, allow_negative_numbers = true)]
    lr: f64,
    /// Weight of LeCam, against learning a few hundred images by heart; the authors use 0.01 to 0.3. 0
    /// is none.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    lecam: f64,
    #[command(flatten)]
    augment: AugmentArguments,
    #[command(flatten)]
    transfer: TransferArguments,
}

impl WganArguments {
    /// The settings of a new run, of 3000 steps if it was not said, and its images, which are looked
    /// through.
    ///
    /// # Errors
    /// [`CliError::Model`] for networks that cannot be, before minutes go into reading files;
    /// [`CliError::Images`] where no file can be used.
    pub fn config(
        &self,
        images: &ImageArguments,
        run: &RunArguments,
    ) -> Result<(ImageFolder, ImageConfig<Networks<WganConfig, WganGpStepConfig>>), CliError> {
        let model = self.model(images.shape());
        model.validate()?;
        let data = images.folder(run.seed())?;
        let folder = open(&data)?;
        let epoch = (folder.train().len() / self.batch_size.max(1)) as u64;
        let steps = run.steps(epoch).unwrap_or(3000);
        let networks = Networks { model, algorithm: self.algorithm(steps) };
        let sample_interval = sample_interval(epoch, steps);
        let fit = FitConfig { steps, sample_interval, seed: run.seed(), ..FitConfig::default() };
        let config = ImageConfig::new(data, &folder, self.batch_size, networks, fit);
        Ok((folder, ImageConfig { from: self.transfer.checkpoint()?, ..config }))
    }

    fn model(&self, [channels, image_size, _]: [i64; 3]) -> WganConfig {
        WganConfig {
            image_size,
            channels,
            generator_features: self.features,
            critic_features: self.features,
            upsampling: self.upsampling.into(),
            ..WganConfig::default()
        }
    }

    /// Settings for a run of so many steps.
    fn algorithm(&self, steps: u64) -> WganGpStepConfig {
        let paper = WganGpStepConfig::default();
        WganGpStepConfig {
            generator_optimizer: AdamConfig { lr: self.lr, ..paper.generator_optimizer },
            critic_optimizer: AdamConfig { lr: self.lr, ..paper.critic_optimizer },
            penalty: GradientPenaltyConfig { weight: self.penalty_weight, ..paper.penalty },
            n_critic: self.n_critic,
            lecam: self.lecam,
            augment: self.augment.augmentation(steps, self.batch_size, &self.transfer),
            frozen_layers: self.transfer.frozen_layers(),
            ..paper
        }
    }
}

/// Steps between two grids: an epoch, but 100 at least, and no more than a tenth of the run where that is more.
fn sample_interval(epoch: u64, steps: u64) -> u64 {
    epoch.clamp(100, (steps / 10).max(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_grids_however_many_images_there_are() {
        assert_eq!(sample_interval(3, 3000), 100);
        assert_eq!(sample_interval(250, 3000), 250);
        assert_eq!(sample_interval(3125, 3000), 300, "100,000 images");
        assert_eq!(sample_interval(3125, 500), 100, "a short run");
        assert_eq!(sample_interval(3125, 100_000), 3125);
    }
}
