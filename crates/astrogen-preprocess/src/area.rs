//! The mean over areas: how a frame is shrunk so that the light in it stays.

use ndarray::{ArrayView2, s};

/// A band as `height` by `width` pixels, each the mean of what it covers of the old ones, in f64, row
/// by row. An old pixel counts by the part of it that is covered, so sides need no common divisor.
///
/// Pixels that are not finite count as not there; a new pixel less than half of which is there is NaN.
///
/// Along an axis of `n` old and `m` new pixels, in lengths of which an old pixel has `m` and a new one
/// `n`, all edges are whole numbers, and so are the weights.
pub(crate) fn area_mean(band: &ArrayView2<'_, f32>, height: usize, width: usize) -> Vec<f32> {
    let (rows, columns) = band.dim();
    let [down, across] = [overlaps(rows, height), overlaps(columns, width)];
    let whole = rows as f64 * columns as f64;
    let mut means = Vec::with_capacity(height * width);
    for (first, weights) in &down {
        let mut of_row = vec![(0.0, 0.0); width];
        for (row, down) in band.slice(s![*first.., ..]).outer_iter().zip(weights) {
            for ((sum, weight), (first, weights)) in of_row.iter_mut().zip(&across) {
                for (&value, across) in row.slice(s![*first..]).iter().zip(weights) {
                    if value.is_finite() {
                        let part = down * across;
                        *sum += part * f64::from(value);
                        *weight += part;
                    }
                }
            }
        }
        let mean = |(sum, weight): (f64, f64)| match 2.0 * weight < whole {
            true => f32::NAN,
            false => (sum / weight) as f32,
        };
        means.extend(of_row.into_iter().map(mean));
    }
    means
}

/// For each of `new` pixels along an axis, the first of `old` ones that it covers, and how much of that
/// and of each that follows.
fn overlaps(old: usize, new: usize) -> Vec<(usize, Vec<f64>)> {
    let of = |at: usize| {
        let (start, end) = (at * old, (at + 1) * old);
        let covered = start / new..end.div_ceil(new);
        let part = |pixel: usize| ((pixel + 1) * new).min(end) - (pixel * new).max(start);
        (covered.start, covered.map(|pixel| part(pixel) as f64).collect())
    };
    (0..new).map(of).collect()
}
