//! How long a run trains, how often it is looked at, and what its best checkpoint is.

use astrogen_runtime::Precision;
use serde::{Deserialize, Serialize};

use super::Evaluation;
use crate::TrainError;

/// Settings of [`fit`](super::fit).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitConfig {
    /// Steps in all, those before a resume included; > 0. Default 10,000.
    pub steps: u64,
    /// Steps between two rows of the history, > 0. Default 10.
    pub log_interval: u64,
    /// Steps between two [`Event::Sample`](super::Event::Sample)s, > 0. Default 250.
    pub sample_interval: u64,
    /// Steps between two checkpoints, > 0; one is written at the end in any case. Networks are
    /// evaluated when they are saved. Default 500.
    pub checkpoint_interval: u64,
    /// How many of the newest checkpoints are kept, > 0; the best one is kept besides.
    /// Default 2.
    pub keep_checkpoints: usize,
    /// What the best checkpoint is best in. Default: the evaluators' own score.
    #[serde(skip_serializing_if = "is_default")]
    pub best_by: Criterion,
    /// Training ends early once the best checkpoint is so many steps old, > 0; never where no
    /// observer evaluates. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// What becomes of a run whose losses or weights are no longer finite: with true, it ends with
    /// the state of the best checkpoint, or of the newest where none has a score; with false, by an
    /// error. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub return_to_best: bool,
    /// The precision of steps on a GPU; bf16 for [algorithms that take it](crate::Step::takes_bf16).
    /// Default f32, and on the CPU no other.
    #[serde(skip_serializing_if = "is_full")]
    pub precision: Precision,
    /// Seed of everything the algorithm draws. Default 0.
    pub seed: u64,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            steps: 10_000,
            log_interval: 10,
            sample_interval: 250,
            checkpoint_interval: 500,
            keep_checkpoints: 2,
            best_by: Criterion::default(),
            patience: None,
            return_to_best: false,
            precision: Precision::F32,
            seed: 0,
        }
    }
}

impl FitConfig {
    /// Checks the settings, as [`fit`](super::fit) does before it begins.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if a setting is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let counts = [
            ("steps", self.steps),
            ("log_interval", self.log_interval),
            ("sample_interval", self.sample_interval),
            ("checkpoint_interval", self.checkpoint_interval),
            ("keep_checkpoints", self.keep_checkpoints as u64),
            ("patience", self.patience.unwrap_or(1)),
        ];
        match counts.into_iter().find(|&(_, count)| count == 0) {
            Some((name, _)) => {
                Err(TrainError::Setting { name, rule: "at least 1", got: "0".to_owned() })
            }
            None => Ok(()),
        }
    }
}

/// What a checkpoint is better in than another.
///
/// ```
/// use astrogen_train::{Criterion, Evaluation};
/// let evaluation = Evaluation::new([("distance", 3.0), ("coverage", 0.9)]);
/// assert_eq!(Criterion::Score.of(&evaluation)?, None); // nobody gave one
/// assert_eq!(Criterion::Lowest("distance".into()).of(&evaluation)?, Some(3.0));
/// assert_eq!(Criterion::Highest("coverage".into()).of(&evaluation)?, Some(-0.9));
/// # Ok::<(), astrogen_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// The [score](Evaluation::score) that an evaluator gives, lower is better.
    #[default]
    Score,
    /// The number of this name, lower is better.
    Lowest(String),
    /// The number of this name, higher is better.
    Highest(String),
}

impl Criterion {
    /// The name of the number, `score` of the evaluators' own.
    pub fn name(&self) -> &str {
        match self {
            Self::Score => "score",
            Self::Lowest(name) | Self::Highest(name) => name,
        }
    }

    /// What a checkpoint is compared by, lower is better: of [`Highest`](Self::Highest) the
    /// negative of the number. None where no score was given.
    ///
    /// # Errors
    /// [`TrainError::Criterion`] where there is no number of that name.
    pub fn of(&self, evaluation: &Evaluation) -> Result<Option<f64>, TrainError> {
        let (name, sign) = match self {
            Self::Score => return Ok(evaluation.score),
            Self::Lowest(name) => (name, 1.0),
            Self::Highest(name) => (name, -1.0),
        };
        match evaluation.number(name) {
            Some(value) => Ok(Some(sign * value)),
            None => Err(TrainError::Criterion {
                name: name.clone(),
                known: evaluation.numbers.iter().map(|(name, _)| name.clone()).collect(),
            }),
        }
    }
}

fn is_full(precision: &Precision) -> bool {
    *precision == Precision::F32
}

fn is_default(criterion: &Criterion) -> bool {
    *criterion == Criterion::default()
}
