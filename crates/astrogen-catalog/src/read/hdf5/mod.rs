//! Rows of an HDF5 file.

use std::path::{Path, PathBuf};

use super::Rows;
use super::cell::Cell;
use crate::CatalogError;
use crate::names::ColumnInfo;
use astrogen_fits::numbers::Numbers;

mod attributes;
mod columns;
mod convention;
mod file;
mod found;
mod source;
mod table;
mod values;

pub use attributes::{Hdf5Attributes, hdf5_attributes};
use file::{Hdf5File, damaged, guarded, guarded_deep};
use source::{Place, Source, check_claims};
use table::Table;

/// The columns and rows of the table. A data set of the group is a column, called by its path
/// below the group; a field of a compound data set too. Units are attributes `unit` or `units`, or
/// what astropy writes beside a compound data set.
pub(super) fn describe(
    path: &Path,
    group: Option<&str>,
) -> Result<(Vec<ColumnInfo>, Option<u64>), CatalogError> {
    let table = guarded_deep(path, || Table::find(&Hdf5File::open(path)?, group))?;
    let columns = table.columns.into_iter().map(|column| column.info);
    Ok((columns.collect(), Some(table.rows)))
}

const CHANGED: &str = "it has changed since it was opened";

/// A table read from its first row on.
pub(super) struct Hdf5Rows {
    path: PathBuf,
    /// Each data set that is read.
    sources: Vec<Source>,
    cells: Vec<Hdf5Cell>,
    rows: u64,
    next: u64,
}

/// What is read of every row, and from where.
struct Hdf5Cell {
    cell: Cell,
    name: String,
    source: usize,
    place: Place,
}

impl Hdf5Rows {
    pub(super) fn open(
        path: &Path,
        group: Option<&str>,
        cells: Vec<Cell>,
    ) -> Result<Hdf5Rows, CatalogError> {
        let table = guarded_deep(path, || Table::find(&Hdf5File::open(path)?, group))?;
        guarded(path, || Hdf5Rows::of(&Hdf5File::open(path)?, &table, cells))
    }

    fn of(file: &Hdf5File, table: &Table, cells: Vec<Cell>) -> Result<Hdf5Rows, CatalogError> {
        let mut claimed = 0_u128;
        let mut sets: Vec<&str> = Vec::new();
        let mut sources = Vec::new();
        let mut chosen = Vec::new();
        for cell in cells {
            let column = table.columns.get(cell.column);
            let Some((column, place)) = column.and_then(|own| Some((own, own.place.clone()?)))
            else {
                return Err(damaged(&file.path, CHANGED));
            };
            let source = match sets.iter().position(|set| *set == column.set) {
                Some(source) => source,
                None => {
                    let (source, own) = Source::open(file, &column.set, place.stored.meaning)?;
                    claimed = claimed.saturating_add(own);
                    sets.push(&column.set);
                    sources.push(source);
                    sources.len() - 1
                }
            };
            if !sources[source].has(table.rows, &place, cell.element) {
                return Err(damaged(&file.path, CHANGED));
            }
            chosen.push(Hdf5Cell { cell, name: column.info.name.clone(), source, place });
        }
        check_claims(&file.path, file.length, claimed)?;
        let path = file.path.clone();
        Ok(Hdf5Rows { path, sources, cells: chosen, rows: table.rows, next: 0 })
    }
}

impl Rows for Hdf5Rows {
    fn read(&mut self, rows: usize, out: &mut [Numbers]) -> Result<usize, CatalogError> {
        let end = self.rows.min(self.next.saturating_add(rows as u64));
        let first = self.next;
        while self.next < end {
            let mut ready = end - self.next;
            for source in &mut self.sources {
                ready = ready.min(source.ready(self.next)?);
            }
            for (own, out) in self.cells.iter().zip(out.iter_mut()) {
                let source = &self.sources[own.source];
                for row in self.next..self.next + ready {
                    let bytes = source.element(row, &own.place, own.cell.element);
                    own.place.stored.append(bytes, &own.cell, out).map_err(|got| {
                        CatalogError::Column {
                            path: self.path.clone(),
                            name: own.name.clone(),
                            reason: format!("has no number in row {row} (from 0): got {got}"),
                        }
                    })?;
                }
            }
            self.next += ready;
        }
        Ok((self.next - first) as usize)
    }
}
