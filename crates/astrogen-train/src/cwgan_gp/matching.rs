//! The last touch to a trained emulator.

use astrogen_data::{Dataset, QuantileMatching};
use astrogen_models::ModelError;

use crate::TrainError;

/// Rows that quantiles are measured on, at most.
const ROWS: usize = 1 << 19;

/// Fits what gives an emulator's features the distributions observed in `rows`, those it was
/// trained on, in `bins` bins of the true features: see [`QuantileMatching`]. `names` are those
/// of the features, the last columns of a row; `emulate` makes them of contexts, row by row.
///
/// An averaged generator scatters a little too little, too: where generators on the way
/// disagree, their average has less contrast than each of them.
///
/// # Errors
/// What the data set and the emulator report, and those of [`QuantileMatching::fit`].
pub fn match_quantiles(
    rows: &dyn Dataset,
    names: &[String],
    bins: usize,
    emulate: impl Fn(&[f32]) -> Result<Vec<f32>, ModelError>,
) -> Result<QuantileMatching, TrainError> {
    let [width, ..] = rows.shape();
    let first = (width as usize).saturating_sub(names.len());
    let count = rows.len().min(ROWS);
    let (mut context, mut observed) = (Vec::new(), Vec::new());
    for row in 0..count {
        let sample = rows.sample(row * rows.len() / count)?;
        context.extend(sample.iter().take(first));
        observed.extend(sample.iter().skip(first));
    }
    let made = emulate(&context)?;
    Ok(QuantileMatching::fit(names, &context, &observed, &made, bins)?)
}
