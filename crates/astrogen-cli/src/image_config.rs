//! What a run on a folder of images was made with.

use std::path::PathBuf;

use astrogen_data::{Augment, BatchConfig, Batches};
use astrogen_images::{FolderConfig, ImageFolder, Physical};
use astrogen_train::checkpoint::Checkpoint;
use astrogen_train::fit::FitConfig;
use astrogen_train::run_dir::RunDir;
use astrogen_train::state::State;
use serde::{Deserialize, Serialize};
use tch::Device;

use crate::{CliError, say, transfer};

/// Everything a run on images was made with: config.json in its folder. `N` is what it trains,
/// [`Networks`] say; its fields stand beside the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageConfig<N> {
    /// The folder of images.
    pub data: FolderConfig,
    /// How they are dealt.
    pub batches: BatchConfig,
    /// The networks and how they are trained.
    #[serde(flatten)]
    pub networks: N,
    /// How long they are trained.
    pub fit: FitConfig,
    /// How samples go back to physical units.
    #[serde(flatten)]
    pub physical: Physical,
    /// The checkpoint of another run whose networks it began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
}

/// Networks and the step that trains them, as settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Networks<M, A> {
    /// The networks' sizes.
    pub model: M,
    /// Losses, optimisers and schedules.
    pub algorithm: A,
}

impl<N> ImageConfig<N> {
    /// Checks the settings that all such runs have; the networks' own are checked where these are
    /// built.
    ///
    /// # Errors
    /// [`CliError::Images`], [`CliError::Data`] and [`CliError::Train`] for one that is out of its
    /// range.
    pub fn validate(&self) -> Result<(), CliError> {
        self.data.validate()?;
        self.batches.validate()?;
        Ok(self.fit.validate()?)
    }

    /// Gives fresh networks those that the run begins [with](Self::from), if any; those of an `earlier`
    /// session that has a checkpoint go on from that, if it was trained on these images.
    ///
    /// # Errors
    /// [`CliError::Train`] for a file that is no checkpoint, for other networks, and for another number of
    /// images.
    pub fn begin(
        &self,
        step: &dyn State,
        folder: &ImageFolder,
        earlier: Option<&RunDir>,
    ) -> Result<(), CliError> {
        let newest = match earlier {
            Some(run) if !run.checkpoints()?.is_empty() => Some(run.newest_checkpoint()?),
            _ => None,
        };
        match (newest, &self.from) {
            (Some(path), _) => {
                let checkpoint = Checkpoint::inspect(&path)?;
                Ok(checkpoint.check_samples(&path, folder.train().len() as u64)?)
            }
            (None, Some(from)) => transfer::begin(step, from),
            (None, None) => Ok(()),
        }
    }

    /// Keeps what a run begins with that begins [from](Self::from) another's networks: that one may let go of
    /// its checkpoint before this one has its first.
    ///
    /// # Errors
    /// [`CliError::Train`] where it cannot be written.
    pub fn keep_beginning(
        &self,
        step: &dyn State,
        batches: &Batches,
        run: &RunDir,
    ) -> Result<(), CliError> {
        match self.from {
            Some(_) => Ok(run.save_beginning(step, batches)?),
            None => Ok(()),
        }
    }

    /// Looks through the folder of images and says what is in it.
    ///
    /// # Errors
    /// [`CliError::Images`] where nothing in it can be used.
    pub fn open(&self) -> Result<ImageFolder, CliError> {
        open(&self.data)
    }

    /// The images of the folder that are trained on and those that are held out, one at a time as they
    /// are; none if none are held out.
    ///
    /// # Errors
    /// [`CliError::Data`] where they cannot be dealt.
    pub fn held_out(
        &self,
        folder: &ImageFolder,
        device: Device,
    ) -> Result<Option<[Batches; 2]>, CliError> {
        if folder.validation().is_empty() {
            return Ok(None);
        }
        // Kept for the whole run: nothing of them stays on the device, where the training images are.
        let config = BatchConfig {
            batch_size: 1,
            augment: Augment::None,
            resident_bytes: 0,
            ..self.batches.clone()
        };
        let deal = |images| Batches::new(images, &config, device);
        Ok(Some([deal(folder.train())?, deal(folder.validation())?]))
    }

    /// Settings of a new run on a folder that was opened: batches of so many images, turned and
    /// mirrored, with the seed of `fit`.
    pub(crate) fn new(
        data: FolderConfig,
        folder: &ImageFolder,
        batch_size: usize,
        networks: N,
        fit: FitConfig,
    ) -> Self {
        let batches = BatchConfig {
            batch_size,
            augment: Augment::Dihedral,
            seed: fit.seed,
            ..BatchConfig::default()
        };
        Self { data, batches, networks, fit, physical: Physical::of(folder), from: None }
    }
}

/// Looks through a folder of images and says what is in it.
pub(crate) fn open(data: &FolderConfig) -> Result<ImageFolder, CliError> {
    say(format_args!("reading {}", data.path.display()));
    let folder = ImageFolder::open(data)?;
    say(folder.report());
    Ok(folder)
}
