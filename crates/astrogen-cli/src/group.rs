//! The processes that this program was started as.

use std::fmt::Display;
use std::sync::OnceLock;

use astrogen_train::{Group, TrainError, World};

use crate::CliError;

static GROUP: OnceLock<Group> = OnceLock::new();

/// The processes that this program was started as by torchrun, Slurm or Open MPI, this one alone where it
/// was started by none. The first call waits until all are there.
///
/// # Errors
/// [`CliError::Train`] where one does not come, or the launcher's variables make no sense.
pub fn group() -> Result<&'static Group, CliError> {
    if let Some(group) = GROUP.get() {
        return Ok(group);
    }
    let group = Group::from_environment().map_err(TrainError::from)?;
    Ok(GROUP.get_or_init(|| group))
}

/// Whether this process talks to its user: one alone, and the first of a group.
pub(crate) fn talks() -> bool {
    GROUP.get().is_none_or(Group::is_first)
}

/// What a program's `main` gives back: where it is an error, the other processes are told, so that they end
/// with it.
///
/// # Errors
/// The error itself.
pub fn ended<E: Display>(result: Result<(), E>) -> Result<(), E> {
    result.inspect_err(|error| {
        if let Some(group) = GROUP.get() {
            group.leave(&format!("{error:#}"));
        }
    })
}

/// For what one process does: ends the others of those that were started, well, and is alone from now on.
///
/// # Errors
/// [`CliError::Train`] where the launcher's variables make no sense.
pub fn by_the_first() -> Result<(), CliError> {
    let world = World::from_environment().map_err(TrainError::from)?;
    if world.is_some_and(|world| world.rank > 0) {
        std::process::exit(0);
    }
    let _ = GROUP.set(Group::alone());
    Ok(())
}
