//! The loop that runs every algorithm.
//!
//! [`fit`] deals batches to a [`Step`], tells [`Observer`]s what happens, saves
//! checkpoints, and goes on from the newest checkpoint of the run's folder if there is
//! one. Training never draws and never prints: observers do.

mod guarded;
mod session;
mod snapshot;

use std::path::{Path, PathBuf};

use astrogen_data::Batches;
use astrogen_runtime::derive_seed;
use serde::{Deserialize, Serialize};
use tch::Device;

use crate::TrainError;
use crate::guard::check_finite;
use crate::interrupt::StopSignal;
use crate::run_dir::RunDir;
use crate::step::{Losses, Step};
use guarded::guarded;
use session::Session;
use snapshot::Snapshot;

/// Settings of [`fit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitConfig {
    /// Steps in all, those before a resume included; > 0. Default 10,000.
    pub steps: u64,
    /// Steps between two rows of the history, > 0. Default 10.
    pub log_interval: u64,
    /// Steps between two [`Event::Sample`]s, > 0. Default 250.
    pub sample_interval: u64,
    /// Steps between two checkpoints, > 0; one is written at the end in any case.
    /// Default 500.
    pub checkpoint_interval: u64,
    /// How many of the newest checkpoints are kept, > 0; the best one is kept besides.
    /// Default 2.
    pub keep_checkpoints: usize,
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
            seed: 0,
        }
    }
}

impl FitConfig {
    /// Checks the settings, as [`fit`] does before it begins.
    ///
    /// # Errors
    /// [`TrainError::Config`] if a setting is out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        let counts = [
            ("steps", self.steps),
            ("log_interval", self.log_interval),
            ("sample_interval", self.sample_interval),
            ("checkpoint_interval", self.checkpoint_interval),
            ("keep_checkpoints", self.keep_checkpoints as u64),
        ];
        match counts.into_iter().find(|&(_, count)| count == 0) {
            Some((name, _)) => {
                Err(TrainError::Config { name, rule: "at least 1", got: "0".to_owned() })
            }
            None => Ok(()),
        }
    }
}

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
        /// ended in the middle of that: its [`Saved`](Self::Saved) comes (again).
        again: bool,
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
    /// A checkpoint was written.
    Saved {
        /// Steps done.
        step: u64,
        /// The checkpoint's file.
        path: &'a Path,
        /// The score that was given to the networks.
        score: Option<&'a Score>,
    },
    /// The loop ends; the last checkpoint is written.
    Finished {
        /// Steps done.
        step: u64,
        /// Whether a stop was asked for before all steps were done.
        interrupted: bool,
    },
}

/// What an observer finds of the networks that are about to be saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Lower is better.
    pub value: f64,
    /// Numbers for the history, by name: the value itself, what it is made of, and what it has
    /// to be seen beside.
    pub numbers: Vec<(&'static str, f64)>,
    /// A sentence for people, where a number needs one.
    pub remark: Option<String>,
}

impl From<f64> for Score {
    /// A score without numbers for the history.
    fn from(value: f64) -> Self {
        Self { value, numbers: Vec::new(), remark: None }
    }
}

/// Somebody who is told what happens in a run of the algorithm `S`.
///
/// A closure `FnMut(&S, &Event) -> Result<(), TrainError>` is an observer.
pub trait Observer<S> {
    /// Takes notice of an event.
    ///
    /// # Errors
    /// An error ends the run; the steps done are saved before.
    fn observe(&mut self, algorithm: &S, event: &Event) -> Result<(), TrainError>;

    /// Gives a score to the networks that are about to be saved. The default gives none; the
    /// first observer that does decides which checkpoint is best.
    ///
    /// # Errors
    /// An error ends the run; the steps done are saved before.
    fn score(&mut self, _algorithm: &S) -> Result<Option<Score>, TrainError> {
        Ok(None)
    }
}

impl<S, F: FnMut(&S, &Event) -> Result<(), TrainError>> Observer<S> for F {
    fn observe(&mut self, algorithm: &S, event: &Event) -> Result<(), TrainError> {
        self(algorithm, event)
    }
}

/// An observer that only gives scores, by a closure: numbers, lower is better, or [`Score`]s.
#[derive(Debug, Clone, Copy)]
pub struct ScoreBy<F>(pub F);

impl<S, R: Into<Score>, F: FnMut(&S) -> Result<R, TrainError>> Observer<S> for ScoreBy<F> {
    fn observe(&mut self, _: &S, _: &Event) -> Result<(), TrainError> {
        Ok(())
    }

    fn score(&mut self, algorithm: &S) -> Result<Option<Score>, TrainError> {
        (self.0)(algorithm).map(|score| Some(score.into()))
    }
}

/// How a call of [`fit`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Steps done.
    pub step: u64,
    /// Whether a stop was asked for before all steps were done.
    pub interrupted: bool,
    /// The last checkpoint.
    pub checkpoint: PathBuf,
}

/// Trains until `config.steps` steps are done or `stop` is raised.
///
/// Goes on from the newest checkpoint in `run`, if there is one. The algorithm's networks
/// must have been built from the run's settings. A run that was only
/// [opened](RunDir::open) is locked and swept first, as [`RunDir::resume`] does.
///
/// What the session before had not done for its last checkpoint (score, export, events) is done
/// again. A step that fails leaves the networks half-updated: the steps since the last row of the
/// history are then computed again from a copy, and saved.
///
/// # Errors
/// - [`TrainError::Config`], if a setting is out of its range;
/// - [`TrainError::RunDir`], if another session trains in the folder;
/// - [`TrainError::Checkpoint`], if the newest checkpoint belongs to something else;
/// - [`TrainError::NonFinite`], when a loss or weight is no longer finite: checkpoints
///   written before stay, none is written with such a weight;
/// - [`TrainError::Panicked`], when libtorch fails in a step, for want of memory say, and what
///   the step, the data, the file system and observers report: the steps done are saved before.
pub fn fit<S: Step>(
    algorithm: &mut S,
    batches: &mut Batches<S::Batch>,
    run: &RunDir,
    config: &FitConfig,
    stop: &StopSignal,
    observers: &mut [&mut dyn Observer<S>],
) -> Result<Outcome, TrainError> {
    config.check()?;
    let run = &run.training()?;
    let (samples, data) = (batches.samples() as u64, batches.fingerprint()?);
    let mut session = Session { run, config, samples, data, observers, told: Vec::new() };
    let newest = session.resume(algorithm)?;
    let mut step = newest.as_ref().map_or(0, |checkpoint| checkpoint.step);
    let again = newest.is_some() && !run.is_saved(step);
    let mut saved_at = step;
    batches.seek(step);
    session.tell(algorithm, &Event::Started { step, steps: config.steps, again })?;
    if let Some(remark) = run.remark() {
        session.warn(algorithm, remark)?;
    }
    if let Some(checkpoint) = &newest {
        if checkpoint.data.as_ref().is_some_and(|data| *data != session.data) {
            session.warn(algorithm, CHANGED_DATA)?;
        }
        if again {
            session.save(algorithm, step, checkpoint.score)?;
        }
    }

    let mut snapshot = guarded("copying the state", || Ok(Snapshot::take(algorithm, step)))?;
    while step < config.steps && !stop.is_raised() {
        let batch = match batches.next_batch() {
            Ok(batch) => batch,
            Err(error) => return Err(session.keep(error.into(), algorithm, step)),
        };
        let losses = match seeded_step(algorithm, &batch, config.seed, step) {
            Ok(losses) => losses,
            Err(error) => {
                let step = go_back(algorithm, batches, &snapshot, config.seed, step);
                return Err(match step > saved_at {
                    true => session.keep(error, algorithm, step),
                    false => error,
                });
            }
        };
        step += 1;

        let log = step.is_multiple_of(config.log_interval);
        if log || batches.device() == Device::Cpu {
            check_finite(step, losses.iter().map(|(name, loss)| (*name, loss)))?;
        }
        let mut told = Ok(());
        if log {
            snapshot.refresh(algorithm, step);
            told = session.tell(algorithm, &Event::Logged { step, losses: &read(&losses) });
        }
        if told.is_ok() && step.is_multiple_of(config.sample_interval) {
            told = session.tell(algorithm, &Event::Sample { step });
        }
        if let Err(error) = told {
            return Err(session.keep(error, algorithm, step));
        }
        if step.is_multiple_of(config.checkpoint_interval) {
            session.save(algorithm, step, None)?;
            saved_at = step;
        }
    }
    if saved_at != step || run.checkpoints()?.is_empty() {
        session.save(algorithm, step, None)?;
    }
    let interrupted = step < config.steps;
    session.tell(algorithm, &Event::Finished { step, interrupted })?;
    Ok(Outcome { step, interrupted, checkpoint: run.checkpoint_path(step) })
}

/// What is said where the fingerprint of the data is not that of the checkpoint's.
const CHANGED_DATA: &str = "the data is not what the run was trained on so far (same number of \
                            samples, other values): it goes on, and ends in other weights than it \
                            would have";

/// Step number `step`, counted from 0: a function of the algorithm's state, the batch, the seed
/// and the number.
fn seeded_step<S: Step>(
    algorithm: &mut S,
    batch: &S::Batch,
    seed: u64,
    step: u64,
) -> Result<Losses, TrainError> {
    guarded("a training step", || {
        tch::manual_seed(derive_seed(seed, "step", step).cast_signed());
        algorithm.step(batch)
    })
}

/// After step number `failed`, counted from 0, failed half-way: the state before it, or as near
/// to that as the steps since the copy can be computed again; the steps done.
fn go_back<S: Step>(
    algorithm: &mut S,
    batches: &mut Batches<S::Batch>,
    snapshot: &Snapshot,
    seed: u64,
    failed: u64,
) -> u64 {
    snapshot.restore(algorithm);
    batches.seek(snapshot.step);
    for step in snapshot.step..failed {
        let again = batches.next_batch().map_err(TrainError::from);
        if again.and_then(|batch| seeded_step(algorithm, &batch, seed, step)).is_err() {
            snapshot.restore(algorithm);
            return snapshot.step;
        }
    }
    failed
}

fn read(losses: &Losses) -> Vec<(&'static str, f64)> {
    losses.iter().map(|(name, loss)| (*name, loss.double_value(&[]))).collect()
}
