//! What happens in a run, and who is told of it.

use std::path::Path;

use tch::Device;

use super::Evaluation;
use crate::TrainError;

/// What an observer is told.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The loop begins.
    Started {
        /// Steps done before, 0 for a new run.
        step: u64,
        /// Steps in all.
        steps: u64,
        /// Whether the checkpoint it goes on from was not done with, since the session before
        /// ended in the middle of that: its [`Evaluated`](Self::Evaluated) and
        /// [`Saved`](Self::Saved) come (again).
        again: bool,
        /// Where it trains.
        device: Device,
    },
    /// Something that does not end the run, but that a person should know.
    Warned {
        /// A sentence.
        message: &'a str,
    },
    /// A row of the history, every `log_interval` steps.
    Logged {
        /// Steps done.
        step: u64,
        /// The step's losses, read from the device.
        losses: &'a [(&'static str, f64)],
    },
    /// Time for a look at samples, every `sample_interval` steps.
    Sample {
        /// Steps done.
        step: u64,
    },
    /// The networks of a checkpoint were evaluated, by those observers that
    /// [do](Observer::evaluate).
    Evaluated {
        /// Steps done.
        step: u64,
        /// What they found, as one record.
        evaluation: &'a Evaluation,
    },
    /// A checkpoint was written.
    Saved {
        /// Steps done.
        step: u64,
        /// The checkpoint's file.
        path: &'a Path,
        /// What was found of its networks.
        evaluation: Option<&'a Evaluation>,
    },
    /// The loop ends; the last checkpoint is written.
    Finished {
        /// Steps done.
        step: u64,
        /// Whether a stop was asked for before all steps were done.
        interrupted: bool,
    },
}

/// Somebody who is told what happens in a run of the algorithm `S`, and who may evaluate its
/// networks.
///
/// A closure `FnMut(&S, &Event) -> Result<(), TrainError>` is an observer that evaluates nothing;
/// [`EvaluateBy`](super::EvaluateBy) makes one that does nothing else.
pub trait Observer<S> {
    /// Takes notice of an event.
    ///
    /// # Errors
    /// An error ends the run; the steps done are saved before.
    fn observe(&mut self, algorithm: &S, event: &Event) -> Result<(), TrainError>;

    /// Evaluates the networks that are about to be saved; the default does not. What all observers
    /// find becomes one record, told to all as [`Event::Evaluated`]; the best checkpoint is chosen
    /// by it, as [`FitConfig::best_by`](super::FitConfig::best_by) says.
    ///
    /// # Errors
    /// An error ends the run; the steps done are saved before.
    fn evaluate(&mut self, _algorithm: &S) -> Result<Option<Evaluation>, TrainError> {
        Ok(None)
    }
}

impl<S, F: FnMut(&S, &Event) -> Result<(), TrainError>> Observer<S> for F {
    fn observe(&mut self, algorithm: &S, event: &Event) -> Result<(), TrainError> {
        self(algorithm, event)
    }
}
