#![doc = include_str!("../README.md")]
//!
//! A [`Dataset`] is a numbered list of samples of one kind: images `[C, H, W]` in signed range
//! \[-1, 1\], or standardised [`Row`]s of a table. [`Batches`] puts them in a seeded order, fetches
//! them ahead of time on threads and hands out batches of that kind on the training device:
//! [`Images`] `[N, C, H, W]`, [`Rows`] with their context apart from their features, or [`Grouped`]
//! rows that know the number of their group. Another kind is one that implements [`Batch`]. This crate is the one door from array to tensor.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`dataset`] | the trait, and images and rows held in memory |
//! | [`split`] | training and validation files |
//! | [`augment`] | the eight flips and quarter turns, and what a critic is shown in place of images |
//! | [`batch`] | kinds of batches, seeded order, prefetch, tensors |
//! | [`error`] | the one error of this crate |

pub mod augment;
pub mod batch;
pub mod dataset;
pub mod error;
pub mod split;
mod table;

pub use augment::Augment;
pub use batch::{Batch, BatchConfig, Batches, Grouped, GroupedRow, Images, Row, RowShape, Rows};
pub use dataset::{ArrayDataset, Dataset, RowDataset};
pub use error::DataError;
pub use table::{table_of, tensor_of};
