#![doc = include_str!("../README.md")]
//!
//! Each row has conditions (columns, or sky maps looked up at its position), true features
//! and observed features; a generator learns to draw the observed ones given the others. Rows
//! go through these rules, and the first that drops a row counts it: filters by column,
//! missing or infinite values, the range of features, the footprint, foreground and
//! bad-region maps, conditions without a value at the position. The rest is split, by sky
//! region or by row, and scaled ([`TableScaling`]) as the training rows alone ask for.
//!
//! [`Table`] holds all rows in memory, for training; [`ContextReader`] goes through a
//! catalogue of any length, for generation.

mod columns;
mod condition;
mod config;
mod context;
pub mod error;
mod maps;
mod matching;
mod parts;
mod report;
mod rules;
mod scaling;

use std::sync::Arc;

use astrogen_catalog::RowCounts;
use ndarray::{Array2, Axis, s};

pub use columns::{ColumnRows, ColumnTable, ColumnTableConfig};
pub use condition::Condition;
pub use config::TableConfig;
pub use context::{ContextReader, Contexts};
pub use error::TablesError;
pub use matching::QuantileMatching;
pub use report::TableReport;
pub use scaling::TableScaling;

// The types of a [`TableConfig`]'s fields.
pub use astrogen_catalog::{CatalogOptions, MagnitudeRange, SkyMapDefaults, SplitBy, SplitConfig};

use astrogen_data::{Dataset, RowDataset};

use self::parts::Parts;
use self::rules::{Reader, Rows};

/// Rows of the catalogue read at a time.
const AT_A_TIME: usize = 1 << 16;

/// Rows in the catalogue's and the maps' units.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRows {
    /// The rows' numbers in the catalogue, from 0, ascending.
    pub rows: Vec<u64>,
    /// `[rows, conditions]`
    pub conditions: Array2<f64>,
    /// `[rows, truth]`
    pub truth: Array2<f64>,
    /// `[rows, observed]`
    pub observed: Array2<f64>,
}

/// Rows that no model is trained on, in both kinds of units.
#[derive(Debug, Clone)]
struct HeldOut {
    rows: TableRows,
    scaled: RowDataset,
}

/// Training, validation and test rows of a catalogue, held in memory.
///
/// A score that a model was chosen by is too good to be believed: of many tries the lowest is also
/// the luckiest. So what is chosen (the best epoch, a setting) is chosen by the validation rows and
/// then reported on the test rows ([`TableConfig::test_fraction`]).
#[derive(Debug, Clone)]
pub struct Table {
    train: Arc<RowDataset>,
    validation: HeldOut,
    test: HeldOut,
    scaling: TableScaling,
    report: TableReport,
}

impl Table {
    /// Reads the rows that pass the rules, splits and scales them.
    ///
    /// # Errors
    /// As [`TableConfig::validate`], and [`TablesError::Setting`] for a `test_fraction` of fewer
    /// than two held-out rows; [`TablesError::Rows`] for a position outside the sky, or a value outside the
    /// range where that is refused; [`TablesError::Catalog`] for a file that cannot be read, a
    /// column that it lacks (the nearest are listed), a row without a value where that is
    /// refused, no row left, a split with an empty side, and a column that is constant.
    pub fn open(config: &TableConfig) -> Result<Table, TablesError> {
        config.validate()?;
        let by_region = config.splits_by_region();
        let mut reader = Reader::open(config, &config.observed, by_region, AT_A_TIME)?;
        let mut all = Rows::default();
        for rows in reader.by_ref() {
            all.append(rows?);
        }
        let counts = reader.counts();
        counts.ensure_some()?;
        let parts = Parts::new(config, &all, counts.read())?;

        let names = [config.context_names(), config.observed.clone()].concat();
        let mut train = side_by_side(&all.features, parts.train);
        let observed = config.observed.len();
        let scaling = TableScaling::fit(&names, train.view_mut(), observed, config.local_bins)?;
        let (conditions, context) =
            (config.conditions.len(), config.conditions.len() + config.truth.len());
        let scaled = |values: &Array2<f64>| -> Result<RowDataset, TablesError> {
            let values = values.mapv(|value| value as f32);
            let (context, features) = values.view().split_at(Axis(1), context);
            Ok(RowDataset::new(context.to_owned(), features.to_owned())?)
        };
        let train = scaled(&train)?;

        let held_out = |part: &[usize]| -> Result<HeldOut, TablesError> {
            let mut values = side_by_side(&all.features, part.iter().copied());
            let rows = TableRows {
                rows: part.iter().map(|&row| all.numbers[row]).collect(),
                conditions: values.slice(s![.., ..conditions]).to_owned(),
                truth: values.slice(s![.., conditions..context]).to_owned(),
                observed: values.slice(s![.., context..]).to_owned(),
            };
            scaling.apply(values.view_mut())?;
            Ok(HeldOut { rows, scaled: scaled(&values)? })
        };
        let report = TableReport {
            path: config.path.clone(),
            conditions: names[..config.conditions.len()].to_vec(),
            truth: config.truth.clone(),
            observed: config.observed.clone(),
            counts,
            train_rows: train.len(),
            validation_rows: parts.validation.len(),
            test_rows: parts.test.len(),
        };
        Ok(Table {
            train: Arc::new(train),
            validation: held_out(&parts.validation)?,
            test: held_out(&parts.test)?,
            scaling,
            report,
        })
    }

    /// The training rows, scaled: contexts are conditions and then true features; features are
    /// the observed ones.
    pub fn train(&self) -> Arc<RowDataset> {
        self.train.clone()
    }

    /// The validation rows, which a best model is chosen by, in physical units.
    pub fn validation(&self) -> &TableRows {
        &self.validation.rows
    }

    /// The validation rows, scaled as those of [`Table::train`].
    pub fn scaled_validation(&self) -> &RowDataset {
        &self.validation.scaled
    }

    /// The test rows, which a chosen model is reported on and nothing is chosen by, in physical
    /// units; none without [`TableConfig::test_fraction`].
    pub fn test(&self) -> &TableRows {
        &self.test.rows
    }

    /// The test rows, scaled, as [`Table::scaled_validation`].
    pub fn scaled_test(&self) -> &RowDataset {
        &self.test.scaled
    }

    /// How the rows were scaled, fitted on the training rows: to be saved with the model.
    pub fn scaling(&self) -> &TableScaling {
        &self.scaling
    }

    /// Rows read, and dropped by each rule.
    pub fn counts(&self) -> &RowCounts {
        &self.report.counts
    }

    /// What became of the catalogue's rows.
    pub fn report(&self) -> &TableReport {
        &self.report
    }
}

/// These rows of columns of one length, as `[rows, columns]`.
fn side_by_side(columns: &[Vec<f64>], rows: impl IntoIterator<Item = usize>) -> Array2<f64> {
    let rows: Vec<usize> = rows.into_iter().collect();
    Array2::from_shape_fn((rows.len(), columns.len()), |(row, column)| columns[column][rows[row]])
}

/// Rows of a piece, where each of libtorch's threads takes one.
fn rows_a_thread(rows: usize) -> usize {
    rows.div_ceil(tch::get_num_threads().max(1) as usize).max(1)
}
