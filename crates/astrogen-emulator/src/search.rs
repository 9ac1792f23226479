//! Many settings, one table.

mod failure;

use std::path::Path;

use astrogen_tables::Table;
use astrogen_train::search::{SearchSpace, SearchTable, Trial};
use astrogen_train::{RunDir, StopSignal, TrainError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::Device;

use self::failure::is_of_settings;
use crate::judge::judge_rows;
use crate::train::fit_emulator;
use crate::{EmulatorConfig, EmulatorError, Judgement, Watch};

/// What a search is made with: config.json in its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchConfig {
    /// The settings to try: paths in an [`EmulatorConfig`], each with a list of values or a range,
    /// as [`SearchSpace::from_json`] reads them.
    pub space: Value,
    /// How many settings are drawn, by the seed of `base`; `None` for all combinations of lists.
    pub trials: Option<u64>,
    /// What the trials have in common.
    pub base: EmulatorConfig,
}

impl SearchConfig {
    /// Checks the space and what its trials have in common.
    ///
    /// # Errors
    /// Those of [`trials`](Self::trials) and of [`EmulatorConfig::validate`].
    pub fn validate(&self) -> Result<(), EmulatorError> {
        self.trials()?;
        self.base.validate()
    }

    /// Checks the settings, for a table.
    ///
    /// # Errors
    /// Those of [`validate`](Self::validate) and of [`EmulatorConfig::validate_for`].
    pub fn validate_for(&self, table: &Table) -> Result<(), EmulatorError> {
        self.base.validate_for(table)?;
        self.validate()
    }

    /// The trials, in order.
    ///
    /// # Errors
    /// [`EmulatorError::Train`] for a space that breaks a rule, or names no setting of `base`;
    /// [`EmulatorError::DataInSearch`] for one that changes the data.
    pub fn trials(&self) -> Result<Vec<Trial>, EmulatorError> {
        let space = SearchSpace::from_json(&self.space.to_string())?;
        let trials = space.trials(self.trials, self.base.fit.seed)?;
        for trial in &trials {
            let EmulatorConfig { data, scaling, .. } = trial.apply(&self.base)?;
            if data != self.base.data || scaling != self.base.scaling {
                return Err(EmulatorError::DataInSearch { trial: trial.to_string() });
            }
        }
        Ok(trials)
    }

    /// The trials, and what came of those that are done: `search.csv` in the search's folder.
    ///
    /// # Errors
    /// Those of [`trials`](Self::trials), and [`EmulatorError::Train`] where the file is the table of
    /// another search, or holds trials that this one has not.
    pub fn results(&self, run: &RunDir) -> Result<SearchTable, EmulatorError> {
        Ok(SearchTable::open(run.join("search.csv"), self.trials()?)?)
    }
}

/// Trains an emulator with each trial's settings, a run of its own (`trial-001`, ...) in the run's
/// folder, where `config` and the scores by validation rows (`search.csv`) are written. `table` is
/// that of the data.
///
/// Called again on a search that was stopped or killed, it goes on with the trial that it was at;
/// the table has a [next trial](SearchTable::next_trial) where a stop was asked for before the
/// end. A trial that fails by its settings, such as losses that are no longer finite, is entered
/// with the reason.
///
/// # Errors
/// Those of [`SearchConfig::results`]; [`EmulatorError::Train`] for a trial's folder that was begun
/// with other settings; what else keeps a trial from its end, such as a full disk or no memory: it
/// goes on with the next call.
pub fn search(
    run: &RunDir,
    config: &SearchConfig,
    table: &Table,
    device: Device,
    stop: &StopSignal,
    watch: &mut dyn Watch,
) -> Result<SearchTable, EmulatorError> {
    let mut results = config.results(run)?; // refused before the settings are written
    run.write_config(config)?;
    while let Some(trial) = results.next_trial().cloned() {
        watch.remark(&format!("{trial} ({} trials)", results.trials().len()));
        let folder = run.join(folder(&trial));
        match score(&trial, &config.base, &folder, table, device, stop, watch) {
            Ok(None) => break, // interrupted: the trial goes on the next time
            Ok(Some(score)) => results.record(trial.number, Ok::<f64, String>(score))?,
            Err(error) if is_of_settings(&error) => results.record(trial.number, Err(error))?,
            Err(error) => return Err(error),
        }
    }
    Ok(results)
}

/// Judges the best trial of a search whose trials are all done, by rows that neither its epoch nor
/// the trial was chosen by; none of one that was stopped, or of failures alone.
///
/// # Errors
/// Those of [`judge`](crate::judge()).
pub fn judge_best(
    run: &RunDir,
    config: &SearchConfig,
    table: &Table,
    results: &SearchTable,
) -> Result<Option<(Trial, Judgement)>, EmulatorError> {
    let (None, Some((best, _))) = (results.next_trial(), results.best()) else { return Ok(None) };
    let trial = RunDir::open(&run.join(folder(best)))?;
    let judgement = judge_rows(&trial, &best.apply(&config.base)?, table, None)?;
    Ok(Some((best.clone(), judgement)))
}

/// The name of a trial's folder in the search's.
fn folder(trial: &Trial) -> String {
    format!("trial-{:03}", trial.number)
}

/// The best score of a trial's run, unless it was interrupted.
fn score(
    trial: &Trial,
    base: &EmulatorConfig,
    folder: &Path,
    table: &Table,
    device: Device,
    stop: &StopSignal,
    watch: &mut dyn Watch,
) -> Result<Option<f64>, EmulatorError> {
    let config = trial.apply(base)?;
    let run = RunDir::create_or_resume(folder)?;
    check_begun(&run, &config, trial)?;
    run.write_config(&config)?;
    let finished = fit_emulator(&run, &config, table, device, stop, watch)?;
    Ok(run.best_checkpoint()?.map(|(_, score)| score).filter(|_| finished))
}

/// Refuses a trial's folder that was begun with other settings; how often checkpoints are written
/// may change.
fn check_begun(run: &RunDir, config: &EmulatorConfig, trial: &Trial) -> Result<(), TrainError> {
    if !run.config_path().exists() {
        return Ok(());
    }
    let mut begun: EmulatorConfig = run.read_config()?;
    begun.fit.checkpoint_interval = config.fit.checkpoint_interval;
    if begun == *config {
        return Ok(());
    }
    Err(TrainError::RunDir {
        path: run.path().to_owned(),
        reason: format!(
            "expected the settings of {trial}, and config.json in it has others: go on with the \
             search that began it, or move it away to begin the trial anew"
        ),
    })
}
