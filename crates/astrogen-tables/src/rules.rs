//! The rows of a catalogue that pass all rules, a chunk at a time, with conditions looked up.

use std::path::{Path, PathBuf};

use astrogen_catalog::CatalogError;
use astrogen_catalog::{
    BadRows, Catalog, CatalogOptions, Chunks, ColumnFilter, Columns, MagnitudeRange, RowCounts,
};

use super::maps::{ConditionMap, Maps};
use super::{Condition, TableConfig};
use crate::TablesError;

/// The rule under which rows without a finite value in a column are counted.
const MISSING: &str = "missing or infinite values";

/// The name under which row numbers go through the rules with the columns. No column that is
/// asked for has an empty name. Whole numbers are exact up to 2^53.
const NUMBERS: &str = "";

/// Rows that passed.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Their numbers in the catalogue, from 0.
    pub(super) numbers: Vec<u64>,
    /// Their positions in degrees; empty where no position is needed.
    pub(super) ra: Vec<f64>,
    pub(super) dec: Vec<f64>,
    /// The columns: conditions, truth, observed.
    pub(super) features: Vec<Vec<f64>>,
}

impl Rows {
    pub(super) fn append(&mut self, mut other: Rows) {
        self.numbers.append(&mut other.numbers);
        self.ra.append(&mut other.ra);
        self.dec.append(&mut other.dec);
        self.features.resize_with(other.features.len(), Vec::new);
        for (values, more) in self.features.iter_mut().zip(&mut other.features) {
            values.append(more);
        }
    }
}

/// Reads a catalogue by the rules of a configuration. Ends at the first error.
pub(super) struct Reader {
    chunks: Chunks,
    path: PathBuf,
    /// How the file is read, and which of its columns.
    options: CatalogOptions,
    asked: Vec<String>,
    rows: usize,
    filters: Vec<ColumnFilter>,
    refuse_missing: bool,
    /// Catalogue columns that need a finite value.
    needed: Vec<String>,
    range: Option<MagnitudeRange>,
    /// Columns that the range is about.
    ranged: Vec<String>,
    position: Option<(String, String)>,
    maps: Maps,
    /// The columns of the rows, in order.
    features: Vec<String>,
    dropped: RowCounts,
    ended: bool,
}

impl Reader {
    /// Opens the catalogue and the maps; `observed` columns follow the contexts, and
    /// positions are read if a map needs them or `for_split` says so.
    pub(super) fn open(
        config: &TableConfig,
        observed: &[String],
        for_split: bool,
        rows: usize,
    ) -> Result<Reader, TablesError> {
        config.check_reading(observed)?;
        let position = config.position(for_split)?;
        let ranged: Vec<String> = config.truth.iter().chain(observed).cloned().collect();
        let columns = config.conditions.iter().filter(|condition| !condition.is_map());
        let mut needed: Vec<String> = columns.map(|column| column.name().to_owned()).collect();
        needed.extend(ranged.iter().cloned());
        if let Some((ra, dec)) = &position {
            needed.extend([ra.clone(), dec.clone()]);
        }
        let mut asked: Vec<String> = Vec::new();
        let filters = config.catalog.filters.iter().map(|filter| &filter.column);
        for name in needed.iter().chain(filters) {
            if !asked.contains(name) {
                asked.push(name.clone());
            }
        }
        // All rows are asked for, filters and missing values are dealt with here: only so
        // are their numbers in the file known.
        let whole = CatalogOptions {
            filters: Vec::new(),
            missing: BadRows::Keep,
            ..config.catalog.clone()
        };
        let chunks = chunks(&config.path, &whole, position.as_ref(), &asked, rows)?;
        let features = config.conditions.iter().map(Condition::to_string);
        Ok(Reader {
            chunks,
            path: config.path.clone(),
            options: whole,
            asked,
            rows,
            filters: config.catalog.filters.clone(),
            refuse_missing: config.catalog.missing == BadRows::Refuse,
            needed,
            range: config.range,
            features: features.chain(ranged.iter().cloned()).collect(),
            ranged,
            position,
            maps: Maps::open(config)?,
            dropped: RowCounts::default(),
            ended: false,
        })
    }

    /// Goes on with the first row of another file of the same columns, by the same rules and maps; what was
    /// counted so far is forgotten.
    pub(super) fn turn_to(&mut self, path: &Path) -> Result<(), TablesError> {
        let position = self.position.as_ref();
        self.chunks = chunks(path, &self.options, position, &self.asked, self.rows)?;
        path.clone_into(&mut self.path);
        self.dropped = RowCounts::default();
        self.ended = false;
        Ok(())
    }

    /// What was read and dropped so far.
    pub(super) fn counts(&self) -> RowCounts {
        let mut counts = self.chunks.counts().clone();
        for (rule, rows) in self.dropped.dropped() {
            counts.drop_rows(rule, rows);
        }
        counts
    }

    /// The next rows of the file that pass, perhaps none; `None` at its end.
    fn step(&mut self) -> Result<Option<Rows>, TablesError> {
        let first = self.chunks.counts().read();
        let Some(columns) = self.chunks.next() else {
            return Ok(None);
        };
        let mut columns = columns?;
        // Without filters a chunk has all rows that were read for it, at least one.
        let last = (first + columns.len() as u64).saturating_sub(1);
        columns
            .push(NUMBERS, (first..).take(columns.len()).map(|number| number as f64).collect())?;
        self.drop_unusable(&mut columns)?;
        let located = |source| {
            let source = Box::new(source);
            TablesError::Rows { path: self.path.clone(), first, last, source }
        };
        if let Some(range) = &self.range {
            range.apply(&mut columns, &self.ranged, &mut self.dropped).map_err(located)?;
        }
        if let Some((ra, dec)) = &self.position {
            let clean = self
                .maps
                .selection
                .clean(columns.column(ra)?, columns.column(dec)?, &mut self.dropped)
                .map_err(located)?;
            columns.retain(|row| clean[row]);
            let values =
                self.maps.values(columns.column(ra)?, columns.column(dec)?).map_err(located)?;
            self.add_conditions(&mut columns, values)?;
        }
        self.rows(&columns).map(Some)
    }

    /// Drops rows that do not pass all filters, then those without a value in a needed column.
    fn drop_unusable(&mut self, columns: &mut Columns) -> Result<(), TablesError> {
        for filter in &self.filters {
            let passes = filter.passing(columns)?;
            keep(columns, &passes, &filter.to_string(), &mut self.dropped);
        }
        let mut finite = vec![true; columns.len()];
        for name in &self.needed {
            let values = columns.column(name)?;
            if self.refuse_missing
                && let Some(row) = values.iter().position(|value| !value.is_finite())
            {
                return Err(no_value(columns, row, &format!("column {name:?} has")));
            }
            finite.iter_mut().zip(values).for_each(|(finite, value)| *finite &= value.is_finite());
        }
        keep(columns, &finite, MISSING, &mut self.dropped);
        Ok(())
    }

    /// Appends the conditions that are maps and drops rows at which one has no value.
    fn add_conditions(
        &mut self,
        columns: &mut Columns,
        values: Vec<Vec<f64>>,
    ) -> Result<(), TablesError> {
        for (condition, values) in self.maps.conditions.iter().zip(values) {
            columns.push(&condition.column, values)?;
        }
        for ConditionMap { name, column, .. } in &self.maps.conditions {
            let values = columns.column(column)?;
            let finite: Vec<bool> = values.iter().map(|value| value.is_finite()).collect();
            if self.refuse_missing
                && let Some(row) = finite.iter().position(|finite| !finite)
            {
                return Err(no_value(columns, row, &format!("the sky map of {name:?} has")));
            }
            keep(columns, &finite, &format!("outside the sky map of {name}"), &mut self.dropped);
        }
        Ok(())
    }

    fn rows(&self, columns: &Columns) -> Result<Rows, TablesError> {
        let (ra, dec) = match &self.position {
            Some((ra, dec)) => (columns.column(ra)?.to_vec(), columns.column(dec)?.to_vec()),
            None => (Vec::new(), Vec::new()),
        };
        let numbers = columns.column(NUMBERS)?.iter().map(|&number| number as u64).collect();
        let column = |name: &String| columns.column(name).map(<[f64]>::to_vec);
        let features = self.features.iter().map(column).collect::<Result<_, _>>()?;
        Ok(Rows { numbers, ra, dec, features })
    }
}

impl Iterator for Reader {
    type Item = Result<Rows, TablesError>;

    /// The next chunk with rows in it.
    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.step() {
                Ok(Some(rows)) if rows.numbers.is_empty() => {}
                Ok(Some(rows)) => return Some(Ok(rows)),
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

/// A file's columns that are asked for, a chunk of rows at a time.
fn chunks(
    path: &Path,
    options: &CatalogOptions,
    position: Option<&(String, String)>,
    asked: &[String],
    rows: usize,
) -> Result<Chunks, TablesError> {
    let mut catalog = Catalog::open(path, options)?;
    if let Some((ra, dec)) = position {
        catalog = catalog.with_position(ra, dec)?;
    }
    Ok(catalog.chunks(asked, rows)?)
}

/// Keeps these rows and counts the others under a rule.
fn keep(columns: &mut Columns, rows: &[bool], rule: &str, dropped: &mut RowCounts) {
    let odd = rows.iter().filter(|&&keep| !keep).count();
    dropped.drop_rows(rule, odd as u64);
    if odd > 0 {
        columns.retain(|row| rows[row]);
    }
}

fn no_value(columns: &Columns, row: usize, what: &str) -> TablesError {
    let number = columns.column(NUMBERS).map_or(row as f64, |numbers| numbers[row]);
    TablesError::Catalog(CatalogError::Rows {
        reason: format!(
            "row {number} (from 0): {what} no finite value there; let such rows be dropped \
             (missing: drop), or choose others by a filter"
        ),
    })
}
