//! Searches: spaces and their trials, trials in configs, and the table of the scores.

mod space;
mod table;
mod trial;

use astrogen_train::TrainError;
use astrogen_train::search::{SearchSpace, Trial};
use serde_json::Value;

fn space(text: &str) -> SearchSpace {
    SearchSpace::from_json(text).unwrap()
}

/// The message of an error of this kind, without what all of them begin with.
#[track_caller]
fn reason<T: std::fmt::Debug>(outcome: Result<T, TrainError>) -> String {
    match outcome.unwrap_err() {
        TrainError::Search { reason } => reason,
        error => panic!("{error:?}"),
    }
}

/// The values of trials, in the order of the settings.
fn values(trials: &[Trial]) -> Vec<Vec<Value>> {
    let values = |trial: &Trial| trial.settings.iter().map(|(_, value)| value.clone()).collect();
    trials.iter().map(values).collect()
}
