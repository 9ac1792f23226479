//! The one error of this crate, sorted by who is at fault: the settings, the data set, or the
//! machine.

use std::error::Error;

/// Everything that can go wrong between a data set and a batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A setting outside its range.
    #[error("{name}: expected {rule}, got {got}")]
    Setting {
        /// The setting's name as written in the configuration.
        name: &'static str,
        /// The rule that it broke.
        rule: String,
        /// The value given.
        got: String,
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
    #[error("sample {index}: expected shape {expected}, got {got}")]
    SampleShape {
        /// The sample's number.
        index: usize,
        /// The shape announced by the data set.
        expected: String,
        /// The shape of the sample.
        got: String,
    },

    /// What a data set failed with when it read a sample.
    #[error(transparent)]
    Source(Box<dyn Error + Send + Sync>),

    /// A data set's own code failed while a batch was being put together.
    #[error("the data set failed while a batch was put together: {0}")]
    Worker(String),

    /// libtorch could not hold or move a batch.
    #[error("libtorch refused a batch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Tensor(tch::TchError),
}

// No `source`: its first line is in the message, and the rest is a C++ stack.
impl From<tch::TchError> for DataError {
    fn from(error: tch::TchError) -> Self {
        Self::Tensor(error)
    }
}

impl DataError {
    /// A data set's own error.
    pub fn source(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Source(Box::new(error))
    }
}
