#![doc = include_str!("../README.md")]
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

// Only for the order in which programs are linked: cfitsio and bzip2, which `tch` brings along,
// both define `bz_internal_error`. Linkers take the first and do not ask for the second where
// cfitsio comes first, and of what a crate depends on the later loaded comes first.
extern crate bzip2_sys as _;

mod ascii;
mod bits;
mod cache;
mod card;
mod codec;
mod columns;
pub mod error;
mod file;
mod form;
pub mod format;
mod gunzip;
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
mod whole;
mod write;

pub use cache::cache_folder;
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
pub use whole::create_whole;
pub use write::write_image;
