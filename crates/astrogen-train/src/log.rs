//! Observers that write down what happens in a run.

mod history;
mod json_lines;
mod progress;
mod tensorboard;

pub use history::{History, HistoryCsv};
pub use json_lines::JsonLines;
pub use progress::Progress;
pub use tensorboard::TensorBoard;
