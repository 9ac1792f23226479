//! A trained run, and images that are searched by it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use astrogen_anomaly::{AnomalyConfig, InjectConfig, InversionConfig};
use astrogen_data::{Batches, Dataset, Images};
use astrogen_images::{FolderConfig, ImageFolder};
use astrogen_models::WganConfig;
use astrogen_runtime::{DeviceChoice, set_threads};
use astrogen_sky::{NebulaConfig, nebulae_folder, simulate_nebulae};
use astrogen_train::checkpoint::Checkpoint;
use astrogen_train::{RunDir, WganGpStepConfig};
use clap::Args;
use serde::Deserialize;
use tch::{Device, Tensor};

use crate::error::absolute;
use crate::image_config::open;
use crate::images::{nebula_size, some_images};
use crate::{CliError, DcganRecipe, ImageConfig, Networks, by_the_first, say};

/// By which run anomalies are searched for, and where.
#[derive(Debug, Args)]
pub struct AnomalyArguments {
    /// The folder of a run of nebula_dcgan or cosmos_wgan_gp.
    run: PathBuf,
    /// A folder of images that the run was not trained on, read as its own; if left out, those that it
    /// held out, or as many new nebulae where it was trained on simulated ones.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Images that are looked at, at most.
    #[arg(long, default_value_t = 256)]
    count: usize,
    /// Updates of the latents whose images are held against those of the folder.
    #[arg(long, default_value_t = InversionConfig::default().steps)]
    inversion_steps: u64,
    /// Training steps of the autoencoder.
    #[arg(long, default_value_t = 1000)]
    autoencoder_steps: u64,
    /// How much the anomalies stand out that the scores are tried on.
    #[arg(long, default_value_t = InjectConfig::default().contrast, allow_negative_numbers = true)]
    contrast: f64,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Threads of libtorch; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where what is found is written; runs/find-anomalies-N if left out.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// The networks of any run on images, as its config.json has them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum ImageRecipe {
    /// A run of nebula_dcgan.
    Dcgan(DcganRecipe),
    /// A run of cosmos_wgan_gp.
    Wgan(Networks<WganConfig, WganGpStepConfig>),
}

/// A search that can begin.
pub struct AnomalySearch {
    /// The folder of the search, with config.json and data.json.
    pub run: RunDir,
    /// What it is made with.
    pub config: AnomalyConfig,
    /// The networks of the trained run.
    pub recipe: ImageRecipe,
    /// The images that it was trained on.
    pub training: Arc<dyn Dataset<Batch = Images>>,
    /// The images to look at, whose pipeline and scaling lead back to linear light.
    pub folder: ImageFolder,
    /// Their names.
    pub names: Vec<String>,
    /// Themselves, `[N, C, H, W]`, signed.
    pub images: Tensor,
    /// Where it runs.
    pub device: Device,
}

impl AnomalyArguments {
    /// Opens the run's own images and those to look at.
    ///
    /// # Errors
    /// [`CliError::Train`] for a folder that is no run on images, or one to write to that holds
    /// something already; [`CliError::Usage`] where there is nothing to look at;
    /// [`CliError::Images`], [`CliError::Sky`], [`CliError::Runtime`]; [`CliError::Anomaly`] for settings
    /// out of their range.
    pub fn open(&self) -> Result<AnomalySearch, CliError> {
        by_the_first()?;
        self.out.as_deref().map_or(Ok(()), RunDir::check_unused)?;
        set_threads(self.threads);
        let device = self.device.resolve()?;
        let trained = RunDir::open(&self.run)?.read_config::<ImageConfig<ImageRecipe>>()?;
        let size = trained.data.image_size;
        let shape = [trained.data.channels, size, size].map(|side| side as i64);
        let mut config = AnomalyConfig::new(shape, self.autoencoder_steps, self.seed);
        config.run = absolute(&self.run)?;
        config.count = self.count;
        config.inversion.steps = self.inversion_steps;
        config.inject.contrast = self.contrast;
        config.validate()?;

        let training = trained.open()?;
        // Of other files other ones would be held out.
        let newest = RunDir::open(&self.run)?.newest_checkpoint()?;
        let checkpoint = Checkpoint::inspect(&newest)?;
        checkpoint.check_samples(&newest, training.train().len() as u64)?;
        let now = Batches::new(training.train(), &trained.batches, Device::Cpu)?.fingerprint()?;
        if checkpoint.data.is_some_and(|then| then != now) {
            say(
                "warning: the images are not those that the run was trained on, and it may have seen some of \
                 those that are held out now",
            );
        }
        let simulated = tempfile::tempdir()
            .map_err(|error| CliError::Usage(format!("cannot make a temporary folder: {error}")))?;
        let (folder, held_out) = match self.elsewhere(&trained.data, &training, simulated.path())? {
            Some(path) => {
                let data = FolderConfig { path, validation_fraction: 0.0, ..trained.data.clone() };
                config.data = data;
                (open(&config.data)?, false)
            }
            None => {
                config.data = trained.data.clone();
                (trained.open()?, true)
            }
        };
        let set = if held_out { folder.validation() } else { folder.train() };
        let files: Vec<&Path> = match held_out {
            true => folder.validation_files().map(|(path, _)| path).collect(),
            false => folder.train_files().map(|(path, _)| path).collect(),
        };
        let names = names(&files, &config.data.path);
        let (images, chosen) = some_images(&*set, self.count)?;
        let names = chosen.iter().map(|&image| names[image].clone()).collect();
        let training_set = training.train();
        config.batches.batch_size = config.batches.batch_size.min(training_set.len());
        let run = match &self.out {
            Some(path) => RunDir::create(path)?,
            None => RunDir::create_next("runs".as_ref(), "find-anomalies")?,
        };
        run.write_config(&config)?;
        run.write_data(&[training.summary(), folder.summary()])?;
        let recipe = trained.networks;
        Ok(AnomalySearch {
            run,
            config,
            recipe,
            training: training_set,
            folder,
            names,
            images,
            device,
        })
    }

    /// The folder to look at, if it is not the run's own: the one that was named, or new nebulae in a
    /// folder that is there for them.
    fn elsewhere(
        &self,
        data: &FolderConfig,
        training: &ImageFolder,
        simulated: &Path,
    ) -> Result<Option<PathBuf>, CliError> {
        if let Some(path) = &self.data {
            return Ok(Some(absolute(path)?));
        }
        if !training.validation().is_empty() {
            return Ok(None);
        }
        let size = nebula_size(data.image_size);
        if nebulae_folder(size).as_ref() != Some(&data.path) {
            return Err(CliError::Usage(format!(
                "{} held no images out of its training: name a folder of images that it has not seen \
                 with --data, or train with --held-out 0.2",
                self.run.display()
            )));
        }
        say(format_args!("simulating {} nebulae that the run has not seen", self.count));
        let config = NebulaConfig { size, ..NebulaConfig::default() };
        // The run's own have the seed 1.
        simulate_nebulae(simulated, &config, self.count, self.seed.wrapping_add(2))?;
        Ok(Some(simulated.to_owned()))
    }
}

/// What samples are called: their file below the folder, with a number where it gives several.
fn names(files: &[&Path], folder: &Path) -> Vec<String> {
    let mut several: BTreeMap<&Path, usize> = BTreeMap::new();
    files.iter().for_each(|&path| *several.entry(path).or_default() += 1);
    let mut so_far: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for &path in files {
        let name = path.strip_prefix(folder).unwrap_or(path).display();
        let number = so_far.entry(path).or_default();
        *number += 1;
        all.push(match several.get(path) {
            Some(1) => name.to_string(),
            _ => format!("{name}#{number}"),
        });
    }
    all
}
