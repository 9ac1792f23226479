//! Which settings of an emulator are tried.

use std::path::PathBuf;

use astrogen_emulator::SearchConfig;
use astrogen_tables::{Table, TableConfig};
use clap::Args;

use crate::{CliError, EmulatorArguments};

/// Which settings are tried, and what the trials have in common.
#[derive(Debug, Args)]
pub struct SearchArguments {
    /// The settings to try, as JSON: paths in a run's config.json, each with a list of values
    /// or a range, {"algorithm.n_critic": [2, 5], "algorithm.critic_optimizer.lr":
    /// {"log_uniform": [1e-4, 1e-3]}, "batches.batch_size": {"integer": [100, 1000]}}. Not
    /// needed to --resume.
    #[arg(long, required_unless_present = "resume")]
    space: Option<PathBuf>,
    /// How many settings are drawn; all combinations if left out and there are only lists.
    #[arg(long)]
    trials: Option<u64>,
    /// What the trials have in common, and where they are.
    #[command(flatten)]
    pub train: EmulatorArguments,
}

impl SearchArguments {
    /// The settings of a new search on this table, which was opened with `data`; its trials are
    /// known to be possible.
    ///
    /// # Errors
    /// [`CliError::Usage`] without a space, [`CliError::Read`] and [`CliError::Json`] for a file
    /// that is none, [`CliError::Emulator`] for one that breaks a rule or names no setting.
    pub fn config(&self, data: TableConfig, table: &Table) -> Result<SearchConfig, CliError> {
        let Some(path) = &self.space else {
            return Err(CliError::Usage("a search needs --space FILE".to_owned()));
        };
        let text = std::fs::read_to_string(path)
            .map_err(|source| CliError::Read { path: path.clone(), source })?;
        let space = serde_json::from_str(&text)
            .map_err(|source| CliError::Json { path: path.clone(), source })?;
        let base = self.train.config(data, table);
        let config = SearchConfig { space, trials: self.trials, base };
        config.trials()?;
        Ok(config)
    }
}
