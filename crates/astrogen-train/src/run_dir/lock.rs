//! One session a run: a lock that the operating system drops with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::TrainError;

/// The file that is locked; it stays behind, unlocked, and holds the last session's process.
pub(super) const LOCK: &str = ".lock";

/// A run's lock, held as long as this lives.
#[derive(Debug)]
pub(super) struct Lock {
    /// What holds it, if the disk has locks.
    _file: Option<File>,
    /// What has to be said of it.
    pub(super) remark: Option<String>,
}

impl Lock {
    /// Locks the folder of a run.
    ///
    /// # Errors
    /// [`TrainError::RunDir`] while another session holds it, [`TrainError::Io`] where the folder
    /// cannot be written.
    pub(super) fn take(folder: &Path) -> Result<Self, TrainError> {
        let path = folder.join(LOCK);
        let io = |source| TrainError::Io { path: path.clone(), source };
        let file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = file.map_err(io)?;
        match file.try_lock() {
            Ok(()) => {
                let mut write = || {
                    file.set_len(0)?;
                    file.rewind()?;
                    write!(file, "{}", std::process::id())
                };
                write().map_err(io)?;
                Ok(Self { _file: Some(file), remark: None })
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Where it cannot be read the message does without.
                let _ = file.read_to_string(&mut holder);
                let process = match holder.trim().parse::<u32>() {
                    Ok(number) => format!(", process {number},"),
                    Err(_) => String::new(),
                };
                Err(TrainError::RunDir {
                    path: folder.to_owned(),
                    reason: format!(
                        "another session{process} trains in it; wait for its end or stop it first"
                    ),
                })
            }
            Err(TryLockError::Error(error)) => Ok(Self {
                _file: None,
                remark: Some(format!(
                    "the disk of {} has no locks ({error}): see to it that no other session \
                     trains in this folder",
                    folder.display()
                )),
            }),
        }
    }
}
