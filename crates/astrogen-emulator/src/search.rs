//! Many settings, one table.

use std::path::Path;

use astrogen_tables::Table;
use astrogen_train::search::{SearchSpace, SearchTable, Trial};
use astrogen_train::{RunDir, StopSignal};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::Device;

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
}

/// Trains an emulator with each trial's settings, a run of its own (`trial-001`, ...) in the run's
/// folder, where `config` and the scores by validation rows (`search.csv`) are written. `table` is
/// that of the data.
///
/// Called again on a search that was stopped or killed, it goes on with the trial that it was at;
/// the table has a [next trial](SearchTable::next_trial) where a stop was asked for before the
/// end. A trial that fails is entered with the reason.
///
/// # Errors
/// Those of [`SearchConfig::trials`], and [`EmulatorError::Train`] where files cannot be read or
/// written.
pub fn search(
    run: &RunDir,
    config: &SearchConfig,
    table: &Table,
    device: Device,
    stop: &StopSignal,
    watch: &mut dyn Watch,
) -> Result<SearchTable, EmulatorError> {
    run.write_config(config)?;
    let mut results = SearchTable::open(run.join("search.csv"), config.trials()?)?;
    while let Some(trial) = results.next_trial().cloned() {
        watch.remark(&format!("{trial} ({} trials)", results.trials().len()));
        let folder = run.join(folder(&trial));
        match score(&trial, &config.base, &folder, table, device, stop, watch) {
            Ok(None) => break, // interrupted: the trial goes on the next time
            Ok(Some(score)) => results.record(trial.number, Ok::<f64, String>(score))?,
            Err(error) => results.record(trial.number, Err(error))?,
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
    run.write_config(&config)?;
    let finished = fit_emulator(&run, &config, table, device, stop, watch)?;
    Ok(run.best_checkpoint()?.map(|(_, score)| score).filter(|_| finished))
}
