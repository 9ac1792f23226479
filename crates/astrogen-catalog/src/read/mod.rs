//! A catalogue opened: which columns it has, and its rows in chunks.

mod cell;
mod chunks;
mod csv;
mod files;
mod fits;
mod guard;
mod half;
mod hdf5;
mod kind;
mod npy;
mod parquet;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use self::cell::Cell;
pub use self::chunks::Chunks;
use self::csv::CsvRows;
use self::files::FilesRows;
use self::fits::FitsRows;
use self::hdf5::Hdf5Rows;
pub use self::hdf5::{Hdf5Attributes, hdf5_attributes};
use self::kind::Kind;
use self::npy::NpyRows;
pub(crate) use self::parquet::footer;
use self::parquet::{ParquetFile, ParquetRows};
use super::angle::{Angle, Axis};
use super::columns::Columns;
use super::counts::{BadRows, RowCounts};
use super::filter::ColumnFilter;
use super::names::{ColumnInfo, resolve};
use crate::CatalogError;
use astrogen_fits::HduSelector;
use astrogen_fits::numbers::Numbers;

/// Rows that [`Catalog::read`] reads at a time.
const AT_A_TIME: usize = 1 << 16;

/// Which part of a file is the catalogue, and which rows of it count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogOptions {
    /// The HDU of a FITS file; `None`, the default, is the first binary table, or the first
    /// `LDAC_OBJECTS` where that is `LDAC_IMHEAD`.
    pub hdu: Option<HduSelector>,
    /// The table of an HDF5 file: a group, whose data sets are the columns, or a compound data
    /// set, by its path; `None`, the default, is the only one that there is.
    pub group: Option<String>,
    /// What separates the cells of a CSV file; `None`, the default, is what the header of ECSV
    /// says, otherwise the one of comma, tab and semicolon that the row of names has most of.
    pub delimiter: Option<char>,
    /// Rows have to pass all of these. None by default.
    pub filters: Vec<ColumnFilter>,
    /// Rows without a value (null or NaN) in a column that is asked for: kept by default,
    /// as NaN.
    pub missing: BadRows,
}

impl Default for CatalogOptions {
    fn default() -> Self {
        CatalogOptions {
            hdu: None,
            group: None,
            delimiter: None,
            filters: Vec::new(),
            missing: BadRows::Keep,
        }
    }
}

/// A catalogue whose columns are known, and whose rows can be read any number of times.
#[derive(Debug, Clone)]
pub struct Catalog {
    path: PathBuf,
    options: CatalogOptions,
    kind: Kind,
    columns: Vec<ColumnInfo>,
    /// How many elements the columns have whose rows were looked at.
    lengths: Vec<OnceLock<usize>>,
    rows: Option<u64>,
    /// Right ascension and declination, if they are named.
    position: Vec<Cell>,
}

/// The rows of an opened file, from the first on.
trait Rows {
    /// Appends up to `rows` rows of the chosen columns to `out`; 0 only at the end.
    fn read(&mut self, rows: usize, out: &mut [Numbers]) -> Result<usize, CatalogError>;
}

impl Catalog {
    /// Opens a catalogue, told by its content: a FITS table (plain, or packed by gzip, bzip2
    /// or compress, and then unpacked to memory), Parquet, HDF5, a NumPy array, or text with a header row of
    /// names, with the header of ECSV above it or without (plain or packed). A folder is a
    /// [HATS catalogue](crate::hats), whose rows are those of its partitions along the sky, or Parquet files
    /// with the same columns, whose rows follow each other by their names. Reads no rows, unless
    /// a filter is on a column of lists in Parquet whose length only they say.
    ///
    /// # Errors
    /// `Io` if the file cannot be read, `Format` if it is none of these, `Hdu` if a FITS file
    /// has no such table, `Table` if an HDF5 file has not, or several, `Truncated` or `Damaged` if it contradicts itself, `Column` for a
    /// filter on a column that it lacks.
    pub fn open(path: impl AsRef<Path>, options: &CatalogOptions) -> Result<Catalog, CatalogError> {
        let path = path.as_ref();
        Catalog::of(path, Kind::of(path)?, options)
    }

    /// Opens a NumPy array `[columns, rows]`, as star particles of galaxies come: each of its rows
    /// is a column of the catalogue, called by its number from `0` on. Reads no rows of the
    /// catalogue.
    ///
    /// # Errors
    /// `Io` if the file cannot be read, `Format` for another file or another shape, more than
    /// 65536 columns among them, `Truncated` or `Damaged` if it contradicts itself.
    pub fn open_transposed(path: impl AsRef<Path>) -> Result<Catalog, CatalogError> {
        let path = path.as_ref();
        match Kind::of(path)? {
            Kind::Npy { .. } => {
                Catalog::of(path, Kind::Npy { transposed: true }, &CatalogOptions::default())
            }
            _ => Err(CatalogError::Format {
                path: path.to_owned(),
                expected: "a NumPy array of shape [columns, rows]",
                got: "another catalogue".to_owned(),
            }),
        }
    }

    fn of(path: &Path, kind: Kind, options: &CatalogOptions) -> Result<Catalog, CatalogError> {
        let (columns, rows) = match kind {
            Kind::Fits => fits::describe(path, options.hdu.as_ref())?,
            Kind::Csv(packing) => (csv::describe(path, packing, options.delimiter)?, None),
            Kind::Parquet => parquet::describe(path)?,
            Kind::Hdf5 => hdf5::describe(path, options.group.as_deref())?,
            Kind::Npy { transposed } => npy::describe(path, transposed)?,
            Kind::Files(ref files) => files::describe(files)?,
        };
        let (path, options) = (path.to_owned(), options.clone());
        let (lengths, position) = (vec![OnceLock::new(); columns.len()], Vec::new());
        let catalog = Catalog { path, options, kind, columns, lengths, rows, position };
        for filter in &catalog.options.filters {
            catalog.cell(&filter.column)?;
        }
        Ok(catalog)
    }

    /// The same catalogue with its right ascension and declination named. They arrive in
    /// degrees, for filters too, from columns in deg, h, rad, arcmin, arcsec or mas; without a
    /// unit they are degrees. Texts may be sexagesimal: `10h22m33.1s` and `155d38m16.5s` say
    /// what they are, `10:22:33.1` is in the column's unit, without one hours of right
    /// ascension and degrees of declination.
    ///
    /// # Errors
    /// `Column` for a name that the file lacks or that means no numbers, or another unit.
    pub fn with_position(mut self, ra: &str, dec: &str) -> Result<Catalog, CatalogError> {
        self.position.clear();
        let mut position = Vec::new();
        for (name, axis) in [(ra, Axis::RightAscension), (dec, Axis::Declination)] {
            let cell = self.cell(name)?;
            let unit = self.columns[cell.column].unit.as_deref();
            let angle = Angle::of(axis, unit).map_err(|known| CatalogError::Column {
                path: self.path.clone(),
                name: name.to_owned(),
                reason: format!(
                    "is in {:?}, expected an angle in {known}; convert it, or correct its unit",
                    unit.unwrap_or_default()
                ),
            })?;
            position.push(Cell { angle: Some(angle), ..cell });
        }
        Ok(Catalog { position, ..self })
    }

    /// What a name means.
    fn cell(&self, name: &str) -> Result<Cell, CatalogError> {
        let length = |column| self.length(column);
        let (column, element) = resolve(&self.path, &self.columns, length, name)?;
        let same = |own: &&Cell| (own.column, own.element) == (column, element);
        let angle = self.position.iter().find(same).and_then(|own| own.angle);
        Ok(Cell { column, element, length: self.length(column), angle })
    }

    /// How many elements a column has in each row.
    fn length(&self, column: usize) -> usize {
        let info = &self.columns[column];
        let look = || match self.kind {
            Kind::Parquet => parquet::length([&self.path], column),
            Kind::Files(ref files) => files.length(column),
            _ => info.length,
        };
        if info.is_least { *self.lengths[column].get_or_init(look) } else { info.length }
    }

    /// The path given to [`Catalog::open`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's columns, in order; of an HDF5 group, which has none, by name.
    pub fn columns(&self) -> &[ColumnInfo] {
        &self.columns
    }

    /// The rows before any filter; `None` for text and folders that do not say: a folder of several
    /// Parquet files that is no HATS catalogue, or a HATS catalogue without a count of rows.
    pub fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// Reads the named columns, `rows` rows of the file at a time: a chunk has the rows of
    /// those that pass the filters, and is left out where none does. Memory is that of one
    /// chunk, however long the file; the rows do not depend on `rows`.
    ///
    /// # Errors
    /// `Column` for a name that the file lacks (the nearest are listed) or that means no
    /// numbers, `Setting` for no name or no row, and as [`Catalog::open`].
    pub fn chunks(&self, names: &[impl AsRef<str>], rows: usize) -> Result<Chunks, CatalogError> {
        let names: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
        let parameter = |name, rule| CatalogError::Setting { name, rule, got: "none".into() };
        if names.is_empty() {
            return Err(parameter("columns", "at least one name"));
        }
        if rows == 0 {
            return Err(parameter("rows", "at least one row at a time"));
        }
        let filters = &self.options.filters;
        let asked = names.iter().chain(filters.iter().map(|filter| &filter.column));
        let cells: Vec<Cell> = asked.map(|name| self.cell(name)).collect::<Result<_, _>>()?;
        let angles = cells.iter().map(|cell| cell.angle).collect();
        let source: Box<dyn Rows + Send> = match self.kind {
            Kind::Files(ref files) => {
                Box::new(FilesRows::open(files.clone(), cells, &self.columns))
            }
            Kind::Fits => Box::new(FitsRows::open(&self.path, self.options.hdu.as_ref(), cells)?),
            Kind::Csv(packing) => {
                Box::new(CsvRows::open(&self.path, packing, self.options.delimiter, cells)?)
            }
            Kind::Parquet => Box::new(ParquetRows::of(ParquetFile::open(&self.path)?, cells)?),
            Kind::Hdf5 => {
                Box::new(Hdf5Rows::open(&self.path, self.options.group.as_deref(), cells)?)
            }
            Kind::Npy { transposed } => Box::new(NpyRows::open(&self.path, transposed, cells)?),
        };
        Chunks::new(source, angles, rows, names, filters.clone(), self.options.missing)
    }

    /// Reads the named columns of all rows that pass the filters; of a catalogue without rows,
    /// empty columns.
    ///
    /// # Errors
    /// As [`Catalog::chunks`], all errors of its chunks, and `Rows` if there are rows and none
    /// passes.
    pub fn read(&self, names: &[impl AsRef<str>]) -> Result<(Columns, RowCounts), CatalogError> {
        let mut chunks = self.chunks(names, AT_A_TIME)?;
        let mut all = Columns::new(names.iter().map(|name| (name.as_ref(), Vec::new())))?;
        for chunk in chunks.by_ref() {
            all.append(chunk?)?;
        }
        let counts = chunks.counts().clone();
        if counts.read() > 0 {
            counts.ensure_some()?;
        }
        Ok((all, counts))
    }
}
