//! What can go wrong between labelled images and an answer, sorted by who can mend it.

use std::path::PathBuf;

use astrogen_data::DataError;
use astrogen_images::ImagesError;
use astrogen_metrics::MetricsError;
use astrogen_models::ModelError;
use astrogen_plot::PlotError;
use astrogen_train::TrainError;

/// Errors of this crate: its own, and those of what it is made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScarceError {
    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name} must be {rule}, got {got}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// What is allowed.
        rule: String,
        /// What was given.
        got: String,
    },

    /// A file of labels that cannot be used.
    #[error("labels {}: {reason}", path.display())]
    Labels {
        /// The file.
        path: PathBuf,
        /// What is wrong and how to mend it.
        reason: String,
    },

    /// A class that too few images are of, or none.
    #[error("class {class}: {reason}")]
    Class {
        /// The class.
        class: String,
        /// What is wrong and how to mend it.
        reason: String,
    },

    /// Images that cannot be read.
    #[error(transparent)]
    Images(#[from] ImagesError),

    /// Images that cannot be dealt in batches.
    #[error(transparent)]
    Data(#[from] DataError),

    /// A network that cannot be built, or images that do not fit it.
    #[error(transparent)]
    Model(#[from] ModelError),

    /// A training that fails, or a run's folder that cannot be written.
    #[error(transparent)]
    Train(#[from] TrainError),

    /// Scores that cannot be taken.
    #[error(transparent)]
    Metrics(#[from] MetricsError),

    /// A figure that cannot be written.
    #[error(transparent)]
    Plot(#[from] PlotError),

    /// libtorch refused an operation.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(tch::TchError),
}

impl ScarceError {
    pub(crate) fn setting(name: &'static str, rule: impl Into<String>, got: impl ToString) -> Self {
        Self::Setting { name, rule: rule.into(), got: got.to_string() }
    }
}

// No `source`: its first line is in the message, and the rest is a C++ stack.
impl From<tch::TchError> for ScarceError {
    fn from(error: tch::TchError) -> Self {
        Self::Torch(error)
    }
}
