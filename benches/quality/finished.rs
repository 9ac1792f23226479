//! Generators of runs that are there already, wherever they were trained.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Result, bail};
use astrogen::images::FolderConfig;
use astrogen::models::{
    DcganGenerator, Generator, Network, R3ganGenerator, SharpGenerator, WganGenerator,
};
use astrogen::train::{History, RunDir};
use astrogen_cli::{DcganRecipe, ImageConfig, ImageRecipe};
use tch::{Device, Tensor};

use crate::Trained;
use crate::candidate::Sampled;

/// A run's folder, by a name.
#[derive(Debug, Clone)]
pub(crate) struct FinishedRun {
    name: String,
    folder: PathBuf,
}

impl FromStr for FinishedRun {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, folder) = text.split_once('=').ok_or("expected NAME=FOLDER")?;
        Ok(Self { name: name.to_owned(), folder: folder.into() })
    }
}

impl FinishedRun {
    /// The run's generator, with the steps that its history ends with. It must have read its images as
    /// those of `judged` are read, and where some of these were held out, as `is_parted` says, it must
    /// not have been trained on them.
    pub(crate) fn open(
        &self,
        judged: &FolderConfig,
        is_parted: bool,
    ) -> Result<Trained<dyn Sampled>> {
        let run = RunDir::open(&self.folder)?;
        let ImageConfig { networks, data, .. } = run.read_config::<ImageConfig<ImageRecipe>>()?;
        let name = &self.name;
        if read(&data) != read(judged) {
            let [theirs, here] = [&data, judged].map(read);
            bail!(
                "--run {name}: it read images otherwise than they are read here, so that they differ \
                 whatever it makes: give its options after -- (--shrink stretched for runs from before \
                 there was a choice): {theirs:?}, here {here:?}"
            );
        }
        if is_parted && parted(judged) != parted(&data) {
            let [theirs, here] = [&data, judged].map(parted);
            bail!(
                "--run {name}: it held out other images than are held out here, and has seen some of \
                 these: {theirs:?}, here {here:?}"
            );
        }
        let generator: Box<dyn Generator> = match networks {
            ImageRecipe::Dcgan(DcganRecipe::Sharp(_)) => load::<SharpGenerator>(&run)?,
            ImageRecipe::Dcgan(DcganRecipe::Article(_)) => load::<DcganGenerator>(&run)?,
            ImageRecipe::Dcgan(DcganRecipe::R3gan(_)) => load::<R3ganGenerator>(&run)?,
            ImageRecipe::Wgan(_) => load::<WganGenerator>(&run)?,
        };
        let steps = History::open(&run.history_path())?.steps.last().copied().unwrap_or(0);
        let candidate = Box::new(Finished { name: self.name.clone(), generator });
        Ok(Trained { steps, seconds: None, candidate })
    }
}

/// What decides which pixels samples of a file have.
fn read(data: &FolderConfig) -> FolderConfig {
    let anywhere = FolderConfig::default();
    FolderConfig {
        path: anywhere.path,
        validation_fraction: 0.0,
        seed: 0,
        strict: false,
        cache_bytes: 0,
        scratch: None,
        ..data.clone()
    }
}

/// What decides which files of a folder are held out: its path, the part, and the seed.
fn parted(data: &FolderConfig) -> (&Path, f64, u64) {
    (&data.path, data.validation_fraction, data.seed)
}

fn load<G: Generator + Network + 'static>(run: &RunDir) -> Result<Box<dyn Generator>> {
    Ok(Box::new(G::load(run.path(), Device::Cpu)?))
}

struct Finished {
    name: String,
    generator: Box<dyn Generator>,
}

impl Sampled for Finished {
    fn sample(&mut self, images: i64) -> Result<Vec<(String, Tensor)>> {
        let latent = self.generator.latent(images);
        Ok(vec![(self.name.clone(), self.generator.sample(&latent)?)])
    }
}
