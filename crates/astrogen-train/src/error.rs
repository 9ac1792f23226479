//! What can go wrong while training, sorted by who can mend it.

use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name} must be {rule}, got {got}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// The rule it has to follow.
        rule: &'static str,
        /// The value that was given.
        got: String,
    },

    /// The folder of a run cannot be used as asked.
    #[error("run folder {path}: {reason}")]
    RunDir {
        /// The folder.
        path: PathBuf,
        /// What is wrong and how to mend it.
        reason: String,
    },

    /// A checkpoint cannot be used.
    #[error("checkpoint {path}: {reason}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong and how to mend it.
        reason: String,
    },

    /// A best checkpoint is to be chosen by a number that no evaluation has.
    #[error("best_by names {name:?}, and evaluations have {known:?}: name one of these")]
    Criterion {
        /// The number's name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },

    /// A search space, its trials or a trial's settings break a rule.
    #[error("hyperparameter search: {reason}")]
    Search {
        /// What is wrong and how to mend it.
        reason: String,
    },

    /// A log of a run is not what it should be.
    #[error("{path}: {reason}")]
    Log {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// A file is not the table of this search.
    #[error("search table {path}: {reason}")]
    SearchTable {
        /// The file.
        path: PathBuf,
        /// What is wrong and how to mend it.
        reason: String,
    },

    /// A number of the run is no longer finite.
    #[error(
        "{tensor} is not finite at step {step}: the run stopped, and its last good \
         checkpoint is kept; in a new run a lower learning rate, or another seed, may help"
    )]
    NonFinite {
        /// The step after which it was seen.
        step: u64,
        /// The first tensor, in the order losses, networks, optimisers, that holds a NaN
        /// or an infinity.
        tensor: String,
    },

    /// An algorithm's step, or what looks at it, failed where no error was expected, for want of
    /// memory say.
    #[error("{what} failed: {reason}")]
    Panicked {
        /// What was being done.
        what: &'static str,
        /// The first line of what was said.
        reason: String,
    },

    /// A file of the run cannot be written or read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// Processes that train together do not go on.
    #[error(transparent)]
    Distributed(#[from] astrogen_distributed::DistributedError),

    /// A precision that the device has not.
    #[error(transparent)]
    Runtime(#[from] astrogen_runtime::RuntimeError),

    /// A sample could not be had.
    #[error(transparent)]
    Data(#[from] astrogen_data::DataError),

    /// A network could not be built, saved or loaded.
    #[error(transparent)]
    Model(#[from] astrogen_models::ModelError),

    /// A network that was given to a step cannot be trained by it.
    #[error("{network}: {reason}")]
    Network {
        /// Which one.
        network: &'static str,
        /// What is wrong and how to mend it.
        reason: String,
    },

    /// A loss's setting is out of its range.
    #[error(transparent)]
    Loss(#[from] astrogen_losses::LossError),

    /// A flow's settings, or rows that do not fit it.
    #[error(transparent)]
    Flow(astrogen_flows::FlowError),

    /// libtorch refused an operation.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(tch::TchError),

    /// An error of yours: of an observer, a step or a network that is not this crate's.
    #[error(transparent)]
    Custom(Box<dyn std::error::Error + Send + Sync>),
}

// No `source`: its first line is in the message, and the rest is a C++ stack.
impl From<tch::TchError> for TrainError {
    fn from(error: tch::TchError) -> Self {
        Self::Torch(error)
    }
}

impl TrainError {
    /// Wraps an error of yours, such as that of an observer that draws or writes something.
    pub fn custom(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Custom(error.into())
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
