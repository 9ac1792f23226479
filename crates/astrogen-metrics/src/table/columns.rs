//! What the columns of two tables show, each by itself.

use tch::Tensor;

use super::pair;
use crate::one_dimensional::binned::Comparison;
use crate::{MetricsError, Sorted};

/// Kolmogorov-Smirnov, Wasserstein-1, widths and tails of every column of tables `[N, D]` and
/// `[M, D]`, `D` of them. Standardise the tables for Wasserstein distances in the real columns'
/// deviations.
///
/// ```
/// use astrogen_metrics::table::compare_columns;
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let real = Tensor::randn([400, 2], (Kind::Double, Device::Cpu));
/// let later = Tensor::from_slice(&[0.0, 0.25]);
/// let [first, second] = compare_columns(&real, &(&real + later))?[..] else { panic!() };
/// assert_eq!(first.ks, 0.0);
/// assert!((second.w1 - 0.25).abs() < 1e-12);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for tables that are not `[N, D]` and `[M, D]` with finite
/// floating-point values; [`MetricsError::Torch`].
pub fn compare_columns(real: &Tensor, fake: &Tensor) -> Result<Vec<Comparison>, MetricsError> {
    let [real, fake] = pair(real, fake)?;
    let column = |set, table: &Tensor, index| {
        let values = Vec::<f64>::try_from(table.f_select(1, index)?.f_contiguous()?)?;
        Sorted::new(set, &values)
    };
    (0..real.size()[1])
        .map(|index| {
            let real = column("real values", &real, index)?;
            Ok(Comparison::of(&real, &column("fake values", &fake, index)?))
        })
        .collect()
}

/// The squared distance of the means of tables `[N, D]` and `[M, D]`,
/// `sum over columns of (mean(real) - mean(fake))^2`, in the tables' own units: standardise them
/// before where these differ.
///
/// It is the maximum mean discrepancy of the kernel `x . y` and what GalacticFlow (Wolf
/// and Buck 2023) is measured by; of a distribution's width, shape and relations it sees nothing, so report
/// it only beside numbers that do, such as
/// [`maximum_mean_discrepancy`](super::maximum_mean_discrepancy).
///
/// # Errors
/// As [`compare_columns`].
pub fn mean_difference(real: &Tensor, fake: &Tensor) -> Result<f64, MetricsError> {
    let [real, fake] = pair(real, fake)?;
    let mean = |table: &Tensor| table.f_mean_dim(&[0i64][..], false, None);
    Ok(mean(&real)?.f_sub(&mean(&fake)?)?.f_square()?.f_sum(None)?.f_double_value(&[])?)
}
