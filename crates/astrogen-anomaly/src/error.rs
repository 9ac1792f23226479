//! What can go wrong between a trained run and what is found with it.

use std::path::PathBuf;

use astrogen_data::DataError;
use astrogen_metrics::MetricsError;
use astrogen_models::ModelError;
use astrogen_plot::PlotError;
use astrogen_preprocess::PreprocessError;
use astrogen_sky::SkyError;
use astrogen_train::TrainError;
use tch::TchError;

/// Errors of this crate: its own, and those of what it is made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnomalyError {
    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name} must be {rule}, got {got}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// What is allowed.
        rule: &'static str,
        /// What was given.
        got: String,
    },

    /// A run without a checkpoint.
    #[error("{} has no checkpoint yet: train it first", run.display())]
    Untrained {
        /// The folder of the run.
        run: PathBuf,
    },

    /// A table that cannot be written.
    #[error("cannot make the table of finds")]
    Csv(#[from] csv::Error),

    /// What libtorch refused.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(TchError),

    /// Settings out of their range, a run that cannot be used, or a training that fails.
    #[error(transparent)]
    Train(#[from] TrainError),

    /// Networks that cannot be built, or images that do not fit them.
    #[error(transparent)]
    Model(#[from] ModelError),

    /// Images that cannot be dealt in batches.
    #[error(transparent)]
    Data(#[from] DataError),

    /// Images that no anomaly can be put into.
    #[error(transparent)]
    Sky(#[from] SkyError),

    /// Images that cannot be brought to linear light and back.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),

    /// Scores that cannot be compared.
    #[error(transparent)]
    Metrics(#[from] MetricsError),

    /// A picture that cannot be drawn.
    #[error(transparent)]
    Plot(#[from] PlotError),
}

// No `source`: its first line is in the message, and the rest is a C++ stack.
impl From<TchError> for AnomalyError {
    fn from(error: TchError) -> Self {
        Self::Torch(error)
    }
}
