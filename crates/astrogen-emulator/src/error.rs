//! What can go wrong between a table and a judged emulator.

use std::path::PathBuf;

use astrogen_catalog::CatalogError;
use astrogen_data::DataError;
use astrogen_metrics::MetricsError;
use astrogen_models::ModelError;
use astrogen_plot::PlotError;
use astrogen_report::ReportError;
use astrogen_tables::TablesError;
use astrogen_train::TrainError;

/// Errors of this crate: its own, and those of what it is made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
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

    /// A run that is not trained to its end.
    #[error(
        "{run} has no emulator yet: `train --resume {run}` brings it to its end",
        run = run.display()
    )]
    Unfinished {
        /// The folder of the run.
        run: PathBuf,
    },

    /// A file that is there already, and would be overwritten.
    #[error("{} exists; name a file that does not", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },

    /// A search over settings that cannot differ between its trials.
    #[error("settings of the data stay as they are in a search: {trial}")]
    DataInSearch {
        /// The trial that would change them.
        trial: String,
    },

    /// Settings out of their range, a run that cannot be used, or a training that fails.
    #[error(transparent)]
    Train(#[from] TrainError),

    /// Rows that cannot be read, or that do not fit the settings.
    #[error(transparent)]
    Tables(#[from] TablesError),

    /// A catalogue that cannot be written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),

    /// Rows that cannot be dealt in batches.
    #[error(transparent)]
    Data(#[from] DataError),

    /// A network that cannot be built or loaded.
    #[error(transparent)]
    Model(#[from] ModelError),

    /// Rows that cannot be compared.
    #[error(transparent)]
    Metrics(#[from] MetricsError),

    /// A figure that cannot be written.
    #[error(transparent)]
    Plot(#[from] PlotError),

    /// The picture of all numbers that cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}
