//! The Gaussian regressions of a run: the emulator's first half, and the one that is to be beaten.

use astrogen_models::{GaussianRegressor, ModelError};
use astrogen_tables::{Table, TableConfig, TablesError};
use astrogen_train::RunDir;
use tch::Device;

use crate::{EmulatorConfig, EmulatorError};

/// The regression that is to be beaten, of magnitudes as they are: its folder in a run's.
pub(crate) const BASELINE: &str = "gaussian";

/// The regression that is the emulator's first half, in units of the local scatter.
pub(crate) const FIRST_HALF: &str = "first-half";

/// The regression that is to be beaten, and the rows in its units.
pub(crate) struct Baseline {
    pub(crate) gaussian: GaussianRegressor,
    pub(crate) rows: Table,
}

impl Baseline {
    /// That of a run.
    pub(crate) fn load(
        run: &RunDir,
        config: &EmulatorConfig,
        table: &Table,
    ) -> Result<Self, EmulatorError> {
        Ok(Self { gaussian: gaussian(run, BASELINE)?, rows: one_unit(config, table)? })
    }
}

/// The same rows with observed features in one unit, as the baseline sees them.
pub(crate) fn one_unit(config: &EmulatorConfig, table: &Table) -> Result<Table, TablesError> {
    match config.data.local_bins {
        None => Ok(table.clone()),
        Some(_) => Table::open(&TableConfig { local_bins: None, ..config.data.clone() }),
    }
}

/// A regression of a run. One that is not there is an error: what it makes of a run's rows cannot
/// be done without.
pub(crate) fn gaussian(run: &RunDir, name: &str) -> Result<GaussianRegressor, ModelError> {
    GaussianRegressor::load(run.join(name), Device::Cpu)
}
