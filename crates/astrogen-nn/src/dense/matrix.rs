//! Rows of numbers in memory.

use std::ops::Range;

use super::transpose::square;
use crate::kernel::{LANES, Registers};

/// A matrix `[rows, width]` of single precision, one row after the other.
///
/// Rows are padded to whole registers, an odd number of them: rows an even number apart would
/// crowd into a part of the cache. What stands in the padding means nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    width: usize,
    data: Registers,
}

impl Matrix {
    /// All zero.
    ///
    /// # Panics
    /// Where it is larger than memory can be.
    pub fn zeros(rows: usize, width: usize) -> Self {
        assert!(width <= usize::MAX / 2, "{width} columns are more than memory can be");
        let mut zeros = Self { rows: 0, width, data: Registers::default() };
        zeros.resize(rows);
        zeros
    }

    /// Columns from one on, `width` of them, of rows that stand without padding, `step` apart.
    #[cfg(test)]
    pub(crate) fn from_columns(values: &[f32], step: usize, column: usize, width: usize) -> Self {
        let mut matrix = Self::zeros(values.len() / step, width);
        matrix.fill(0, values, step, column);
        matrix
    }

    /// Takes the numbers of a matrix with rows and columns exchanged.
    ///
    /// # Panics
    /// Where it has not as many rows as this has columns, and columns as this has rows.
    pub fn transpose(&mut self, from: &Self) {
        assert!(self.rows == from.width && self.width == from.rows, "the transpose's shape");
        let (stride, step) = (from.stride(), self.stride());
        if from.rows >= LANES && from.width >= LANES {
            // The last squares begin early enough to be whole.
            for i in (0..from.rows).step_by(LANES).map(|i| i.min(from.rows - LANES)) {
                for j in (0..from.width).step_by(LANES).map(|j| j.min(from.width - LANES)) {
                    square((&from.tail(i)[j..], stride), (&mut self.tail_mut(j)[i..], step));
                }
            }
            return;
        }
        for i in 0..from.rows {
            let column = self.data_mut()[i..].iter_mut().step_by(step);
            column.zip(from.row(i)).for_each(|(to, &value)| *to = value);
        }
    }

    /// Another number of rows; those that stay keep their numbers.
    ///
    /// # Panics
    /// Where it is larger than memory can be.
    pub fn resize(&mut self, rows: usize) {
        let numbers = rows.checked_mul(self.stride());
        let Some(numbers) = numbers else { panic!("{rows} rows are more than memory can be") };
        self.data.resize(numbers);
        self.rows = rows;
    }

    /// How many rows there are.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many numbers a row has.
    #[inline]
    pub fn width(&self) -> usize {
        self.width
    }

    /// From the beginning of a row to that of the next.
    #[inline]
    pub(crate) fn stride(&self) -> usize {
        (self.width.div_ceil(LANES) | 1) * LANES
    }

    /// The numbers from a row on, padding included.
    #[inline]
    pub(crate) fn tail(&self, row: usize) -> &[f32] {
        &self.data.numbers()[row * self.stride()..]
    }

    /// As [`Matrix::tail`].
    #[inline]
    pub(crate) fn tail_mut(&mut self, row: usize) -> &mut [f32] {
        let start = row * self.stride();
        &mut self.data_mut()[start..]
    }

    fn data_mut(&mut self) -> &mut [f32] {
        self.data.numbers_mut()
    }

    /// The numbers of a row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[inline]
    pub fn row(&self, i: usize) -> &[f32] {
        &self.tail(i)[..self.width]
    }

    /// As [`Matrix::row`], to be written.
    ///
    /// # Panics
    /// Where there is no such row.
    #[inline]
    pub fn row_mut(&mut self, i: usize) -> &mut [f32] {
        let width = self.width;
        &mut self.tail_mut(i)[..width]
    }

    /// Fills rows from the `first` on, each from its place in `values`, which are `step` apart;
    /// the first begins at `column`.
    ///
    /// # Panics
    /// Where there are fewer rows or columns than that.
    pub fn fill(&mut self, first: usize, values: &[f32], step: usize, column: usize) {
        let width = self.width;
        for (i, row) in values.chunks_exact(step).enumerate() {
            self.row_mut(first + i).copy_from_slice(&row[column..column + width]);
        }
    }

    /// Numbers of some rows, one after the other, without padding.
    ///
    /// # Panics
    /// Where there are fewer rows.
    #[inline]
    pub fn values(&self, rows: Range<usize>) -> impl Iterator<Item = f32> {
        rows.flat_map(|i| self.row(i).iter().copied())
    }
}
