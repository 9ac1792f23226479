//! Writes catalogues chunk by chunk, as FITS binary tables or Parquet.

mod fits;
mod parquet;

use std::path::Path;

use serde::{Deserialize, Serialize};

use self::fits::FitsTable;
use self::parquet::ParquetTable;
use super::Columns;
use crate::PreprocessError;
use crate::fits::Header;
use crate::numbers::View;

/// How the numbers of a column are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// 32-bit floating point: seven digits.
    #[default]
    Float32,
    /// 64-bit floating point.
    Float64,
    /// 32-bit whole numbers; NaN is stored as null.
    Int32,
    /// 64-bit whole numbers; NaN is stored as null.
    Int64,
    /// 64-bit whole numbers from 0; NaN is stored as null.
    Unsigned64,
}

impl Storage {
    /// The whole numbers that can be stored; the lowest, or without a sign the largest, is kept
    /// for null.
    fn integers(self) -> Option<std::ops::RangeInclusive<i128>> {
        match self {
            Storage::Int32 => Some(-i128::from(i32::MAX)..=i32::MAX.into()),
            Storage::Int64 => Some(-i128::from(i64::MAX)..=i64::MAX.into()),
            Storage::Unsigned64 => Some(0..=i128::from(u64::MAX) - 1),
            Storage::Float32 | Storage::Float64 => None,
        }
    }
}

/// A column of a catalogue to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// Its unit, in FITS as `TUNIT`, in Parquet as astropy writes it.
    pub unit: Option<String>,
    /// How its numbers are stored.
    pub storage: Storage,
}

impl NewColumn {
    /// A column without a unit.
    pub fn new(name: impl Into<String>, storage: Storage) -> NewColumn {
        NewColumn { name: name.into(), unit: None, storage }
    }

    /// The same column with a unit.
    pub fn with_unit(self, unit: impl Into<String>) -> NewColumn {
        NewColumn { unit: Some(unit.into()), ..self }
    }
}

/// A catalogue being written. It appears under its name, whole, with
/// [`CatalogWriter::finish`]; dropped before, it leaves nothing.
///
/// ```
/// use astrogen_preprocess::catalog::{Catalog, CatalogOptions, CatalogWriter, NewColumn, Storage};
/// use astrogen_preprocess::fits::Header;
///
/// let folder = tempfile::tempdir().unwrap();
/// let columns =
///     [NewColumn::new("ra", Storage::Float64).with_unit("deg"), NewColumn::new("n", Storage::Int32)];
/// for name in ["mock.fits", "mock.parquet"] {
///     let path = folder.path().join(name);
///     let mut writer = CatalogWriter::create(&path, &columns, &Header::new()).unwrap();
///     writer.write(&[vec![10.5, 11.5], vec![3.0, f64::NAN]]).unwrap();
///     writer.write(&[vec![12.5], vec![4.0]]).unwrap();
///     assert_eq!(writer.finish().unwrap(), 3);
///
///     let catalog = Catalog::open(&path, &CatalogOptions::default()).unwrap();
///     let (read, counts) = catalog.read(&["n", "ra"]).unwrap();
///     assert_eq!(read.column("ra").unwrap(), [10.5, 11.5, 12.5]);
///     assert_eq!(counts.missing(), 1);
/// }
/// ```
pub struct CatalogWriter {
    columns: Vec<NewColumn>,
    output: Output,
    rows: u64,
}

enum Output {
    Fits(FitsTable),
    Parquet(Box<ParquetTable>),
}

impl CatalogWriter {
    /// Starts a catalogue: a FITS binary table for a name that ends in `.fits` or `.fit`,
    /// Parquet for `.parquet` or `.pq`. The cards of `header` go into the table's header, or
    /// as key-value pairs into the Parquet file's footer; those that describe the layout are
    /// the writer's own and left out.
    ///
    /// # Errors
    /// `Parameter` for another ending, `Shape` for no column, an empty name or one that is
    /// taken, `Card` for a name or card that the FITS standard forbids, `Io` if the disk
    /// refuses.
    pub fn create(
        path: impl AsRef<Path>,
        columns: &[NewColumn],
        header: &Header,
    ) -> Result<CatalogWriter, PreprocessError> {
        let path = path.as_ref();
        check_names(columns)?;
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let output = match ending.as_deref() {
            Some("fits" | "fit") => Output::Fits(FitsTable::create(path, columns, header)?),
            Some("parquet" | "pq") => {
                Output::Parquet(Box::new(ParquetTable::create(path, columns, header)?))
            }
            _ => {
                return Err(PreprocessError::Parameter {
                    name: "catalogue to write",
                    rule: "a name that ends in .fits, .fit, .parquet or .pq",
                    got: path.display().to_string(),
                });
            }
        };
        Ok(CatalogWriter { columns: columns.to_vec(), output, rows: 0 })
    }

    /// Appends rows: the values of each column, in the order given to
    /// [`CatalogWriter::create`].
    ///
    /// # Errors
    /// `Shape` for another number of columns or columns of several lengths, `Rows` for a
    /// fraction or too large a number in a column of whole numbers, `Io` if the disk refuses.
    pub fn write(&mut self, values: &[impl AsRef<[f64]>]) -> Result<(), PreprocessError> {
        let values: Vec<View> = values.iter().map(|values| values.as_ref().into()).collect();
        self.write_views(&values)
    }

    /// Appends rows of columns of the same names, in any order; others are left out. Whole
    /// numbers of 64 bits stay exact.
    ///
    /// # Errors
    /// As [`CatalogWriter::write`], and `Rows` for a column that is not there.
    pub fn write_columns(&mut self, columns: &Columns) -> Result<(), PreprocessError> {
        let view = |column: &NewColumn| columns.view(&column.name);
        let values: Vec<View> = self.columns.iter().map(view).collect::<Result<_, _>>()?;
        self.write_views(&values)
    }

    fn write_views(&mut self, values: &[View]) -> Result<(), PreprocessError> {
        let shape = |expected: String, got: String| {
            let what = "columns to write".to_owned();
            Err(PreprocessError::Shape { what, expected, got })
        };
        if values.len() != self.columns.len() {
            return shape(self.columns.len().to_string(), values.len().to_string());
        }
        let rows = values[0].values.len();
        if let Some(odd) = values.iter().find(|column| column.values.len() != rows) {
            return shape(format!("{rows} rows in each"), odd.values.len().to_string());
        }
        for (column, values) in self.columns.iter().zip(values) {
            self.check_integers(column, *values)?;
        }
        match &mut self.output {
            Output::Fits(table) => table.write(values)?,
            Output::Parquet(table) => table.write(values)?,
        }
        self.rows += rows as u64;
        Ok(())
    }

    /// Completes the file and gives it its name. Returns the rows written.
    ///
    /// # Errors
    /// `Io` if the disk refuses.
    pub fn finish(self) -> Result<u64, PreprocessError> {
        match self.output {
            Output::Fits(table) => table.finish(self.rows)?,
            Output::Parquet(table) => table.finish()?,
        }
        Ok(self.rows)
    }

    fn check_integers(
        &self,
        column: &NewColumn,
        column_values: View,
    ) -> Result<(), PreprocessError> {
        let Some(range) = column.storage.integers() else {
            return Ok(());
        };
        let values = column_values.values;
        let odd = |&row: &usize| {
            !values[row].is_nan()
                && column_values.whole(row).is_none_or(|whole| !range.contains(&whole))
        };
        match (0..values.len()).find(odd) {
            None => Ok(()),
            Some(row) => Err(PreprocessError::Rows {
                reason: format!(
                    "row {} (from 0) of column {:?}: expected a whole number from {} to {}, got {}; \
                     store it as floating point",
                    self.rows + row as u64,
                    column.name,
                    range.start(),
                    range.end(),
                    column_values
                        .whole(row)
                        .map_or(values[row].to_string(), |whole| whole.to_string())
                ),
            }),
        }
    }
}

fn check_names(columns: &[NewColumn]) -> Result<(), PreprocessError> {
    let refuse = |got: String| {
        let what = "columns to write".to_owned();
        let expected = "1 to 999 columns, each with a name of its own".to_owned();
        Err(PreprocessError::Shape { what, expected, got })
    };
    if !(1..=999).contains(&columns.len()) {
        return refuse(columns.len().to_string());
    }
    for (number, column) in columns.iter().enumerate() {
        let same = |other: &NewColumn| other.name.eq_ignore_ascii_case(&column.name);
        if column.name.trim() != column.name
            || column.name.is_empty()
            || columns[..number].iter().any(same)
        {
            return refuse(format!("{:?} as name of column {number} (from 0)", column.name));
        }
    }
    Ok(())
}
