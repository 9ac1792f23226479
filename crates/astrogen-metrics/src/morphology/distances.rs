//! The morphology of two sets, number by number.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::{Morphology, MorphologyConfig, morphology_of};
use crate::sliced_wasserstein::batch_shape;
use crate::{Comparison, MetricsError, Sorted};

/// How one number of two sets' images compares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MorphologyDistance {
    /// Its name in [`Morphology::STATISTICS`].
    pub statistic: String,
    /// Real images that have it.
    pub real_count: usize,
    /// Fake images that have it.
    pub fake_count: usize,
    /// Real images that have not.
    pub real_missing: usize,
    /// Fake images that have not: hold it against the reals' before anything else.
    pub fake_missing: usize,
    /// How the images that have it compare; `None` where a set has none.
    pub comparison: Option<Comparison>,
}

/// Compares the morphology of real and fake images, `[N, C, H, W]` and `[M, C, H, W]`, number by
/// number as [`Morphology::STATISTICS`] has them; see the [module](super).
///
/// # Errors
/// As [`morphology`](super::morphology()); [`MetricsError::DifferentShapes`] where the images of the
/// two sets differ in shape.
pub fn morphology_distances(
    real: &Tensor,
    fake: &Tensor,
    config: &MorphologyConfig,
) -> Result<Vec<MorphologyDistance>, MetricsError> {
    let shapes = [batch_shape("real", real)?, batch_shape("fake", fake)?];
    if shapes[0][1..] != shapes[1][1..] {
        let [real, fake] = shapes.map(|shape| shape[1..].to_vec());
        return Err(MetricsError::DifferentShapes { real, fake });
    }
    let table = |set, images| Morphology::table(&morphology_of(set, images, config)?);
    table_distances(&table("real", real)?, &table("fake", fake)?)
}

/// The Kolmogorov-Smirnov distance of a column of two tables, in which an image that has not the number
/// counts as one below all others: NaN where no image of either has it.
pub(crate) fn ks_of_all(real: &Tensor, fake: &Tensor, column: usize) -> Result<f64, MetricsError> {
    let of = |set, table: &Tensor| -> Result<(Sorted, bool), MetricsError> {
        let column = table.f_select(1, column as i64)?.f_to_kind(Kind::Double)?;
        let mut values = Vec::<f64>::try_from(column.f_contiguous()?)?;
        let any = values.iter().any(|value| !value.is_nan());
        for value in values.iter_mut().filter(|value| value.is_nan()) {
            *value = f64::MIN;
        }
        Ok((Sorted::new(set, &values)?, any))
    };
    let [(real, some), (fake, others)] = [of("real values", real)?, of("fake values", fake)?];
    Ok(if some || others { real.kolmogorov_smirnov(&fake).statistic } else { f64::NAN })
}

/// [`morphology_distances`] of two tables that [`Morphology::table`] made: measure once, then
/// compare any choice of rows.
///
/// # Errors
/// [`MetricsError::BadValues`] for tables that are not `[N, 6]` and `[M, 6]`, or infinite
/// somewhere; [`MetricsError::Torch`].
pub fn table_distances(
    real: &Tensor,
    fake: &Tensor,
) -> Result<Vec<MorphologyDistance>, MetricsError> {
    let columns = Morphology::STATISTICS.len() as i64;
    if [real, fake].iter().any(|table| !matches!(table.size()[..], [_, d] if d == columns)) {
        let (set, rule) = ("tables of morphologies", "[N, 6] and [M, 6]");
        let got = format!("{:?} and {:?}", real.size(), fake.size());
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let column = |table: &Tensor, index: usize| -> Result<(Vec<f64>, usize), MetricsError> {
        let column = table.f_detach()?.f_select(1, index as i64)?.f_to_kind(Kind::Double)?;
        let mut values = Vec::<f64>::try_from(column.f_contiguous()?)?;
        let all = values.len();
        values.retain(|value| !value.is_nan());
        let missing = all - values.len();
        Ok((values, missing))
    };
    let distance = |(index, (statistic, _)): (usize, &(&str, _))| {
        let (real, real_missing) = column(real, index)?;
        let (fake, fake_missing) = column(fake, index)?;
        let comparison = if real.is_empty() || fake.is_empty() {
            None
        } else {
            let [real, fake] =
                [Sorted::new("real values", &real)?, Sorted::new("fake values", &fake)?];
            Some(Comparison::of(&real, &fake))
        };
        Ok(MorphologyDistance {
            statistic: (*statistic).to_string(),
            real_count: real.len(),
            fake_count: fake.len(),
            real_missing,
            fake_missing,
            comparison,
        })
    };
    Morphology::STATISTICS.iter().enumerate().map(distance).collect()
}
