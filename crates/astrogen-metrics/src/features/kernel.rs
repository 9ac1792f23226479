//! The kernel distance of two tables of features: an unbiased maximum mean discrepancy.
//!
//! With the cubic kernel `k(x, y) = (x . y / D + 1)^3`, which compares all moments up to the third,
//! a subset of `m` rows of either table gives
//!
//! ```text
//! MMD^2 =    sum over i != j of k(x_i, x_j) / (m (m - 1))
//!       +    sum over i != j of k(y_i, y_j) / (m (m - 1))
//!       -  2 sum over i, j   of k(x_i, y_j) / m^2
//! ```
//!
//! and the distance is the mean over subsets. On features of Inception it is the KID (Bińkowski et
//! al. 2018, *Demystifying MMD GANs*). It has no bias, so that it can be compared between sets of
//! any counts, and is 0 on average, negative at times, for sets of one distribution.
//!
//! The kernel of two rows does not ask which subset they are in. Where subsets overlap, it is made
//! once for all rows that are in any, in blocks that are summed by subset on the spot: 100 subsets
//! of 1000 out of 5000 rows cost a quarter of the products that subset by subset would take.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use super::pair_of;
use crate::MetricsError;

/// Rows of a block: the kernel of two blocks takes 8 MiB.
const BLOCK: i64 = 1024;

/// Settings of the kernel distance; the defaults are the published ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KernelDistanceConfig {
    /// Number of subsets, 1 to 1000; 100 by default.
    pub subsets: i64,
    /// Rows of a subset of either table, 2 or more and no more than it has; 1000 by default.
    pub subset_size: i64,
}

impl Default for KernelDistanceConfig {
    fn default() -> Self {
        Self { subsets: 100, subset_size: 1000 }
    }
}

impl KernelDistanceConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let setting =
            |name, rule, got: i64| Err(MetricsError::Setting { name, rule, got: got.to_string() });
        if !(1..=1000).contains(&self.subsets) {
            return setting("subsets", "1 to 1000", self.subsets);
        }
        if self.subset_size < 2 {
            return setting("subset_size", "2 or more", self.subset_size);
        }
        Ok(())
    }
}

/// Rows of either table that are compared with each other, no row twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelSubset {
    /// Places of rows in the real table.
    pub real: Vec<i64>,
    /// Places of rows in the fake table.
    pub fake: Vec<i64>,
}

/// The distance: mean and scatter of the subsets' squared discrepancies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KernelDistance {
    /// The mean over subsets; below 0 at times where both tables are of one distribution.
    pub mean: f64,
    /// The standard deviation over subsets (divided by their number). Subsets share rows: it is no
    /// error of the mean.
    pub deviation: f64,
}

/// The kernel distance between tables of features `[N, D]` and `[M, D]`.
///
/// Features should be of order 1: of much smaller ones the kernel sees the means alone. The work is
/// on the real table's device, block by block, in float64, but for the products `x . y` of two
/// float32 tables, which are made in float32 as they came: that costs a hundred-millionth of the
/// kernel's own size, and half the time. Rows are drawn without replacement by a ChaCha generator of
/// the seed; libtorch's generators are left alone.
///
/// ```
/// use astrogen_metrics::{KernelDistanceConfig, kernel_distance};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let rows = || Tensor::randn([300, 8], (Kind::Double, Device::Cpu));
/// let config = KernelDistanceConfig { subsets: 20, subset_size: 200 };
/// let distance = |fake: &Tensor| kernel_distance(&rows(), fake, &config, 7);
/// assert!(distance(&rows())?.mean.abs() < 0.1);
/// assert!(distance(&(rows() + 1.0))?.mean > 1.0);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::BadValues`] for tables that are not `[N, D]` and
/// `[M, D]` of finite floating-point values, or have fewer rows than a subset;
/// [`MetricsError::Torch`] most likely for want of memory.
pub fn kernel_distance(
    real: &Tensor,
    fake: &Tensor,
    config: &KernelDistanceConfig,
    seed: u64,
) -> Result<KernelDistance, MetricsError> {
    config.validate()?;
    let size = config.subset_size;
    let tables = tables(size, real, fake)?;
    let [n, m] = tables.each_ref().map(|table| table.size()[0]);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = |rows: i64| -> Vec<i64> {
        let drawn = index::sample(&mut rng, rows as usize, size as usize);
        drawn.into_iter().map(|row| row as i64).collect()
    };
    let subsets = (0..config.subsets).map(|_| KernelSubset { real: draw(n), fake: draw(m) });
    over_subsets(&tables, &subsets.collect::<Vec<_>>())
}

/// [`kernel_distance`] over given subsets, whose sizes may differ.
///
/// # Errors
/// As [`kernel_distance`]; [`MetricsError::BadDraws`] for no subset, or one that has fewer than two
/// rows of either table, one twice, or one that is not there.
pub fn kernel_distance_with(
    real: &Tensor,
    fake: &Tensor,
    subsets: &[KernelSubset],
) -> Result<KernelDistance, MetricsError> {
    let tables = tables(0, real, fake)?;
    let expected = "subsets of two different rows or more of either table";
    let refusal = |got| Err(MetricsError::BadDraws { expected: expected.to_owned(), got });
    if subsets.is_empty() {
        return refusal("no subset".to_owned());
    }
    for (index, KernelSubset { real, fake }) in subsets.iter().enumerate() {
        for (rows, table) in [(real, &tables[0]), (fake, &tables[1])] {
            let different: BTreeSet<i64> = rows.iter().copied().collect();
            let all = 0..table.size()[0];
            let there = rows.iter().all(|row| all.contains(row));
            if different.len() < 2 || different.len() < rows.len() || !there {
                return refusal(format!(
                    "{} rows, {} of them different, of {} for subset {index}",
                    rows.len(),
                    different.len(),
                    all.end
                ));
            }
        }
    }
    over_subsets(&tables, subsets)
}

/// Both tables, of so many rows or more each, in the kind that products are made in.
fn tables(least: i64, real: &Tensor, fake: &Tensor) -> Result<[Tensor; 2], MetricsError> {
    let single = [real, fake].iter().all(|table| table.kind() == Kind::Float);
    let kind = if single { Kind::Float } else { Kind::Double };
    let rule = "of subset_size rows or more each, or it be lowered";
    let [real, fake] = pair_of(least, rule, real, fake)?;
    Ok([real.f_to_kind(kind)?, fake.f_to_kind(kind)?])
}

/// The distance of tables `[N, D]` and `[M, D]` over subsets that are in order.
fn over_subsets(
    [real, fake]: &[Tensor; 2],
    subsets: &[KernelSubset],
) -> Result<KernelDistance, MetricsError> {
    // Pairs of rows whose kernel a group of subsets takes, twice.
    let pairs = |group: &[KernelSubset]| {
        let rows =
            used(group, |subset| &subset.real).len() + used(group, |subset| &subset.fake).len();
        (rows as f64).powi(2)
    };
    let apart: f64 = subsets.chunks(1).map(pairs).sum();
    let together = if pairs(subsets) <= apart { subsets.len() } else { 1 };
    let mut discrepancies: Vec<f64> = Vec::with_capacity(subsets.len());
    for group in subsets.chunks(together) {
        let x = Members::new(real, group, |subset| &subset.real)?;
        let y = Members::new(fake, group, |subset| &subset.fake)?;
        let sums = [x.sums_within()?, y.sums_within()?, x.sums_across(&y)?];
        let [xx, yy, xy] = sums.map(Vec::<f64>::try_from);
        for (((xx, yy), xy), subset) in xx?.iter().zip(yy?).zip(xy?).zip(group) {
            let (n, m) = (subset.real.len() as f64, subset.fake.len() as f64);
            let discrepancy = xx / (n * (n - 1.0)) + yy / (m * (m - 1.0)) - 2.0 * xy / (n * m);
            discrepancies.push(discrepancy);
        }
    }
    let count = discrepancies.len() as f64;
    let mean = discrepancies.iter().sum::<f64>() / count;
    let variance = discrepancies.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    Ok(KernelDistance { mean, deviation: variance.sqrt() })
}

/// Rows that are in any subset of a group, in order.
fn used(group: &[KernelSubset], rows: impl Fn(&KernelSubset) -> &Vec<i64>) -> BTreeSet<i64> {
    group.iter().flat_map(rows).copied().collect()
}

/// The rows of a table that are in any of `G` subsets, in blocks.
struct Members {
    /// Features `[rows, D]` of each block.
    rows: Vec<Tensor>,
    /// `[G, rows]` of each block, float64: 1 where the row is in the subset, else 0.
    inside: Vec<Tensor>,
}

impl Members {
    fn new(
        table: &Tensor,
        group: &[KernelSubset],
        rows: impl Fn(&KernelSubset) -> &Vec<i64>,
    ) -> Result<Self, TchError> {
        let used: Vec<i64> = used(group, &rows).into_iter().collect();
        let mut inside = vec![0.0; group.len() * used.len()];
        for (subset, inside) in group.iter().zip(inside.chunks_exact_mut(used.len())) {
            for row in rows(subset) {
                if let Ok(place) = used.binary_search(row) {
                    inside[place] = 1.0;
                }
            }
        }
        let shape = [group.len() as i64, used.len() as i64];
        let inside = Tensor::f_from_slice(&inside)?.f_view(shape)?.f_to_device(table.device())?;
        let used = Tensor::f_from_slice(&used)?.f_to_device(table.device())?;
        let rows = table.f_index_select(0, &used)?;
        Ok(Self { rows: rows.f_split(BLOCK, 0)?, inside: inside.f_split(BLOCK, 1)? })
    }

    /// For each subset the sum of the kernel over pairs of its different rows, each pair twice.
    fn sums_within(&self) -> Result<Tensor, TchError> {
        let mut sums = self.zeros()?;
        let blocks: Vec<_> = self.rows.iter().zip(&self.inside).collect();
        for (index, &first) in blocks.iter().enumerate() {
            let own = kernel(first.0, first.0)?.f_fill_diagonal_(0.0, false)?;
            sums = sums.f_add(&by_subset(&own, first.1, first.1)?)?;
            for second in &blocks[index + 1..] {
                let between = by_subset(&kernel(first.0, second.0)?, first.1, second.1)?;
                sums = sums.f_add(&between.f_mul_scalar(2.0)?)?;
            }
        }
        Ok(sums)
    }

    /// For each subset the sum of the kernel over pairs of a row of either table.
    fn sums_across(&self, other: &Self) -> Result<Tensor, TchError> {
        let mut sums = self.zeros()?;
        for (rows, inside) in self.rows.iter().zip(&self.inside) {
            for (others, others_inside) in other.rows.iter().zip(&other.inside) {
                sums = sums.f_add(&by_subset(&kernel(rows, others)?, inside, others_inside)?)?;
            }
        }
        Ok(sums)
    }

    fn zeros(&self) -> Result<Tensor, TchError> {
        let inside = &self.inside[0];
        Tensor::f_zeros([inside.size()[0]], (inside.kind(), inside.device()))
    }
}

/// `(x . y / D + 1)^3` of all pairs of two blocks, float64.
fn kernel(first: &Tensor, second: &Tensor) -> Result<Tensor, TchError> {
    let mut products = first.f_matmul(&second.f_tr()?)?.f_to_kind(Kind::Double)?;
    let scale = 1.0 / first.size()[1] as f64;
    products.f_mul_scalar_(scale)?.f_add_scalar_(1.0)?.f_pow_(3)
}

/// The sum over pairs `[rows, others]` that are inside a subset `[G, rows]`, `[G, others]`: `[G]`.
fn by_subset(pairs: &Tensor, rows: &Tensor, others: &Tensor) -> Result<Tensor, TchError> {
    rows.f_matmul(pairs)?.f_mul_(others)?.f_sum_dim_intlist(&[1i64][..], false, Kind::Double)
}
