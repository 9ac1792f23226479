//! Rows and columns of a square exchanged.

#![allow(unsafe_code, reason = "vector registers are loaded and stored through raw pointers")]

use super::lanes::LANES;

/// Writes the transpose of a square of [`LANES`] rows and columns; both begin at a slice's first
/// number, and have so many numbers from row to row.
pub(super) fn square((from, stride): (&[f32], usize), (to, step): (&mut [f32], usize)) {
    let fits = |length: usize, stride: usize| length >= (LANES - 1) * stride + LANES;
    assert!(fits(from.len(), stride) && fits(to.len(), step), "a square");
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the feature is there, and both slices hold all rows (checked above).
        return unsafe { avx512(from.as_ptr(), stride, to.as_mut_ptr(), step) };
    }
    for i in 0..LANES {
        for j in 0..LANES {
            to[j * step + i] = from[i * stride + j];
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512(from: *const f32, stride: usize, to: *mut f32, step: usize) {
    use std::arch::x86_64::*;

    // SAFETY: the caller's rows have so many numbers.
    let rows: [__m512; 16] =
        std::array::from_fn(|i| unsafe { _mm512_loadu_ps(from.add(i * stride)) });
    // Pairs of rows, then of pairs, each within quarters of a register ...
    let mut pairs = [_mm512_setzero_ps(); 16];
    for i in 0..8 {
        pairs[2 * i] = _mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
    }
    let mut fours = [_mm512_setzero_ps(); 16];
    for i in 0..4 {
        for half in 0..2 {
            let [a, b] = [4 * i + half, 4 * i + 2 + half].map(|at| _mm512_castps_pd(pairs[at]));
            fours[4 * i + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
            fours[4 * i + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        }
    }
    // ... so that `fours[4 i + j]` holds columns j, j + 4, j + 8, j + 12 of rows 4 i to 4 i + 3.
    for j in 0..4 {
        let [a, b, c, d] = [0, 4, 8, 12].map(|i| fours[i + j]);
        let (low, lower) = (
            _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b),
            _mm512_shuffle_f32x4::<0b10_00_10_00>(c, d),
        );
        let (high, higher) = (
            _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b),
            _mm512_shuffle_f32x4::<0b11_01_11_01>(c, d),
        );
        let columns = [
            (j, _mm512_shuffle_f32x4::<0b10_00_10_00>(low, lower)),
            (j + 4, _mm512_shuffle_f32x4::<0b10_00_10_00>(high, higher)),
            (j + 8, _mm512_shuffle_f32x4::<0b11_01_11_01>(low, lower)),
            (j + 12, _mm512_shuffle_f32x4::<0b11_01_11_01>(high, higher)),
        ];
        for (row, column) in columns {
            // SAFETY: as for the rows that are read.
            unsafe { _mm512_storeu_ps(to.add(row * step), column) };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::dense::Matrix;

    #[test]
    fn rows_and_columns_of_any_number_are_exchanged() {
        for (rows, width) in [(1, 1), (16, 16), (17, 33), (129, 64), (64, 20), (5, 70)] {
            let values: Vec<f32> = (0..rows * width).map(|i| i as f32).collect();
            let from = Matrix::from_columns(&values, width, 0, width);
            let mut to = Matrix::zeros(width, rows);
            to.transpose(&from);
            for i in 0..rows {
                for j in 0..width {
                    assert_eq!(to.row(j)[i], (i * width + j) as f32, "{rows} {width}: {i} {j}");
                }
            }
        }
    }
}
