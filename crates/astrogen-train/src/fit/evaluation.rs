//! What is found of networks when they are saved: the one record that history, TensorBoard, JSON
//! and reports have of it.

use serde_json::Value;

use super::{Event, Observer};
use crate::TrainError;

/// Named numbers of the networks as they are now, and what goes with them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// Numbers for the history, by name: each evaluation of a run has the same ones.
    pub numbers: Vec<(String, f64)>,
    /// What [`Criterion::Score`](super::Criterion::Score) chooses the best checkpoint by, lower is
    /// better.
    pub score: Option<f64>,
    /// A sentence for people, where a number needs one.
    pub remark: Option<String>,
    /// More than numbers: a line of `reports.jsonl`.
    pub report: Option<Value>,
}

impl Evaluation {
    /// Numbers by name, without a score.
    pub fn new<N: Into<String>>(numbers: impl IntoIterator<Item = (N, f64)>) -> Self {
        let numbers = numbers.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self { numbers, ..Self::default() }
    }

    /// The number of a name.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(other, _)| other == name).map(|(_, value)| *value)
    }

    /// Adds what another evaluator found. Where both have a score, a report or a number of one
    /// name, that of the first stands.
    pub(super) fn join(&mut self, other: Self) {
        for (name, value) in other.numbers {
            if self.number(&name).is_none() {
                self.numbers.push((name, value));
            }
        }
        self.score = self.score.or(other.score);
        self.report = self.report.take().or(other.report);
        self.remark = match (self.remark.take(), other.remark) {
            (Some(first), Some(second)) => Some(format!("{first}; {second}")),
            (first, second) => first.or(second),
        };
    }
}

impl From<f64> for Evaluation {
    /// A score alone, lower is better.
    fn from(score: f64) -> Self {
        Self { score: Some(score), ..Self::default() }
    }
}

/// An observer that only evaluates, by a closure that gives an [`Evaluation`], or a score alone.
#[derive(Debug, Clone, Copy)]
pub struct EvaluateBy<F>(pub F);

impl<S, E: Into<Evaluation>, F: FnMut(&S) -> Result<E, TrainError>> Observer<S> for EvaluateBy<F> {
    fn observe(&mut self, _: &S, _: &Event) -> Result<(), TrainError> {
        Ok(())
    }

    fn evaluate(&mut self, algorithm: &S) -> Result<Option<Evaluation>, TrainError> {
        (self.0)(algorithm).map(|evaluation| Some(evaluation.into()))
    }
}
