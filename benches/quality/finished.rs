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
    /// The run's generator, with the steps that its history ends with. `unseen` are the images that are
    /// held out here, if some of its own data are: it must not have been trained on them.
    pub(crate) fn open(&self, unseen: Option<&FolderConfig>) -> Result<Trained<dyn Sampled>> {
        let run = RunDir::open(&self.folder)?;
        let ImageConfig { networks, data, .. } = run.read_config::<ImageConfig<ImageRecipe>>()?;
        if let Some(unseen) = unseen.filter(|unseen| parted(unseen) != parted(&data)) {
            let (name, [theirs, here]) = (&self.name, [&data, unseen].map(parted));
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
