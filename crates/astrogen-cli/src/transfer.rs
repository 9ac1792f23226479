//! A run that begins from another run's networks.
//!
//! What its settings keep is the checkpoint that it begins with, and its own of step 0 is what it began with, so
//! that it goes on alike when it was stopped before it had another one, whatever the other run did since.

use std::path::{Path, PathBuf};

use astrogen_train::run_dir::RunDir;
use astrogen_train::state::State;
use astrogen_train::transfer::begin_from;
use clap::Args;

use crate::error::absolute;
use crate::{CliError, say};

/// Which run's networks a new run begins with.
#[derive(Debug, Clone, Args)]
pub(crate) struct TransferArguments {
    /// Begin with the networks of this run, by the same recipe and of the same sizes, instead of fresh
    /// ones: for a few dozen images that have much in common with the many it learnt from.
    #[arg(long, value_name = "RUN", conflicts_with = "resume")]
    from: Option<PathBuf>,
    /// With --from: the first so many layers of the discriminator stay as they are, normalisations being
    /// layers too; R3gan: the first so many sizes of images.
    #[arg(long, value_name = "LAYERS", default_value_t = 0, requires = "from")]
    freeze: usize,
}

impl TransferArguments {
    /// The run to begin from, if one was named.
    pub(crate) fn run(&self) -> Option<&Path> {
        self.from.as_deref()
    }

    /// The checkpoint to begin with, the newest of the run that was named, if one was.
    ///
    /// # Errors
    /// [`CliError::Train`] for a folder that is no run, or one without a checkpoint.
    pub(crate) fn checkpoint(&self) -> Result<Option<PathBuf>, CliError> {
        self.run().map(|run| newest(&absolute(run)?)).transpose()
    }

    /// How many layers of the generator's opponent stay as they are.
    pub(crate) fn frozen_layers(&self) -> usize {
        self.freeze
    }
}

/// Gives networks those of another run's checkpoint; settings of earlier versions name the run.
///
/// # Errors
/// [`CliError::Train`] for a file that is no checkpoint, and for other networks.
pub(crate) fn begin(step: &dyn State, from: &Path) -> Result<(), CliError> {
    let newest = from.is_dir().then(|| newest(from)).transpose()?;
    let checkpoint = newest.as_deref().unwrap_or(from);
    let steps = begin_from(step, checkpoint)?;
    let from = checkpoint.display();
    say(format_args!("beginning with the networks of {from}, after {steps} steps"));
    Ok(())
}

fn newest(run: &Path) -> Result<PathBuf, CliError> {
    Ok(RunDir::open(run)?.newest_checkpoint()?)
}
