//! What can go wrong between galaxies and their stars.

use std::path::PathBuf;

use astrogen_catalog::CatalogError;
use astrogen_data::DataError;
use astrogen_flows::FlowError;
use astrogen_images::ImagesError;
use astrogen_metrics::MetricsError;
use astrogen_models::ModelError;
use astrogen_plot::PlotError;
use astrogen_report::ReportError;
use astrogen_stars::StarsError;
use astrogen_train::TrainError;

/// Errors of this crate: its own, and those of what it is made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForgeError {
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

    /// A galaxy that is not there, or does not fit.
    #[error("galaxy {id}: {reason}")]
    Galaxy {
        /// Its id.
        id: String,
        /// What does not fit, and what to do.
        reason: String,
    },

    /// A run that is not trained to its end.
    #[error("{run} has no flow yet: go on with `--resume {run}`", run = run.display())]
    Unfinished {
        /// The folder of the run.
        run: PathBuf,
    },

    /// A file or folder whose content cannot be used.
    #[error("{}: {reason}", path.display())]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A file that is there already, and would be overwritten.
    #[error("{} exists; name a file that does not", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },

    /// A file or folder that cannot be read or written.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },

    /// Settings out of their range, a run that cannot be used, or a training that fails.
    #[error(transparent)]
    Train(#[from] TrainError),

    /// Images that cannot be read.
    #[error(transparent)]
    Images(#[from] ImagesError),

    /// Stars that cannot be read, cleaned or written.
    #[error(transparent)]
    Stars(#[from] StarsError),

    /// A catalogue that cannot be read or written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),

    /// Samples that cannot be dealt in batches.
    #[error(transparent)]
    Data(#[from] DataError),

    /// An autoencoder that cannot be built, loaded or used.
    #[error(transparent)]
    Model(#[from] ModelError),

    /// A flow that cannot be built, loaded or used.
    #[error(transparent)]
    Flow(#[from] FlowError),

    /// Stars that cannot be compared.
    #[error(transparent)]
    Metrics(#[from] MetricsError),

    /// A figure that cannot be written.
    #[error(transparent)]
    Plot(#[from] PlotError),

    /// The picture of all numbers that cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}
