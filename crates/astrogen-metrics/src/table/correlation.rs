//! Whether columns go together as they do in the reals.

use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use super::{Standardisation, pair};
use crate::MetricsError;

/// Which correlation of two columns is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correlation {
    /// Pearson's, of the values: how well a straight line relates them.
    #[default]
    Pearson,
    /// Spearman's, of the ranks (equal values share their mean rank): how well any increasing
    /// curve does, and no outlier decides.
    Spearman,
}

/// How far the correlations of two tables are apart, each difference between 0 and 2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CorrelationDistance {
    /// The root of the mean squared difference over all pairs of different columns.
    pub rms: f64,
    /// The largest difference.
    pub largest: f64,
    /// The columns that it is between, the lower one first.
    pub columns: [usize; 2],
}

/// How far the correlation matrices of tables `[N, D]` and `[M, D]` are apart, in root mean square
/// over all pairs of columns and at worst.
///
/// A column of the fakes that is constant counts as correlated to nothing. Two samples of one
/// distribution differ by about `(1 - r^2) sqrt(1/N + 1/M)` for a correlation `r`.
///
/// ```
/// use astrogen_metrics::table::{Correlation, correlation_distance};
/// use tch::Tensor;
///
/// let first = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0]);
/// let real = Tensor::stack(&[&first, &(2.0 * &first)], 1);
/// let fake = Tensor::stack(&[&first, &(-&first)], 1);
/// let found = correlation_distance(&real, &fake, Correlation::Pearson)?;
/// assert!((found.largest - 2.0).abs() < 1e-12); // from 1 to -1
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for tables that are not `[N, D]` and `[M, D]` with two columns and
/// two rows or more of finite floating-point values, and for a real column that is constant;
/// [`MetricsError::Torch`].
pub fn correlation_distance(
    real: &Tensor,
    fake: &Tensor,
    correlation: Correlation,
) -> Result<CorrelationDistance, MetricsError> {
    let [real, fake] = pair(real, fake)?;
    let columns = real.size()[1];
    let rows = [&real, &fake].map(|table| table.size()[0]);
    if columns < 2 || rows.contains(&1) {
        let (set, rule) = ("tables", "of two columns and two rows or more each");
        let got = format!("{columns} columns, {} real and {} fake rows", rows[0], rows[1]);
        return Err(MetricsError::BadValues { set, rule, got });
    }
    Standardisation::of(&real)?; // refuses a constant column and names it
    let matrix = |table: &Tensor| match correlation {
        Correlation::Pearson => matrix(table),
        Correlation::Spearman => matrix(&ranks(table)?),
    };
    let off = matrix(&real)?.f_sub(&matrix(&fake)?)?.f_triu(1)?.f_abs()?; // [D, D]
    let pairs = (columns * (columns - 1) / 2) as f64;
    let rms = (off.f_square()?.f_sum(Kind::Double)?.f_double_value(&[])? / pairs).sqrt();
    // Two alike tables have no largest one: the first pair of columns is named then.
    let at = off.f_argmax(None, false)?.f_int64_value(&[])?;
    let at = if at == 0 { 1 } else { at };
    let place = [at / columns, at % columns];
    let largest = off.f_double_value(&place)?;
    Ok(CorrelationDistance { rms, largest, columns: place.map(|column| column as usize) })
}

/// Pearson's correlations `[D, D]` of the columns of a table `[N, D]`; 0 of a constant one.
fn matrix(table: &Tensor) -> Result<Tensor, TchError> {
    let mean = table.f_mean_dim(&[0i64][..], true, None)?;
    let centred = table.f_sub(&mean)?;
    let length = centred.f_square()?.f_sum_dim_intlist(&[0i64][..], true, None)?.f_sqrt()?;
    let rounding = mean.f_abs()?.f_mul_scalar(1e-12 * (table.size()[0] as f64).sqrt())?;
    let constant = length.f_le_tensor(&rounding)?;
    let units = centred.f_div(&length)?.f_masked_fill(&constant, 0.0)?;
    units.f_tr()?.f_matmul(&units)
}

/// The rank of each value of `[N, D]` in its column, from 1; equal values share their mean rank.
fn ranks(table: &Tensor) -> Result<Tensor, TchError> {
    let columns = table.f_tr()?.f_contiguous()?; // [D, N]
    let (sorted, _) = columns.f_sort(1, false)?;
    let place = |right, side| {
        columns.f_searchsorted(&sorted, false, right, side, None::<Tensor>)?.f_to_kind(Kind::Double)
    };
    let (below, not_above) = (place(false, "left")?, place(true, "right")?);
    below.f_add(&not_above)?.f_add_scalar(1.0)?.f_mul_scalar(0.5)?.f_tr()
}
