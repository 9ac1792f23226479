//! A FITS binary table whose number of rows is known only at its end.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::{NewColumn, Storage};
use crate::PreprocessError;
use crate::fits::{BLOCK, Header, NewField, head};
use crate::numbers::View;
use crate::whole::WholeFile;

/// Rows put together at a time.
const AT_A_TIME: usize = 4096;

/// What whole numbers without a sign are stored less of.
const UNSIGNED: f64 = 9_223_372_036_854_775_808.0;

/// A table being written.
pub(super) struct FitsTable {
    file: WholeFile,
    columns: Vec<NewColumn>,
    header: Header,
}

impl FitsTable {
    pub(super) fn create(
        path: &Path,
        columns: &[NewColumn],
        header: &Header,
    ) -> Result<FitsTable, PreprocessError> {
        let columns = columns.to_vec();
        // Refuses what no header can hold before there is a file.
        let head = self::headers(&columns, 0, header)?;
        let file = WholeFile::create(path)?;
        let mut table = FitsTable { file, columns, header: header.clone() };
        table.put(&head)?;
        Ok(table)
    }

    pub(super) fn write(&mut self, values: &[View]) -> Result<(), PreprocessError> {
        let rows = values[0].values.len();
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
        Ok(())
    }

    pub(super) fn finish(mut self, rows: u64) -> Result<(), PreprocessError> {
        let head = headers(&self.columns, rows, &self.header)?;
        let data = rows as u128 * row_bytes(&self.columns) as u128 % BLOCK as u128;
        let padding = (BLOCK - data as usize) % BLOCK;
        self.put(&vec![0; padding])?;
        let path = self.file.path().to_owned();
        self.file
            .seek(SeekFrom::Start(0))
            .map_err(|source| PreprocessError::io("write", &path, source))?;
        self.put(&head)?;
        self.file.finish()
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), PreprocessError> {
        let written = self.file.write_all(bytes);
        written.map_err(|source| PreprocessError::io("write", self.file.path(), source))
    }
}

fn headers(columns: &[NewColumn], rows: u64, header: &Header) -> Result<Vec<u8>, PreprocessError> {
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
