//! Calibration in bins of a condition: of the seeing, or of the true magnitude, say.
//!
//! A sampler that is too narrow in bad seeing and too wide in good seeing can be calibrated as a
//! whole. In bins with equally many objects each
//! ([`quantile_edges`](crate::quantile_edges)) every part has to be calibrated by itself.

use serde::{Deserialize, Serialize};

use super::Pit;
use crate::MetricsError;
use crate::one_dimensional::KolmogorovSmirnov;
use crate::one_dimensional::binned::{Binned, split};

/// How calibrated the objects of one bin are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// [`Pit::coverage`] of the central 68 per cent: 0.68 is right, less is too narrow or biased;
    /// its error is about `0.47 / sqrt(N)`.
    pub coverage_68: f64,
    /// The same of the central 95 per cent; its error is about `0.22 / sqrt(N)`.
    pub coverage_95: f64,
    /// [`Pit::kolmogorov_smirnov`] against the even distribution.
    pub ks: KolmogorovSmirnov,
}

impl Calibration {
    /// That of some objects.
    pub fn of(pit: &Pit) -> Self {
        Self {
            coverage_68: pit.coverage(0.68),
            coverage_95: pit.coverage(0.95),
            ks: pit.kolmogorov_smirnov(),
        }
    }
}

/// One bin of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibratedBin {
    /// Where it begins; this value belongs to it.
    pub low: f64,
    /// Where it ends; this value belongs to the next bin, or to this one if it is the last.
    pub high: f64,
    /// Objects in it.
    pub count: usize,
    /// Their calibration; `None` where there are fewer than were asked for.
    pub calibration: Option<Calibration>,
}

/// The calibration of objects in bins of a condition, from the probability integral transform of
/// each ([`pit_values`](super::pit_values), or that of a density) and their conditions. Objects
/// beyond the first and last edge are in no bin; one with fewer than `least` objects is not judged.
///
/// ```
/// use astrogen_metrics::calibration::{by_condition, pit_values};
/// use astrogen_metrics::quantile_edges;
///
/// // Draws that are right in good seeing and half as wide as the truth in bad seeing.
/// let deviate = |at: usize| (at * 7919 % 1000) as f64 / 1000.0 - 0.5;
/// let seeing: Vec<f64> = (0..1000).map(|object| 0.7 + 0.001 * object as f64).collect();
/// let observed: Vec<f64> = (0..1000).map(deviate).collect();
/// let width = |object: usize| if object < 500 { 1.0 } else { 0.5 };
/// let draws: Vec<f64> =
///     (0..20_000).map(|at| width(at / 20) * deviate(at * 31 + at / 20)).collect();
///
/// let pit = pit_values(&observed, &draws, 7)?;
/// let bins = by_condition(&pit, &seeing, &quantile_edges(&seeing, 2)?, 100)?;
/// let coverage = |bin: usize| bins[bin].calibration.map(|found| found.coverage_68);
/// assert!(coverage(0).is_some_and(|good| good > 0.6));
/// assert!(coverage(1).is_some_and(|bad| bad < 0.5));
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for values that are not finite or do not pair up, PIT values beyond
/// [0, 1], and edges that are not two or more finite numbers in ascending order.
pub fn by_condition(
    pit: &[f64],
    condition: &[f64],
    edges: &[f64],
    least: usize,
) -> Result<Vec<CalibratedBin>, MetricsError> {
    Pit::from_values(pit)?;
    let bins = split("PIT values", Binned { by: condition, values: pit }, edges)?;
    let bin = |(ends, values): (&[f64], Vec<f64>)| {
        let count = values.len();
        let calibration = if count >= least.max(1) {
            Some(Calibration::of(&Pit::from_values(&values)?))
        } else {
            None
        };
        Ok(CalibratedBin { low: ends[0], high: ends[1], count, calibration })
    };
    edges.windows(2).zip(bins).map(bin).collect()
}
