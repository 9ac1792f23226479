//! The product of matrices: all arithmetic of the passes.
//!
//! `C <- end(start + A B)`, a tile of `C` at a time, whose numbers stay in registers while the
//! sum runs. Every number is summed in the order of `A`'s columns whatever the tile, so a row
//! of `C` is the same bits wherever it stands.

use std::ops::Range;

use super::Matrix;
use super::lanes::LANES;
use super::tile::{Tile, run};

/// The left factor: rows of a matrix, or their transpose.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    data: &'a [f32],
    rows: usize,
    depth: usize,
    /// From one row to the next, and from one column to the next.
    strides: [usize; 2],
}

impl<'a> Left<'a> {
    /// Some rows.
    pub(super) fn rows(matrix: &'a Matrix, rows: Range<usize>) -> Self {
        assert!(rows.end <= matrix.rows(), "rows of the left factor");
        let (count, depth) = (rows.len(), matrix.width());
        let strides = [matrix.stride(), 1];
        Self { data: matrix.tail(rows.start), rows: count, depth, strides }
    }

    /// The transpose of some rows.
    pub(super) fn transposed(matrix: &'a Matrix, rows: Range<usize>) -> Self {
        let Self { data, rows, depth, strides: [row, column] } = Self::rows(matrix, rows);
        Self { data, rows: depth, depth: rows, strides: [column, row] }
    }
}

/// What the sums start from.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    Zero,
    /// A matrix's first row, the same in every row.
    Bias(&'a Matrix),
    /// A row each, from the matrix's first on.
    Rows(&'a Matrix),
}

/// What is done with the sums: each is multiplied by a slope where a sign is not above zero.
#[derive(Clone, Copy)]
pub(super) enum End<'a> {
    Plain,
    /// The sum's own sign: leaky ReLU.
    Bend(f32),
    /// The sign of what stands in the same rows of a matrix.
    BendBy(&'a Matrix, f32),
    /// The sign of what stands there.
    BendByOwn(f32),
}

/// `C <- end(start + A B)` into rows of `c` from the `first` on.
pub(super) fn product(
    a: Left<'_>,
    b: &Matrix,
    start: Start<'_>,
    end: End<'_>,
    c: &mut Matrix,
    first: usize,
) {
    let (width, stride) = (c.width(), c.stride());
    let across = width.div_ceil(LANES);
    assert!(b.width() == width && a.depth <= b.rows(), "rows of the right factor");
    assert!(first + a.rows <= c.rows(), "rows of the product");
    if a.rows == 0 {
        return;
    }
    let fits = |matrix: &Matrix, first| matrix.width() == width && first + a.rows <= matrix.rows();
    let to = c.tail_mut(first).as_mut_ptr();
    let start = match start {
        Start::Zero => None,
        Start::Bias(bias) => {
            assert!(bias.width() == width && bias.rows() > 0, "a bias");
            Some((bias.tail(0).as_ptr(), 0))
        }
        Start::Rows(base) => {
            assert!(fits(base, 0), "rows to start from");
            Some((base.tail(0).as_ptr(), stride))
        }
    };
    let (sign, slope) = match end {
        End::Plain => (None, 1.0),
        End::Bend(slope) => (None, slope),
        End::BendBy(by, slope) => {
            assert!(fits(by, first), "rows of signs");
            (Some(by.tail(first).as_ptr()), slope)
        }
        End::BendByOwn(slope) => (Some(to.cast_const()), slope),
    };
    let [a_row, a_step] = a.strides;
    let tile = Tile {
        depth: a.depth,
        a: a.data.as_ptr(),
        a_row,
        a_step,
        b: b.tail(0).as_ptr(),
        b_step: b.stride(),
        start,
        sign,
        slope,
        c: to,
        stride,
    };
    #[allow(unsafe_code, reason = "bounds are checked once per product, not once per number")]
    // SAFETY: the left factor is `rows` by `depth` at its strides, by construction. All other
    // matrices are `width` wide, have the rows asked for (checked above), and each row is padded
    // to `across` whole registers.
    unsafe {
        run(tile, a.rows, across)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small whole numbers, whose sums are exact in any order.
    fn numbers(rows: usize, width: usize) -> Matrix {
        let values: Vec<f32> =
            (0..rows * width).map(|i| ((i * 37 + 11) % 15) as f32 - 7.0).collect();
        Matrix::from_columns(&values, width, 0, width)
    }

    /// `end(start + a b)` a number at a time.
    fn expected(a: &Matrix, b: &Matrix, start: &Matrix, sign: Option<&Matrix>) -> Vec<f32> {
        let places = (0..a.rows()).flat_map(|i| (0..b.width()).map(move |j| (i, j)));
        let number = |(i, j): (usize, usize)| {
            let products = a.row(i).iter().enumerate().map(|(k, x)| x * b.row(k)[j]);
            let sum = start.row(i)[j] + products.sum::<f32>();
            if sign.map_or(sum, |sign| sign.row(i)[j]) > 0.0 { sum } else { sum * 0.25 }
        };
        places.map(number).collect()
    }

    #[test]
    fn products_of_any_size_are_the_sums_of_their_formula() {
        for (m, k, n) in
            [(1, 1, 1), (5, 3, 17), (6, 8, 64), (13, 16, 128), (23, 70, 79), (8, 5, 200)]
        {
            let (a, b, start, signs) = (numbers(m, k), numbers(k, n), numbers(m, n), numbers(m, n));
            let all = |c: &Matrix| c.values(0..m).collect::<Vec<_>>();
            let mut c = Matrix::zeros(m, n);
            let left = || Left::rows(&a, 0..m);
            product(left(), &b, Start::Rows(&start), End::Bend(0.25), &mut c, 0);
            assert_eq!(all(&c), expected(&a, &b, &start, None), "{m} {k} {n}");
            product(left(), &b, Start::Rows(&start), End::BendBy(&signs, 0.25), &mut c, 0);
            assert_eq!(all(&c), expected(&a, &b, &start, Some(&signs)), "{m} {k} {n}");
            let mut own = signs.clone();
            product(left(), &b, Start::Zero, End::BendByOwn(0.25), &mut own, 0);
            let zero = Matrix::zeros(m, n);
            assert_eq!(all(&own), expected(&a, &b, &zero, Some(&signs)), "{m} {k} {n}");
            // The transpose, into later rows, from a bias.
            let mut transposed = Matrix::zeros(k, m);
            transposed.transpose(&a);
            let mut later = Matrix::zeros(m + 2, n);
            let left = Left::transposed(&transposed, 0..k);
            product(left, &b, Start::Bias(&start), End::Plain, &mut later, 2);
            let biases = start.row(0).repeat(m);
            let biases = Matrix::from_columns(&biases, n, 0, n);
            let unbent =
                expected(&a, &b, &biases, Some(&Matrix::from_columns(&vec![1.0; m * n], n, 0, n)));
            assert_eq!(later.values(2..m + 2).collect::<Vec<_>>(), unbent, "{m} {k} {n}");
            assert_eq!(later.values(0..2).collect::<Vec<_>>(), vec![0.0; 2 * n]);
        }
    }
}
