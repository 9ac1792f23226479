//! What the comparison found: numbers for machines, the worst places by name.

use serde::{Deserialize, Serialize};

use super::EmulationConfig;
use crate::calibration::CalibratedBin;
use crate::one_dimensional::binned::{Bin, Comparison};
use crate::one_dimensional::kolmogorov_survival;
use crate::{Calibration, Quality};

/// How an emulator's rows compare with a survey's.
///
/// Printed with `{}` it is a summary of 100 columns at most; with `{:#}` every bin follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EmulationReport {
    /// Rows that were compared.
    pub rows: usize,
    /// The number to choose by, the less the better, 0 to 2: the mean of
    /// [`EmulatedQuantity::score`] over bands and colours.
    pub score: f64,
    /// The score a perfect emulator has in the mean, or a little less: that of so many rows
    /// drawn independently, while real and generated rows share truth and conditions, which
    /// brings them a little closer.
    pub floor: f64,
    /// The joint distance of all residuals, bands and colours, in the real ones' standard
    /// deviations; outliers count in full.
    pub sliced_wasserstein: f64,
    /// Whether residuals go with the truth, the conditions and each other as the observed ones do,
    /// with intervals and floors: [`Emulation::quality`](super::Emulation::quality), which takes
    /// seconds and is for who judges in the end. None by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// The bands, then the colours.
    pub quantities: Vec<EmulatedQuantity>,
    /// The settings it was made with.
    pub config: EmulationConfig,
}

/// The residuals of one band or colour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmulatedQuantity {
    /// `r` or `r-i`.
    pub name: String,
    /// Over all rows.
    pub all: Comparison,
    /// In bins of the true magnitude, if that was given, then of each condition.
    pub partitions: Vec<Partition>,
    /// Row by row, if draws were given.
    pub pit: Option<PitSummary>,
}

/// All rows, divided into bins of one quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partition {
    /// What is binned by: `true r`, or the condition's name.
    pub by: String,
    /// How many bins were asked for; there are fewer where values repeat.
    pub asked: usize,
    /// The bins in ascending order; those with too few rows have no comparison.
    pub bins: Vec<Bin>,
}

/// The probability integral transform in a few numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PitSummary {
    /// Rows in equal parts of [0, 1].
    pub histogram: Vec<usize>,
    /// [`Pit::total_variation`](crate::Pit::total_variation) of the histogram: its distance
    /// from even.
    pub total_variation: f64,
    /// The Kolmogorov-Smirnov statistic against the even distribution.
    pub ks: f64,
    /// The part of the rows within the draws' central 68%.
    pub coverage_68: f64,
    /// The same in bins of the true magnitude, if that was given, then of each condition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_condition: Vec<CalibratedPartition>,
}

/// All rows, divided into few bins of one quantity, and how calibrated each is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibratedPartition {
    /// What is binned by: `true r`, or the condition's name.
    pub by: String,
    /// The bins in ascending order; those with too few rows are not judged.
    pub bins: Vec<CalibratedBin>,
}

impl PitSummary {
    /// The bin that is least calibrated, and what it is a bin of: that with the largest
    /// Kolmogorov-Smirnov statistic against the even distribution.
    pub fn worst(&self) -> Option<(&str, &CalibratedBin, Calibration)> {
        let bins = self
            .by_condition
            .iter()
            .flat_map(|partition| partition.bins.iter().map(move |bin| (&partition.by[..], bin)));
        let bins = bins.filter_map(|(by, bin)| Some((by, bin, bin.calibration?)));
        bins.max_by(|(.., a), (.., b)| a.ks.statistic.total_cmp(&b.ks.statistic))
    }
}

impl EmulationReport {
    pub(super) fn new(
        rows: usize,
        sliced_wasserstein: f64,
        quantities: Vec<EmulatedQuantity>,
        config: EmulationConfig,
    ) -> Self {
        let mean = |of: fn(&EmulatedQuantity, usize) -> f64| {
            let sum: f64 = quantities.iter().map(|quantity| of(quantity, rows)).sum();
            sum / quantities.len() as f64
        };
        let score = mean(|quantity, _| quantity.score());
        let floor = mean(EmulatedQuantity::floor);
        Self { rows, score, floor, sliced_wasserstein, quality: None, quantities, config }
    }

    /// The band or colour of this name.
    pub fn quantity(&self, name: &str) -> Option<&EmulatedQuantity> {
        self.quantities.iter().find(|quantity| quantity.name == name)
    }
}

impl EmulatedQuantity {
    /// The Kolmogorov-Smirnov statistic over all rows plus the worst bin's, where all rows count
    /// as a bin too, so that there is one if all others hold too few rows.
    pub fn score(&self) -> f64 {
        let worst = self.worst_ks().map_or(0.0, |(_, found)| found.ks);
        self.all.ks + worst.max(self.all.ks)
    }

    /// The bin with the largest Kolmogorov-Smirnov statistic, and what it is a bin of.
    pub fn worst_ks(&self) -> Option<(&Partition, Comparison)> {
        let worst = |partition| Some((partition, Partition::worst_ks(partition)?.comparison?));
        let all = self.partitions.iter().filter_map(worst);
        all.max_by(|(_, a), (_, b)| a.ks.total_cmp(&b.ks))
    }

    /// The expected score of independent samples of one distribution.
    fn floor(&self, rows: usize) -> f64 {
        let bins = self.partitions.iter().flat_map(|partition| &partition.bins);
        let compared = bins.filter(|bin| bin.comparison.is_some());
        let counts: Vec<usize> = compared.map(|bin| bin.real_count).collect();
        let all = expected_worst(&[rows]);
        all + expected_worst(&counts).max(all)
    }
}

impl Partition {
    /// The bin with the largest Kolmogorov-Smirnov statistic.
    pub fn worst_ks(&self) -> Option<&Bin> {
        self.worst(|found| found.ks)
    }

    /// The bin whose width is most wrong, too wide or too narrow: the largest
    /// `|ln width ratio|`.
    pub fn worst_width(&self) -> Option<&Bin> {
        self.worst(|found| {
            let wrong = found.width_ratio().ln().abs();
            if wrong.is_nan() { 0.0 } else { wrong } // both widths are 0
        })
    }

    fn worst(&self, wrong: impl Fn(&Comparison) -> f64) -> Option<&Bin> {
        let compared = self.bins.iter().filter_map(|bin| Some((wrong(&bin.comparison?), bin)));
        compared.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, bin)| bin)
    }
}

/// The mean of the largest of several Kolmogorov-Smirnov statistics, each between two samples
/// of `n` values from one distribution, `n` one of `counts`: the integral of
/// `1 - product over n of (1 - Q(sqrt(n / 2) D))` over `D`. 0 for no sample.
fn expected_worst(counts: &[usize]) -> f64 {
    const STEPS: u32 = 400;
    let scale = |n: &usize| (*n as f64 / 2.0).sqrt();
    let least = counts.iter().map(scale).fold(f64::INFINITY, f64::min);
    let end = (4.0 / least).min(1.0); // Q(4) is 1e-14
    let step = end / f64::from(STEPS);
    let above = |d: f64| {
        let below = counts.iter().map(|n| 1.0 - kolmogorov_survival(scale(n) * d));
        1.0 - below.product::<f64>()
    };
    (0..STEPS).map(|k| step * above(step * (f64::from(k) + 0.5))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_statistic_is_that_of_kolmogorovs_limit() {
        // The mean of his distribution is sqrt(pi / 2) ln 2.
        let mean = (std::f64::consts::PI / 2.0).sqrt() * 2f64.ln();
        let one = expected_worst(&[20_000]);
        assert!((one - mean / 100.0).abs() < 1e-5, "{one}");
        let worse = expected_worst(&[20_000, 2000, 2000]);
        assert!(worse > expected_worst(&[2000]) && worse < 1.5 * expected_worst(&[2000]));
        assert_eq!(expected_worst(&[]), 0.0);
    }
}
