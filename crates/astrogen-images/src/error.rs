//! The one error of this crate, sorted by who is at fault: the settings, the folder, a
//! file in it, or the machine.

use std::path::PathBuf;

use astrogen_data::DataError;
use astrogen_fits::FitsError;
use astrogen_preprocess::PreprocessError;

/// Everything that can go wrong between a folder of images and its samples.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImagesError {
    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name}: expected {rule}, got {got}")]
    Setting {
        /// The setting's name as written in the configuration.
        name: &'static str,
        /// The rule that it broke.
        rule: String,
        /// The value given.
        got: String,
    },

    /// The preprocessing settings do not fit together.
    #[error(transparent)]
    Pipeline(#[from] PreprocessError),

    /// A FITS file that cannot be written.
    #[error(transparent)]
    Fits(#[from] FitsError),

    /// The settings of the split, or a sample that is not there.
    #[error(transparent)]
    Data(#[from] DataError),

    /// The folder cannot be listed: it is not there, is no folder, or may not be read.
    #[error("cannot read the data folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },

    /// No file of the folder gave a sample.
    #[error(
        "no usable image in {}: looked for {looked_for}, in the folder and all below it; \
         found {found}", path.display()
    )]
    NothingUsable {
        /// The folder.
        path: PathBuf,
        /// The kinds of files looked for, and the size they had to have.
        looked_for: String,
        /// How many files were found, and why the first few were of no use.
        found: String,
    },

    /// A file that cannot be used, where bad files are not to be skipped.
    #[error("{}", describe(path, reason))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: SkipReason,
    },

    /// libtorch could not give samples back.
    #[error("libtorch refused the samples: {}", .0.to_string().lines().next().unwrap_or_default())]
    Tensor(tch::TchError),
}

// No `source`: its first line is in the message, and the rest is a C++ stack.
impl From<tch::TchError> for ImagesError {
    fn from(error: tch::TchError) -> Self {
        Self::Tensor(error)
    }
}

impl From<ImagesError> for DataError {
    fn from(error: ImagesError) -> DataError {
        match error {
            ImagesError::Data(error) => error,
            error => DataError::source(error),
        }
    }
}

/// Why one file of a folder gives no samples.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// The system does not let the file be found or looked into.
    #[error("cannot be read: {0}")]
    Io(std::io::Error),

    /// The file cannot be decoded, or its pixels cannot be scaled.
    #[error(transparent)]
    Unreadable(PreprocessError),

    /// The number of bands is neither the one asked for nor convertible to it.
    #[error(
        "has {got} bands where {expected} are asked for (one band becomes three equal ones, \
         three become their mean, nothing else is converted)"
    )]
    Bands {
        /// Bands asked for.
        expected: usize,
        /// Bands in the file.
        got: usize,
    },

    /// The image is smaller than one sample, and nothing is ever enlarged.
    #[error("is {height}x{width} pixels, smaller than the sample of {size}x{size}")]
    TooSmall {
        /// The image's height in pixels.
        height: usize,
        /// The image's width in pixels.
        width: usize,
        /// The sample's side in pixels.
        size: usize,
    },

    /// Every square of the image is blank or constant.
    #[error("holds nothing but blank or constant pixels ({dropped} of {dropped} squares dropped)")]
    Blank {
        /// Squares that were looked at.
        dropped: usize,
    },

    /// A picture of floating-point values that are no picture's: all of its squares come out blank.
    #[error(
        "holds values from {low} to {high}, where those of a picture are 0 to 1: give an interval and a \
         stretch, as for FITS files"
    )]
    Clipped {
        /// The least value.
        low: f32,
        /// The largest value.
        high: f32,
    },

    /// The file is not what it was when the folder was opened.
    #[error("has changed since the folder was opened; open the folder again")]
    Changed,
}

/// The path and the reason, without naming the file twice.
pub(crate) fn describe(path: &std::path::Path, reason: &SkipReason) -> String {
    let reason = reason.to_string();
    let path = path.display().to_string();
    if reason.contains(&path) { reason } else { format!("{path}: {reason}") }
}
