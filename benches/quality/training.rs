//! What is trained, as the examples' options say it.

use std::str::FromStr;

use anyhow::Result;
use astrogen::data::Batches;
use astrogen::images::{FolderConfig, ImageFolder};
use astrogen::models::DcganConfig;
use astrogen::train::{DcganStep, GanStep, RelativisticStep, WganGpStep};
use astrogen_cli::{
    DcganArguments, DcganRecipe, ImageArguments, ImageConfig, Networks, RunArguments, WganArguments,
};
use clap::{Args, Parser};
use tch::Device;

use crate::candidate::{Candidate, Ours};

/// R3GAN for minutes on a CPU: a twenty-fourth of the authors' width, and a learning rate with which a few
/// thousand small batches lead somewhere.
const R3GAN: &str = "--recipe r3gan --features 32 --batch-size 16 --lr 2e-3";

/// A generator by its name and its example's options.
#[derive(Debug, Clone)]
pub(crate) struct Training {
    pub(crate) name: String,
    /// Cosmos_wgan_gp's, not nebula_dcgan's.
    wgan: bool,
    options: Vec<String>,
}

impl FromStr for Training {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, options) = text.split_once('=').ok_or("expected NAME=OPTIONS")?;
        Ok(Self::of(name, false, options))
    }
}

#[derive(Parser)]
struct Example<N: Args> {
    #[command(flatten)]
    images: ImageArguments,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    networks: N,
}

impl<N: Args> Example<N> {
    fn parse<'a>(options: impl IntoIterator<Item = &'a String>) -> Result<Self> {
        let options = options.into_iter().cloned();
        Ok(Self::try_parse_from(["example".to_owned()].into_iter().chain(options))?)
    }
}

/// The images of these options.
pub(crate) fn open(options: &[String]) -> Result<(ImageFolder, FolderConfig)> {
    let Example::<DcganArguments> { images, run, networks } = Example::parse(options)?;
    let (folder, config) = networks.config(&images, &run)?;
    Ok((folder, config.data))
}

impl Training {
    fn of(name: &str, wgan: bool, options: &str) -> Self {
        let options = options.split_whitespace().map(str::to_owned).collect();
        Self { name: name.to_owned(), wgan, options }
    }

    /// The article's DCGAN and a WGAN-GP of this width and batch, and what the examples have of others.
    pub(crate) fn presets(features: i64, batch_size: usize) -> Vec<Self> {
        let common = format!("--features {features} --batch-size {batch_size}");
        vec![
            Self::of("dcgan", false, &format!("--recipe article {common}")),
            Self::of("wgan-gp", true, &common),
            Self::of("sharp", false, "--recipe sharp"),
            Self::of("r3gan", false, R3GAN),
        ]
    }

    /// Fresh networks on the images of `folder`, which these options name, to be trained for so many
    /// steps, over which schedules run, or to be tried.
    pub(crate) fn start(
        &self,
        folder: &ImageFolder,
        images: &[String],
        steps: Option<u64>,
    ) -> Result<Box<dyn Candidate>> {
        let steps = steps.map(|steps| ["--steps".to_owned(), steps.to_string()]);
        let options: Vec<&String> =
            images.iter().chain(&self.options).chain(steps.iter().flatten()).collect();
        if self.wgan {
            let Example::<WganArguments> { images, run, networks } = Example::parse(options)?;
            let (_, config) = networks.config(&images, &run)?;
            let Networks { model, algorithm } = &config.networks;
            return self.ours(
                WganGpStep::new(model, algorithm, Device::Cpu)?,
                folder,
                &config,
                None,
            );
        }
        let Example::<DcganArguments> { images, run, networks } = Example::parse(options)?;
        let (_, mut config) = networks.config(&images, &run)?;
        if steps.is_none() {
            config.networks = config.networks.as_tried();
        }
        match &config.networks {
            DcganRecipe::Article(Networks { model, algorithm }) => {
                let step = DcganStep::new(model, algorithm, Device::Cpu)?;
                self.ours(step, folder, &config, Some(model.clone()))
            }
            DcganRecipe::Sharp(Networks { model, algorithm }) => {
                let step = RelativisticStep::new(model, algorithm, Device::Cpu)?;
                self.ours(step, folder, &config, None)
            }
            DcganRecipe::R3gan(Networks { model, algorithm }) => {
                let step = RelativisticStep::r3gan(model, algorithm, Device::Cpu)?;
                self.ours(step, folder, &config, None)
            }
        }
    }

    fn ours<S: GanStep + 'static, N>(
        &self,
        step: S,
        folder: &ImageFolder,
        config: &ImageConfig<N>,
        last: Option<DcganConfig>,
    ) -> Result<Box<dyn Candidate>> {
        let batches = Batches::new(folder.train(), &config.batches, Device::Cpu)?;
        Ok(Box::new(Ours { name: self.name.clone(), step, batches, last }))
    }
}
