//! Columns in standard deviations of the real table, so that no unit weighs more than another.

use tch::{TchError, Tensor};

use super::{finite, first_true};
use crate::MetricsError;

/// Means `m` and standard deviations `s` of a table's columns, and the change of units
/// `(row - m) / s`. Deviations are those of all rows (over `N`, not `N - 1`), as in
/// scikit-learn's `StandardScaler`.
///
/// ```
/// use astrogen_metrics::table::{Standardisation, mean_difference};
/// use tch::Tensor;
///
/// let real = Tensor::from_slice(&[1.0, 10.0, 3.0, 30.0]).view([2, 2]);
/// let units = Standardisation::of(&real)?;
/// let shifted = &real + Tensor::from_slice(&[1.0, 10.0]); // a deviation in each column
/// assert_eq!(mean_difference(&units.apply(&real)?, &units.apply(&shifted)?)?, 2.0);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
#[derive(Debug)]
pub struct Standardisation {
    mean: Tensor,
    deviation: Tensor,
}

impl Standardisation {
    /// That of the columns of a table `[N, D]`.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for a table that is not `[N, D]` of finite floating-point
    /// values, or has a constant column.
    pub fn of(real: &Tensor) -> Result<Self, MetricsError> {
        let good = matches!(real.size()[..], [n, d] if n > 0 && d > 0);
        if !good || !real.is_floating_point() {
            let (set, rule) = ("real table", "floating-point, [N, D] with N, D >= 1");
            let got = format!("{:?} {:?}", real.kind(), real.size());
            return Err(MetricsError::BadValues { set, rule, got });
        }
        let units = Self::unchecked(&finite("real table", &real.f_detach()?)?)?;
        if let Some(column) = first_true(&units.constant()?)? {
            let (set, rule) = ("columns of the real table", "spread: drop a constant one");
            return Err(MetricsError::BadValues {
                set,
                rule,
                got: format!("column {column} constant"),
            });
        }
        Ok(units)
    }

    /// That of a table `[N, D]` in float64, which may have [constant](Self::constant) columns.
    pub(crate) fn unchecked(real: &Tensor) -> Result<Self, TchError> {
        let mean = real.f_mean_dim(&[0i64][..], true, None)?; // [1, D]
        let centred = real.f_sub(&mean)?;
        let deviation = centred.f_square()?.f_mean_dim(&[0i64][..], true, None)?.f_sqrt()?;
        Ok(Self { mean, deviation })
    }

    /// Which columns are constant up to rounding, `[1, D]`.
    pub(crate) fn constant(&self) -> Result<Tensor, TchError> {
        self.deviation.f_le_tensor(&self.mean.f_abs()?.f_mul_scalar(1e-12)?)
    }

    /// A table `[M, D]` in these units, in float64 on the device of the table they were taken of.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for a table with another number of columns or with values that
    /// are not finite.
    pub fn apply(&self, table: &Tensor) -> Result<Tensor, MetricsError> {
        let columns = self.mean.size()[1];
        if !matches!(table.size()[..], [_, d] if d == columns) {
            let (set, rule) = ("table", "[M, D] with the columns of the real one");
            let got = format!("{:?} for {columns} columns", table.size());
            return Err(MetricsError::BadValues { set, rule, got });
        }
        let table = finite("table", &table.f_detach()?.f_to_device(self.mean.device())?)?;
        Ok(table.f_sub(&self.mean)?.f_div(&self.deviation)?)
    }
}
