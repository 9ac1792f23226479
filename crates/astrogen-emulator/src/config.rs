//! What a run is made with.

use astrogen_data::{BatchConfig, DataError, Dataset};
use astrogen_models::TabularConfig;
use astrogen_tables::{Table, TableConfig, TableScaling};
use astrogen_train::{CwganGpStepConfig, FitConfig};
use serde::{Deserialize, Serialize};

use crate::EmulatorError;

/// Everything a run was made with: config.json in its folder. A [`Recipe`](crate::Recipe) makes it
/// of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmulatorConfig {
    /// The catalogue, its columns and maps, and what is held out.
    pub data: TableConfig,
    /// How its rows were scaled: fitted on the training rows.
    pub scaling: TableScaling,
    /// How training rows are dealt.
    pub batches: BatchConfig,
    /// Whether the generator learns what a Gaussian regression leaves.
    pub whiten: bool,
    /// The networks' sizes: features, true features and conditions are those of `data`.
    pub model: TabularConfig,
    /// Losses and optimisers.
    pub algorithm: CwganGpStepConfig,
    /// How long the networks are trained; the generator is judged at every checkpoint.
    pub fit: FitConfig,
    /// What is judged.
    pub compare: Compare,
    /// The most validation rows that a checkpoint is judged on.
    pub judged: usize,
}

/// What is compared between observed and generated rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Observed minus true: each observed feature measures the true one of its place.
    #[default]
    Residuals,
    /// Observed features themselves: they are other quantities than the true ones.
    Values,
}

impl EmulatorConfig {
    /// Steps of a pass over the table's training rows.
    pub fn steps_per_epoch(&self, table: &Table) -> u64 {
        (table.train().len() / self.batches.batch_size.max(1)) as u64
    }

    /// Checks what needs no table.
    ///
    /// # Errors
    /// [`EmulatorError::Train`] for lengths out of their range, [`EmulatorError::Model`] for
    /// networks that cannot be.
    pub fn validate(&self) -> Result<(), EmulatorError> {
        self.fit.validate()?;
        self.algorithm.validate()?;
        self.batches.validate()?;
        Ok(self.model.validate()?)
    }

    /// Checks the settings, for a table.
    ///
    /// # Errors
    /// Those of [`validate`](Self::validate); [`EmulatorError::Data`] for batches of more rows than there
    /// are to train on.
    pub fn validate_for(&self, table: &Table) -> Result<(), EmulatorError> {
        let (batch_size, samples) = (self.batches.batch_size, table.train().len());
        if batch_size > samples {
            return Err(DataError::BatchSize { batch_size, samples }.into());
        }
        self.validate()
    }
}
