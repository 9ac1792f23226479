//! A run that begins from another run's networks.

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
    /// With --from: the first so many layers of the discriminator stay as they are.
    #[arg(long, value_name = "LAYERS", default_value_t = 0, requires = "from")]
    freeze: usize,
}

impl TransferArguments {
    /// The run to begin from, if one was named.
    ///
    /// # Errors
    /// [`CliError::Usage`] where the path cannot be made absolute.
    pub(crate) fn from(&self) -> Result<Option<PathBuf>, CliError> {
        self.from.as_deref().map(absolute).transpose()
    }

    /// How many layers of the generator's opponent stay as they are.
    pub(crate) fn frozen_layers(&self) -> usize {
        self.freeze
    }
}

/// Gives the networks of a run that has no checkpoint yet those of another one, if it begins `from`
/// one.
///
/// # Errors
/// [`CliError::Train`] for a folder that is no run, and for other networks.
pub(crate) fn begin(step: &dyn State, run: &RunDir, from: Option<&Path>) -> Result<(), CliError> {
    let Some(from) = from.filter(|_| run.checkpoints().is_ok_and(|steps| steps.is_empty())) else {
        return Ok(());
    };
    let steps = begin_from(step, &RunDir::open(from)?)?;
    say(format_args!("beginning with the networks of {} after {steps} steps", from.display()));
    Ok(())
}
