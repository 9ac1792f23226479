//! Files that appear whole or not at all.

use std::io;
use std::path::Path;

use atomic_write_file::AtomicWriteFile;

/// Starts a file that has its name, and replaces one that had it, with
/// [`AtomicWriteFile::commit`]; dropped before, nothing is left of it.
///
/// # Errors
/// What the system says where the file cannot be made, and `IsADirectory` for the name of a folder.
pub fn create_whole(path: &Path) -> io::Result<AtomicWriteFile> {
    // A folder of this name would stop only the renaming, and leave the written file beside it.
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    AtomicWriteFile::open(path)
}
