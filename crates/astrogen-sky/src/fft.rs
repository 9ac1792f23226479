//! In-place Fourier transforms of two and more axes, with plans kept for each thread.

use rustfft::num_complex::Complex;
use rustfft::{FftDirection, FftPlanner};
use std::cell::RefCell;

thread_local! {
    static PLANNER: RefCell<FftPlanner<f32>> = RefCell::new(FftPlanner::new());
}

/// Transforms the array `data` of the given shape (row-major) over all its axes, unnormalised.
///
/// The last axis is transformed where it lies, then the array is turned so that the next
/// axis comes last; after as many turns as there are axes the order is the old one again.
pub(crate) fn transform(data: &mut Vec<Complex<f32>>, shape: &[usize], direction: FftDirection) {
    debug_assert_eq!(data.len(), shape.iter().product::<usize>());
    if data.is_empty() {
        return;
    }
    let mut turned = vec![Complex::default(); data.len()];
    for &length in shape.iter().rev() {
        let plan = PLANNER.with_borrow_mut(|planner| planner.plan_fft(length, direction));
        plan.process(data);
        transpose(data, &mut turned, length);
        std::mem::swap(data, &mut turned);
    }
}

/// Writes the matrix `from` of `columns` columns into `to` with rows and columns exchanged.
fn transpose(from: &[Complex<f32>], to: &mut [Complex<f32>], columns: usize) {
    const BLOCK: usize = 16;
    let rows = from.len() / columns;
    for top in (0..rows).step_by(BLOCK) {
        for left in (0..columns).step_by(BLOCK) {
            for row in top..rows.min(top + BLOCK) {
                for column in left..columns.min(left + BLOCK) {
                    to[column * rows + row] = from[row * columns + column];
                }
            }
        }
    }
}

/// The frequency of index `index` of a transform of `length` samples that lie `spacing`
/// apart, in cycles per unit length (numpy's `fftfreq`).
pub(crate) fn frequency(index: usize, length: usize, spacing: f64) -> f64 {
    let signed = if index <= length / 2 { index as f64 } else { index as f64 - length as f64 };
    signed / (length as f64 * spacing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_input_times_its_length() {
        let shape = [3, 4, 5];
        let start: Vec<Complex<f32>> =
            (0..60).map(|i| Complex::new(i as f32, (i * 7 % 11) as f32)).collect();
        let mut data = start.clone();
        transform(&mut data, &shape, FftDirection::Forward);
        let sum: Complex<f32> = start.iter().sum();
        assert!((data[0] - sum).norm() < 1e-2);
        transform(&mut data, &shape, FftDirection::Inverse);
        for (got, expected) in data.iter().zip(&start) {
            assert!((got / 60.0 - expected).norm() < 1e-4);
        }
    }

    #[test]
    fn one_wave_gives_one_peak() {
        // exp(2 pi i (2 y / 6 + 3 x / 8)) peaks at index (2, 3) alone.
        let mut data: Vec<Complex<f32>> = (0..48)
            .map(|i| {
                let (y, x) = ((i / 8) as f32, (i % 8) as f32);
                Complex::from_polar(1.0, std::f32::consts::TAU * (2.0 * y / 6.0 + 3.0 * x / 8.0))
            })
            .collect();
        transform(&mut data, &[6, 8], FftDirection::Forward);
        for (index, value) in data.iter().enumerate() {
            let expected = if index == 2 * 8 + 3 { 48.0 } else { 0.0 };
            assert!((value.norm() - expected).abs() < 1e-3, "{index}: {value}");
        }
    }
}
