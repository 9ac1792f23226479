//! A claim on a folder: which simulation fills it, and whether it is finished.
//!
//! A manifest in the folder says what its files are made from. While files are missing it has
//! the name `NAME.unfinished.json`, and `NAME.json` once they are all there. A folder with
//! another manifest, or with files of these names and no manifest, is left as it is. Programs that begin
//! together fill a folder one after the other: the first does, the others find it finished.

use crate::error::SkyError;
use serde::Serialize;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;

/// A folder that is there and ours.
pub(crate) struct Claim {
    manifest: PathBuf,
    unfinished: PathBuf,
    finished: bool,
    /// Keeps others out while this lives; none where the disk has no locks.
    _lock: Option<File>,
}

impl Claim {
    /// Claims a folder for files of one make, told by the manifest of the given name (which
    /// ends in `.json`); the folder is made if need be. Waits while another claim on it lives.
    ///
    /// # Errors
    /// `Folder` if it holds files of another make, `Io` if the disk refuses.
    pub(crate) fn lay(
        folder: &Path,
        name: &str,
        manifest: &impl Serialize,
        files: &[PathBuf],
    ) -> Result<Self, SkyError> {
        let foreign = |found: String| SkyError::Folder { folder: folder.to_owned(), found };
        let unfinished_name = format!("{}.unfinished.json", name.trim_end_matches(".json"));
        let text =
            text(manifest).map_err(io("cannot describe the settings for", &folder.join(name)))?;
        fs::create_dir_all(folder).map_err(io("cannot make the folder", folder))?;
        let lock = File::open(folder).and_then(|folder| folder.lock().map(|()| folder)).ok();
        let claim = |finished| Self {
            manifest: folder.join(name),
            unfinished: folder.join(&unfinished_name),
            finished,
            _lock: lock,
        };
        for (name, finished) in [(name, true), (&unfinished_name, false)] {
            match read(&folder.join(name))? {
                Some(found) if found == text => return Ok(claim(finished)),
                Some(_) => return Err(foreign(format!("files of other settings ({name})"))),
                None => {}
            }
        }
        if let Some(path) = files.iter().find(|path| path.exists()) {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            return Err(foreign(format!("{file}, but no {name} that says what made it")));
        }
        let claim = claim(false);
        write_whole(&claim.unfinished, text.as_bytes())?;
        Ok(claim)
    }

    /// Whether a folder was filled with files of this make.
    pub(crate) fn is_finished(folder: &Path, name: &str, manifest: &impl Serialize) -> bool {
        let found = fs::read_to_string(folder.join(name));
        found.is_ok_and(|found| text(manifest).is_ok_and(|text| text == found))
    }

    /// Says that all files are there.
    pub(crate) fn finish(self) -> Result<(), SkyError> {
        if self.finished {
            return Ok(());
        }
        fs::rename(&self.unfinished, &self.manifest).map_err(io("cannot finish", &self.manifest))
    }
}

/// Writes a file whole, or not at all.
///
/// # Errors
/// `Io` if the disk refuses.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SkyError> {
    let write = || {
        let mut file = AtomicWriteFile::open(path)?;
        file.write_all(bytes)?;
        file.commit()
    };
    write().map_err(io("cannot write", path))
}

/// What a manifest says.
fn text(manifest: &impl Serialize) -> std::io::Result<String> {
    Ok(serde_json::to_string_pretty(manifest)?)
}

fn read(path: &Path) -> Result<Option<String>, SkyError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io("cannot read", path)(error)),
    }
}

pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> SkyError {
    let path = path.to_owned();
    move |source| SkyError::Io { action, path, source }
}
