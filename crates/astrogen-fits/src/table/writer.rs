//! A binary table whose number of rows is known only at its end.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;

use super::column::{check_columns, check_rows};
use super::head::{NewField, head};
use super::{NewColumn, Storage};
use crate::numbers::View;
use crate::source::BLOCK;
use crate::{FitsError, Header, create_whole};

/// Rows put together at a time.
const AT_A_TIME: usize = 4096;

/// What whole numbers without a sign are stored less of.
const UNSIGNED: f64 = 9_223_372_036_854_775_808.0;

/// A file of one binary table being written. It appears under its name, whole, with
/// [`TableWriter::finish`]; dropped before, it leaves nothing.
#[derive(Debug)]
pub struct TableWriter {
    path: PathBuf,
    file: BufWriter<AtomicWriteFile>,
    columns: Vec<NewColumn>,
    header: Header,
    rows: u64,
}

impl TableWriter {
    /// Starts a table. The cards of `header` that do not describe a layout go into the table's.
    ///
    /// # Errors
    /// `Shape` for columns that [`check_columns`] refuses, `Card` for a name or card that the
    /// standard forbids, `Io` if the disk refuses.
    pub fn create(
        path: impl AsRef<Path>,
        columns: &[NewColumn],
        header: &Header,
    ) -> Result<TableWriter, FitsError> {
        let path = path.as_ref();
        check_columns(columns)?;
        // Refuses what no header can hold before there is a file.
        let head = headers(columns, 0, header)?;
        let file = create_whole(path);
        let mut table = TableWriter {
            path: path.to_owned(),
            file: BufWriter::new(file.map_err(|source| FitsError::io("write", path, source))?),
            columns: columns.to_vec(),
            header: header.clone(),
            rows: 0,
        };
        table.put(&head)?;
        Ok(table)
    }

    /// Appends rows: the values of each column, in the order given to [`TableWriter::create`].
    /// NaN in a column of whole numbers is stored as null.
    ///
    /// # Errors
    /// Those of [`check_rows`], `Io` if the disk refuses.
    pub fn write(&mut self, values: &[View]) -> Result<(), FitsError> {
        let rows = check_rows(&self.columns, values, self.rows)?;
        let mut bytes = Vec::new();
        for start in (0..rows).step_by(AT_A_TIME) {
            bytes.clear();
            for row in start..rows.min(start + AT_A_TIME) {
                for (column, values) in self.columns.iter().zip(values) {
                    push(*values, row, column.storage, &mut bytes);
                }
            }
            self.put(&bytes)?;
        }
        self.rows += rows as u64;
        Ok(())
    }

    /// Completes the file and gives it its name. Returns the rows written.
    ///
    /// # Errors
    /// `Io` if the disk refuses.
    pub fn finish(mut self) -> Result<u64, FitsError> {
        let head = headers(&self.columns, self.rows, &self.header)?;
        let data = u128::from(self.rows) * row_bytes(&self.columns) as u128 % BLOCK as u128;
        let padding = (BLOCK - data as usize) % BLOCK;
        self.put(&vec![0; padding])?;
        let complete = |mut file: BufWriter<AtomicWriteFile>| -> io::Result<()> {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&head)?;
            file.into_inner()?.commit()
        };
        complete(self.file).map_err(|source| FitsError::io("write", &self.path, source))?;
        Ok(self.rows)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FitsError> {
        let written = self.file.write_all(bytes);
        written.map_err(|source| FitsError::io("write", &self.path, source))
    }
}

fn headers(columns: &[NewColumn], rows: u64, header: &Header) -> Result<Vec<u8>, FitsError> {
    let fields: Vec<NewField> = columns
        .iter()
        .map(|column| {
            let (form, zero, null) = match column.storage {
                Storage::Float32 => ("E", None, None),
                Storage::Float64 => ("D", None, None),
                Storage::Int32 => ("J", None, Some(i32::MIN.into())),
                Storage::Int64 => ("K", None, Some(i64::MIN)),
                Storage::Unsigned64 => ("K", Some(UNSIGNED), Some(i64::MAX)),
            };
            NewField { name: &column.name, unit: column.unit.as_deref(), form, zero, null }
        })
        .collect();
    head(&fields, row_bytes(columns), rows, header)
}

fn row_bytes(columns: &[NewColumn]) -> usize {
    let width = |column: &NewColumn| match column.storage {
        Storage::Float32 | Storage::Int32 => 4,
        Storage::Float64 | Storage::Int64 | Storage::Unsigned64 => 8,
    };
    columns.iter().map(width).sum()
}

/// Appends the number of a row; whole ones are known to fit.
fn push(column: View, row: usize, storage: Storage, bytes: &mut Vec<u8>) {
    let value = column.values[row];
    match storage {
        Storage::Float32 => bytes.extend((value as f32).to_be_bytes()),
        Storage::Float64 => bytes.extend(value.to_be_bytes()),
        Storage::Int32 => {
            bytes.extend(column.whole(row).map_or(i32::MIN, |whole| whole as i32).to_be_bytes());
        }
        Storage::Int64 => {
            bytes.extend(column.whole(row).map_or(i64::MIN, |whole| whole as i64).to_be_bytes());
        }
        Storage::Unsigned64 => {
            let stored = |whole: i128| (whole - (1 << 63)) as i64;
            bytes.extend(column.whole(row).map_or(i64::MAX, stored).to_be_bytes());
        }
    }
}
