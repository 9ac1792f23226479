//! Holds samples as tensors and deals them out in seeded, prefetched batches.
//!
//! A [`Dataset`] is a numbered list of samples: host arrays of shape `[C, H, W]`, images in
//! signed range \[-1, 1\] and rows of tables standardised. [`Batches`] puts them in a seeded
//! order, fetches them ahead of time on threads and hands out tensors `[N, C, H, W]` on the
//! training device; it is the only place where an array becomes a tensor.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`dataset`] | the trait, and samples held in memory |
//! | [`split`] | training and validation files |
//! | [`augment`] | the eight flips and quarter turns |
//! | [`batch`] | seeded order, prefetch, tensors |
//! | [`error`] | the one error of this crate |
//!
//! ```
//! use std::sync::Arc;
//! use astrogen_data::{ArrayDataset, BatchConfig, Batches};
//! use ndarray::Array4;
//!
//! let samples = ArrayDataset::new(Array4::zeros((10, 3, 8, 8)))?;
//! let config = BatchConfig { batch_size: 4, ..BatchConfig::default() };
//! let mut batches = Batches::new(Arc::new(samples), &config, tch::Device::Cpu)?;
//! assert_eq!(batches.steps_per_epoch(), 2); // the incomplete third batch is dropped
//! assert_eq!(batches.next_batch()?.size(), [4, 3, 8, 8]);
//! # Ok::<(), astrogen_data::DataError>(())
//! ```

pub mod augment;
pub mod batch;
pub mod dataset;
pub mod error;
pub mod split;

pub use augment::Augment;
pub use batch::{BatchConfig, Batches};
pub use dataset::{ArrayDataset, Dataset};
pub use error::DataError;
