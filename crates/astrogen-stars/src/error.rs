//! The one error of this crate, sorted by who is at fault.

use std::io;
use std::path::{Path, PathBuf};

use astrogen_catalog::CatalogError;

/// Everything that can go wrong between a simulated galaxy on disk and its cleaned stars.
///
/// Each message says what was expected, what was found and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StarsError {
    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name}: expected {rule}, got {got}")]
    Setting {
        /// The setting's name as written in the configuration.
        name: String,
        /// The rule that it broke.
        rule: String,
        /// The value given.
        got: String,
    },

    /// A name that is not among the known ones.
    #[error("unknown {kind} {got:?}: expected one of {known}")]
    Unknown {
        /// What was to be named.
        kind: &'static str,
        /// The text given.
        got: String,
        /// What would have done.
        known: String,
    },

    /// A file that is no catalogue, is damaged, or lacks a column that was asked for.
    #[error(transparent)]
    Catalog(#[from] CatalogError),

    /// A file or folder that cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: "read", "write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },

    /// A folder without galaxies.
    #[error("{} holds no galaxies: {reason}", path.display())]
    NoFiles {
        /// The folder.
        path: PathBuf,
        /// What was expected.
        reason: String,
    },

    /// Two files of one galaxy.
    #[error(
        "galaxy {id:?} is there twice: {} and {}; rename one or take it away",
        first.display(), second.display()
    )]
    Twice {
        /// The galaxy.
        id: String,
        /// A file of it.
        first: PathBuf,
        /// Another one.
        second: PathBuf,
    },

    /// A snapshot of several files of which one is not there.
    #[error(
        "{} is not there, one of the {files} files of its snapshot; fetch it", path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// How many files the snapshot has, as its header says.
        files: usize,
    },

    /// An array of another shape than `[11, N]`.
    #[error("{}: expected an array [11, N] with the rows {}, got {got}", path.display(), crate::COLUMNS.join(" "))]
    Shape {
        /// The file.
        path: PathBuf,
        /// Its shape, and what to do where that is known.
        got: String,
    },

    /// A file without stars.
    #[error("{} holds no stars: {reason}", path.display())]
    NoStars {
        /// The file.
        path: PathBuf,
        /// What was expected and what there is.
        reason: String,
    },

    /// A file without a column that every galaxy needs, or with two of a kind.
    #[error("{}: {reason}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// Which one, and what to do.
        reason: String,
    },

    /// A unit that is not known, or none where one is needed.
    #[error("{}: column {column:?} {reason}", path.display())]
    Unit {
        /// The file.
        path: PathBuf,
        /// The column as the file calls it.
        column: String,
        /// What the file says and which units are known.
        reason: String,
    },

    /// A header of a snapshot that lacks something or contradicts itself.
    #[error("the header of {}: {reason}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What was expected, and what it says.
        reason: String,
    },

    /// Stars that cannot be used as asked.
    #[error("{reason}")]
    Stars {
        /// Which ones, why, and what to do.
        reason: String,
    },
}

impl StarsError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> StarsError {
        StarsError::Io { action, path: path.to_owned(), source }
    }

    /// Passes if `fine`, else the error that the setting `name` breaks `rule` with the value `got`.
    pub(crate) fn check(
        name: &str,
        rule: &str,
        got: impl ToString,
        fine: bool,
    ) -> Result<(), StarsError> {
        if fine {
            return Ok(());
        }
        Err(StarsError::Setting { name: name.into(), rule: rule.into(), got: got.to_string() })
    }
}
