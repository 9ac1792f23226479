//! FITS files: headers, images of every kind, sub-images, tables, and writers of both.
//!
//! [`FitsFile`] opens a file and reads its headers; [`FitsFile::read`] and
//! [`FitsFile::read_region`] read pixels in physical units; [`write_image`] writes a file.
//! Plain images are read here; cfitsio unpacks tile-compressed ones. Before either happens,
//! every size that the file claims has been checked.
//!
//! | module | what it holds |
//! | --- | --- |
//! | this one | [`FitsFile`] and its [`Hdu`]s, [`Header`]s and their [`Card`]s, images |
//! | [`table`] | binary tables: rows in, rows out |
//! | [`numbers`] | columns in which whole numbers of 64 bits stay exact |
//! | [`mod@format`] | what a file is, told by its first bytes |
//! | [`error`] | [`FitsError`] |
//!
//! ```
//! use astrogen_fits::{FitsFile, Header, Planes, write_image};
//! use ndarray::Array3;
//!
//! let folder = tempfile::tempdir().unwrap();
//! let path = folder.path().join("sky.fits");
//! let mut header = Header::new();
//! header.push("BUNIT", "electron", "unit of the pixels");
//! write_image(&path, &Array3::<f32>::ones((1, 20, 30)), &header)?;
//!
//! let mut file = FitsFile::open(&path)?;
//! let hdu = file.hdu(None)?.index;
//! assert_eq!(file.hdus()[hdu].header.get::<&str>("BUNIT"), Some("electron"));
//! assert_eq!(file.read::<f32>(hdu, &Planes::Bands)?.dim(), (1, 20, 30));
//! # Ok::<(), astrogen_fits::FitsError>(())
//! ```

// Only for the order in which programs are linked: cfitsio and bzip2, which `tch` brings along,
// both define `bz_internal_error`. Linkers take the first and do not ask for the second where
// cfitsio comes first, and of what a crate depends on the later loaded comes first.
extern crate bzip2_sys as _;

mod bits;
mod card;
mod codec;
mod columns;
pub mod error;
mod file;
mod form;
pub mod format;
mod gzip;
mod handle;
mod hcompress;
mod hdu;
mod header;
mod image;
mod layout;
mod lzw;
pub mod numbers;
mod pixel;
mod plain;
mod plio;
mod rice;
mod select;
mod source;
pub mod table;
mod tiles;
mod value;
mod write;

pub use card::Card;
pub use error::FitsError;
pub use file::FitsFile;
pub use hdu::{Hdu, HduKind};
pub use header::Header;
pub use image::check_region;
pub use pixel::Pixel;
pub use select::{HduSelector, Planes};
pub use source::{MEMORY_LIMIT, unpacker};
pub use table::Table;
pub use value::{OtherType, Value};
pub use write::write_image;
