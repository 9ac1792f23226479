//! How samples are dealt out.

use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::augment::Augment;

/// How samples are dealt out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchConfig {
    /// Samples per batch. Default 64.
    pub batch_size: usize,
    /// What is done to each image; rows are dealt out as they are. Default: the eight symmetries
    /// of the sky.
    pub augment: Augment,
    /// Seed of order and augmentation. Default 0.
    pub seed: u64,
    /// Threads that read samples; with 0 the caller's thread reads them when it asks.
    /// The batches are the same for any number. At most 256; default 2.
    pub workers: usize,
    /// Batches to be ready or in the making ahead of the one asked for, each in memory. At most
    /// 4096; default 4.
    pub prefetch: usize,
    /// A data set of up to this many bytes is read once, put on the device as one tensor
    /// and dealt out from there, without threads. 0 never does so. Default 1 GiB.
    pub resident_bytes: u64,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            batch_size: 64,
            augment: Augment::default(),
            seed: 0,
            workers: 2,
            prefetch: 4,
            resident_bytes: 1 << 30,
        }
    }
}

impl BatchConfig {
    /// Refuses counts that no data set makes sensible, as [`Batches::new`](super::Batches::new)
    /// does.
    ///
    /// # Errors
    /// [`DataError::Setting`] for a batch size of 0, and for too many workers or batches ahead.
    pub fn validate(&self) -> Result<(), DataError> {
        let refuse = |name, rule: String, got: String| Err(DataError::Setting { name, rule, got });
        if self.batch_size == 0 {
            return refuse("batch_size", "1 or more".into(), "0".into());
        }
        // Each is a thread, or a batch in memory.
        for (name, got, most) in [("workers", self.workers, 256), ("prefetch", self.prefetch, 4096)]
        {
            if got > most {
                return refuse(name, format!("at most {most}"), got.to_string());
            }
        }
        Ok(())
    }
}
