//! The one error of this crate, sorted by who is at fault: the settings, the folder, a
//! file in it, or the machine.

use std::path::PathBuf;

use astrogen_preprocess::PreprocessError;

/// Everything that can go wrong between files and a batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A setting outside its range.
    #[error("{name}: expected {expected}, got {got}")]
    Setting {
        /// The setting's name as written in the configuration.
        name: &'static str,
        /// The rule that it broke.
        expected: String,
        /// The value given.
        got: String,
    },

    /// The preprocessing settings do not fit together.
    #[error(transparent)]
    Pipeline(#[from] PreprocessError),

    /// Rows of a catalogue that break a rule under which none may.
    #[error(
        "{}, counting only the rows left of rows {first} to {last} (from 0): {source}",
        path.display()
    )]
    Rows {
        /// The catalogue.
        path: PathBuf,
        /// The first row of the chunk, from 0.
        first: u64,
        /// Its last row.
        last: u64,
        /// What is wrong, with the row's place among those that passed earlier rules.
        source: Box<PreprocessError>,
    },

    /// More samples asked for in a batch than the data set holds.
    #[error(
        "a batch of {batch_size} was asked for, but the data set holds only {samples} samples; \
         choose a batch size of at most {samples} or add data"
    )]
    BatchSize {
        /// Samples asked for in a batch.
        batch_size: usize,
        /// Samples in the data set.
        samples: usize,
    },

    /// A sample number outside the data set.
    #[error("sample {index} was asked for, but the data set holds {samples} samples (from 0)")]
    Index {
        /// The number asked for.
        index: usize,
        /// Samples in the data set.
        samples: usize,
    },

    /// A data set gave a sample of another shape than it announced.
    #[error("sample {index}: expected shape {expected:?} ([C, H, W]), got {got:?}")]
    SampleShape {
        /// The sample's number.
        index: usize,
        /// The shape announced by the data set.
        expected: Vec<usize>,
        /// The shape of the sample.
        got: Vec<usize>,
    },

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

    /// A data set's own code failed while a batch was being put together.
    #[error("the data set failed while a batch was put together: {0}")]
    Worker(String),

    /// libtorch could not hold or move a batch.
    #[error("libtorch refused a batch: {0}")]
    Tensor(#[from] tch::TchError),
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
