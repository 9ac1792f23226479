//! From a catalogue's units to a network's, and back.

use astrogen_catalog::LocalScale;
use astrogen_catalog::{CatalogError, Standardize};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::rows_a_thread;
use crate::TablesError;

/// How the rows of a table are scaled: fitted on the training rows, saved with the model.
///
/// Rows are `[N, D]`: conditions, true features, observed features. If there are local scales,
/// each observed feature is first brought to units of its scatter along its true feature;
/// then every column has mean 0 and deviation 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableScaling {
    /// Mean and deviation of the D columns.
    pub standardize: Standardize,
    /// How many of the columns, the last ones, are observed features.
    pub observed: usize,
    /// The local scale of each observed feature; empty for none.
    pub local: Vec<LocalScale>,
    /// The largest absolute value of each locally scaled feature: what a network makes beyond it
    /// counts as just that, because a local scale is exponential there.
    pub limit: Vec<f64>,
}

impl TableScaling {
    /// Fits training rows and scales them.
    ///
    /// # Errors
    /// [`TablesError::Catalog`] for a column that is constant or not finite, and for too few
    /// rows for so many bins.
    pub(super) fn fit(
        names: &[String],
        mut rows: ArrayViewMut2<f64>,
        observed: usize,
        local_bins: Option<usize>,
    ) -> Result<Self, TablesError> {
        let first = names.len() - observed;
        let mut local = Vec::new();
        if let Some(bins) = local_bins {
            for (column, name) in names.iter().enumerate().skip(first) {
                let along = rows.column(column - observed).to_vec();
                local.push(LocalScale::fit(name, &along, &rows.column(column).to_vec(), bins)?);
            }
        }
        localize(&local, rows.view_mut());
        let columns = rows.columns().into_iter().skip(names.len() - local.len());
        let largest = |column: ArrayView1<f64>| column.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let limit = columns.map(largest).collect();
        let standardize = Standardize::fit(names, rows.view(), 0..rows.nrows())?;
        standardize.apply(rows)?;
        Ok(Self { standardize, observed, local, limit })
    }

    /// Scales rows `[N, D]` in place.
    ///
    /// # Errors
    /// [`TablesError::Catalog`] for another number of columns.
    pub fn apply(&self, mut rows: ArrayViewMut2<f64>) -> Result<(), TablesError> {
        check("columns of rows to scale", rows.ncols(), self.standardize.mean.len())?;
        localize(&self.local, rows.view_mut());
        Ok(self.standardize.apply(rows)?)
    }

    /// Observed features `[N, observed]` in the catalogue's units, of scaled ones, row by row,
    /// and of the true features `[N, truth]` in the catalogue's units; on libtorch's number of
    /// threads. NaN stays NaN.
    ///
    /// # Errors
    /// [`TablesError::Catalog`] where the numbers of rows and columns do not go together.
    pub fn observed(
        &self,
        truth: ArrayView2<f64>,
        scaled: &[f32],
    ) -> Result<Array2<f64>, TablesError> {
        let Standardize { mean, deviation, .. } = &self.standardize;
        let first = mean.len().saturating_sub(self.observed);
        check("deviations", deviation.len(), mean.len())?;
        check("observed columns", self.observed, mean.len() - first)?;
        check("scaled features", scaled.len(), truth.nrows() * self.observed)?;
        if !self.local.is_empty() {
            check("local scales", self.local.len(), self.observed)?;
            check("limits", self.limit.len(), self.observed)?;
            check("columns of true features", truth.ncols(), self.observed)?;
        }
        let value = |row: usize, column: usize| {
            let value = f64::from(scaled[row * self.observed + column]);
            let value = value * deviation[first + column] + mean[first + column];
            match self.local.get(column) {
                Some(local) => {
                    local.inverse(truth[[row, column]], within(self.limit[column], value))
                }
                None => value,
            }
        };
        let mut observed = Array2::zeros((truth.nrows(), self.observed));
        let piece = rows_a_thread(truth.nrows());
        let pieces = observed.axis_chunks_iter_mut(Axis(0), piece).enumerate();
        pieces.collect::<Vec<_>>().into_par_iter().for_each(|(number, mut rows)| {
            for ((row, column), observed) in rows.indexed_iter_mut() {
                *observed = value(number * piece + row, column);
            }
        });
        Ok(observed)
    }
}

/// A value, or the end of `-limit..=limit` beyond which it lies; what is no number stays none.
fn within(limit: f64, value: f64) -> f64 {
    // Not `clamp`, which panics where an edited limit is no number or below 0.
    match value {
        value if value > limit => limit,
        value if value < -limit => -limit,
        value => value,
    }
}

/// Brings the last columns to units of their scatter along the columns before them.
fn localize(local: &[LocalScale], mut rows: ArrayViewMut2<f64>) {
    let count = local.len();
    let first = rows.ncols().saturating_sub(2 * count);
    for mut row in rows.slice_mut(s![.., first..]).rows_mut() {
        for (column, local) in local.iter().enumerate() {
            row[count + column] = local.apply(row[column], row[count + column]);
        }
    }
}

fn check(what: &str, got: usize, expected: usize) -> Result<(), TablesError> {
    if got == expected {
        return Ok(());
    }
    let (what, expected, got) = (what.to_owned(), expected.to_string(), got.to_string());
    Err(CatalogError::Shape { what, expected, got }.into())
}
