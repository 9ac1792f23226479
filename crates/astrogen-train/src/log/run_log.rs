//! Everything that is written down of a run, by one observer.

use std::path::PathBuf;

use serde_json::json;

use super::{HistoryCsv, JsonLines, Progress, StepLines, TensorBoard};
use crate::TrainError;
use crate::fit::{Event, Observer};
use crate::run_dir::RunDir;

/// Writes `history.csv`, `scores.csv`, `reports.jsonl`, `log.jsonl` and a TensorBoard event file
/// into the folder of a run, and draws a progress bar.
///
/// All five have losses and [evaluations](crate::Evaluation) from the same events, and a resumed
/// run takes them up where it goes on.
#[derive(Debug)]
pub struct RunLog {
    history: HistoryCsv,
    reports: StepLines,
    json: JsonLines,
    /// None in processes that write nothing.
    board: Option<TensorBoard>,
    progress: Option<Progress>,
}

impl RunLog {
    /// The log of a session that trains in this folder, with its progress on standard error.
    ///
    /// # Errors
    /// When the event file cannot be begun.
    pub fn new(run: &RunDir) -> Result<Self, TrainError> {
        Ok(Self { progress: Some(Progress::default()), ..Self::quiet(run)? })
    }

    /// The same without a progress bar: files alone.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn quiet(run: &RunDir) -> Result<Self, TrainError> {
        Ok(Self {
            history: HistoryCsv::new(run.history_path()),
            reports: StepLines::new(run.reports_path()),
            json: JsonLines::new(run.log_path()),
            board: match run.group().is_first() {
                true => Some(TensorBoard::create(run.path())?),
                false => None,
            },
            progress: None,
        })
    }

    /// The same with the numbers of evaluations in this file instead of `scores.csv`.
    #[must_use]
    pub fn with_scores(mut self, path: impl Into<PathBuf>) -> Self {
        self.history = self.history.with_scores(path);
        self
    }
}

impl<S> Observer<S> for RunLog {
    fn observe(&mut self, algorithm: &S, event: &Event) -> Result<(), TrainError> {
        self.history.observe(algorithm, event)?;
        match *event {
            Event::Started { step, again, .. } => {
                self.reports.retain(|of, _| of < step || (of == step && !again))?;
            }
            Event::Evaluated { step, evaluation } => {
                if let Some(report) = &evaluation.report {
                    self.reports.append(&json!({"step": step, "report": report}))?;
                }
            }
            _ => {}
        }
        self.json.observe(algorithm, event)?;
        self.board.iter_mut().try_for_each(|board| board.observe(algorithm, event))?;
        self.progress.iter_mut().try_for_each(|progress| progress.observe(algorithm, event))
    }
}
