//! Chunks of rows that pass the filters.

use super::Rows;
use crate::PreprocessError;
use crate::catalog::columns::Columns;
use crate::catalog::counts::{BadRows, RowCounts};
use crate::catalog::filter::ColumnFilter;

/// The rule under which rows without a value are counted.
const MISSING: &str = "missing values";

/// The chunks of a catalogue: an iterator over [`Columns`], which ends at the first error.
pub struct Chunks {
    source: Box<dyn Rows + Send>,
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
        rows: usize,
        names: Vec<String>,
        filters: Vec<ColumnFilter>,
        missing: BadRows,
    ) -> Result<Chunks, PreprocessError> {
        // Names that no columns could carry are refused before anything is read.
        Columns::new(names.iter().map(|name| (name.clone(), Vec::new())))?;
        let mut counts = RowCounts::default();
        for filter in &filters {
            counts.drop_rows(&filter.to_string(), 0);
        }
        Ok(Chunks { source, rows, names, filters, missing, counts, ended: false })
    }

    /// What was read and dropped so far.
    pub fn counts(&self) -> &RowCounts {
        &self.counts
    }

    /// The next rows of the file that pass, perhaps none; `None` at its end.
    fn step(&mut self) -> Result<Option<Columns>, PreprocessError> {
        let mut values = vec![Vec::new(); self.names.len() + self.filters.len()];
        let first = self.counts.read();
        let rows = self.source.read(self.rows, &mut values)?;
        if rows == 0 {
            return Ok(None);
        }
        let tested = values.split_off(self.names.len());
        let mut keep = vec![true; rows];
        for (filter, values) in self.filters.iter().zip(&tested) {
            let mut dropped = 0;
            for (keep, &value) in keep.iter_mut().zip(values) {
                if *keep && !filter.passes(value) {
                    *keep = false;
                    dropped += 1;
                }
            }
            self.counts.drop_rows(&filter.to_string(), dropped);
        }
        let mut missing = 0;
        for (row, keep) in keep.iter_mut().enumerate().filter(|(_, keep)| **keep) {
            let Some(column) = values.iter().position(|values| values[row].is_nan()) else {
                continue;
            };
            missing += 1;
            if self.missing == BadRows::Refuse {
                return Err(PreprocessError::Rows {
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
        let mut columns = Columns::new(self.names.iter().cloned().zip(values))?;
        if !keep.iter().all(|&keep| keep) {
            columns.retain(|row| keep[row]);
        }
        Ok(Some(columns))
    }
}

impl Iterator for Chunks {
    type Item = Result<Columns, PreprocessError>;

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
