//! Rows of a FITS binary table.

use std::path::Path;

use super::Rows;
use super::cell::number;
use crate::PreprocessError;
use crate::catalog::names::ColumnInfo;
use crate::fits::{FitsFile, HduSelector, Span, Table};

/// The columns and rows of a table.
pub(super) fn describe(
    path: &Path,
    hdu: Option<&HduSelector>,
) -> Result<(Vec<ColumnInfo>, Option<u64>), PreprocessError> {
    let table = FitsFile::open(path)?.table(hdu)?;
    let columns = table.fields.iter().map(|field| ColumnInfo {
        name: field.name.clone(),
        unit: field.unit.clone(),
        stored_as: field.stored_as.clone(),
        length: field.length(),
        refusal: field.refusal().map(str::to_owned),
    });
    Ok((columns.collect(), Some(table.rows)))
}

/// A table read from its first row on.
pub(super) struct FitsRows {
    file: FitsFile,
    table: Table,
    spans: Vec<Span>,
    next: u64,
}

impl FitsRows {
    pub(super) fn open(
        path: &Path,
        hdu: Option<&HduSelector>,
        cells: &[(usize, usize)],
    ) -> Result<FitsRows, PreprocessError> {
        let file = FitsFile::open(path)?;
        let table = file.table(hdu)?;
        let spans = cells.iter().map(|&(field, first)| Span { field, first, count: 1 }).collect();
        Ok(FitsRows { file, table, spans, next: 0 })
    }
}

impl Rows for FitsRows {
    fn read(&mut self, rows: usize, out: &mut [Vec<f64>]) -> Result<usize, PreprocessError> {
        let count = (rows as u64).min(self.table.rows - self.next);
        for out in out.iter_mut() {
            out.reserve_exact(count as usize);
        }
        let range = self.next..self.next + count;
        self.file.read_spans(&self.table, range, &self.spans, number, out)?;
        self.next += count;
        Ok(count as usize)
    }
}
