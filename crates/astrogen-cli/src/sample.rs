//! Samples of a trained run.

use std::path::PathBuf;

use astrogen_images::Physical;
use astrogen_models::weights::fingerprint;
use astrogen_models::{Generator, Network};
use astrogen_plot::save_grid;
use astrogen_runtime::{DeviceChoice, seed_everything};
use astrogen_train::RunDir;
use astrogen_train::run_dir::{empty_folder, numbered_folder};
use clap::Args;

use crate::{CliError, by_the_first, say};

/// Images of one call at most: they are in memory together.
const MOST: i64 = 1_000_000;

/// From which run samples are drawn, how many, and where to.
#[derive(Debug, Args)]
pub struct SampleArguments {
    /// The folder of a run.
    pub run: PathBuf,
    /// How many images.
    #[arg(long, default_value_t = 16, allow_negative_numbers = true)]
    count: i64,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to write; RUN/generated-N if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
}

impl SampleArguments {
    /// Loads the run's generator and draws samples: `grid.png` and FITS files in physical units,
    /// into a folder that was empty. The generator and the folder, for more of its kind:
    /// libtorch's generator of random numbers stands where the last latent left it.
    ///
    /// # Errors
    /// [`CliError::Usage`] for no images; [`CliError::Train`] for a folder that is no run on
    /// images, or one to write to that is not empty; [`CliError::Model`] where the run has no such
    /// generator.
    pub fn draw<G: Generator + Network>(&self) -> Result<(G, PathBuf), CliError> {
        if !(1..=MOST).contains(&self.count) {
            let count = self.count;
            return Err(CliError::Usage(format!(
                "--count must be at least 1 and at most {MOST}, got {count}"
            )));
        }
        by_the_first()?;
        self.out.as_deref().map_or(Ok(()), RunDir::check_unused)?;
        let device = self.device.resolve()?;
        let run = RunDir::open(&self.run)?;
        let physical: Physical = run.read_config()?;
        let generator = G::load(run.path(), device)?;
        seed_everything(self.seed);
        let images = generator.sample(&generator.latent(self.count))?;
        let out = match &self.out {
            Some(path) => {
                empty_folder(path)?;
                path.clone()
            }
            None => numbered_folder(run.path(), "generated")?,
        };
        save_grid(&images, None, out.join("grid.png"))?;
        let model = fingerprint(&generator.named_tensors())?;
        let files = physical.save(&images, model, self.seed, &out)?;
        say(format_args!("grid.png and {} FITS files in {}", files.len(), out.display()));
        Ok((generator, out))
    }
}
