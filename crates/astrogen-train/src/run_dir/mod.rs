//! The folder of a run.
//!
//! ```text
//! runs/nebula-dcgan-1/
//!   config.json                          every setting, enough to resume and to sample
//!   generator.safetensors                the averaged generator at the last checkpoint
//!   best/generator.safetensors           the one with the best score, if one is computed
//!   checkpoints/step-00000300.safetensors
//!   samples/step-00000300.png
//!   history.csv  scores.csv  reports.jsonl  log.jsonl  events.out.tfevents.*
//!   data.json                            what was found of the data
//!   losses.png  report.json  figures/    what programs draw and say of it
//!   report.html                          all of that as a page for a browser
//!   saved.json  .lock                    what is done with, and who trains
//! ```

mod checkpoints;
mod lock;
mod paths;
mod write;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use astrogen_distributed::Group;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::TrainError;
use lock::{LOCK, Lock};
use paths::{CHECKPOINTS, CONFIG, DATA, SAMPLES};
pub(crate) use write::write_whole;
use write::{is_partial, sweep_partial};

/// The folders of a run that is trained.
const FOLDERS: [&str; 2] = [CHECKPOINTS, SAMPLES];

/// The folder of a run, known to exist.
///
/// One that was [opened](Self::open) is only read: nothing in it is made or removed, so that a
/// run may be looked at while it trains, or on a disk that cannot be written. A session that
/// trains [creates](Self::create) or [resumes](Self::resume) it and holds its lock, which the
/// operating system drops with the process; there is one such session at a time.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
    /// Held by the session that trains.
    lock: Option<Arc<Lock>>,
    /// The processes that train in it together; the first one writes.
    group: Group,
}

impl RunDir {
    fn at(path: PathBuf) -> Self {
        Self { path, lock: None, group: Group::alone() }
    }

    /// The folder of a run in which several processes train together: the first one makes or resumes it by
    /// this call, alone writes into it, and tells the others where it is. These read it: it has to be on a
    /// disk that all machines share. What they would write is left to the first.
    ///
    /// # Errors
    /// Those of `make`, [`TrainError::Distributed`] where a process is gone, and [`TrainError::RunDir`]
    /// where this process does not see the folder.
    pub fn in_group(
        group: &Group,
        make: impl FnOnce() -> Result<Self, TrainError>,
    ) -> Result<Self, TrainError> {
        if group.is_alone() {
            return make();
        }
        let mut made = None;
        let path = group.tell("the run's folder", || {
            let run: &Self = made.insert(make()?);
            let path = run.path.canonicalize().map_err(TrainError::io(&run.path))?;
            Ok::<_, TrainError>(path.to_string_lossy().into_owned())
        })?;
        match made {
            Some(run) => Ok(Self { group: group.clone(), ..run }),
            None => {
                let path = PathBuf::from(path);
                if !path.is_dir() {
                    let reason = "the first process trains there, and this one does not see it: name a \
                                  folder on a disk that all machines share";
                    return Err(TrainError::RunDir { path, reason: reason.to_owned() });
                }
                Ok(Self { group: group.clone(), ..Self::at(path) })
            }
        }
    }

    /// The folder of a training that is part of this one, with the same processes: resumed, or made.
    ///
    /// # Errors
    /// Those of [`create_or_resume`](Self::create_or_resume) and [`in_group`](Self::in_group).
    pub fn part(&self, name: &str) -> Result<Self, TrainError> {
        Self::in_group(&self.group, || Self::create_or_resume(&self.join(name)))
    }

    /// The processes that train in it.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Makes `parent/name-1`, or with the first number that is free.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create_next(parent: &Path, name: &str) -> Result<Self, TrainError> {
        Self::at(numbered_folder(parent, name)?).training()
    }

    /// Makes a folder for a new run, or takes one that is empty, but for what a session left
    /// that was killed before it wrote its settings.
    ///
    /// # Errors
    /// [`TrainError::RunDir`] when something is in it already: nothing is overwritten. Or when
    /// another session trains in it.
    pub fn create(path: &Path) -> Result<Self, TrainError> {
        fs::create_dir_all(path).map_err(TrainError::io(path))?;
        if !is_unused(path)? {
            return Err(not_empty(path));
        }
        Self::at(path.to_owned()).training()
    }

    /// Refuses a folder that [`create`](Self::create) would refuse for what is in it, before anything is
    /// done for a new run; one that is not there is unused.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn check_unused(path: &Path) -> Result<(), TrainError> {
        match path.exists() && !is_unused(path)? {
            true => Err(not_empty(path)),
            false => Ok(()),
        }
    }

    /// Opens the folder of an earlier run, to read it: nothing in it is changed.
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
        Ok(Self::at(path.to_owned()))
    }

    /// Opens the folder of an earlier run to go on training: locks it, and removes what a killed
    /// session left half-written in it.
    ///
    /// # Errors
    /// [`TrainError::RunDir`] when it is not one, or another session trains in it.
    pub fn resume(path: &Path) -> Result<Self, TrainError> {
        Self::open(path)?.training()
    }

    /// Resumes the run in a folder, or makes it there.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume) and [`create`](Self::create).
    pub fn create_or_resume(path: &Path) -> Result<Self, TrainError> {
        if path.join(CONFIG).exists() { Self::resume(path) } else { Self::create(path) }
    }

    /// The same folder for a session that trains. A lock that is held already is kept.
    pub(crate) fn training(&self) -> Result<Self, TrainError> {
        if self.lock.is_some() || !self.group.is_first() {
            return Ok(self.clone());
        }
        let lock = Some(Arc::new(Lock::take(&self.path)?));
        for folder in FOLDERS {
            let folder = self.path.join(folder);
            fs::create_dir_all(&folder).map_err(TrainError::io(&folder))?;
            sweep_partial(&folder)?;
        }
        sweep_partial(&self.path)?;
        Ok(Self { lock, ..self.clone() })
    }

    /// What has to be said of the lock.
    pub(crate) fn remark(&self) -> Option<&str> {
        self.lock.as_ref()?.remark.as_deref()
    }

    /// Writes every setting of the run: whole, or not at all.
    ///
    /// # Errors
    /// When the file cannot be written; [`TrainError::Distributed`] where processes that train together have
    /// other settings.
    pub fn write_config(&self, config: &impl Serialize) -> Result<(), TrainError> {
        self.group.same("settings", &self.json(CONFIG, config)?)?;
        self.write_json(CONFIG, config)
    }

    /// Writes what was found of the data, for whoever looks at the run later.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_data(&self, data: &impl Serialize) -> Result<(), TrainError> {
        self.write_json(DATA, data)
    }

    /// Reads the settings back.
    ///
    /// # Errors
    /// [`TrainError::RunDir`] when they are not those of `T`.
    pub fn read_config<T: DeserializeOwned>(&self) -> Result<T, TrainError> {
        self.read_json(CONFIG)
    }

    /// Writes a text to a file of the run: whole, or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_text(&self, name: &str, text: &str) -> Result<(), TrainError> {
        if !self.group.is_first() {
            return Ok(());
        }
        write_whole(&self.join(name), text.as_bytes())
    }

    /// Writes a value to a file of the run as JSON: whole, or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), TrainError> {
        self.write_text(name, &self.json(name, value)?)
    }

    fn json(&self, name: &str, value: &impl Serialize) -> Result<String, TrainError> {
        serde_json::to_string_pretty(value).map_err(|error| TrainError::RunDir {
            path: self.join(name),
            reason: error.to_string(),
        })
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
        Some(_) => Err(not_empty(path)),
    }
}

fn not_empty(path: &Path) -> TrainError {
    TrainError::RunDir {
        path: path.to_owned(),
        reason: "it is not empty, and nothing in it is overwritten; choose another folder"
            .to_owned(),
    }
}

/// Whether nothing is in a folder but what a session makes before it writes its settings.
fn is_unused(path: &Path) -> Result<bool, TrainError> {
    for entry in fs::read_dir(path).map_err(TrainError::io(path))? {
        let entry = entry.map_err(TrainError::io(path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let unused = if FOLDERS.contains(&name.as_str()) {
            fs::read_dir(entry.path()).is_ok_and(|mut inside| inside.next().is_none())
        } else {
            name == LOCK || is_partial(&name)
        };
        if !unused {
            return Ok(false);
        }
    }
    Ok(true)
}
