//! What a run is made with.

use astrogen_data::BatchConfig;
use astrogen_flows::FlowConfig;
use astrogen_tables::{ColumnTable, ColumnTableConfig};
use astrogen_train::{FitConfig, FlowStepConfig};
use serde::{Deserialize, Serialize};

use crate::DensityError;

/// Everything a run was made with: config.json in its folder. A [`Recipe`](crate::Recipe) makes it
/// of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DensityConfig {
    /// The catalogue, its columns, and what is held out.
    pub data: ColumnTableConfig,
    /// The flow; its units bring columns from physical units to those of its networks.
    pub flow: FlowConfig,
    /// Its optimiser.
    pub algorithm: FlowStepConfig,
    /// How training rows are dealt.
    pub batches: BatchConfig,
    /// How long it is trained; it is compared on validation rows at every checkpoint.
    pub fit: FitConfig,
    /// How many flows are trained, from one seed each, and averaged; 1 or more.
    pub members: u64,
    /// Components of the Gaussian mixture that is fitted beside it; 1 or more.
    pub components: usize,
}

impl DensityConfig {
    /// Checks what needs no table.
    ///
    /// # Errors
    /// [`DensityError::Setting`] for no members or components; those of the settings in it.
    pub fn validate(&self) -> Result<(), DensityError> {
        for (name, got) in [("members", self.members), ("components", self.components as u64)] {
            if got == 0 {
                let rule = "at least 1".to_owned();
                return Err(DensityError::Setting { name, rule, got: got.to_string() });
            }
        }
        self.data.validate()?;
        self.flow.validate()?;
        self.algorithm.validate()?;
        self.batches.validate()?;
        Ok(self.fit.validate()?)
    }

    /// Steps of a pass over the training rows.
    pub fn steps_per_epoch(&self, table: &ColumnTable) -> u64 {
        (table.train().len() / self.batches.batch_size.max(1)).max(1) as u64
    }

    /// Features and then context: the columns in the order in which the flow counts them.
    pub fn columns(&self) -> Vec<String> {
        [self.data.features.clone(), self.data.context.clone()].concat()
    }
}
