//! What can go wrong between a command line and settings.

use std::path::{Path, PathBuf};

use astrogen_anomaly::AnomalyError;
use astrogen_density::DensityError;
use astrogen_emulator::EmulatorError;
use astrogen_forge::ForgeError;
use astrogen_images::ImagesError;
use astrogen_metrics::MetricsError;
use astrogen_models::ModelError;
use astrogen_plot::PlotError;
use astrogen_runtime::RuntimeError;
use astrogen_scarce::ScarceError;
use astrogen_sky::SkyError;
use astrogen_stars::StarsError;
use astrogen_train::TrainError;

/// Errors of this crate: those of the options, and of what they name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// Options that do not go together, or the value of one: what is wrong and how to mend it.
    #[error("{0}")]
    Usage(String),

    /// Networks that a recipe has not.
    #[error("{hint}")]
    Recipe {
        /// Which recipe, and which other one might do.
        hint: &'static str,
        /// The rule that is broken.
        source: ModelError,
    },

    /// A path that cannot be made absolute, such as an empty one.
    #[error(transparent)]
    Path(std::io::Error),

    /// A file of settings that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// A file of settings that is something else.
    #[error("{} is not JSON of the settings that it should hold", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it is not.
        source: serde_json::Error,
    },

    /// A device that is not there.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),

    /// Images that cannot be used, or samples that cannot be written.
    #[error(transparent)]
    Images(#[from] ImagesError),

    /// Images that cannot be dealt in batches.
    #[error(transparent)]
    Data(#[from] astrogen_data::DataError),

    /// Star particles that cannot be read.
    #[error(transparent)]
    Stars(#[from] StarsError),

    /// Galaxies that do not fit, or a trained forge that cannot be used.
    #[error(transparent)]
    Forge(#[from] ForgeError),

    /// A sky that cannot be simulated.
    #[error(transparent)]
    Sky(#[from] SkyError),

    /// Settings out of their range, or a run that cannot be used.
    #[error(transparent)]
    Train(#[from] TrainError),

    /// Networks that cannot be built or loaded.
    #[error(transparent)]
    Model(#[from] ModelError),

    /// An emulator that cannot be trained, loaded or used.
    #[error(transparent)]
    Emulator(#[from] EmulatorError),

    /// A density that cannot be learnt, loaded or used.
    #[error(transparent)]
    Density(#[from] DensityError),

    /// Labelled images that cannot be used.
    #[error(transparent)]
    Scarce(#[from] ScarceError),

    /// Anomalies that cannot be searched for.
    #[error(transparent)]
    Anomaly(#[from] AnomalyError),

    /// A network that makes no features.
    #[error(transparent)]
    Metrics(#[from] MetricsError),

    /// A picture that cannot be written.
    #[error(transparent)]
    Plot(#[from] PlotError),
}

/// A path as a run keeps it: one that goes on may be started from another folder.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(CliError::Path)
}
