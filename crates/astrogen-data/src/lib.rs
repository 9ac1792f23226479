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
//! | [`folder`] | a folder of FITS, PNG, JPEG and TIFF files as data sets, with a report |
//! | [`tile_sampler`] | which square of a frame becomes a sample |
//! | [`table`] | a catalogue and sky maps as training data for a conditional generator |
//! | [`split`] | training and validation files |
//! | [`augment`] | the eight flips and quarter turns |
//! | [`batch`] | seeded order, prefetch, tensors |
//! | [`export`] | generated samples as FITS files in physical units |
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
pub mod export;
pub mod folder;
pub mod split;
pub mod table;
pub mod tile_sampler;

pub use augment::Augment;
pub use batch::{BatchConfig, Batches};
pub use dataset::{ArrayDataset, Dataset};
pub use error::{DataError, SkipReason};
pub use folder::{FolderConfig, FolderReport, ImageFolder};
pub use table::{
    Condition, ContextReader, QuantileMatching, Table, TableConfig, TableReport, TableRows,
    TableScaling,
};
pub use tile_sampler::Tiling;
