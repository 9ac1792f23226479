//! The last touch to a trained generator.

use astrogen_data::Dataset;
use astrogen_models::TabularGenerator;
use ndarray::Array2;

use crate::TrainError;

/// Rows that medians and widths are measured on.
const ROWS: usize = 100_000;

/// Scales and shifts each feature of a generator so that its median and its 16th to 84th
/// percentile over `rows`, those it was trained on, are the observed ones.
///
/// An averaged generator scatters a little too little: where generators on the way disagree,
/// their average has less contrast than each of them. Whatever depends on the context, and every
/// shape, stays as it was learnt. The generator stays as it is where a feature has no width.
///
/// # Errors
/// What the data set reports; [`astrogen_models::ModelError`] for rows of other widths than the
/// generator's.
pub fn calibrate(
    generator: &mut TabularGenerator,
    rows: &dyn Dataset,
    features: usize,
) -> Result<(), TrainError> {
    let [width, ..] = rows.shape();
    let context = (width as usize).saturating_sub(features);
    let count = rows.len().min(ROWS);
    let (mut contexts, mut observed) = (Vec::new(), Vec::new());
    for row in 0..count {
        let sample = rows.sample(row * rows.len() / count)?;
        let values: Vec<f32> = sample.iter().copied().collect();
        contexts.extend_from_slice(&values[..context]);
        observed.extend_from_slice(&values[context..]);
    }
    let made = generator.emulate(&contexts, 0, 0)?;
    let table = |values: Vec<f32>| {
        Array2::from_shape_vec((count, features), values).map_err(TrainError::observer)
    };
    let (observed, made) = (table(observed)?, table(made)?);
    let (mut scale, mut shift) = (Vec::new(), Vec::new());
    for (observed, made) in observed.columns().into_iter().zip(made.columns()) {
        let [real, fake] = [observed, made].map(|column| quantiles(column.to_vec()));
        let ratio = (real[2] - real[0]) / (fake[2] - fake[0]);
        if !(ratio.is_finite() && ratio > 0.0) {
            return Ok(());
        }
        scale.push(ratio);
        shift.push(real[1] - ratio * fake[1]);
    }
    Ok(generator.rescale(&scale, &shift)?)
}

/// The 16th, 50th and 84th percentile.
fn quantiles(mut values: Vec<f32>) -> [f64; 3] {
    values.sort_unstable_by(f32::total_cmp);
    [0.16, 0.5, 0.84].map(|part| {
        let rank = (part * values.len() as f64) as usize;
        values.get(rank).map_or(f64::NAN, |&value| value.into())
    })
}
