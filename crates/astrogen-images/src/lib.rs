#![doc = include_str!("../README.md")]
//!
//! [`ImageFolder`] looks through a folder of FITS, PNG, JPEG and TIFF files once and gives the data
//! sets of training and validation; [`physical`] takes what a generator makes of them back.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`folder`] | a folder of files as data sets, with a report |
//! | [`tile_sampler`] | which square of a frame becomes a sample |
//! | [`shrink`] | whether a larger frame is shrunk before or after the stretch |
//! | [`physical`] | generated samples as FITS files in physical units |
//! | [`error`] | [`ImagesError`], and why a file is skipped |

pub mod error;
pub mod folder;
pub mod physical;
pub mod shrink;
pub mod tile_sampler;

pub use error::{ImagesError, SkipReason};
pub use folder::{FolderConfig, FolderReport, FolderSummary, ImageFolder};
pub use physical::Physical;
pub use physical::{Origin, save_fits};
pub use shrink::Shrink;
pub use tile_sampler::Tiling;

// The types of a [`FolderConfig`]'s fields.
pub use astrogen_preprocess::{FrameOptions, PipelineConfig};
