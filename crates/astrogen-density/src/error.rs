//! What can go wrong between a catalogue and its density.

use std::path::PathBuf;

use astrogen_catalog::CatalogError;
use astrogen_data::DataError;
use astrogen_flows::FlowError;
use astrogen_metrics::MetricsError;
use astrogen_plot::PlotError;
use astrogen_report::ReportError;
use astrogen_tables::TablesError;
use astrogen_train::TrainError;

/// Errors of this crate: its own, and those of what it is made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DensityError {
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

    /// A column that its unit does not fit.
    #[error("column {column}: {reason}")]
    Column {
        /// The column.
        column: String,
        /// What does not fit, and what to do.
        reason: String,
    },

    /// A run that is not trained to its end.
    #[error("{run} has no flow yet: go on with `--resume {run}`", run = run.display())]
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

    /// Settings out of their range, a run that cannot be used, or a training that fails.
    #[error(transparent)]
    Train(#[from] TrainError),

    /// Rows that cannot be read.
    #[error(transparent)]
    Tables(#[from] TablesError),

    /// A catalogue that cannot be read or written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),

    /// Rows that cannot be dealt in batches.
    #[error(transparent)]
    Data(#[from] DataError),

    /// A flow that cannot be built, loaded or used.
    #[error(transparent)]
    Flow(#[from] FlowError),

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

impl DensityError {
    /// About a row of a whole, where it names one of a part.
    pub(crate) fn of_row(self, place: impl FnOnce(i64) -> i64) -> Self {
        match self {
            Self::Flow(FlowError::NoDensity { row }) => {
                Self::Flow(FlowError::NoDensity { row: place(row) })
            }
            other => other,
        }
    }
}
