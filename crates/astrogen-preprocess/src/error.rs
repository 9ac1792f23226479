//! The one error of this crate, sorted by who is at fault.

use std::io;
use std::path::{Path, PathBuf};

/// Everything that can go wrong between a file on disk and model-ready arrays.
///
/// Each message says what was expected, what was found and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreprocessError {
    /// The operating system refused to open, read or write a file.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: "open", "read", "write", "rename".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },

    /// The file's first bytes belong to no format that is read here.
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

    /// A file is damaged, or holds something that the format's standard forbids.
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

    /// The file is sound, but has no such HDU or page, or the HDU holds no usable image or
    /// table.
    #[error("{}: {reason}", path.display())]
    Hdu {
        /// The file.
        path: PathBuf,
        /// Which HDU was asked for, what the file has, and what to ask for instead.
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

    /// A parameter outside its range.
    #[error("{name}: expected {rule}, got {got}")]
    Parameter {
        /// The parameter's name as written in the configuration.
        name: &'static str,
        /// The rule that it broke.
        rule: &'static str,
        /// The value given.
        got: String,
    },

    /// A name, or a name with its values, that is not among the known ones.
    #[error("unknown {kind} {got:?}: expected one of {known}")]
    Unknown {
        /// What was to be named: "interval", "stretch", "fill".
        kind: &'static str,
        /// The text given.
        got: String,
        /// What would have done.
        known: &'static str,
    },

    /// A band in which nothing can be measured.
    #[error(
        "band {band} has no good pixel: all are NaN, infinite or saturated; leave the file \
         out, or check its blank value and the mask's saturation"
    )]
    NoGoodPixels {
        /// The band, from 0.
        band: usize,
    },

    /// A frame with more bad pixels than the mask allows.
    #[error(
        "{:.1} % of the pixels are bad (NaN, infinite or saturated), more than the {:.1} % \
         allowed; leave the file out or raise max_bad_fraction", 100.0 * fraction, 100.0 * limit
    )]
    TooManyBadPixels {
        /// Bad pixels over all pixels.
        fraction: f64,
        /// The largest fraction allowed.
        limit: f64,
    },

    /// A frame whose limits coincide, so that no value differs from another.
    #[error(
        "nothing to stretch: vmin and vmax are both {value} in every band, as in a constant \
         frame; leave the file out, or give both limits (manual:VMIN,VMAX)"
    )]
    Constant {
        /// The value of both limits.
        value: f64,
    },
}

impl PreprocessError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> PreprocessError {
        PreprocessError::Io { action, path: path.to_owned(), source }
    }
}
