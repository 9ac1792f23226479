//! The trials of a search and their scores, in a file.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

use serde_json::Value;

use super::Trial;
use crate::TrainError;
use crate::run_dir::write_whole;

/// What came of a trial: its score, or why it has none.
pub(super) type Outcome = Result<f64, String>;

/// The trials of a search, each with its score once it is done, lower being better.
///
/// The table is a CSV file of the trials done, with the columns `trial`, every setting by its
/// name, `score`, and `failure`, which says why a trial has no score. After each trial the file
/// is written beside its name and renamed, so that a stopped search loses nothing but the trial
/// it was at. [`Display`] shows it with the best trial first.
#[derive(Debug)]
pub struct SearchTable {
    path: PathBuf,
    pub(super) trials: Vec<Trial>,
    /// By the trials' numbers.
    pub(super) outcomes: BTreeMap<u64, Outcome>,
}

impl SearchTable {
    /// The table of these trials: what the file holds is done already. A file that is not
    /// there is written with the first trial.
    ///
    /// A trial that failed is done too: to try it again, delete its line. One that was
    /// interrupted should not be recorded, and comes next again.
    ///
    /// # Errors
    /// [`TrainError::Search`] where the trials have not all the same settings, or a number
    /// stands twice; [`TrainError::Io`] where the file cannot be read;
    /// [`TrainError::SearchTable`] where it is the table of another search, or none.
    pub fn open(path: impl Into<PathBuf>, trials: Vec<Trial>) -> Result<Self, TrainError> {
        let mut numbers = BTreeMap::new();
        for trial in &trials {
            let same = names(trial).eq(names(&trials[0]));
            if !same || numbers.insert(trial.number, ()).is_some() {
                let number = trial.number;
                let reason = if same {
                    format!("trial {number} stands twice")
                } else {
                    format!("trial {number} has other settings than the first one")
                };
                return Err(TrainError::Search { reason });
            }
        }
        let mut table = Self { path: path.into(), trials, outcomes: BTreeMap::new() };
        if table.path.exists() {
            table.outcomes = table.read()?;
        }
        Ok(table)
    }

    /// The trials, done or not.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The first trial that is not done.
    pub fn next_trial(&self) -> Option<&Trial> {
        self.trials.iter().find(|trial| !self.outcomes.contains_key(&trial.number))
    }

    /// What came of a trial, if it is done: its score, or why it has none.
    pub fn outcome(&self, number: u64) -> Option<Result<f64, &str>> {
        let outcome = self.outcomes.get(&number)?;
        Some(outcome.as_ref().map(|score| *score).map_err(String::as_str))
    }

    /// The trial with the lowest score, the first of equals.
    pub fn best(&self) -> Option<(&Trial, f64)> {
        let scored = self
            .trials
            .iter()
            .filter_map(|trial| Some((trial, *self.outcomes.get(&trial.number)?.as_ref().ok()?)));
        scored.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// Enters what came of a trial and writes the file. A score that is not finite is a
    /// failure.
    ///
    /// # Errors
    /// [`TrainError::Search`] where there is no trial of this number, or it is done already;
    /// [`TrainError::Io`] where the file cannot be written.
    pub fn record(
        &mut self,
        number: u64,
        outcome: Result<f64, impl Display>,
    ) -> Result<(), TrainError> {
        let refuse = |reason| Err(TrainError::Search { reason });
        if !self.trials.iter().any(|trial| trial.number == number) {
            return refuse(format!("there is no trial {number}"));
        }
        if self.outcomes.contains_key(&number) {
            return refuse(format!("trial {number} is done already"));
        }
        let outcome = match outcome {
            Ok(score) if score.is_finite() => Ok(score),
            Ok(score) => Err(format!("its score is {score}")),
            // Failures are told from scores by not being empty.
            Err(reason) => Err(Some(reason.to_string())
                .filter(|reason| !reason.is_empty())
                .unwrap_or_else(|| "it failed".into())),
        };
        self.outcomes.insert(number, outcome);
        write_whole(&self.path, &self.csv()?)
    }

    /// The names of the columns.
    fn header(&self) -> Vec<&str> {
        let settings = self.trials.first().into_iter().flat_map(names);
        ["trial"].into_iter().chain(settings).chain(["score", "failure"]).collect()
    }

    fn csv(&self) -> Result<Vec<u8>, TrainError> {
        let refuse = |reason: String| self.refusal(reason);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(self.header()).map_err(|error| refuse(error.to_string()))?;
        for trial in &self.trials {
            let Some(outcome) = self.outcomes.get(&trial.number) else { continue };
            let (score, failure) = match outcome {
                Ok(score) => (format!("{score:?}"), String::new()),
                Err(reason) => (String::new(), reason.clone()),
            };
            let settings = trial.settings.iter().map(|(_, value)| cell(value));
            let row = [trial.number.to_string()].into_iter().chain(settings);
            writer
                .write_record(row.chain([score, failure]))
                .map_err(|error| refuse(error.to_string()))?;
        }
        writer.into_inner().map_err(|error| refuse(error.to_string()))
    }

    fn read(&self) -> Result<BTreeMap<u64, Outcome>, TrainError> {
        let bytes = std::fs::read(&self.path).map_err(TrainError::io(&self.path))?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header = reader.headers().map_err(|error| self.refusal(error.to_string()))?.clone();
        if !header.iter().eq(self.header()) {
            let [got, expected] =
                [header.iter().collect(), self.header()].map(|names: Vec<_>| names.join(", "));
            return Err(self.refusal(format!(
                "its columns are {got}, and those of this search {expected}: it is the table of \
                 another search space; choose another file"
            )));
        }
        let mut outcomes = BTreeMap::new();
        for row in reader.records() {
            let row = row.map_err(|error| self.refusal(error.to_string()))?;
            let (number, outcome) = self.read_row(&row)?;
            if outcomes.insert(number, outcome).is_some() {
                return Err(self.refusal(format!("trial {number} stands twice in it")));
            }
        }
        Ok(outcomes)
    }

    fn read_row(&self, row: &csv::StringRecord) -> Result<(u64, Outcome), TrainError> {
        let trial = row[0].parse::<u64>().ok();
        let trial = trial.and_then(|number| self.trials.iter().find(|t| t.number == number));
        let Some(trial) = trial else {
            return Err(self.refusal(format!(
                "it holds trial {:?}, which this search has not: ask for as many trials as \
                 before, or choose another file",
                &row[0]
            )));
        };
        for ((name, value), got) in trial.settings.iter().zip(row.iter().skip(1)) {
            if cell(value) != got {
                return Err(self.refusal(format!(
                    "`{name}` of trial {} is {got} in it, and {} in this search: it is of another \
                     search space or seed; choose another file",
                    trial.number,
                    cell(value)
                )));
            }
        }
        // The header's columns are these two at least, and every row has as many as it.
        let (score, failure) = (&row[row.len() - 2], &row[row.len() - 1]);
        let outcome = match (score.parse::<f64>(), failure) {
            (Ok(score), "") if score.is_finite() => Ok(score),
            (_, failure) if score.is_empty() && !failure.is_empty() => Err(failure.to_owned()),
            _ => {
                return Err(self.refusal(format!(
                    "trial {} must have a finite score or a failure, got score {score:?} and \
                     failure {failure:?}; delete its line to try it again",
                    trial.number
                )));
            }
        };
        Ok((trial.number, outcome))
    }

    fn refusal(&self, reason: String) -> TrainError {
        TrainError::SearchTable { path: self.path.clone(), reason }
    }
}

fn names(trial: &Trial) -> impl Iterator<Item = &str> {
    trial.settings.iter().map(|(name, _)| name.as_str())
}

/// A value as it stands in a table: text as it is, all else as JSON.
pub(super) fn cell(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
