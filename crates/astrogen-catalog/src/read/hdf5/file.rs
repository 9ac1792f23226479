//! An HDF5 file opened, and what its library says of it.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use hdf5_pure::{
    Dataset, Error, File, FileAccessProperties, FormatError, MetadataCacheConfig, ReadSeekSource,
};

use crate::CatalogError;
use crate::read::guard;
use astrogen_fits::format::open_file;

/// Bytes of what describes the file that are kept.
const METADATA: usize = 1 << 20;
/// Bytes of stack for what a file nests as deep as a message of 64 KiB lets it.
const STACK: usize = 64 << 20;

/// The filters that are read: deflate, shuffle, fletcher32, scale-offset and lzf.
const FILTERS: [u16; 5] = [1, 2, 3, 6, 32000];
/// Names of others.
const OTHERS: [(u16, &str); 10] = [
    (4, "szip"),
    (5, "n-bit"),
    (307, "bzip2"),
    (32001, "blosc"),
    (32004, "lz4"),
    (32008, "bitshuffle"),
    (32013, "zfp"),
    (32015, "zstd"),
    (32017, "sz"),
    (32026, "blosc2"),
];

/// An opened file.
pub(super) struct Hdf5File {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Its bytes.
    pub(super) length: u64,
}

impl Hdf5File {
    pub(super) fn open(path: &Path) -> Result<Hdf5File, CatalogError> {
        let file = open_file(path)?;
        let length =
            file.metadata().map_err(|source| CatalogError::io("read", path, source))?.len();
        let fail = |error: Error| failed(path, &error);
        let source = ReadSeekSource::new(file).map_err(|error| fail(error.into()))?;
        let access =
            FileAccessProperties::new().with_metadata_cache(MetadataCacheConfig::new(METADATA));
        let file = File::from_source_with_options(source, access).map_err(fail)?;
        let claimed = file.superblock().eof_address;
        if claimed > length {
            return Err(CatalogError::Truncated {
                path: path.to_owned(),
                what: "its contents".to_owned(),
                expected: claimed.into(),
                got: length,
            });
        }
        Ok(Hdf5File { path: path.to_owned(), file, length })
    }

    /// Refuses a data set that is packed in a way that is not read.
    pub(super) fn check_filters(&self, name: &str, set: &Dataset) -> Result<(), CatalogError> {
        let Some(filter) =
            set.filter_pipeline().into_iter().find(|filter| !FILTERS.contains(&filter.id))
        else {
            return Ok(());
        };
        let known = OTHERS.iter().find(|(id, _)| *id == filter.id);
        let known = known.map(|(_, known)| (*known).to_owned());
        let called = known.or(filter.name).unwrap_or_else(|| "an unknown one".to_owned());
        Err(CatalogError::Format {
            path: self.path.clone(),
            expected: "HDF5 packed by deflate, shuffle, fletcher32, scale-offset, lzf or not at all",
            got: format!(
                "filter {} ({called}) in data set {name:?}; write it with one of these, as h5repack \
                 does",
                filter.id
            ),
        })
    }
}

/// Damage, unless the library says that it lacks something.
pub(super) fn failed(path: &Path, error: &Error) -> CatalogError {
    let path = path.to_owned();
    let got = match error {
        Error::Io(error) => {
            return CatalogError::io(
                "read",
                &path,
                io::Error::new(error.kind(), error.to_string()),
            );
        }
        Error::Format(FormatError::Source(words)) => {
            return CatalogError::io("read", &path, io::Error::other(words.clone()));
        }
        Error::FileMarkedInUse(_) => {
            return CatalogError::Table {
                path,
                reason: "a program has it open for writing, or broke off; close that program, or \
                         clear the mark with h5clear -s"
                    .to_owned(),
            };
        }
        Error::Format(FormatError::UnsupportedVirtualLayout) => {
            "a virtual data set, whose numbers are in other files; read those"
        }
        Error::Format(FormatError::UnsupportedExternalStorage) => {
            "a data set whose numbers are in other files; write it as one, as h5repack does"
        }
        Error::Format(
            error @ (FormatError::UnsupportedVersion(_)
            | FormatError::UnsupportedMessage(_)
            | FormatError::InvalidLayoutVersion(_)
            | FormatError::InvalidObjectHeaderVersion(_)
            | FormatError::InvalidDatatypeVersion { .. }),
        ) => {
            return CatalogError::Format {
                path,
                expected: "HDF5 in the form of release 1.14 or an older one",
                got: format!("damage or a newer one ({error}); write it in an older form"),
            };
        }
        Error::Format(error) => return damaged(&path, &error.to_string()),
        other => return damaged(&path, &other.to_string()),
    };
    CatalogError::Format { path, expected: "HDF5 that holds its numbers", got: got.to_owned() }
}

pub(super) fn damaged(path: &Path, words: &str) -> CatalogError {
    let reason = format!("{words}; fetch or copy the file again");
    CatalogError::Damaged { path: path.to_owned(), reason }
}

/// Runs a step of the library, which may panic at damage.
pub(super) fn guarded<T>(
    path: &Path,
    step: impl FnOnce() -> Result<T, CatalogError>,
) -> Result<T, CatalogError> {
    guard::guarded(step, || damaged(path, "its parts contradict each other"))
}

/// Runs a step that follows types as deep as a file nests them. The library does so by calling
/// itself, for which a thread's usual stack is too small.
pub(super) fn guarded_deep<T: Send>(
    path: &Path,
    step: impl FnOnce() -> Result<T, CatalogError> + Send,
) -> Result<T, CatalogError> {
    thread::scope(|scope| {
        let step = || guarded(path, step);
        let deep = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, step);
        let deep = deep.map_err(|source| CatalogError::io("read", path, source))?;
        deep.join().unwrap_or_else(|_| Err(damaged(path, "its parts contradict each other")))
    })
}
