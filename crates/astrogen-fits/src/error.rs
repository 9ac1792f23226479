//! The one error of this crate, sorted by who is at fault.

use std::io;
use std::path::{Path, PathBuf};

/// Everything that can go wrong between a FITS file on disk and arrays.
///
/// Each message says what was expected, what was found and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitsError {
    /// The operating system refused to open, read or write a file.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: "open", "read", "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },

    /// The file's first bytes belong to no format that was looked for.
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

    /// A file is damaged, or holds something that the standard forbids.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and the library's own words where it gave any.
        reason: String,
    },

    /// A file that may be sound, but of a kind that is not read here.
    #[error("{} is not supported: {reason}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What was expected, what was found, and in which form to save it instead.
        reason: String,
    },

    /// A file claims more memory than the limit allows.
    #[error(
        "{}: {what} claims {claimed} bytes, more than the limit of {limit}; \
         unpack it first, read a region of it, or open it with a higher limit", path.display()
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

    /// The file is sound, but has no such HDU, or the HDU holds no usable image or table.
    #[error("{}: {reason}", path.display())]
    Hdu {
        /// The file.
        path: PathBuf,
        /// Which HDU was asked for, what the file has, and what to ask for instead.
        reason: String,
    },

    /// A column of a table that does not hold what was asked for.
    #[error("{}: column {name:?} {reason}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        name: String,
        /// What is the matter.
        reason: String,
    },

    /// Rows whose numbers their column cannot store.
    #[error("{reason}")]
    Rows {
        /// Which row, why, and what to do.
        reason: String,
    },

    /// A header card that cannot be written, or whose value is not of the type that its
    /// meaning asks for.
    #[error("header card {keyword:?}: expected {rule}, got {got}")]
    Card {
        /// The card's keyword.
        keyword: String,
        /// What the standard asks for.
        rule: &'static str,
        /// What was given.
        got: String,
    },

    /// An array of the wrong shape, or a region outside the image.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// The array or region.
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
}

impl FitsError {
    /// What the operating system said of `path` when `action` ("open", "read", "write") was tried.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> FitsError {
        FitsError::Io { action, path: path.to_owned(), source }
    }
}
