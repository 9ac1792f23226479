//! Columns to mean 0 and deviation 1, as the training rows have them.

use ndarray::{ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

use crate::CatalogError;

/// The mean and standard deviation of each column, fitted on training rows only and saved
/// with the model: `(value - mean) / deviation`, and back.
///
/// The deviation is that of the population (divided by n). Going there and back changes a
/// value by no more than the rounding of its distance from the mean.
///
/// ```
/// use astrogen_catalog::Standardize;
/// use ndarray::array;
///
/// let data = array![[20.0, 1.0], [22.0, 3.0], [99.0, -1.0]];
/// // The last row is held out.
/// let standardize = Standardize::fit(&["i", "fwhm"], data.view(), 0..2).unwrap();
/// assert_eq!(standardize.mean, [21.0, 2.0]);
///
/// let mut scaled = data.clone();
/// standardize.apply(scaled.view_mut()).unwrap();
/// assert_eq!(scaled.row(0).to_vec(), [-1.0, -1.0]);
/// standardize.inverse(scaled.view_mut()).unwrap();
/// assert_eq!(scaled, data);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standardize {
    /// The columns' names, in order.
    pub names: Vec<String>,
    /// Their means.
    pub mean: Vec<f64>,
    /// Their standard deviations, all positive.
    pub deviation: Vec<f64>,
}

impl Standardize {
    /// Fits `data`, `[rows, columns]`, on these rows of it. The sums are taken about a first
    /// estimate of the mean, so that a large offset costs no digits.
    ///
    /// # Errors
    /// `Shape` if there are not as many names as columns or a row is outside, `Rows` for no
    /// rows or a column that is constant or not finite in them.
    pub fn fit(
        names: &[impl AsRef<str>],
        data: ArrayView2<f64>,
        rows: impl IntoIterator<Item = usize> + Clone,
    ) -> Result<Standardize, CatalogError> {
        check_width(names.len(), data.ncols())?;
        let count = rows.clone().into_iter().count();
        if count == 0 {
            return Err(CatalogError::Rows {
                reason: "no rows to fit a mean and a deviation on".to_owned(),
            });
        }
        if let Some(row) = rows.clone().into_iter().find(|&row| row >= data.nrows()) {
            return Err(CatalogError::Shape {
                what: "rows to fit".to_owned(),
                expected: format!("rows below {}", data.nrows()),
                got: row.to_string(),
            });
        }
        let mut made = Standardize { names: Vec::new(), mean: Vec::new(), deviation: Vec::new() };
        for (name, column) in names.iter().map(AsRef::as_ref).zip(data.columns()) {
            let values = || rows.clone().into_iter().map(|row| column[row]);
            let count = count as f64;
            let guess = values().sum::<f64>() / count;
            let mean = guess + values().map(|value| value - guess).sum::<f64>() / count;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            let deviation = variance.sqrt();
            if !(mean.is_finite() && deviation.is_finite()) {
                let odd = values().filter(|value| !value.is_finite()).count();
                return Err(CatalogError::Rows {
                    reason: format!(
                        "column {name:?} is not finite in {odd} of the {count} rows to fit; drop \
                         them first"
                    ),
                });
            }
            // A spread of a few roundings of the mean is that of a constant.
            if deviation <= 4.0 * f64::EPSILON * mean.abs() || deviation == 0.0 {
                return Err(CatalogError::Rows {
                    reason: format!(
                        "column {name:?} is constant ({mean}) in the rows to fit, so that nothing \
                         depends on it; leave it out"
                    ),
                });
            }
            made.names.push(name.to_owned());
            made.mean.push(mean);
            made.deviation.push(deviation);
        }
        Ok(made)
    }

    /// Standardises `[rows, columns]` in place.
    ///
    /// # Errors
    /// `Shape` for another number of columns.
    pub fn apply(&self, data: ArrayViewMut2<f64>) -> Result<(), CatalogError> {
        self.each(data, |value, mean, deviation| (value - mean) / deviation)
    }

    /// Takes [`Standardize::apply`] back, in place.
    ///
    /// # Errors
    /// As [`Standardize::apply`].
    pub fn inverse(&self, data: ArrayViewMut2<f64>) -> Result<(), CatalogError> {
        self.each(data, |value, mean, deviation| value * deviation + mean)
    }

    fn each(
        &self,
        mut data: ArrayViewMut2<f64>,
        formula: impl Fn(f64, f64, f64) -> f64,
    ) -> Result<(), CatalogError> {
        check_width(self.mean.len(), data.ncols())?;
        check_width(self.deviation.len(), data.ncols())?;
        for (index, mut column) in data.columns_mut().into_iter().enumerate() {
            let (mean, deviation) = (self.mean[index], self.deviation[index]);
            column.mapv_inplace(|value| formula(value, mean, deviation));
        }
        Ok(())
    }
}

fn check_width(expected: usize, got: usize) -> Result<(), CatalogError> {
    if expected == got {
        return Ok(());
    }
    Err(CatalogError::Shape {
        what: "data to standardise".to_owned(),
        expected: format!("{expected} columns"),
        got: got.to_string(),
    })
}
