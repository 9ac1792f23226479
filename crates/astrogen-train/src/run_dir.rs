//! The folder of a run.
//!
//! ```text
//! runs/nebula-dcgan-1/
//!   config.json                          every setting, enough to resume and to sample
//!   generator.safetensors                the averaged generator at the last checkpoint
//!   best/generator.safetensors           the one with the best score, if one is computed
//!   checkpoints/step-00000300.safetensors
//!   samples/step-00000300.png
//!   history.csv  log.jsonl  events.out.tfevents.*
//! ```

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::TrainError;
use crate::checkpoint::Checkpoint;

const CONFIG: &str = "config.json";

/// The folder of a run, known to exist.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Makes `parent/name-1`, or with the first number that is free.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create_next(parent: &Path, name: &str) -> Result<Self, TrainError> {
        Self::with_folders(numbered_folder(parent, name)?)
    }

    /// Makes a folder for a new run, or takes one that is empty.
    ///
    /// # Errors
    /// [`TrainError::RunDir`] when something is in it already: nothing is overwritten.
    pub fn create(path: &Path) -> Result<Self, TrainError> {
        empty_folder(path)?;
        Self::with_folders(path.to_owned())
    }

    /// Opens the folder of an earlier run, and removes what a killed session left
    /// half-written in it.
    ///
    /// # Errors
    /// [`TrainError::RunDir`] when it is not one.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        if !path.join(CONFIG).is_file() {
            return Err(TrainError::RunDir {
                path: path.to_owned(),
                reason: format!("there is no {CONFIG} in it, so it is not the folder of a run"),
            });
        }
        let run = Self::with_folders(path.to_owned())?;
        for folder in [run.path.clone(), run.join("checkpoints"), run.join("samples")] {
            sweep_partial(&folder)?;
        }
        Ok(run)
    }

    fn with_folders(path: PathBuf) -> Result<Self, TrainError> {
        for folder in ["checkpoints", "samples"] {
            let folder = path.join(folder);
            fs::create_dir_all(&folder).map_err(TrainError::io(folder))?;
        }
        Ok(Self { path })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or folder in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// `samples/step-STEP.EXTENSION`.
    pub fn sample_path(&self, step: u64, extension: &str) -> PathBuf {
        self.path.join("samples").join(format!("step-{step:08}.{extension}"))
    }

    /// `checkpoints/step-STEP.safetensors`.
    pub fn checkpoint_path(&self, step: u64) -> PathBuf {
        self.path.join("checkpoints").join(format!("step-{step:08}.safetensors"))
    }

    /// Writes every setting of the run: whole, or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_config(&self, config: &impl Serialize) -> Result<(), TrainError> {
        self.write_json(CONFIG, config)
    }

    /// Reads the settings back.
    ///
    /// # Errors
    /// [`TrainError::RunDir`] when they are not those of `T`.
    pub fn read_config<T: DeserializeOwned>(&self) -> Result<T, TrainError> {
        self.read_json(CONFIG)
    }

    /// Writes a value to a file of the run as JSON: whole, or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), TrainError> {
        let path = self.join(name);
        let text = serde_json::to_vec_pretty(value).map_err(|error| TrainError::RunDir {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        write_whole(&path, &text)
    }

    /// Reads such a file back.
    ///
    /// # Errors
    /// [`TrainError::RunDir`] when it is not that of a `T`.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, TrainError> {
        let path = self.join(name);
        let text = fs::read(&path).map_err(TrainError::io(&path))?;
        serde_json::from_slice(&text).map_err(|error| TrainError::RunDir {
            path,
            reason: format!("this is not what this kind of run writes there: {error}"),
        })
    }

    /// The steps that have a checkpoint, in order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn checkpoints(&self) -> Result<Vec<u64>, TrainError> {
        let folder = self.path.join("checkpoints");
        let mut steps = Vec::new();
        for entry in fs::read_dir(&folder).map_err(TrainError::io(&folder))? {
            let name = entry.map_err(TrainError::io(&folder))?.file_name();
            let step: Option<u64> = name
                .to_str()
                .and_then(|name| name.strip_prefix("step-")?.strip_suffix(".safetensors"))
                .and_then(|digits| digits.parse().ok());
            steps.extend(step);
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// Removes all checkpoints but the last `keep` and the one with the best score.
    pub(crate) fn prune_checkpoints(&self, keep: usize) -> Result<(), TrainError> {
        let steps = self.checkpoints()?;
        let best = self.best_checkpoint()?.map(|(step, _)| step);
        for &step in &steps[..steps.len().saturating_sub(keep.max(1))] {
            if Some(step) != best {
                let path = self.checkpoint_path(step);
                fs::remove_file(&path).map_err(TrainError::io(path))?;
            }
        }
        Ok(())
    }

    /// Step and score of the checkpoint with the lowest score, the earliest of equals.
    ///
    /// # Errors
    /// When a checkpoint cannot be read.
    pub fn best_checkpoint(&self) -> Result<Option<(u64, f64)>, TrainError> {
        let mut best: Option<(u64, f64)> = None;
        for step in self.checkpoints()? {
            let score = Checkpoint::inspect(&self.checkpoint_path(step))?.score;
            // A score that is no number is no score.
            let Some(score) = score.filter(|score| !score.is_nan()) else { continue };
            if best.is_none_or(|(_, lowest)| score < lowest) {
                best = Some((step, score));
            }
        }
        Ok(best)
    }
}

/// Makes the folder `parent/name-1`, or with the first number that is free.
///
/// # Errors
/// When the folder cannot be made.
pub fn numbered_folder(parent: &Path, name: &str) -> Result<PathBuf, TrainError> {
    fs::create_dir_all(parent).map_err(TrainError::io(parent))?;
    let mut number = 1_u64;
    loop {
        let path = parent.join(format!("{name}-{number}"));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(source) => return Err(TrainError::Io { path, source }),
        }
    }
}

/// Makes a folder, or takes one that is empty.
///
/// # Errors
/// [`TrainError::RunDir`] when something is in it already, so that nothing is overwritten.
pub fn empty_folder(path: &Path) -> Result<(), TrainError> {
    fs::create_dir_all(path).map_err(TrainError::io(path))?;
    match fs::read_dir(path).map_err(TrainError::io(path))?.next() {
        None => Ok(()),
        Some(_) => Err(TrainError::RunDir {
            path: path.to_owned(),
            reason: "it is not empty, and nothing in it is overwritten; choose another folder"
                .to_owned(),
        }),
    }
}

/// Names of files in the making end like this.
const PARTIAL: &str = ".partial";

/// Writes a file beside its final name and renames it when it is safely on disk.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".run-").suffix(PARTIAL);
    #[cfg(unix)]
    {
        // A plain new file's permissions instead of a secret's.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let write = || {
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map(|_| ()).map_err(TrainError::io(path))
}

/// Removes what a killed session left half-written in a folder.
fn sweep_partial(folder: &Path) -> Result<(), TrainError> {
    for entry in fs::read_dir(folder).map_err(TrainError::io(folder))? {
        let path = entry.map_err(TrainError::io(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') && name.ends_with(PARTIAL) {
            fs::remove_file(&path).map_err(TrainError::io(&path))?;
        }
    }
    Ok(())
}
