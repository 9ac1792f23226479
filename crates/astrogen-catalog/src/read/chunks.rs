//! Chunks of rows that pass the filters.

use super::Rows;
use crate::CatalogError;
use crate::angle::Angle;
use crate::columns::Columns;
use crate::counts::{BadRows, RowCounts};
use crate::filter::ColumnFilter;
use astrogen_fits::numbers::Numbers;

/// The rule under which rows without a value are counted.
const MISSING: &str = "missing values";

/// The chunks of a catalogue: an iterator over [`Columns`], which ends at the first error.
pub struct Chunks {
    source: Box<dyn Rows + Send>,
    /// How the columns hold angles, where they do.
    angles: Vec<Option<Angle>>,
    rows: usize,
    names: Vec<String>,
    filters: Vec<ColumnFilter>,
    missing: BadRows,
    counts: RowCounts,
    ended: bool,
}

impl Chunks {
    /// `source` gives the columns `names`, then those of the filters.
    pub(super) fn new(
        source: Box<dyn Rows + Send>,
        angles: Vec<Option<Angle>>,
        rows: usize,
        names: Vec<String>,
        filters: Vec<ColumnFilter>,
        missing: BadRows,
    ) -> Result<Chunks, CatalogError> {
        // Names that no columns could carry are refused before anything is read.
        Columns::new(names.iter().map(|name| (name.clone(), Vec::new())))?;
        let mut counts = RowCounts::default();
        for filter in &filters {
            counts.drop_rows(&filter.to_string(), 0);
        }
        Ok(Chunks { source, angles, rows, names, filters, missing, counts, ended: false })
    }

    /// What was read and dropped so far.
    pub fn counts(&self) -> &RowCounts {
        &self.counts
    }

    /// The next rows of the file that pass, perhaps none; `None` at its end.
    fn step(&mut self) -> Result<Option<Columns>, CatalogError> {
        let mut values = vec![Numbers::default(); self.names.len() + self.filters.len()];
        let first = self.counts.read();
        let rows = self.source.read(self.rows, &mut values)?;
        if rows == 0 {
            return Ok(None);
        }
        for (numbers, angle) in values.iter_mut().zip(&self.angles) {
            if let Some(Angle { degrees, .. }) = angle {
                *numbers =
                    numbers.values.iter().map(|value| value * degrees).collect::<Vec<_>>().into();
            }
        }
        let tested = values.split_off(self.names.len());
        let mut keep = vec![true; rows];
        for (filter, values) in self.filters.iter().zip(&tested) {
            let mut dropped = 0;
            for (row, keep) in keep.iter_mut().enumerate() {
                if *keep && !filter.passes_row(values.view(), row) {
                    *keep = false;
                    dropped += 1;
                }
            }
            self.counts.drop_rows(&filter.to_string(), dropped);
        }
        let mut missing = 0;
        for (row, keep) in keep.iter_mut().enumerate().filter(|(_, keep)| **keep) {
            let Some(column) = values.iter().position(|own| own.values[row].is_nan()) else {
                continue;
            };
            missing += 1;
            if self.missing == BadRows::Refuse {
                return Err(CatalogError::Rows {
                    reason: format!(
                        "row {} (from 0): column {:?} has no value; drop such rows or keep them as NaN \
                         (missing: drop, keep)",
                        first + row as u64,
                        self.names[column]
                    ),
                });
            }
            *keep = self.missing == BadRows::Keep;
        }
        self.counts.add_read(rows as u64, missing);
        if self.missing == BadRows::Drop {
            self.counts.drop_rows(MISSING, missing);
        }
        let mut columns = Columns::default();
        for (name, values) in self.names.iter().zip(values) {
            columns.push_numbers(name.clone(), values)?;
        }
        if !keep.iter().all(|&keep| keep) {
            columns.retain(|row| keep[row]);
        }
        Ok(Some(columns))
    }
}

impl Iterator for Chunks {
    type Item = Result<Columns, CatalogError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.step() {
                Ok(Some(columns)) if columns.is_empty() => {}
                Ok(Some(columns)) => return Some(Ok(columns)),
                Ok(None) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
