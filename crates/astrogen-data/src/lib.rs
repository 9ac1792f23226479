#![doc = include_str!("../README.md")]
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

pub mod augment;
pub mod batch;
pub mod dataset;
pub mod error;
pub mod split;

pub use augment::Augment;
pub use batch::{BatchConfig, Batches};
pub use dataset::{ArrayDataset, Dataset};
pub use error::DataError;
