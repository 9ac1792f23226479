//! Files that are either whole or not there.

use std::io::{self, Write};
use std::path::Path;

use atomic_write_file::AtomicWriteFile;

use crate::error::PlotError;

/// Writes `bytes` beside `path` under another name, flushes them to the disk and renames: a reader
/// sees the old file or the new one, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), PlotError> {
    let write = || {
        // A folder of this name would stop only the renaming, and leave the written file beside it.
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut file = AtomicWriteFile::open(path)?;
        file.write_all(bytes)?;
        file.commit()
    };
    write().map_err(|source| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let there = folder.is_none_or(Path::is_dir);
        let hint = if there { "" } else { ": make its folder first" };
        PlotError::Write { path: path.to_owned(), source, hint }
    })
}

/// The ending of a file name in lower case, without the dot.
pub(crate) fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}
