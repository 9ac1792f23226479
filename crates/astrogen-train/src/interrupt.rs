//! Ctrl-C that lets the step finish.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::TrainError;

/// A flag that asks the training loop to save and leave after the present step.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// A signal that Ctrl-C (and a polite `kill`) raises. A second Ctrl-C ends the program
    /// at once.
    ///
    /// # Errors
    /// When the program has a handler for these signals already.
    pub fn on_ctrl_c() -> Result<Self, TrainError> {
        let signal = Self::default();
        let handle = signal.clone();
        ctrlc::set_handler(move || {
            if handle.0.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        })
        .map_err(TrainError::observer)?;
        Ok(signal)
    }

    /// Asks the loop to stop.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the loop was asked to stop.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
