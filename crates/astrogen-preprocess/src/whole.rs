//! Files that appear whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::PreprocessError;

/// A file under a temporary name in its folder. [`WholeFile::finish`] gives it its name; if
/// it is dropped before, nothing is left of it. A file that had the name stays until then.
pub(crate) struct WholeFile {
    writer: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl WholeFile {
    /// Starts a file that is to have the name `path`.
    pub(crate) fn create(path: &Path) -> Result<WholeFile, PreprocessError> {
        let fail = |source| PreprocessError::io("write", path, source);
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
        let file = builder.tempfile_in(folder(path)).map_err(fail)?;
        Ok(WholeFile { writer: BufWriter::new(file), path: path.to_owned() })
    }

    /// The name that the file is to have.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file to the disk itself, and only then gives it its name.
    pub(crate) fn finish(self) -> Result<(), PreprocessError> {
        let WholeFile { writer, path } = self;
        let fail = |source| PreprocessError::io("write", &path, source);
        let file = writer.into_inner().map_err(|error| fail(error.into_error()))?;
        file.as_file().sync_all().map_err(fail)?;
        file.persist(&path).map_err(|error| fail(error.error))?;
        // The new name reaches the disk with the folder; not every system lets one ask.
        if let Ok(folder) = File::open(folder(&path)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Seek for WholeFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.writer.seek(to)
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes a [`WholeFile`] through `fill`.
pub(crate) fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut WholeFile) -> io::Result<()>,
) -> Result<(), PreprocessError> {
    let mut file = WholeFile::create(path)?;
    fill(&mut file).map_err(|source| PreprocessError::io("write", path, source))?;
    file.finish()
}
