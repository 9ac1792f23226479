#![doc = include_str!("../README.md")]
//!
//! A [`Catalog`] is opened by its content, whatever the file's name. Its columns are asked
//! for by name and arrive as `f64` in [`Columns`], NaN where the file has no value, a chunk of
//! rows at a time ([`Catalog::chunks`], memory as large as a chunk) or all at once
//! ([`Catalog::read`]). Rows are chosen by [`ColumnFilter`]s; [`RowCounts`] says how many
//! were dropped and why. [`CatalogWriter`] writes FITS tables and Parquet, chunk by chunk.
//!
//! | in the file | as `f64` |
//! | --- | --- |
//! | FITS `B I J K E D` | `TZERO + TSCAL * stored`, NaN where it equals `TNULL` |
//! | FITS `L`, Parquet `BOOLEAN` | 1 and 0, NaN where undefined |
//! | FITS `X` | bits as 1 and 0, the most significant first |
//! | FITS `A`, CSV cells, Parquet strings | the number that the text spells |
//! | Parquet integers, floats, decimals of 38 digits | their value, NaN where null |
//!
//! An element of a vector column (FITS vectors, Parquet lists of one length, ECSV arrays) is
//! asked for as `NAME[i]`, from 0 as in numpy. Whole numbers beyond 2^53 are rounded as `f64`,
//! but kept exact beside it to 64 bits: [`Columns::integers`] gives them, filters compare them and
//! [`CatalogWriter::write_columns`] writes them. Arrays of variable length and complex numbers are
//! refused by name. Right ascension and declination become degrees, whatever their unit, where
//! [`Catalog::with_position`] names them.
//! A text cell that is empty or says `nan`, `null`, `none`, `na` or `--` is NaN, `true` and
//! `false` are 1 and 0; any other text that is no number is an error that names the row.

mod angle;
mod columns;
mod counts;
mod description;
pub mod error;
mod filter;
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
pub use read::{Catalog, CatalogOptions, Chunks};
pub use skymap::{
    Coordinates, Coverage, Grid, Ordering, SkyMap, SkyMapDefaults, SkyMapOptions, SplitBy,
    SplitConfig,
};
pub use standardize::Standardize;
pub use write::{CatalogWriter, NewColumn, Storage};
