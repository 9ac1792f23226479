//! What a file is, told by its first bytes and never by its name.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use crate::FitsError;

/// How many leading bytes [`Format::of`] wants to see.
pub const LEADING: usize = 16;

/// A format that some crate of the workspace reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// FITS, not packed.
    Fits,
    /// Anything packed by gzip.
    Gzip,
    /// Anything packed by bzip2.
    Bzip2,
    /// Anything packed by compress (`.Z`).
    Compress,
    /// A PNG image.
    Png,
    /// A JPEG image.
    Jpeg,
    /// A TIFF or BigTIFF image.
    Tiff,
    /// A Parquet table.
    Parquet,
    /// An HDF5 file.
    Hdf5,
    /// A NumPy array.
    Npy,
}

impl Format {
    /// The format of a file that starts with `bytes`, if it is one that is read here.
    pub fn of(bytes: &[u8]) -> Option<Format> {
        const MAGIC: [(&[u8], Format); 13] = [
            (b"SIMPLE  =", Format::Fits),
            (b"\x1f\x8b", Format::Gzip),
            (b"BZh", Format::Bzip2),
            (b"\x1f\x9d", Format::Compress),
            (b"\x89PNG\r\n\x1a\n", Format::Png),
            (b"\xff\xd8\xff", Format::Jpeg),
            (b"II*\0", Format::Tiff),
            (b"MM\0*", Format::Tiff),
            (b"II+\0", Format::Tiff),
            (b"MM\0+", Format::Tiff),
            (b"PAR1", Format::Parquet),
            (b"\x89HDF\r\n\x1a\n", Format::Hdf5),
            (b"\x93NUMPY", Format::Npy),
        ];
        MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, format)| *format)
    }
}

/// Says in words what a file that starts with `bytes` looks like, for error messages.
pub fn describe(bytes: &[u8]) -> String {
    const OTHERS: [(&[u8], &str); 7] = [
        (b"#ASDF", "an ASDF file"),
        (b"XISF0100", "an XISF file"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\xfd7zXZ", "an xz file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"GIF8", "a GIF image"),
        (b"RIFF", "a WebP or other RIFF file"),
    ];
    if bytes.is_empty() {
        return "an empty file (0 bytes)".to_owned();
    }
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return (*name).to_owned();
    }
    match Format::of(bytes) {
        Some(Format::Fits) => "a FITS file".to_owned(),
        Some(Format::Gzip) => "a gzip file".to_owned(),
        Some(Format::Bzip2) => "a bzip2 file".to_owned(),
        Some(Format::Compress) => "a compress (.Z) file".to_owned(),
        Some(Format::Png) => "a PNG image".to_owned(),
        Some(Format::Jpeg) => "a JPEG image".to_owned(),
        Some(Format::Tiff) => "a TIFF image".to_owned(),
        Some(Format::Parquet) => "a Parquet file".to_owned(),
        Some(Format::Hdf5) => "an HDF5 file".to_owned(),
        Some(Format::Npy) => "a NumPy array".to_owned(),
        None => {
            let start = &bytes[..bytes.len().min(LEADING)];
            match std::str::from_utf8(start) {
                Ok(text) if !text.contains('\0') => format!("text that starts with {text:?}"),
                _ => format!("data that starts with the bytes {start:02x?}"),
            }
        }
    }
}

/// Opens a regular file: a folder, a pipe or a device is refused, not waited for.
///
/// # Errors
/// `Io` where the system refuses, `Format` for what is no regular file.
pub fn open_file(path: &Path) -> Result<File, FitsError> {
    let fail = |source| FitsError::io("open", path, source);
    let metadata = fs::metadata(path).map_err(fail)?;
    if !metadata.is_file() {
        let got = if metadata.is_dir() { "a folder" } else { "a pipe, socket or device" };
        return Err(FitsError::Format {
            path: path.to_owned(),
            expected: "a regular file",
            got: got.to_owned(),
        });
    }
    File::open(path).map_err(fail)
}

/// A file that was opened to see what it is, for whoever reads the rest: no file need be opened
/// twice.
#[derive(Debug)]
pub struct OpenedFile {
    /// Its path.
    pub path: PathBuf,
    /// The file, at its start.
    pub file: File,
    /// Its first bytes, [`LEADING`] of them or all that it has.
    pub start: Vec<u8>,
}

impl OpenedFile {
    /// Opens a file and looks at its first bytes.
    ///
    /// # Errors
    /// As [`open_file`].
    pub fn open(path: impl AsRef<Path>) -> Result<OpenedFile, FitsError> {
        let path = path.as_ref();
        let mut file = open_file(path)?;
        let mut start = Vec::with_capacity(LEADING);
        let fail = |source| FitsError::io("read", path, source);
        file.by_ref().take(LEADING as u64).read_to_end(&mut start).map_err(fail)?;
        file.rewind().map_err(fail)?;
        Ok(OpenedFile { path: path.to_owned(), file, start })
    }

    /// What the file is, as [`Format::of`] its first bytes.
    pub fn format(&self) -> Option<Format> {
        Format::of(&self.start)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content() {
        assert_eq!(Format::of(b"SIMPLE  =                    T"), Some(Format::Fits));
        assert_eq!(Format::of(b"\x1f\x8b\x08"), Some(Format::Gzip));
        assert_eq!(Format::of(b"\x1f\x9d\x90"), Some(Format::Compress));
        assert_eq!(Format::of(b"BZh9"), Some(Format::Bzip2));
        assert_eq!(Format::of(b"MM\0*"), Some(Format::Tiff));
        assert_eq!(Format::of(b"hello"), None);
        assert_eq!(Format::of(b""), None);
    }

    #[test]
    fn unknown_content_is_described() {
        assert_eq!(describe(b""), "an empty file (0 bytes)");
        assert_eq!(describe(b"hello"), "text that starts with \"hello\"");
        assert_eq!(describe(b"\x89HDF\r\n\x1a\n"), "an HDF5 file");
        assert!(describe(b"\0\0").contains("00, 00"));
    }
}
