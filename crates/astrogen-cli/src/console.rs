//! A person at a terminal who watches.

use astrogen_emulator::Watch;
use astrogen_train::TrainError;
use astrogen_train::fit::{Event, Observer};
use astrogen_train::log::Progress;

use crate::say;

/// Shows what happens while an emulator is trained: remarks as lines on standard output, the loop
/// as a [progress bar](Progress).
#[derive(Debug, Default)]
pub struct Console(Progress);

impl Watch for Console {
    fn remark(&mut self, line: &str) {
        say(line);
    }

    fn observe(&mut self, event: &Event) -> Result<(), TrainError> {
        self.0.observe(&(), event)
    }
}
