//! The one error of this crate, sorted by who is at fault.

use std::io;
use std::path::{Path, PathBuf};

use astrogen_fits::FitsError;

/// Everything that can go wrong between a file on disk and model-ready arrays.
///
/// Each message says what was expected, what was found and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreprocessError {
    /// A FITS file, or a file at all, that cannot be opened, read or written.
    #[error(transparent)]
    Fits(#[from] FitsError),

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

    /// The file is sound, but has no such HDU or page, or the HDU holds no usable image or
    /// table.
    #[error("{}: {reason}", path.display())]
    Hdu {
        /// The file.
        path: PathBuf,
        /// Which HDU was asked for, what the file has, and what to ask for instead.
        reason: String,
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
        FitsError::io(action, path, source).into()
    }
}
