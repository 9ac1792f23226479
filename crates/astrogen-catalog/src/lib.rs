#![doc = include_str!("../README.md")]
//!
//! A [`Catalog`] is opened by its content, whatever the file's name. Its columns are asked
//! for by name and arrive as `f64` in [`Columns`], NaN where the file has no value, a chunk of
//! rows at a time ([`Catalog::chunks`], memory as large as a chunk) or all at once
//! ([`Catalog::read`]). Rows are chosen by [`ColumnFilter`]s; [`RowCounts`] says how many
//! were dropped and why. [`CatalogWriter`] writes FITS tables, Parquet and HDF5, chunk by chunk, [`hats`]
//! catalogues of the whole sky, partition by partition.
//!
//! | in the file | as `f64` |
//! | --- | --- |
//! | FITS `B I J K E D` | `TZERO + TSCAL * stored`, NaN where it equals `TNULL` |
//! | FITS `L`, Parquet `BOOLEAN` | 1 and 0, NaN where undefined |
//! | FITS `X` | bits as 1 and 0, the most significant first |
//! | FITS `A`, CSV cells, Parquet and HDF5 strings | the number that the text spells |
//! | Parquet integers, floats, decimals of 38 digits | their value, NaN where null |
//! | HDF5 integers, bit fields, floats | `add_offset + scale_factor * stored`, if it has these attributes; NaN where it equals `_FillValue` or `missing_value` |
//! | HDF5 enumerations, the truth values of h5py among them | the number behind the name |
//!
//! An element of a vector column (FITS vectors, Parquet lists of one length, ECSV arrays, HDF5 data
//! sets of several dimensions) is asked for as `NAME[i]`, from 0 as in numpy. Whole numbers beyond 2^53 are rounded as `f64`,
//! but kept exact beside it to 64 bits: [`Columns::integers`] gives them, filters compare them and
//! [`CatalogWriter::write_columns`] writes them. Arrays of variable length and complex numbers are
//! refused by name. Right ascension and declination become degrees, whatever their unit, where
//! [`Catalog::with_position`] names them.
//!
//! The columns of an HDF5 table are the data sets of a group, called by their paths below it (those
//! of a group inside it are `group/name`), or the fields of a compound data set. The first
//! dimension counts the rows: what has as many as most data sets of the group is a column, the
//! others are refused by name. [`CatalogOptions::group`] chooses the table of a file with several.
//! Read are deflate, shuffle, fletcher32, scale-offset and lzf; the units of attributes `unit` and
//! `units`, and those that astropy writes.
//!
//! A text cell that is empty or says `nan`, `null`, `none`, `na` or `--` is NaN, `true` and
//! `false` are 1 and 0; any other text that is no number is an error that names the row.

mod angle;
mod columns;
mod counts;
mod description;
pub mod error;
mod filter;
pub mod hats;
mod local;
mod names;
mod photometry;
mod read;
pub mod skymap;
mod standardize;
mod write;

pub use columns::Columns;
pub use counts::{BadRows, RowCounts};
pub use error::CatalogError;
pub use filter::{ColumnFilter, Relation};
pub use local::{Knot, LocalScale, LocalScores, QuantileMap, ScoreKnot};
pub use names::ColumnInfo;
pub use photometry::{MagnitudeRange, Magnitudes};
pub use read::{Catalog, CatalogOptions, Chunks, Hdf5Attributes, hdf5_attributes};
pub use skymap::{
    Coordinates, Coverage, Grid, Ordering, SkyMap, SkyMapDefaults, SkyMapOptions, SplitBy,
    SplitConfig,
};
pub use standardize::Standardize;
pub use write::{CatalogWriter, NewColumn, Storage};
