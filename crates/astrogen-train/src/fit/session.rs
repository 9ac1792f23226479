//! What a session does with the folder of its run.

use super::guarded::guarded;
use super::together::Together;
use super::{Evaluation, Event, FitConfig, Observer, Outcome};
use crate::TrainError;
use crate::checkpoint::Checkpoint;
use crate::guard::check_finite;
use crate::run_dir::RunDir;
use crate::state::State;
use crate::step::Step;

/// The folder of a run, and who is told of what is done with it.
pub(super) struct Session<'a, 'b, S> {
    pub(super) run: &'a RunDir,
    pub(super) config: &'a FitConfig,
    /// Samples in the data set.
    pub(super) samples: u64,
    /// The fingerprint of the data.
    pub(super) data: String,
    pub(super) observers: &'a mut [&'b mut dyn Observer<S>],
    /// Checkpoints of earlier sessions that could not be read, told of already.
    pub(super) told: Vec<std::path::PathBuf>,
}

impl<S: Step> Session<'_, '_, S> {
    /// Brings the algorithm to the state of the newest checkpoint, if there is one.
    pub(super) fn resume(&self, algorithm: &S) -> Result<Option<Checkpoint>, TrainError> {
        if !self.is_first() {
            return Ok(None); // the first process's state is sent
        }
        let Some((_, path)) = self.run.checkpoint_files()?.pop() else { return Ok(None) };
        let checkpoint = Checkpoint::load(&path, algorithm)?;
        checkpoint.check_samples(&path, self.samples)?;
        Ok(Some(checkpoint))
    }

    /// Evaluates the algorithm, saves it and exports it. `known` is the score that its checkpoint
    /// has already, if there is one: it stays.
    pub(super) fn save(
        &mut self,
        algorithm: &S,
        step: u64,
        known: Option<f64>,
    ) -> Result<(), TrainError> {
        check_state(step, algorithm)?;
        if !self.is_first() {
            return Ok(());
        }
        let evaluated = self.evaluate(algorithm);
        let (evaluation, score) = match evaluated {
            Ok((evaluation, score)) => (evaluation, known.or(score)),
            Err(error) => return Err(self.keep(error, algorithm, step)),
        };
        let path = self.run.checkpoint_path(step);
        self.checkpoint(step, score).save(&path, algorithm)?;
        algorithm.export(self.run.path())?;
        let scores = self.run.scores()?;
        if score.is_some() && scores.best.is_some_and(|(best, _)| best == step) {
            let best = self.run.best_path();
            std::fs::create_dir_all(&best).map_err(TrainError::io(&best))?;
            algorithm.export(&best)?;
        }
        self.run.prune_checkpoints(self.config.keep_checkpoints, &scores)?;
        for (path, error) in &scores.unreadable {
            if !self.told.contains(path) {
                self.told.push(path.clone());
                self.warn(algorithm, &format!("left as it is, and not counted: {error}"))?;
            }
        }
        let evaluation = evaluation.as_ref();
        if let Some(evaluation) = evaluation {
            self.tell(algorithm, &Event::Evaluated { step, evaluation })?;
        }
        self.tell(algorithm, &Event::Saved { step, path: &path, evaluation })?;
        self.run.mark_saved(step)
    }

    /// Whether this process has observers and writes.
    fn is_first(&self) -> bool {
        self.run.group().is_first()
    }

    /// Whether there is a checkpoint of steps that were done, or it is not for this process to say.
    pub(super) fn has_checkpoint(&self) -> Result<bool, TrainError> {
        Ok(!self.is_first() || self.run.checkpoints()?.last().is_some_and(|step| *step > 0))
    }

    /// The step of the best checkpoint, where it is older at `step` than the run's patience.
    pub(super) fn out_of_patience(
        &self,
        together: &Together<'_>,
        step: u64,
    ) -> Result<Option<u64>, TrainError> {
        let Some(patience) = self.config.patience else { return Ok(None) };
        let best = match self.is_first() {
            true => self.run.best_checkpoint()?.map(|(best, _)| best),
            false => None,
        };
        let waited_for = best.filter(|best| step.saturating_sub(*best) >= patience);
        together.of_first("the best step", waited_for)
    }

    /// Saves the steps done where something beside the algorithm failed, and gives the failure
    /// back: it is the one to tell of, whether the checkpoint could be written or not. A
    /// checkpoint of this step that is there already is left as it is, with its score.
    pub(super) fn keep(&self, failure: TrainError, algorithm: &S, step: u64) -> TrainError {
        let path = self.run.checkpoint_path(step);
        let there = self.run.checkpoints().is_ok_and(|steps| steps.contains(&step));
        if self.is_first() && !there && check_state(step, algorithm).is_ok() {
            let _ = self.checkpoint(step, None).save(&path, algorithm);
        }
        failure
    }

    /// Ends a run of which a tensor is no longer finite with the state of its best checkpoint, or
    /// of its newest where none has a score.
    pub(super) fn return_to_best(
        &mut self,
        algorithm: &S,
        together: &Together<'_>,
        step: u64,
        tensor: String,
    ) -> Result<Outcome, TrainError> {
        let mut best = None;
        if self.is_first() {
            best = self.run.best_checkpoint()?.map(|(best, _)| best);
            best = best.or(self.run.checkpoints()?.pop());
        }
        let Some(best) = together.of_first("the best step", best)? else {
            return Err(TrainError::NonFinite { step, tensor });
        };
        let checkpoint = self.run.checkpoint_path(best);
        if self.is_first() {
            Checkpoint::load(&checkpoint, algorithm)?;
            algorithm.export(self.run.path())?;
        }
        together.begin_at(algorithm, best)?;
        let message = format!(
            "{tensor} is not finite at step {step}: training ends with the state of step {best}, \
             the best"
        );
        self.warn(algorithm, &message)?;
        self.tell(algorithm, &Event::Finished { step: best, interrupted: false })?;
        Ok(Outcome { step: best, interrupted: false, checkpoint })
    }

    fn checkpoint(&self, step: u64, score: Option<f64>) -> Checkpoint {
        let processes = self.run.group().size();
        Checkpoint { step, samples: self.samples, data: Some(self.data.clone()), score, processes }
    }

    /// What all observers find of the networks, if any does, and what they are compared by.
    fn evaluate(&mut self, algorithm: &S) -> Result<(Option<Evaluation>, Option<f64>), TrainError> {
        let mut all: Option<Evaluation> = None;
        for observer in self.observers.iter_mut() {
            let found = guarded("evaluating", || observer.evaluate(algorithm))?;
            match (&mut all, found) {
                (Some(all), Some(found)) => all.join(found),
                (none, Some(found)) => *none = Some(found),
                (_, None) => {}
            }
        }
        let score = match &all {
            Some(evaluation) => self.config.best_by.of(evaluation)?,
            None => None,
        };
        Ok((all, score))
    }

    pub(super) fn tell(&mut self, algorithm: &S, event: &Event) -> Result<(), TrainError> {
        if !self.is_first() {
            return Ok(());
        }
        let mut observers = self.observers.iter_mut();
        observers
            .try_for_each(|observer| guarded("an observer", || observer.observe(algorithm, event)))
    }

    pub(super) fn warn(&mut self, algorithm: &S, message: &str) -> Result<(), TrainError> {
        self.tell(algorithm, &Event::Warned { message })
    }
}

fn check_state(step: u64, algorithm: &dyn State) -> Result<(), TrainError> {
    let state = algorithm.state();
    check_finite(step, state.iter().map(|(name, tensor)| (name.as_str(), tensor)))
}
