//! Files that appear whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::PreprocessError;

/// Writes a file through `fill`: to a temporary file in the same folder, then to the disk
/// itself, and only then under its name. A file that had the name stays until then.
pub(crate) fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> Result<(), PreprocessError> {
    let fail = |source| PreprocessError::io("write", path, source);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if path.file_name().is_none() {
        return Err(fail(io::ErrorKind::InvalidFilename.into()));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".astrogen-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What the user's mask makes of it, as for any other file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(fail)?;
    let mut writer = BufWriter::new(file.as_file_mut());
    fill(&mut writer).and_then(|()| writer.flush()).map_err(fail)?;
    drop(writer);
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    // The new name reaches the disk with the folder; not every system lets one ask.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}
