//! One file with everything a run needs to go on.
//!
//! A checkpoint is a safetensors file: the tensors of [`State::state`] under their names,
//! and in its metadata the algorithm, the step, and the number and fingerprint of the samples it was
//! trained on. It is written beside its final name and renamed when whole, so that a checkpoint
//! that exists is complete.

use std::collections::BTreeMap;
use std::path::Path;

use astrogen_models::{WeightFile, weights};

use crate::TrainError;
use crate::state::State;

const ALGORITHM: &str = "astrogen.algorithm";
const STEP: &str = "astrogen.step";
const SAMPLES: &str = "astrogen.samples";
const DATA: &str = "astrogen.data";
const SCORE: &str = "astrogen.score";
const PROCESSES: &str = "astrogen.processes";

/// What a checkpoint says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Steps done when it was written.
    pub step: u64,
    /// Samples in the training set: a run goes on with the data it began with.
    pub samples: u64,
    /// The [fingerprint](astrogen_data::Batches::fingerprint) of the training set; none in
    /// checkpoints from before there was one.
    pub data: Option<String>,
    /// The score an observer gave to the networks, lower is better.
    pub score: Option<f64>,
    /// Processes that trained together; 1 in checkpoints from before there were more.
    pub processes: usize,
}

impl Checkpoint {
    /// Writes the state of an algorithm: whole, or not at all.
    ///
    /// # Errors
    /// When the file cannot be written; nothing is left behind then.
    pub fn save(&self, path: &Path, algorithm: &dyn State) -> Result<(), TrainError> {
        let mut metadata = BTreeMap::from([
            (ALGORITHM.to_owned(), algorithm.algorithm().to_owned()),
            (STEP.to_owned(), self.step.to_string()),
            (SAMPLES.to_owned(), self.samples.to_string()),
        ]);
        if let Some(data) = &self.data {
            metadata.insert(DATA.to_owned(), data.clone());
        }
        if let Some(score) = self.score {
            metadata.insert(SCORE.to_owned(), score.to_string());
        }
        if self.processes > 1 {
            metadata.insert(PROCESSES.to_owned(), self.processes.to_string());
        }
        Ok(weights::save(path, &algorithm.state(), &metadata)?)
    }

    /// What the file says of itself, without its tensors.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] or [`TrainError::Model`] when it is no whole checkpoint.
    pub fn inspect(path: &Path) -> Result<Self, TrainError> {
        Self::from_metadata(path, &weights::read_metadata(path)?).map(|(checkpoint, _)| checkpoint)
    }

    /// Copies the file's tensors into an algorithm of the same architecture.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] when another algorithm or architecture wrote it; nothing
    /// is copied then. [`TrainError::Model`] when it cannot be read, or its names and
    /// shapes are not those of the algorithm.
    pub fn load(path: &Path, algorithm: &dyn State) -> Result<Self, TrainError> {
        let (checkpoint, file) = Self::open(path, algorithm)?;
        weights::copy_into(algorithm.state(), &file.tensors, &path.display().to_string())?;
        Ok(checkpoint)
    }

    /// Refuses another number of samples than it was trained on.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`], about the file of this path.
    pub fn check_samples(&self, path: &Path, samples: u64) -> Result<(), TrainError> {
        if self.samples == samples {
            return Ok(());
        }
        Err(TrainError::Checkpoint {
            path: path.to_owned(),
            reason: format!(
                "the run was trained on {} samples, and the data now has {samples}; restore the data it \
                 began with, or start a new run",
                self.samples
            ),
        })
    }

    /// The file, which an algorithm of this kind wrote.
    pub(crate) fn open(
        path: &Path,
        algorithm: &dyn State,
    ) -> Result<(Self, WeightFile), TrainError> {
        let file = weights::read(path)?;
        let (checkpoint, writer) = Self::from_metadata(path, &file.metadata)?;
        if writer != algorithm.algorithm() {
            return Err(TrainError::Checkpoint {
                path: path.to_owned(),
                reason: format!(
                    "it was written by {writer}, and {} cannot go on from it",
                    algorithm.algorithm()
                ),
            });
        }
        Ok((checkpoint, file))
    }

    fn from_metadata(
        path: &Path,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(Self, String), TrainError> {
        let refuse = |key: &str| TrainError::Checkpoint {
            path: path.to_owned(),
            reason: format!(
                "its metadata has no valid {key:?}, so it is not a checkpoint of a run"
            ),
        };
        let number = |key: &str| -> Result<u64, TrainError> {
            metadata.get(key).and_then(|text| text.parse().ok()).ok_or_else(|| refuse(key))
        };
        let checkpoint = Self {
            step: number(STEP)?,
            samples: number(SAMPLES)?,
            data: metadata.get(DATA).cloned(),
            score: metadata.get(SCORE).and_then(|text| text.parse().ok()),
            processes: metadata.get(PROCESSES).and_then(|text| text.parse().ok()).unwrap_or(1),
        };
        Ok((checkpoint, metadata.get(ALGORITHM).ok_or_else(|| refuse(ALGORITHM))?.clone()))
    }
}
