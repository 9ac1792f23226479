//! What a trained forge is asked for.

use std::path::{Path, PathBuf};

use astrogen_forge::{Encoder, Forge, Wanted};
use astrogen_runtime::{DeviceChoice, set_threads};
use clap::Args;
use tch::Device;

use super::{assignment, once};
use crate::{CliError, by_the_first, say};

/// Which galaxy stars are sampled for, how many, and where to.
#[derive(Debug, Args)]
pub struct ForgeSampleArguments {
    /// The folder of a run.
    run: PathBuf,
    /// A galaxy of the run, to be made anew.
    #[arg(long, value_name = "ID", required_unless_present_any = ["between", "image"])]
    galaxy: Option<String>,
    /// Two galaxies of the run, and how far the wanted one is from the first to the second, 0 to 1.
    #[arg(long, value_names = ["ID", "ID", "SHARE"], num_args = 3,
        conflicts_with_all = ["galaxy", "image"])]
    between: Vec<String>,
    /// An image, whose latents are given; parameters are those of the training galaxy whose latents
    /// are nearest, unless they are set.
    #[arg(long, conflicts_with = "galaxy")]
    image: Option<PathBuf>,
    /// The autoencoder's run for --image; that of the run if left out.
    #[arg(long, requires = "image", conflicts_with_all = ["galaxy", "between"])]
    encoder: Option<PathBuf>,
    /// Conditions, each NAME=VALUE, such as m_stars=2e10.
    #[arg(long, value_name = "NAME=VALUE", num_args = 1.., value_parser = assignment)]
    set: Vec<(String, f64)>,
    /// Stars.
    #[arg(long, default_value_t = 100_000)]
    count: u64,
    /// The file to write: an array [11, COUNT] (.npy), a FITS table, Parquet or HDF5 by its ending;
    /// must not exist.
    #[arg(long)]
    out: PathBuf,
    /// The same seed gives the same stars, whatever the threads.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Threads; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
}

impl ForgeSampleArguments {
    /// Writes the stars; how many, and the file. Conditions outside the range of the training galaxies
    /// are told.
    ///
    /// # Errors
    /// [`CliError::Forge`] for a run without a flow, a galaxy or condition that is not there, and a
    /// file that is there already; [`CliError::Usage`] for a share that is no number, a condition that is set twice, and an image
    /// for a run without an autoencoder.
    pub fn sample(&self) -> Result<(u64, &Path), CliError> {
        let assigned = once("--set", &self.set)?;
        by_the_first()?;
        set_threads(self.threads);
        let device = self.device.resolve()?;
        let forge = Forge::load(&self.run, device)?;
        let mut wanted = self.wanted(&forge, device)?;
        for (name, value) in &assigned {
            wanted = forge.set(wanted, name, *value)?;
        }
        for outside in forge.outside(&wanted) {
            say(format_args!("warning: {outside}"));
        }
        forge.sample(&wanted, self.count, self.seed, &self.out)?;
        Ok((self.count, &self.out))
    }

    fn wanted(&self, forge: &Forge, device: Device) -> Result<Wanted, CliError> {
        if let Some(id) = &self.galaxy {
            return Ok(forge.like(id)?);
        }
        if let [from, to, share] = &self.between[..] {
            let share = share.parse().map_err(|_| {
                CliError::Usage(format!(
                    "--between ID ID SHARE: {share:?} is no number from 0 to 1"
                ))
            })?;
            return Ok(forge.between([from, to], share)?);
        }
        let own = forge.config().galaxies.latents.as_ref().and_then(|latents| latents.parent());
        let (Some(image), Some(run)) = (&self.image, self.encoder.as_deref().or(own)) else {
            let hint = "the run has no autoencoder: give --encoder, or --galaxy instead of --image";
            return Err(CliError::Usage(hint.to_owned()));
        };
        let latents = Encoder::load(run, device)?.encode_file(image)?;
        let (wanted, nearest) = forge.with_latents(&latents.to_vec())?;
        say(format_args!("parameters that are not set are those of galaxy {nearest}, the nearest"));
        Ok(wanted)
    }
}
