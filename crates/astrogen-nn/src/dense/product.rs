//! The product of matrices: all arithmetic of the passes.
//!
//! `C <- end(start + A B)`, a tile of `C` at a time, whose numbers stay in registers while the
//! sum runs. Every number is summed in the order of `A`'s columns whatever the tile, so a number
//! of `C` is the same bits wherever it stands.

use std::ops::Range;

use super::Matrix;
use crate::kernel::{LANES, Tile};

/// The left factor of a product: a part of a matrix, or the transpose of one.
#[derive(Debug, Clone, Copy)]
pub struct Left<'a> {
    data: &'a [f32],
    rows: usize,
    depth: usize,
    /// From one row to the next, and from one column to the next.
    strides: [usize; 2],
}

impl<'a> Left<'a> {
    /// Some rows, whole.
    ///
    /// # Panics
    /// Where the matrix has fewer.
    pub fn rows(matrix: &'a Matrix, rows: Range<usize>) -> Self {
        Self::part(matrix, rows, 0..matrix.width())
    }

    /// Some columns of some rows.
    ///
    /// # Panics
    /// Where the matrix has fewer.
    pub fn part(matrix: &'a Matrix, rows: Range<usize>, columns: Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= matrix.rows(), "rows of the left factor");
        let fit = columns.start <= columns.end && columns.end <= matrix.width();
        assert!(fit, "columns of the left factor");
        let data = if rows.is_empty() || columns.is_empty() {
            &[]
        } else {
            &matrix.tail(rows.start)[columns.start..]
        };
        Self { data, rows: rows.len(), depth: columns.len(), strides: [matrix.stride(), 1] }
    }

    /// The transpose of this.
    pub fn transposed(self) -> Self {
        let Self { data, rows, depth, strides: [row, column] } = self;
        Self { data, rows: depth, depth: rows, strides: [column, row] }
    }
}

/// What the sums start from.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// Zero.
    Zero,
    /// A matrix's first row, the same in every row.
    Bias(&'a Matrix),
    /// A row each, from the matrix's first on.
    Rows(&'a Matrix),
    /// What stands in the place of each sum.
    Own,
}

/// What is done with the sums: each is multiplied by a slope where a sign is not above zero.
#[derive(Debug, Clone, Copy)]
pub enum End<'a> {
    /// Nothing.
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
    assert_eq!(b.width(), c.width(), "columns of the right factor");
    product_part(a, (b, 0), start, end, (c, first), b.width());
}

/// `C <- end(start + A B)` into the first `columns` of rows of `c.0` from `c.1` on; `B` is rows of
/// `b.0` from `b.1` on. Columns up to the next multiple of 16 are written too.
///
/// ```
/// use astrogen_nn::dense::{End, Left, Matrix, Start, product_part};
///
/// let mut a = Matrix::zeros(1, 3);
/// a.row_mut(0).copy_from_slice(&[2.0, 3.0, 5.0]);
/// let mut b = Matrix::zeros(3, 2);
/// b.fill(0, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 0);
/// let mut c = Matrix::zeros(1, 2);
/// // The last two columns of `a`, and rows of `b`.
/// let left = Left::part(&a, 0..1, 1..3);
/// product_part(left, (&b, 1), Start::Zero, End::Plain, (&mut c, 0), 2);
/// assert_eq!(c.row(0), [3.0 * 3.0 + 5.0 * 5.0, 3.0 * 4.0 + 5.0 * 6.0]);
/// ```
///
/// # Panics
/// Where a matrix has fewer rows or columns than that, or one that is added or looked at has
/// another width than `c`.
pub fn product_part(
    a: Left<'_>,
    (b, from): (&Matrix, usize),
    start: Start<'_>,
    end: End<'_>,
    (c, first): (&mut Matrix, usize),
    columns: usize,
) {
    let (width, stride) = (c.width(), c.stride());
    let across = columns.div_ceil(LANES);
    assert!(columns <= width && columns <= b.width(), "columns of the product");
    assert!(a.depth <= b.rows().saturating_sub(from), "rows of the right factor");
    assert!(a.rows <= c.rows().saturating_sub(first), "rows of the product");
    // What is checked now has a sum that does not wrap around.
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
        Start::Own => Some((to.cast_const(), stride)),
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
        b: b.tail(from).as_ptr(),
        b_step: b.stride(),
        start,
        sign,
        slope,
        c: to,
        stride,
    };
    #[allow(unsafe_code, reason = "bounds are checked once per product, not once per number")]
    // SAFETY: the left factor is `rows` by `depth` at its strides, by construction. All other
    // matrices have the rows asked for and `columns` columns (checked above; what is added or
    // looked at is as wide as `c`), and each row is padded to `across` whole registers.
    unsafe {
        tile.run(a.rows, across)
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
            let left = Left::rows(&transposed, 0..k).transposed();
            product(left, &b, Start::Bias(&start), End::Plain, &mut later, 2);
            let biases = start.row(0).repeat(m);
            let biases = Matrix::from_columns(&biases, n, 0, n);
            let unbent =
                expected(&a, &b, &biases, Some(&Matrix::from_columns(&vec![1.0; m * n], n, 0, n)));
            assert_eq!(later.values(2..m + 2).collect::<Vec<_>>(), unbent, "{m} {k} {n}");
            assert_eq!(later.values(0..2).collect::<Vec<_>>(), vec![0.0; 2 * n]);
        }
    }

    #[test]
    fn parts_of_matrices_are_multiplied_and_added_to_what_stands_there() {
        let (a, b) = (numbers(9, 20), numbers(20, 70));
        let mut c = numbers(11, 70);
        let before = c.clone();
        let left = Left::part(&a, 2..7, 3..15);
        product_part(left, (&b, 4), Start::Own, End::Plain, (&mut c, 1), 37);
        for i in 0..11 {
            for j in 0..70 {
                let part = (1..6).contains(&i) && j < 37;
                let products = (0..12).map(|k| a.row(i + 1)[3 + k] * b.row(4 + k)[j]);
                let sum = if part { products.sum::<f32>() } else { 0.0 };
                // Up to whole registers, the rest of a row means nothing.
                if !((1..6).contains(&i) && (37..48).contains(&j)) {
                    assert_eq!(c.row(i)[j], before.row(i)[j] + sum, "{i} {j}");
                }
            }
        }
        let left = Left::part(&a, 2..7, 3..15).transposed();
        let mut c = Matrix::zeros(12, 70);
        product_part(left, (&b, 1), Start::Zero, End::Plain, (&mut c, 0), 70);
        let expected: f32 = (0..5).map(|k| a.row(2 + k)[3 + 11] * b.row(1 + k)[69]).sum();
        assert_eq!(c.row(11)[69], expected);
        product_part(Left::part(&a, 3..3, 0..2), (&b, 0), Start::Own, End::Plain, (&mut c, 12), 70);
    }
}
