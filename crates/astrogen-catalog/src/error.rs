//! The one error of this crate, sorted by who is at fault.

use std::io;
use std::path::{Path, PathBuf};

use astrogen_fits::FitsError;

/// Everything that can go wrong between a catalogue or map on disk and columns.
///
/// Each message says what was expected, what was found and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// A FITS file, or a file at all, that cannot be opened, read or written.
    #[error(transparent)]
    Fits(#[from] FitsError),

    /// The file's first bytes or words are no catalogue's.
    #[error("cannot read {}: expected {expected}, got {got}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The formats or the structure looked for.
        expected: &'static str,
        /// What the first bytes look like.
        got: String,
    },

    /// The file ends before the data that its header promises.
    #[error(
        "{} is truncated: {what} needs {expected} bytes, the file holds {got}; \
         fetch or copy the file again", path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The part of the file that is cut off.
        what: String,
        /// Bytes that the part needs, counted from the start of the file.
        expected: u128,
        /// Bytes that are there.
        got: u64,
    },

    /// A file is damaged, or holds something that its format forbids.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and the library's own words where it gave any.
        reason: String,
    },

    /// A file claims more memory than the limit allows.
    #[error(
        "{}: {what} claims {claimed} bytes, more than the limit of {limit}; \
         unpack it first, or open it with a higher limit", path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is too large.
        what: String,
        /// Bytes it claims.
        claimed: u128,
        /// Bytes allowed.
        limit: u64,
    },

    /// An HDF5 file without the table that was asked for, without any, or with several.
    #[error("{}: {reason}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What was expected, what there is, and what to do.
        reason: String,
    },

    /// A column that a table does not have, or that does not hold numbers.
    #[error("{}: column {name:?} {reason}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        name: String,
        /// What is the matter, and which names come nearest.
        reason: String,
    },

    /// A table that is no HEALPix map, or not the one that was stated.
    #[error("{}: {reason}", path.display())]
    SkyMap {
        /// The file.
        path: PathBuf,
        /// What was expected, what the header says, and what to do.
        reason: String,
    },

    /// Rows whose values cannot be used, or a choice that leaves no row.
    #[error("{reason}")]
    Rows {
        /// Which rows, why, and what to do.
        reason: String,
    },

    /// Columns of the wrong number or length.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// The columns.
        what: String,
        /// The shapes that would do.
        expected: String,
        /// The shape given.
        got: String,
    },

    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name}: expected {rule}, got {got}")]
    Setting {
        /// The setting's name as written in the configuration.
        name: &'static str,
        /// The rule that it broke.
        rule: &'static str,
        /// The value given.
        got: String,
    },

    /// A name, or a name with its values, that is not among the known ones.
    #[error("unknown {kind} {got:?}: expected one of {known}")]
    Unknown {
        /// What was to be named: "filter", "ordering", "coordinates".
        kind: &'static str,
        /// The text given.
        got: String,
        /// What would have done.
        known: &'static str,
    },
}

impl CatalogError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> CatalogError {
        FitsError::io(action, path, source).into()
    }
}
