//! The loop that runs every algorithm.
//!
//! [`fit`] deals batches to a [`Step`], tells [`Observer`]s what happens, saves
//! checkpoints, and goes on from the newest checkpoint of the run's folder if there is
//! one. Training never draws and never prints: observers do.

mod config;
mod evaluation;
mod event;
mod guarded;
mod in_memory;
mod session;
mod snapshot;
mod together;

use std::path::PathBuf;

use astrogen_data::Batches;
use astrogen_runtime::{Precision, derive_seed};
use tch::Device;

use crate::TrainError;
use crate::guard::check_finite;
use crate::interrupt::StopSignal;
use crate::run_dir::RunDir;
use crate::step::{Losses, Step};
use guarded::guarded;
use session::Session;
use snapshot::Snapshot;
use together::Together;

pub use config::{Criterion, FitConfig};
pub use evaluation::{EvaluateBy, Evaluation};
pub use event::{Event, Observer};
pub use in_memory::fit_in_memory;

/// How a call of [`fit`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Steps done.
    pub step: u64,
    /// Whether a stop was asked for before the training was done.
    pub interrupted: bool,
    /// The last checkpoint.
    pub checkpoint: PathBuf,
}

/// Trains until `config.steps` steps are done, `config.patience` is at its end, or `stop` is raised.
///
/// Goes on from the newest checkpoint in `run`, if there is one. The algorithm's networks
/// must have been built from the run's settings. A run that was only
/// [opened](RunDir::open) is locked and swept first, as [`RunDir::resume`] does.
///
/// Where the run's folder is [a group's](RunDir::in_group), all its processes call this with the same data
/// and settings, each with observers or none. A batch is shared by them, so that its size has to be a multiple
/// of their number; all go through the same steps and end with the same networks, to rounding those of one
/// process where no batch normalisation stands between, whose statistics are of a share. The first process
/// alone has observers and writes.
///
/// What the session before had not done for its last checkpoint (evaluation, export, events) is done
/// again. A step that fails leaves the networks half-updated: the steps since the last row of the
/// history are then computed again from a copy, and saved.
///
/// # Errors
/// - [`TrainError::Setting`], if a setting is out of its range;
/// - [`TrainError::RunDir`], if another session trains in the folder;
/// - [`TrainError::Checkpoint`], if the newest checkpoint belongs to something else;
/// - [`TrainError::NonFinite`], when a loss or weight is no longer finite: checkpoints
///   written before stay, none is written with such a weight. With
///   [`return_to_best`](FitConfig::return_to_best) it ends the run only where there is none;
/// - [`TrainError::Distributed`], when another process of the group ends, does not come, or has other
///   settings or data;
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
    let mut fitted = || -> Result<Outcome, TrainError> {
        config.validate()?;
        set_precision(config.precision, algorithm, batches.device())?;
        let run = &run.training()?;
        let (samples, data) = (batches.samples() as u64, batches.fingerprint()?);
        let mut session = Session { run, config, samples, data, observers, told: Vec::new() };
        let together = Together::begin(run.group(), algorithm, batches, config, stop)?;
        let outcome = match train(algorithm, batches, &mut session, &together) {
            Err(TrainError::NonFinite { step, tensor }) if config.return_to_best => {
                session.return_to_best(algorithm, &together, step, tensor)
            }
            ended => ended,
        }?;
        // What the first process wrote is there for all.
        run.group().barrier("the end of the run")?;
        together.end(algorithm, batches)?;
        Ok(outcome)
    };
    fitted().inspect_err(|error| run.group().leave(error))
}

/// The loop itself.
fn train<S: Step>(
    algorithm: &mut S,
    batches: &mut Batches<S::Batch>,
    session: &mut Session<'_, '_, S>,
    together: &Together<'_>,
) -> Result<Outcome, TrainError> {
    let (run, config) = (session.run, session.config);
    let newest = session.resume(algorithm)?;
    let newest_step = newest.as_ref().map_or(0, |checkpoint| checkpoint.step);
    let mut step = together.begin_at(algorithm, newest_step)?;
    let again = newest.is_some() && !run.is_saved(step);
    let mut saved_at = step;
    batches.seek(step);
    let (steps, device) = (config.steps, batches.device());
    session.tell(algorithm, &Event::Started { step, steps, again, device })?;
    if let Some(remark) = run.remark() {
        session.warn(algorithm, remark)?;
    }
    if let Some(checkpoint) = &newest {
        if checkpoint.data.as_ref().is_some_and(|data| *data != session.data) {
            session.warn(algorithm, CHANGED_DATA)?;
        }
        let (processes, now) = (checkpoint.processes, run.group().size());
        if processes != now {
            session.warn(algorithm, &changed_processes(processes, now))?;
        }
        if again {
            session.save(algorithm, step, checkpoint.score)?;
        }
    }

    let mut snapshot = guarded("copying the state", || Ok(Snapshot::take(algorithm, step)))?;
    // Where it was stopped between two checkpoints no unstopped run would have asked.
    let mut waited_for = match step.is_multiple_of(config.checkpoint_interval) {
        true => session.out_of_patience(together, step)?,
        false => None,
    };
    while step < config.steps && !together.is_stopped() && waited_for.is_none() {
        let batch = match batches.next_batch() {
            Ok(batch) => batch,
            Err(error) => return Err(session.keep(error.into(), algorithm, step)),
        };
        let share = together.share();
        let losses = match share.during(|| seeded_step(algorithm, &batch, config, step)) {
            Ok(losses) => losses,
            Err(error) => {
                let step = match together.group.is_alone() {
                    true => go_back(algorithm, batches, &snapshot, config, step),
                    // The others are not there to compute steps again with.
                    false => {
                        snapshot.restore(algorithm);
                        snapshot.step
                    }
                };
                return Err(match step > saved_at {
                    true => session.keep(error, algorithm, step),
                    false => error,
                });
            }
        };
        step += 1;

        let log = step.is_multiple_of(config.log_interval);
        let save = step.is_multiple_of(config.checkpoint_interval);
        // Each look at a number waits for a device.
        let look = log || batches.device() == Device::Cpu;
        let found = match look {
            true => check_finite(step, losses.iter().map(|(name, loss)| (*name, loss))),
            false => Ok(()),
        };
        let sample = step.is_multiple_of(config.sample_interval);
        if look || save || sample || step == config.steps || together.group.is_alone() {
            together.agree(step, found)?;
        }
        let mut told = Ok(());
        if log {
            snapshot.refresh(algorithm, step);
            let losses = together.read(&losses)?;
            told = session.tell(algorithm, &Event::Logged { step, losses: &losses });
        }
        if told.is_ok() && sample {
            told = session.tell(algorithm, &Event::Sample { step });
        }
        if let Err(error) = told {
            return Err(session.keep(error, algorithm, step));
        }
        if save {
            session.save(algorithm, step, None)?;
            saved_at = step;
            waited_for = session.out_of_patience(together, step)?;
        }
    }
    if let Some(best) = waited_for.filter(|_| step < config.steps) {
        let waited = step - best;
        let message = format!(
            "no checkpoint was better than that of step {best}, {waited} steps ago: training ends early"
        );
        session.warn(algorithm, &message)?;
    }
    if saved_at != step || !session.has_checkpoint()? {
        session.save(algorithm, step, None)?;
    }
    let interrupted = step < config.steps && waited_for.is_none();
    session.tell(algorithm, &Event::Finished { step, interrupted })?;
    Ok(Outcome { step, interrupted, checkpoint: run.checkpoint_path(step) })
}

/// What is said where the fingerprint of the data is not that of the checkpoint's.
const CHANGED_DATA: &str = "the data is not what the run was trained on so far (same number of \
                            samples, other values): it goes on, and ends in other weights than it \
                            would have";

/// Refuses a precision that the device has not, or the algorithm does not take.
fn set_precision(
    precision: Precision,
    algorithm: &impl Step,
    device: Device,
) -> Result<(), TrainError> {
    if precision == Precision::Bf16 && !algorithm.takes_bf16() {
        return Err(TrainError::Setting {
            name: "precision",
            rule: "f32 or tf32 for this algorithm (Step::takes_bf16)",
            got: precision.to_string(),
        });
    }
    Ok(precision.set(device)?)
}

/// Step number `step`, counted from 0: a function of the algorithm's state, the batch, the settings'
/// seed and precision, and the number.
fn seeded_step<S: Step>(
    algorithm: &mut S,
    batch: &S::Batch,
    config: &FitConfig,
    step: u64,
) -> Result<Losses, TrainError> {
    let step = || {
        tch::manual_seed(derive_seed(config.seed, "step", step).cast_signed());
        algorithm.step(batch)
    };
    config.precision.during(|| guarded("a training step", step))
}

/// After step number `failed`, counted from 0, failed half-way: the state before it, or as near
/// to that as the steps since the copy can be computed again; the steps done.
fn go_back<S: Step>(
    algorithm: &mut S,
    batches: &mut Batches<S::Batch>,
    snapshot: &Snapshot,
    config: &FitConfig,
    failed: u64,
) -> u64 {
    snapshot.restore(algorithm);
    batches.seek(snapshot.step);
    for step in snapshot.step..failed {
        let again = batches.next_batch().map_err(TrainError::from);
        if again.and_then(|batch| seeded_step(algorithm, &batch, config, step)).is_err() {
            snapshot.restore(algorithm);
            return snapshot.step;
        }
    }
    failed
}

/// What is said where a run goes on with another number of processes.
fn changed_processes(before: usize, now: usize) -> String {
    let of = |count: usize| match count {
        1 => "1 process".to_owned(),
        count => format!("{count} processes"),
    };
    format!(
        "the run was trained by {} so far and is now by {}: sums are rounded otherwise, and it ends in \
         other weights than it would have",
        of(before),
        of(now)
    )
}
