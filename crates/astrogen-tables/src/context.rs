//! The contexts of a catalogue of any length, for generation.

use std::path::Path;

use astrogen_catalog::RowCounts;
use astrogen_catalog::Standardize;
use ndarray::{Array2, s};

use super::rules::{Reader, Rows};
use super::{TableConfig, TableScaling, side_by_side};
use crate::TablesError;

/// Rows to generate for.
#[derive(Debug, Clone, PartialEq)]
pub struct Contexts {
    /// The rows' numbers in the catalogue, from 0.
    pub rows: Vec<u64>,
    /// Standardised conditions and true features, `[rows, conditions + truth]`.
    pub context: Array2<f32>,
    /// True features in the catalogue's units, `[rows, truth]`.
    pub truth: Array2<f64>,
}

/// An iterator over a catalogue's [`Contexts`], a chunk of rows at a time.
///
/// Rows are dropped by the rules of [`Table`](super::Table), those about observed columns
/// aside: these are not read and need not be there. Memory is that of the maps and one chunk,
/// however long the catalogue, and the rows do not depend on the chunks. It ends at the first
/// error; a catalogue of which no row passes is one, unless it has none.
pub struct ContextReader {
    reader: Reader,
    standardize: Standardize,
    conditions: usize,
    ended: bool,
    /// Whether a catalogue of which no row passes is an error.
    needs_rows: bool,
}

impl ContextReader {
    /// Opens a catalogue, `rows` rows of which are read at a time; `scaling` is that of
    /// the training data, saved with the model.
    ///
    /// # Errors
    /// As [`Table::open`](super::Table::open), and [`TablesError::Setting`] where `scaling`
    /// does not begin with the conditions and the truth of `config`.
    pub fn open(
        config: &TableConfig,
        scaling: &TableScaling,
        rows: usize,
    ) -> Result<ContextReader, TablesError> {
        let names = config.context_names();
        let width = names.len();
        let Standardize { names: own, mean, deviation } = &scaling.standardize;
        if !own.starts_with(&names) || mean.len().min(deviation.len()) < width {
            return Err(TablesError::Setting {
                name: "conditions, truth",
                rule: format!("the names that the model was trained on, the first of {own:?}"),
                got: format!("{names:?}"),
            });
        }
        let standardize = Standardize {
            names,
            mean: mean[..width].to_vec(),
            deviation: deviation[..width].to_vec(),
        };
        let reader = Reader::open(config, &[], false, rows)?;
        let conditions = config.conditions.len();
        Ok(ContextReader { reader, standardize, conditions, ended: false, needs_rows: true })
    }

    /// Goes on with another file of the same columns from its first row, by the same rules and maps, as the
    /// partitions of one catalogue are read: counts begin anew, and no row of it need pass.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn turn_to(&mut self, path: &Path) -> Result<(), TablesError> {
        self.reader.turn_to(path)?;
        (self.ended, self.needs_rows) = (false, false);
        Ok(())
    }

    /// What was read and dropped so far.
    pub fn counts(&self) -> RowCounts {
        self.reader.counts()
    }

    fn contexts(&self, rows: Rows) -> Result<Contexts, TablesError> {
        let Rows { numbers, features, .. } = rows;
        let mut context = side_by_side(&features, 0..numbers.len());
        let truth = context.slice(s![.., self.conditions..]).to_owned();
        self.standardize.apply(context.view_mut())?;
        Ok(Contexts { rows: numbers, context: context.mapv(|value| value as f32), truth })
    }
}

impl Iterator for ContextReader {
    type Item = Result<Contexts, TablesError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.reader.next() {
            Some(rows) => Some(rows.and_then(|rows| self.contexts(rows))),
            None => {
                self.ended = true;
                if self.counts().read() == 0 || !self.needs_rows {
                    return None;
                }
                self.counts().ensure_some().err().map(|error| Err(error.into()))
            }
        }
    }
}
