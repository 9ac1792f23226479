//! FITS files: headers, images of every kind, sub-images, and a writer.
//!
//! [`FitsFile`] opens a file and reads its headers; [`FitsFile::read`] and
//! [`FitsFile::read_region`] read pixels in physical units; [`write_image`] writes a file.
//! Plain images are read here; cfitsio unpacks tile-compressed ones. Before either happens,
//! every size that the file claims has been checked.

mod bits;
mod card;
mod codec;
mod columns;
mod file;
mod form;
mod gzip;
mod handle;
mod hcompress;
mod hdu;
mod header;
mod image;
mod layout;
mod lzw;
mod pixel;
mod plain;
mod plio;
mod rice;
mod select;
mod source;
mod table;
mod tiles;
mod value;
mod write;

pub use card::Card;
pub use file::FitsFile;
pub use hdu::{Hdu, HduKind};
pub use header::Header;
pub use pixel::Pixel;
pub use select::{HduSelector, Planes};
pub use source::MEMORY_LIMIT;
pub use value::{OtherType, Value};
pub use write::write_image;

pub(crate) use image::check_region;
pub(crate) use source::{BLOCK, unpacker};
pub(crate) use table::{Field, NewField, Span, Table, head};
