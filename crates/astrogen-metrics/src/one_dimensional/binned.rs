//! The same comparison in bins of another quantity: the residual of a magnitude in bins of the
//! true magnitude or of the seeing, say.
//!
//! Two samples can agree as a whole and differ everywhere, too wide at the bright end and too
//! narrow at the faint one. In bins each part has to agree by itself.

use serde::{Deserialize, Serialize};

use super::{Sorted, check_values};
use crate::MetricsError;

/// A quantity, and what it is binned by: one value of each for every object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Binned<'a> {
    /// What decides on the bin.
    pub by: &'a [f64],
    /// What is compared.
    pub values: &'a [f64],
}

/// One bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Where it begins; this value belongs to it.
    pub low: f64,
    /// Where it ends; this value belongs to the next bin, or to this one if it is the last.
    pub high: f64,
    /// Real values in it.
    pub real_count: usize,
    /// Fake values in it.
    pub fake_count: usize,
    /// How they compare; `None` where either count is below the least that was asked for.
    pub comparison: Option<Comparison>,
}

/// How two samples of one quantity compare.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The Kolmogorov-Smirnov statistic, 0 to 1.
    pub ks: f64,
    /// The Wasserstein-1 distance in the quantity's unit.
    pub w1: f64,
    /// The real sample's 16th to 84th percentile, in the quantity's unit.
    pub real_width: f64,
    /// The fake sample's.
    pub fake_width: f64,
    /// The real sample's 1st to 99th percentile, in the quantity's unit: how far its tails go.
    pub real_tails: f64,
    /// The fake sample's.
    pub fake_tails: f64,
    /// [`Sorted::tail_distance`], in the quantity's unit.
    pub tail_distance: f64,
}

impl Comparison {
    /// Compares two sorted samples.
    pub fn of(real: &Sorted, fake: &Sorted) -> Self {
        Self {
            ks: real.kolmogorov_smirnov(fake).statistic,
            w1: real.wasserstein_1(fake),
            real_width: real.width(),
            fake_width: fake.width(),
            real_tails: real.tails(),
            fake_tails: fake.tails(),
            tail_distance: real.tail_distance(fake),
        }
    }

    /// The fake width over the real one: 1 is right, below is too narrow. NaN if both are 0.
    pub fn width_ratio(&self) -> f64 {
        self.fake_width / self.real_width
    }

    /// The fake sample's 1st to 99th percentile over the real one's: below 1, at a width ratio
    /// of 1, the tails are too short. NaN if both are 0; rough below some thousand values.
    pub fn tail_ratio(&self) -> f64 {
        self.fake_tails / self.real_tails
    }
}

/// The edges of `bins` bins with equally many of the values each, `bins + 1` of them in
/// ascending order; fewer where values repeat so often that edges fall together, but always two.
///
/// # Errors
/// [`MetricsError::BadValues`] for no value, one that is not finite, or no bin.
pub fn quantile_edges(values: &[f64], bins: usize) -> Result<Vec<f64>, MetricsError> {
    if bins == 0 {
        let (set, rule) = ("number of bins", "1 or more");
        return Err(MetricsError::BadValues { set, rule, got: "0".into() });
    }
    let sorted = Sorted::new("values to bin by", values)?;
    let edge = |index| sorted.quantile(index as f64 / bins as f64);
    let mut edges: Vec<f64> = (0..=bins).map(edge).collect();
    edges.dedup();
    if let [only] = edges[..] {
        edges.push(only);
    }
    Ok(edges)
}

/// Compares the values bin by bin. Objects beyond the first and last edge are in no bin; a bin
/// that holds fewer than `least` real or fake values is not compared.
///
/// For tenth-percentile bins of the true magnitude take [`quantile_edges`] of it and 10; `least`
/// of 100 keeps the width's error near a tenth.
///
/// ```
/// use astrogen_metrics::one_dimensional::binned::{Binned, binned, quantile_edges};
///
/// let magnitude: Vec<f64> = (0..1000).map(|i| 18.0 + 0.006 * f64::from(i)).collect();
/// let real: Vec<f64> = (0..1000).map(|i| f64::from(i * 37 % 101) / 100.0).collect();
/// let fake: Vec<f64> = real.iter().map(|residual| 0.8 * residual).collect();
///
/// let by = |values| Binned { by: &magnitude, values };
/// let bins = binned(by(&real), by(&fake), &quantile_edges(&magnitude, 10)?, 50)?;
/// assert_eq!(bins.len(), 10);
/// let ratio = bins[3].comparison.map(|found| found.width_ratio());
/// assert!(ratio.is_some_and(|ratio| (ratio - 0.8).abs() < 1e-9));
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for values that are not finite or do not pair up, and for edges
/// that are not two or more finite numbers in ascending order.
pub fn binned(
    real: Binned<'_>,
    fake: Binned<'_>,
    edges: &[f64],
    least: usize,
) -> Result<Vec<Bin>, MetricsError> {
    let real = split("real values", real, edges)?;
    let fake = split("fake values", fake, edges)?;
    let bins = edges.windows(2).zip(real.into_iter().zip(fake));
    bins.map(|(ends, (real, fake))| {
        let (real_count, fake_count) = (real.len(), fake.len());
        let comparison = if real_count.min(fake_count) >= least.max(1) {
            Some(Comparison::of(
                &Sorted::new("real values", &real)?,
                &Sorted::new("fake values", &fake)?,
            ))
        } else {
            None
        };
        Ok(Bin { low: ends[0], high: ends[1], real_count, fake_count, comparison })
    })
    .collect()
}

/// The values of each bin, and the refusals of [`binned`].
pub(crate) fn split(
    set: &'static str,
    sample: Binned<'_>,
    edges: &[f64],
) -> Result<Vec<Vec<f64>>, MetricsError> {
    check_edges(edges)?;
    let Binned { by, values } = sample;
    if by.len() != values.len() {
        let rule = "paired, one value to bin by for each";
        let got = format!("{} to bin by and {} values", by.len(), values.len());
        return Err(MetricsError::BadValues { set, rule, got });
    }
    check_values(set, by)?;
    check_values(set, values)?;
    let mut bins = vec![Vec::new(); edges.len() - 1];
    for (by, value) in by.iter().zip(values) {
        if let Some(bin) = bin_of(*by, edges) {
            bins[bin].push(*value);
        }
    }
    Ok(bins)
}

/// Refuses edges that are not two or more finite numbers in ascending order.
pub(super) fn check_edges(edges: &[f64]) -> Result<(), MetricsError> {
    let in_order = edges.windows(2).all(|pair| pair[0] <= pair[1]); // false for NaN
    if edges.len() >= 2 && in_order && edges.iter().all(|edge| edge.is_finite()) {
        return Ok(());
    }
    let (set, rule) = ("edges", "two or more finite numbers in ascending order");
    Err(MetricsError::BadValues { set, rule, got: format!("{edges:?}") })
}

/// The bin of a value between good edges: an edge belongs to the bin above it, the last one to the
/// last bin.
pub(super) fn bin_of(value: f64, edges: &[f64]) -> Option<usize> {
    let last = edges.len() - 2;
    let below = edges.partition_point(|edge| *edge <= value);
    (below > 0 && value <= edges[last + 1]).then(|| (below - 1).min(last))
}
