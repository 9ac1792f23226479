//! Folders of images as data sets, and samples back to FITS in physical units.
//!
//! [`ImageFolder`] looks through a folder of FITS, PNG, JPEG and TIFF files once and gives the data
//! sets of training and validation; [`physical`] takes what a generator makes of them back.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`folder`] | a folder of files as data sets, with a report |
//! | [`tile_sampler`] | which square of a frame becomes a sample |
//! | [`physical`] | generated samples as FITS files in physical units |
//! | [`error`] | [`ImagesError`], and why a file is skipped |
//!
//! ```
//! use astrogen_data::Dataset;
//! use astrogen_fits::{Header, write_image};
//! use astrogen_images::{FolderConfig, ImageFolder};
//! use ndarray::Array3;
//!
//! let folder = tempfile::tempdir()?;
//! for number in 0..3 {
//!     let pixels = Array3::from_shape_fn((3, 40, 50), |(c, y, x)| (c + y * x + number) as f32);
//!     write_image(folder.path().join(format!("{number}.fits")), &pixels, &Header::new())?;
//! }
//! let config = FolderConfig {
//!     path: folder.path().to_owned(),
//!     image_size: 32,
//!     ..FolderConfig::default()
//! };
//! let images = ImageFolder::open(&config)?;
//! assert_eq!((images.train().len(), images.train().shape()), (3, [3, 32, 32]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod error;
pub mod folder;
pub mod physical;
pub mod tile_sampler;

pub use error::{ImagesError, SkipReason};
pub use folder::{FolderConfig, FolderReport, ImageFolder};
pub use tile_sampler::Tiling;
