//! Writes catalogues chunk by chunk, as FITS binary tables, Parquet or HDF5.

mod hdf5;
mod parquet;

use std::path::Path;

use astrogen_fits::Header;
use astrogen_fits::numbers::View;
use astrogen_fits::table::TableWriter;
pub use astrogen_fits::table::{NewColumn, Storage};

use self::hdf5::Hdf5Table;
use self::parquet::ParquetTable;
use super::Columns;
use crate::CatalogError;

/// A catalogue being written. It appears under its name, whole, with
/// [`CatalogWriter::finish`]; dropped before, it leaves nothing.
///
/// ```
/// use astrogen_catalog::{Catalog, CatalogOptions, CatalogWriter, NewColumn, Storage};
/// use astrogen_fits::Header;
///
/// let folder = tempfile::tempdir().unwrap();
/// let columns =
///     [NewColumn::new("ra", Storage::Float64).with_unit("deg"), NewColumn::new("n", Storage::Int32)];
/// for name in ["mock.fits", "mock.parquet", "mock.hdf5"] {
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
}

enum Output {
    Fits(TableWriter),
    Parquet(Box<ParquetTable>),
    Hdf5(Box<Hdf5Table>),
}

impl CatalogWriter {
    /// Starts a catalogue: a FITS binary table for a name that ends in `.fits` or `.fit`,
    /// Parquet for `.parquet` or `.pq`, an HDF5 group `catalog` of data sets for `.hdf5` or `.h5`.
    /// The cards of `header` go into the table's header, as key-value pairs into the Parquet
    /// file's footer, or as attributes of the group; those that describe the layout are the
    /// writer's own and left out. HDF5 has no null: attribute `_FillValue` of a column of whole
    /// numbers tells, as in netCDF, the number that stands for it.
    ///
    /// # Errors
    /// `Setting` for another ending, `Shape` for no column, an empty name or one that is
    /// taken, `Card` for a name or card that the FITS standard forbids, `Io` if the disk
    /// refuses.
    pub fn create(
        path: impl AsRef<Path>,
        columns: &[NewColumn],
        header: &Header,
    ) -> Result<CatalogWriter, CatalogError> {
        let (path, header) = (path.as_ref(), &header.without_layout());
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let output = match ending.as_deref() {
            Some("fits" | "fit") => Output::Fits(TableWriter::create(path, columns, header)?),
            Some("parquet" | "pq") => {
                Output::Parquet(Box::new(ParquetTable::create(path, columns, header)?))
            }
            Some("hdf5" | "h5") => {
                Output::Hdf5(Box::new(Hdf5Table::create(path, columns, header)?))
            }
            _ => {
                return Err(CatalogError::Setting {
                    name: "catalogue to write",
                    rule: "a name that ends in .fits, .fit, .parquet, .pq, .hdf5 or .h5",
                    got: path.display().to_string(),
                });
            }
        };
        Ok(CatalogWriter { columns: columns.to_vec(), output })
    }

    /// Appends rows: the values of each column, in the order given to
    /// [`CatalogWriter::create`].
    ///
    /// # Errors
    /// `Shape` for another number of columns or columns of several lengths, `Rows` for a
    /// fraction or too large a number in a column of whole numbers, `Io` if the disk refuses.
    pub fn write(&mut self, values: &[impl AsRef<[f64]>]) -> Result<(), CatalogError> {
        let values: Vec<View> = values.iter().map(|values| values.as_ref().into()).collect();
        self.write_views(&values)
    }

    /// Appends rows of columns of the same names, in any order; others are left out. Whole
    /// numbers of 64 bits stay exact.
    ///
    /// # Errors
    /// As [`CatalogWriter::write`], and `Rows` for a column that is not there.
    pub fn write_columns(&mut self, columns: &Columns) -> Result<(), CatalogError> {
        let view = |column: &NewColumn| columns.view(&column.name);
        let values: Vec<View> = self.columns.iter().map(view).collect::<Result<_, _>>()?;
        self.write_views(&values)
    }

    fn write_views(&mut self, values: &[View]) -> Result<(), CatalogError> {
        match &mut self.output {
            Output::Fits(table) => table.write(values)?,
            Output::Parquet(table) => table.write(values)?,
            Output::Hdf5(table) => table.write(values)?,
        }
        Ok(())
    }

    /// Completes the file and gives it its name. Returns the rows written.
    ///
    /// # Errors
    /// `Io` if the disk refuses.
    pub fn finish(self) -> Result<u64, CatalogError> {
        match self.output {
            Output::Fits(table) => Ok(table.finish()?),
            Output::Parquet(table) => table.finish(),
            Output::Hdf5(table) => table.finish(),
        }
    }
}
