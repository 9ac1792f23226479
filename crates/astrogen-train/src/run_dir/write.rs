//! Files that are whole or not there, and what a killed session left of them.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::TrainError;

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
        file.persist(path).map_err(|error| error.error)?;
        // The new name must reach the disk too; only Unix lets a folder be synced.
        #[cfg(unix)]
        fs::File::open(folder)?.sync_all()?;
        Ok(())
    };
    write().map_err(TrainError::io(path))
}

/// Whether a file's name is that of one in the making.
pub(super) fn is_partial(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(PARTIAL)
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
