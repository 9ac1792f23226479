//! The nearest member of a set, under symmetries.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::{Points, Symmetry};
use crate::MetricsError;
use crate::table::pairs::squares;

/// Views of queries, and members of the set, that are compared at a time: 32 MiB of distances.
const VIEWS: usize = 2048;
const MEMBERS: i64 = 4096;

/// Which member of a set is nearest to a query.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    /// The query's index.
    pub query: usize,
    /// The index of the nearest member of the set.
    pub index: usize,
    /// What brings the query nearest to it: the query under this symmetry.
    pub symmetry: Symmetry,
    /// The Euclidean distance to it, in the unit of the pixels or features.
    pub distance: f64,
}

/// The nearest member of the set of each query, under the query's symmetries:
///
/// ```text
/// min over members t and symmetries g of |g(query) - t|
/// ```
///
/// Time is proportional to queries times members times symmetries; memory is that of the sets and
/// some 100 MiB. The search is in float32 on the set's device, the distances of those that are
/// found in float64. Members at the very same distance: one of them.
///
/// ```
/// use astrogen_metrics::memorisation::{Points, nearest};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let train = Tensor::randn([20, 3, 16, 16], (Kind::Float, Device::Cpu));
/// let sample = train.narrow(0, 7, 1).flip([3]).rot90(1, [2, 3]);
/// let [set, queries] = [&train, &sample].map(|images| Points::images(images, None));
/// let found = nearest(&queries?, &set?)?[0];
/// assert_eq!((found.index, found.distance), (7, 0.0));
/// assert!(found.symmetry.apply(&sample)? == train.narrow(0, 7, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for sets of images of different shapes or rows of different
/// columns; [`MetricsError::Torch`].
pub fn nearest(queries: &Points, set: &Points) -> Result<Vec<Neighbour>, MetricsError> {
    let all: Vec<i64> = (0..queries.count() as i64).collect();
    Ok(search(queries, &all, set, 1, false)?.concat())
}

/// The `count` nearest members of the set of each query, or all of a smaller set, the nearest first, each
/// under the symmetry that brings the query nearest to it.
pub(super) fn several(
    queries: &Points,
    set: &Points,
    count: usize,
) -> Result<Vec<Vec<Neighbour>>, MetricsError> {
    let all: Vec<i64> = (0..queries.count() as i64).collect();
    search(queries, &all, set, count.min(set.count()), false)
}

/// The nearest other member of its own set of each member: pairs at distance 0 or nearly so are
/// duplicates.
///
/// # Errors
/// [`MetricsError::BadValues`] for a set of one; [`MetricsError::Torch`].
pub fn nearest_others(set: &Points) -> Result<Vec<Neighbour>, MetricsError> {
    let all: Vec<i64> = (0..set.count() as i64).collect();
    nearest_others_of(set, &all)
}

/// [`nearest_others`] of some members.
pub(super) fn nearest_others_of(
    set: &Points,
    members: &[i64],
) -> Result<Vec<Neighbour>, MetricsError> {
    if set.count() < 2 {
        let (set, rule) = ("set", "of two or more for one to be another's neighbour");
        return Err(MetricsError::BadValues { set, rule, got: "1".into() });
    }
    Ok(search(set, members, set, 1, true)?.concat())
}

/// So many neighbours of each of the queries of these indices, not counting a query itself where `others`.
fn search(
    queries: &Points,
    indices: &[i64],
    set: &Points,
    count: usize,
    others: bool,
) -> Result<Vec<Vec<Neighbour>>, MetricsError> {
    queries.check_pair(set)?;
    let symmetries = queries.symmetries();
    let members = set.as_rows()?;
    // Distances of numbers near 0 lose fewest digits.
    let mean = members.f_mean_dim(&[0i64][..], true, None)?;
    let members = members.f_sub(&mean)?; // [M, D]
    let mut found = Vec::with_capacity(indices.len());
    for indices in indices.chunks(VIEWS / symmetries.len()) {
        let at = Tensor::f_from_slice(indices)?;
        let views = queries.views_of(&at.f_to_device(queries.device())?)?; // [S, n, D]
        let views = views.f_to_device(set.device())?.f_sub(&mean)?;
        let rows = views.f_flatten(0, 1)?; // [S * n, D]
        let own = at.f_repeat([symmetries.len() as i64])?.f_unsqueeze(1)?;
        let own = own.f_to_device(set.device())?;
        let shape = [symmetries.len() as i64, indices.len() as i64, -1];
        let mut best: Option<[Tensor; 3]> = None; // squares, indices and views, [n, count]
        for start in (0..members.size()[0]).step_by(MEMBERS as usize) {
            let block = members.f_narrow(0, start, MEMBERS.min(members.size()[0] - start))?;
            let mut squares = squares(&rows, &block)?; // [S * n, block]
            if others {
                let end = start + block.size()[0];
                let places = Tensor::f_arange_start(start, end, (Kind::Int64, set.device()))?;
                squares = squares.f_masked_fill(&places.f_eq_tensor(&own)?, f64::INFINITY)?;
            }
            let (value, view) = squares.f_view(shape)?.f_min_dim(0, false)?; // [n, block]
            let place = Tensor::f_arange(value.size()[1], (Kind::Int64, set.device()))?;
            let place = place.f_add_scalar(start)?.f_expand_as(&value)?;
            let found = match best {
                None => [value, place, view],
                Some([values, places, views]) => [
                    Tensor::f_cat(&[values, value], 1)?,
                    Tensor::f_cat(&[places, place], 1)?,
                    Tensor::f_cat(&[views, view], 1)?,
                ],
            };
            let most = (count as i64).min(found[0].size()[1]);
            let (_, least) = found[0].f_topk(most, 1, false, true)?;
            let [values, places, views] = found.map(|of| of.f_gather(1, &least, false));
            best = Some([values?, places?, views?]);
        }
        let Some([_, place, view]) = best else { continue }; // a set holds one member or more
        let each = Tensor::f_arange(shape[1], (Kind::Int64, set.device()))?;
        let off = views.f_index(&[Some(&view), Some(&each.f_unsqueeze(1)?)])?; // [n, count, D]
        let nearest = members.f_index(&[Some(&place)])?;
        let off = off.f_sub(&nearest)?.f_to_kind(Kind::Double)?;
        let distance = off.f_square()?.f_sum_dim_intlist(&[2i64][..], false, None)?.f_sqrt()?;
        let [view, place] = [view, place].map(|of| Vec::<i64>::try_from(of.f_view([-1])?));
        let distance = Vec::<f64>::try_from(distance.f_view([-1])?)?;
        let neighbours = view?.into_iter().zip(place?).zip(distance);
        let neighbours: Vec<_> = neighbours
            .map(|((view, index), distance)| (symmetries[view as usize], index as usize, distance))
            .collect();
        for (query, of) in indices.iter().zip(neighbours.chunks(count)) {
            let query = *query as usize;
            let of = of.iter().map(|&(symmetry, index, distance)| Neighbour {
                query,
                index,
                symmetry,
                distance,
            });
            found.push(of.collect());
        }
    }
    Ok(found)
}
