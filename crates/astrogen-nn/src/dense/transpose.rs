//! Rows and columns of a square exchanged.

#![allow(unsafe_code, reason = "vector registers are loaded and stored through raw pointers")]

use crate::kernel::{Kernel, LANES, Lanes, on_widest};

/// Writes the transpose of a square of [`LANES`] rows and columns; both begin at a slice's first
/// number, and have so many numbers from row to row.
pub(super) fn square((from, stride): (&[f32], usize), (to, step): (&mut [f32], usize)) {
    let fits = |length: usize, stride: usize| length >= (LANES - 1) * stride + LANES;
    assert!(fits(from.len(), stride) && fits(to.len(), step), "a square");
    on_widest(Square { from: from.as_ptr(), stride, to: to.as_mut_ptr(), step });
}

struct Square {
    from: *const f32,
    stride: usize,
    to: *mut f32,
    step: usize,
}

impl Kernel for Square {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: the machine's features are the caller's; both squares have all rows (checked).
        unsafe {
            let mut rows = [L::splat(0.0); LANES];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = L::load(self.from.add(i * self.stride));
            }
            L::transpose(&mut rows);
            for (i, row) in rows.into_iter().enumerate() {
                row.store(self.to.add(i * self.step));
            }
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
