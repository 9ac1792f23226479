//! Rows of a FITS binary table.

use std::path::Path;

use super::Rows;
use super::cell::Cell;
use crate::CatalogError;
use crate::names::ColumnInfo;
use astrogen_fits::numbers::Numbers;
use astrogen_fits::table::{Span, Storage, Table};
use astrogen_fits::{FitsFile, HduSelector};

/// The columns and rows of a table.
pub(super) fn describe(
    path: &Path,
    hdu: Option<&HduSelector>,
) -> Result<(Vec<ColumnInfo>, Option<u64>), CatalogError> {
    let table = FitsFile::open(path)?.table(hdu)?;
    let columns = table.fields.iter().map(|field| ColumnInfo {
        name: field.name.clone(),
        unit: field.unit.clone(),
        stored_as: field.stored_as.clone(),
        storage: Storage::Float64,
        length: field.length(),
        is_least: false,
        refusal: field.refusal().map(str::to_owned),
    });
    Ok((columns.collect(), Some(table.rows)))
}

/// A table read from its first row on.
pub(super) struct FitsRows {
    file: FitsFile,
    table: Table,
    cells: Vec<Cell>,
    next: u64,
}

impl FitsRows {
    pub(super) fn open(
        path: &Path,
        hdu: Option<&HduSelector>,
        cells: Vec<Cell>,
    ) -> Result<FitsRows, CatalogError> {
        let file = FitsFile::open(path)?;
        let table = file.table(hdu)?;
        Ok(FitsRows { file, table, cells, next: 0 })
    }
}

impl Rows for FitsRows {
    fn read(&mut self, rows: usize, out: &mut [Numbers]) -> Result<usize, CatalogError> {
        let count = (rows as u64).min(self.table.rows - self.next);
        for out in out.iter_mut() {
            out.values.reserve_exact(count as usize);
        }
        let range = self.next..self.next + count;
        let span = |cell: &Cell| Span { field: cell.column, first: cell.element, count: 1 };
        let spans: Vec<Span> = self.cells.iter().map(span).collect();
        let text = |cell: usize, text: &[u8], out: &mut Numbers| self.cells[cell].append(text, out);
        self.file.read_spans(&self.table, range, &spans, text, out)?;
        self.next += count;
        Ok(count as usize)
    }
}
