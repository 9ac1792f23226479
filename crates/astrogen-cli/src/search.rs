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
    #[arg(long, required_unless_present = "resume", conflicts_with = "resume")]
    space: Option<PathBuf>,
    /// How many settings are drawn; all combinations if left out and there are only lists. With --resume
    /// as many in all.
    #[arg(long)]
    trials: Option<u64>,
    /// What the trials have in common, and where they are.
    #[command(flatten)]
    pub train: EmulatorArguments,
}

impl SearchArguments {
    /// The settings of a new search on this table, which was opened with `data`.
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
        Ok(SearchConfig { space, trials: self.trials, base })
    }

    /// The settings of a search that goes on, with as many trials as are asked for, if any are.
    ///
    /// # Errors
    /// [`CliError::Usage`] for another length of its trials, which are to be compared.
    pub fn longer(&self, config: SearchConfig) -> Result<SearchConfig, CliError> {
        if self.train.run.steps(1).is_some() {
            let hint = "--steps and --epochs: a search goes on with trials as long as those before; begin \
                        a new one";
            return Err(CliError::Usage(hint.to_owned()));
        }
        Ok(SearchConfig { trials: self.trials.or(config.trials), ..config })
    }
}
