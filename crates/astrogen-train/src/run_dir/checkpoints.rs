//! The checkpoints of a run: which there are, which is best, which may go.

use std::fs;
use std::path::PathBuf;

use astrogen_data::{Batch, Batches};

use super::RunDir;
use super::paths::CHECKPOINTS;
use crate::TrainError;
use crate::checkpoint::Checkpoint;
use crate::state::State;

/// Says which checkpoint is done with: scored, exported and told of.
const SAVED: &str = "saved.json";

impl RunDir {
    /// The steps that have a checkpoint, in order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn checkpoints(&self) -> Result<Vec<u64>, TrainError> {
        Ok(self.checkpoint_files()?.into_iter().map(|(step, _)| step).collect())
    }

    /// The file of the newest checkpoint.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] where there is none; [`TrainError::Io`] where the folder cannot be read.
    pub fn newest_checkpoint(&self) -> Result<PathBuf, TrainError> {
        let newest = self.checkpoint_files()?.pop().map(|(_, path)| path);
        newest.ok_or_else(|| TrainError::Checkpoint {
            path: self.path().to_owned(),
            reason: "the run has no checkpoint yet: train it first".to_owned(),
        })
    }

    /// The steps that have a checkpoint, in order, and its file: whatever number of digits its
    /// name has.
    pub(crate) fn checkpoint_files(&self) -> Result<Vec<(u64, PathBuf)>, TrainError> {
        let folder = self.join(CHECKPOINTS);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // A folder of settings and weights alone.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(TrainError::Io { path: folder, source }),
        };
        let mut files: Vec<(u64, PathBuf)> = Vec::new();
        for entry in entries {
            let path = entry.map_err(TrainError::io(&folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let digits =
                name.and_then(|name| name.strip_prefix("step-")?.strip_suffix(".safetensors"));
            if let Some(step) = digits.and_then(|digits| digits.parse().ok()) {
                files.push((step, path));
            }
        }
        // Of two files of one step the one that would be written stands.
        files.sort_by_key(|(step, path)| (*step, *path != self.checkpoint_path(*step)));
        files.dedup_by_key(|(step, _)| *step);
        Ok(files)
    }

    /// Step and score of the checkpoint with the lowest score, the earliest of equals; of those
    /// that can be read.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn best_checkpoint(&self) -> Result<Option<(u64, f64)>, TrainError> {
        Ok(self.scores()?.best)
    }

    /// Saves what a run begins with as its checkpoint of step 0, unless it has a checkpoint: for one that
    /// [begins from another's](crate::transfer) and is to go on alike whatever becomes of that, also where it is
    /// stopped before it has saved anything else.
    ///
    /// # Errors
    /// When the data cannot be read, or a file not be written.
    pub fn save_beginning<B: Batch>(
        &self,
        algorithm: &dyn State,
        batches: &Batches<B>,
    ) -> Result<(), TrainError> {
        if !self.group().is_first() || !self.checkpoints()?.is_empty() {
            return Ok(());
        }
        let (samples, data) = (batches.samples() as u64, Some(batches.fingerprint()?));
        let processes = self.group().size();
        let beginning = Checkpoint { step: 0, samples, data, score: None, processes };
        // Networks that nothing has trained yet are neither scored nor exported.
        self.mark_saved(0)?;
        beginning.save(&self.checkpoint_path(0), algorithm)
    }

    /// The scores of all checkpoints.
    pub(crate) fn scores(&self) -> Result<Scores, TrainError> {
        let mut scores = Scores { best: None, unreadable: Vec::new() };
        for (step, path) in self.checkpoint_files()? {
            match Checkpoint::inspect(&path) {
                // A score that is no finite number is none.
                Ok(Checkpoint { score: Some(score), .. }) if score.is_finite() => {
                    if scores.best.is_none_or(|(_, lowest)| score < lowest) {
                        scores.best = Some((step, score));
                    }
                }
                Ok(_) => {}
                Err(error) => scores.unreadable.push((path, error)),
            }
        }
        Ok(scores)
    }

    /// Removes all checkpoints but the last `keep`, the one with the best score, and those that
    /// cannot be read: nobody knows what they are.
    pub(crate) fn prune_checkpoints(&self, keep: usize, scores: &Scores) -> Result<(), TrainError> {
        let files = self.checkpoint_files()?;
        for (step, path) in &files[..files.len().saturating_sub(keep.max(1))] {
            let best = scores.best.is_some_and(|(best, _)| best == *step);
            let unreadable = scores.unreadable.iter().any(|(unreadable, _)| unreadable == path);
            if !best && !unreadable {
                fs::remove_file(path).map_err(TrainError::io(path))?;
            }
        }
        Ok(())
    }

    /// Notes that nothing is left to do for the checkpoint of a step.
    pub(crate) fn mark_saved(&self, step: u64) -> Result<(), TrainError> {
        self.write_json(SAVED, &step)
    }

    /// Whether nothing is left to do for the checkpoint of a step.
    pub(crate) fn is_saved(&self, step: u64) -> bool {
        self.read_json::<u64>(SAVED).is_ok_and(|saved| saved == step)
    }
}

/// What the checkpoints of a run say of themselves.
#[derive(Debug)]
pub(crate) struct Scores {
    /// Step and score of the best.
    pub(crate) best: Option<(u64, f64)>,
    /// Files that are no checkpoints, whatever their names say.
    pub(crate) unreadable: Vec<(PathBuf, TrainError)>,
}
