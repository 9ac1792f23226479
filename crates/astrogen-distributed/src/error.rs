//! What can go wrong between processes.

use thiserror::Error;

/// Why a group cannot be made, or cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DistributedError {
    /// The launcher's variables do not make a group.
    #[error("the launcher's variables: {variable} must be {rule}, got {got}")]
    Variable {
        /// The variable's name.
        variable: &'static str,
        /// What it has to be.
        rule: &'static str,
        /// What it is.
        got: String,
    },
    /// Built without the engine.
    #[error(
        "this is process {rank} of {size}, and the program was built for a process alone: build it \
         with the feature `distributed`"
    )]
    NotBuilt {
        /// This process.
        rank: usize,
        /// All of them.
        size: usize,
    },
    /// The place where processes meet cannot be reached, or kept.
    #[error("process {rank} of {size} cannot {what} {place}: {reason}")]
    Meeting {
        /// This process.
        rank: usize,
        /// All of them.
        size: usize,
        /// What it could not do.
        what: &'static str,
        /// The address.
        place: String,
        /// libtorch's words.
        reason: String,
    },
    /// Processes that did not come, or that are gone.
    #[error("{}", missing(.ranks, *.size, .what, *.seconds))]
    Missing {
        /// Which.
        ranks: Vec<usize>,
        /// All of them.
        size: usize,
        /// What they were waited for.
        what: String,
        /// For so long.
        seconds: u64,
    },
    /// Another process ended with an error of its own.
    #[error("process {rank} of {size} ended, and the others with it: {reason}")]
    Left {
        /// Which.
        rank: usize,
        /// All of them.
        size: usize,
        /// Its error.
        reason: String,
    },
    /// Something that has to be the same everywhere is not.
    #[error(
        "process {rank} of {size} does not have the {what} of process 0: {difference}; start all \
         processes with the same command on the same data"
    )]
    Differs {
        /// Which.
        rank: usize,
        /// All of them.
        size: usize,
        /// What differs.
        what: String,
        /// How.
        difference: String,
    },
    /// The engine's own words.
    #[error("process {rank} of {size} cannot {what}: {reason}")]
    Engine {
        /// This process.
        rank: usize,
        /// All of them.
        size: usize,
        /// What it could not do.
        what: String,
        /// libtorch's or NCCL's words.
        reason: String,
    },
}

fn missing(ranks: &[usize], size: usize, what: &str, seconds: u64) -> String {
    let (noun, verb) = if ranks.len() == 1 { ("process", "has") } else { ("processes", "have") };
    let ranks = ranks.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    format!(
        "{noun} {ranks} of {size} {verb} not come to {what} within {seconds} s: ended, killed, cut off \
         or busy elsewhere; see what they last wrote"
    )
}
