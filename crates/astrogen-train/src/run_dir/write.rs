//! Files that are whole or not there, and what a killed session left of them.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use atomic_write_file::AtomicWriteFile;

use crate::TrainError;

/// Writes a file beside its final name and renames it when it is safely on disk.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let write = || {
        // A folder of this name would stop only the renaming, and leave the written file beside it.
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut file = AtomicWriteFile::open(path)?;
        file.write_all(bytes)?;
        file.commit()
    };
    write().map_err(TrainError::io(path))
}

/// Whether a file's name is that of one in the making: a dot, the name that it is to have, a dot,
/// and six letters or digits that are no word; of earlier versions, a dot, and `.partial` at the end.
pub(super) fn is_partial(name: &str) -> bool {
    /// The endings of the files that a run writes.
    const OURS: [&str; 7] = ["safetensors", "json", "jsonl", "csv", "png", "txt", "html"];
    let Some((own, random)) = name.strip_prefix('.').and_then(|hidden| hidden.rsplit_once('.'))
    else {
        return false;
    };
    let is_ours = || OURS.iter().any(|ending| own.ends_with(&format!(".{ending}")));
    // One in two hundred is all small letters, as `backup` is: that one stays.
    let is_random = random.len() == 6
        && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !random.bytes().all(|byte| byte.is_ascii_lowercase());
    random == "partial" || is_random && is_ours()
}

/// Removes what a killed session left half-written in a folder.
pub(super) fn sweep_partial(folder: &Path) -> Result<(), TrainError> {
    for entry in fs::read_dir(folder).map_err(TrainError::io(folder))? {
        let path = entry.map_err(TrainError::io(folder))?.path();
        if is_partial(&path.file_name().unwrap_or_default().to_string_lossy()) {
            fs::remove_file(&path).map_err(TrainError::io(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_partial;

    #[test]
    fn what_is_in_the_making_is_told_from_a_users_own() {
        for name in [".step-00000100.safetensors.aB3xY9", ".config.json.000000", ".run-x.partial"] {
            assert!(is_partial(name), "{name}");
        }
        for name in
            ["config.json", "notes.partial", ".notes.backup", ".config.json.old", ".json.aB3xY9"]
                .into_iter()
                .chain([".config.json.backup", ".history.csv.before"])
        {
            assert!(!is_partial(name), "{name}");
        }
    }
}
