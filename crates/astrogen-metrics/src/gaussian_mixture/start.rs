//! Where a fit starts: clusters of the rows.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use super::all;
use crate::MetricsError;

/// How many iterations of k-means follow the draw.
const ITERATIONS: usize = 10;

/// Which of `count` clusters each of the rows `[N, D]` with weights `[N, 1]` belongs to, as ones
/// and zeros `[N, K]`; none is empty.
pub(super) fn clusters(
    rows: &Tensor,
    weights: &Tensor,
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Tensor, MetricsError> {
    let mut centres = draw(rows, weights, count, rng)?;
    let mut members = nearest(rows, &centres)?;
    for _ in 0..ITERATIONS {
        let weighted = members.f_mul(weights)?;
        let shares = weighted.f_sum_dim_intlist(&[0i64][..], false, Kind::Double)?; // [K]
        centres = weighted.f_tr()?.f_matmul(rows)?.f_div(&shares.f_unsqueeze(1)?)?;
        let next = nearest(rows, &centres)?;
        let held = next.f_mul(weights)?.f_sum_dim_intlist(&[0i64][..], false, Kind::Double)?;
        if !all(&held.f_gt(0.0)?)? {
            break;
        }
        members = next;
    }
    Ok(members)
}

/// Rows drawn as centres `[K, D]`: each in proportion to its weight times its squared distance to
/// the nearest of those before (k-means++).
fn draw(
    rows: &Tensor,
    weights: &Tensor,
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Tensor, MetricsError> {
    let mut centres: Vec<Tensor> = Vec::new();
    let mut chances = weights.f_squeeze_dim(1)?; // [N]
    let mut distances = Tensor::f_full_like(&chances, f64::INFINITY)?;
    for drawn in 0..count {
        let sums = Vec::<f64>::try_from(chances.f_cumsum(0, Kind::Double)?)?;
        let total = sums.last().copied().unwrap_or(0.0);
        let place = total * rng.random::<f64>();
        // The first row whose sum is above: one with a chance of its own.
        let row = sums.partition_point(|sum| *sum <= place);
        if row == sums.len() {
            let rule = "at least as many different ones of weight above 0 as components";
            let got = format!("{drawn} for {count} components");
            return Err(MetricsError::BadValues { set: "rows", rule, got });
        }
        let centre = rows.f_get(row as i64)?;
        let away = rows.f_sub(&centre)?.f_square()?;
        let away = away.f_sum_dim_intlist(&[1i64][..], false, Kind::Double)?;
        distances = distances.f_minimum(&away)?;
        chances = distances.f_mul(&weights.f_squeeze_dim(1)?)?;
        centres.push(centre);
    }
    Ok(Tensor::f_stack(&centres, 0)?)
}

/// Ones where the nearest centre `[K, D]` of a row is: `[N, K]`.
fn nearest(rows: &Tensor, centres: &Tensor) -> Result<Tensor, MetricsError> {
    let mut distances = Vec::new();
    for k in 0..centres.size()[0] {
        let away = rows.f_sub(&centres.f_get(k)?)?.f_square()?;
        distances.push(away.f_sum_dim_intlist(&[1i64][..], false, Kind::Double)?);
    }
    let nearest = Tensor::f_stack(&distances, 1)?.f_argmin(1, true)?; // [N, 1]
    let members =
        Tensor::f_zeros([rows.size()[0], centres.size()[0]], (Kind::Double, rows.device()))?;
    Ok(members.f_scatter_value(1, &nearest, 1.0)?)
}
