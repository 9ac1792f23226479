//! Sums over pairs of rows, block by block, so that memory does not grow with their number.

use tch::{TchError, Tensor};

/// Rows of a block: one number for each pair of two blocks takes 8 MiB in float64.
const BLOCK: i64 = 1024;

/// The sum over all pairs of different rows of `[N, D]`, each pair twice. `of` sums over the pairs
/// of two blocks, whose squared distances it gets; true says that the blocks are the same, and
/// that the diagonal is to be left out.
pub(crate) fn sum_within(
    rows: &Tensor,
    of: impl Fn(Tensor, bool) -> Result<f64, TchError>,
) -> Result<f64, TchError> {
    let blocks = rows.f_split(BLOCK, 0)?;
    let mut sum = 0.0;
    for (index, first) in blocks.iter().enumerate() {
        sum += of(squares(first, first)?, true)?;
        for second in &blocks[index + 1..] {
            sum += 2.0 * of(squares(first, second)?, false)?;
        }
    }
    Ok(sum)
}

/// The sum over all pairs of a real and a fake row.
pub(crate) fn sum_across(
    real: &Tensor,
    fake: &Tensor,
    of: impl Fn(Tensor, bool) -> Result<f64, TchError>,
) -> Result<f64, TchError> {
    let fake = fake.f_split(BLOCK, 0)?;
    let mut sum = 0.0;
    for real in real.f_split(BLOCK, 0)? {
        for fake in &fake {
            sum += of(squares(&real, fake)?, false)?;
        }
    }
    Ok(sum)
}

/// The squared distances `[N, M]` of rows `[N, D]` and `[M, D]`. They are differences of squared
/// lengths: subtract a mean before if the rows are far from 0.
pub(crate) fn squares(first: &Tensor, second: &Tensor) -> Result<Tensor, TchError> {
    let norms = |rows: &Tensor| rows.f_square()?.f_sum_dim_intlist(&[1i64][..], true, None);
    let products = first.f_matmul(&second.f_tr()?)?; // [rows of the first, of the second]
    let mut squares = products.f_mul_scalar(-2.0)?.f_add_(&norms(first)?)?;
    squares.f_add_(&norms(second)?.f_tr()?)?.f_clamp_min_(0.0)
}
