//! The loop that runs every algorithm.
//!
//! [`fit`] deals batches to a [`Step`], tells [`Observer`]s what happens, saves
//! checkpoints, and goes on from the newest checkpoint of the run's folder if there is
//! one. Training never draws and never prints: observers do.

use std::path::{Path, PathBuf};

use astrogen_data::Batches;
use astrogen_runtime::derive_seed;
use serde::{Deserialize, Serialize};
use tch::Device;

use crate::TrainError;
use crate::checkpoint::Checkpoint;
use crate::guard::check_finite;
use crate::interrupt::StopSignal;
use crate::run_dir::RunDir;
use crate::step::{Losses, Step};

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
/// must have been built from the run's settings.
///
/// # Errors
/// - [`TrainError::Config`], if a setting is out of its range;
/// - [`TrainError::Checkpoint`], if the newest checkpoint belongs to something else;
/// - [`TrainError::NonFinite`], when a loss or weight is no longer finite: checkpoints
///   written before stay, none is written with such a weight;
/// - what the data, the file system and observers report: the steps done are saved before.
pub fn fit<S: Step>(
    algorithm: &mut S,
    batches: &mut Batches,
    run: &RunDir,
    config: &FitConfig,
    stop: &StopSignal,
    observers: &mut [&mut dyn Observer<S>],
) -> Result<Outcome, TrainError> {
    config.check()?;
    let samples = batches.samples() as u64;
    let mut step = resume(algorithm, run, samples)?;
    let mut saved_at = step;
    batches.seek(step);
    tell(observers, algorithm, &Event::Started { step, steps: config.steps })?;

    while step < config.steps && !stop.is_raised() {
        let batch = match batches.next_batch() {
            Ok(batch) => batch,
            Err(error) => return Err(keep(error.into(), algorithm, run, step, samples)),
        };
        tch::manual_seed(derive_seed(config.seed, "step", step).cast_signed());
        let losses = algorithm.step(&batch)?;
        step += 1;

        let log = step.is_multiple_of(config.log_interval);
        if log || batch.device() == Device::Cpu {
            check_finite(step, losses.iter().map(|(name, loss)| (*name, loss)))?;
        }
        let mut told = Ok(());
        if log {
            told = tell(observers, algorithm, &Event::Logged { step, losses: &read(&losses) });
        }
        if told.is_ok() && step.is_multiple_of(config.sample_interval) {
            told = tell(observers, algorithm, &Event::Sample { step });
        }
        if let Err(error) = told {
            return Err(keep(error, algorithm, run, step, samples));
        }
        if step.is_multiple_of(config.checkpoint_interval) {
            save(algorithm, run, config, step, samples, observers)?;
            saved_at = step;
        }
    }
    if saved_at != step || run.checkpoints()?.is_empty() {
        save(algorithm, run, config, step, samples, observers)?;
    }
    let interrupted = step < config.steps;
    tell(observers, algorithm, &Event::Finished { step, interrupted })?;
    Ok(Outcome { step, interrupted, checkpoint: run.checkpoint_path(step) })
}

/// Brings the algorithm to the state of the newest checkpoint; the steps done.
fn resume(algorithm: &dyn Step, run: &RunDir, samples: u64) -> Result<u64, TrainError> {
    let Some(&newest) = run.checkpoints()?.last() else { return Ok(0) };
    let path = run.checkpoint_path(newest);
    let checkpoint = Checkpoint::load(&path, algorithm)?;
    if checkpoint.samples != samples {
        return Err(TrainError::Checkpoint {
            path,
            reason: format!(
                "the run was trained on {} samples, and the data now has {samples}; restore the \
                 data it began with, or start a new run",
                checkpoint.samples
            ),
        });
    }
    Ok(checkpoint.step)
}

fn save<S: Step>(
    algorithm: &S,
    run: &RunDir,
    config: &FitConfig,
    step: u64,
    samples: u64,
    observers: &mut [&mut dyn Observer<S>],
) -> Result<(), TrainError> {
    check_state(step, algorithm)?;
    let mut score: Option<Score> = None;
    for observer in observers.iter_mut() {
        score = match observer.score(algorithm) {
            Ok(given) => score.or(given),
            Err(error) => return Err(keep(error, algorithm, run, step, samples)),
        };
    }
    let path = run.checkpoint_path(step);
    let value = score.as_ref().map(|score| score.value);
    Checkpoint { step, samples, score: value }.save(&path, algorithm)?;
    algorithm.export(run.path())?;
    if score.is_some() && run.best_checkpoint()?.is_some_and(|(best, _)| best == step) {
        let best = run.join("best");
        std::fs::create_dir_all(&best).map_err(TrainError::io(&best))?;
        algorithm.export(&best)?;
    }
    run.prune_checkpoints(config.keep_checkpoints)?;
    tell(observers, algorithm, &Event::Saved { step, path: &path, score: score.as_ref() })
}

/// Saves the steps done where something beside the algorithm failed, and gives the failure
/// back: it is the one to tell of, whether the checkpoint could be written or not.
fn keep(
    failure: TrainError,
    algorithm: &dyn Step,
    run: &RunDir,
    step: u64,
    samples: u64,
) -> TrainError {
    let _ = check_state(step, algorithm).and_then(|()| {
        Checkpoint { step, samples, score: None }.save(&run.checkpoint_path(step), algorithm)
    });
    failure
}

fn check_state(step: u64, algorithm: &dyn Step) -> Result<(), TrainError> {
    let state = algorithm.state();
    check_finite(step, state.iter().map(|(name, tensor)| (name.as_str(), tensor)))
}

fn tell<S>(
    observers: &mut [&mut dyn Observer<S>],
    algorithm: &S,
    event: &Event,
) -> Result<(), TrainError> {
    observers.iter_mut().try_for_each(|observer| observer.observe(algorithm, event))
}

fn read(losses: &Losses) -> Vec<(&'static str, f64)> {
    losses.iter().map(|(name, loss)| (*name, loss.double_value(&[]))).collect()
}
