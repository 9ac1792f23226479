//! Who is told what happens while an emulator is trained.

use astrogen_train::TrainError;
use astrogen_train::fit::Event;

/// Who is told what happens in [`train`](crate::train()) and [`search`](crate::search()); `()` is
/// nobody.
pub trait Watch {
    /// A line for people: what begins now, or what is left out and why.
    fn remark(&mut self, _line: &str) {}

    /// An event of the loop that trains at the moment, for a progress bar.
    ///
    /// # Errors
    /// An error ends the run; the steps done are saved before.
    fn observe(&mut self, _event: &Event) -> Result<(), TrainError> {
        Ok(())
    }
}

impl Watch for () {}
