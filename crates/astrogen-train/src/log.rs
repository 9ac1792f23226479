//! Observers that write down what happens in a run: [`RunLog`] is all of them.

mod history;
mod json_lines;
mod progress;
mod run_log;
mod step_lines;
mod tensorboard;
mod whole_lines;

pub use history::{History, HistoryCsv};
pub use json_lines::JsonLines;
pub use progress::Progress;
pub use run_log::RunLog;
pub use step_lines::StepLines;
pub use tensorboard::TensorBoard;
