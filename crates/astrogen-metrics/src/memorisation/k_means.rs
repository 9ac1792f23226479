//! Cells of a space by k-means: each holds the points that are nearest to its centre.
//!
//! Centres start as rows drawn with a chance in proportion to the squared distance from those that
//! are drawn already (Arthur & Vassilvitskii 2007, *k-means++*) and then move to the means of
//! their cells (Lloyd 1982).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, TchError, Tensor};

use crate::table::pairs::squares;

/// Rows that are assigned at a time.
const BLOCK: i64 = 8192;

/// Lloyd's steps at most: cells need not be the best ones.
const STEPS: usize = 20;

/// The centres of the cells.
pub(super) struct Cells {
    mean: Tensor,    // [1, D], subtracted before distances are taken
    centres: Tensor, // [K, D]
}

impl Cells {
    /// So many cells, or as many as there are different rows, of rows float32 `[N, D]`.
    pub(super) fn of(rows: &Tensor, cells: usize, seed: u64) -> Result<Self, TchError> {
        let mean = rows.f_mean_dim(&[0i64][..], true, None)?;
        let rows = rows.f_sub(&mean)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut centres = start(&rows, cells, &mut rng)?;
        let mut places = assign(&rows, &centres)?;
        for _ in 0..STEPS {
            centres = means(&rows, &places, &centres)?;
            let moved = assign(&rows, &centres)?;
            if moved == places {
                break;
            }
            places = moved;
        }
        Ok(Self { mean, centres })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.centres.size()[0] as usize
    }

    /// The cell of each row of `[N, D]`.
    pub(super) fn places(&self, rows: &Tensor) -> Result<Vec<usize>, TchError> {
        let rows = rows.f_to_device(self.mean.device())?.f_sub(&self.mean)?;
        let places = Vec::<i64>::try_from(assign(&rows, &self.centres)?)?;
        Ok(places.into_iter().map(|place| place as usize).collect())
    }
}

fn start(rows: &Tensor, cells: usize, rng: &mut ChaCha8Rng) -> Result<Tensor, TchError> {
    let count = rows.size()[0];
    let mut chosen = vec![rows.f_narrow(0, rng.random_range(0..count), 1)?];
    let mut least: Option<Tensor> = None; // squared distances to the nearest centre, [N]
    while chosen.len() < cells.min(count as usize) {
        let newest = &chosen[chosen.len() - 1];
        let to_newest =
            rows.f_sub(newest)?.f_square()?.f_sum_dim_intlist(&[1i64][..], false, Kind::Double)?;
        let squared = match least {
            Some(least) => least.f_minimum(&to_newest)?,
            None => to_newest,
        };
        let sums = squared.f_cumsum(0, None)?;
        let total = sums.f_double_value(&[count - 1])?;
        if total == 0.0 {
            break; // every row is a centre
        }
        let at = total * rng.random::<f64>();
        let at = sums.f_le(at)?.f_sum(Kind::Int64)?.f_int64_value(&[])?.min(count - 1);
        chosen.push(rows.f_narrow(0, at, 1)?);
        least = Some(squared);
    }
    Tensor::f_cat(&chosen, 0)
}

/// The nearest centre of each row, `[N]`.
fn assign(rows: &Tensor, centres: &Tensor) -> Result<Tensor, TchError> {
    let blocks = rows.f_split(BLOCK, 0)?;
    let nearest = |block: &Tensor| squares(block, centres)?.f_argmin(1, false);
    let places: Result<Vec<_>, _> = blocks.iter().map(nearest).collect();
    Tensor::f_cat(&places?, 0)
}

/// The means of the cells; a cell that has lost all its rows stays where it is.
fn means(rows: &Tensor, places: &Tensor, centres: &Tensor) -> Result<Tensor, TchError> {
    let cells = centres.size()[0];
    let mut sums = centres.f_zeros_like()?.f_to_kind(Kind::Double)?;
    let mut counts = Tensor::f_zeros([cells, 1], (Kind::Double, rows.device()))?;
    for (block, places) in rows.f_split(BLOCK, 0)?.iter().zip(places.f_split(BLOCK, 0)?) {
        let members = places.f_one_hot(cells)?.f_to_kind(Kind::Float)?.f_tr()?; // [K, n]
        sums = sums.f_add(&members.f_matmul(block)?)?;
        counts = counts.f_add(&members.f_sum_dim_intlist(&[1i64][..], true, Kind::Double)?)?;
    }
    let means = sums.f_div(&counts)?.f_to_kind(Kind::Float)?;
    centres.f_where_self(&counts.f_eq(0.0)?, &means)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn cells_are_as_tight_as_those_of_scikit_learn() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/memorisation.safetensors");
        let tensors = Tensor::read_safetensors(path).unwrap();
        let of = |wanted| &tensors.iter().find(|(name, _)| name == wanted).unwrap().1;
        let rows = of("rows").to_kind(Kind::Float);
        let expected = of("inertia").double_value(&[0]);
        for seed in 0..5 {
            let cells = Cells::of(&rows, 4, seed).unwrap();
            let centred = &rows - &cells.mean;
            let (least, places) = squares(&centred, &cells.centres).unwrap().min_dim(1, false);
            let inertia = least.sum(Kind::Double).double_value(&[]);
            assert!((inertia - expected).abs() < 1e-4 * expected, "{inertia} {expected}");
            let places = Vec::<i64>::try_from(places).unwrap();
            let found = cells.places(&rows).unwrap();
            assert!(found.iter().zip(places).all(|(found, place)| *found as i64 == place));
        }
    }
}
