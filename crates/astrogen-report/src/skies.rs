//! Two sets of images beside each other, a simulation and a survey say: in which numbers they differ.
//!
//! A number differs where its interval leaves out its floor, what two halves of the first set have
//! ([`Quality`]). At a level of 0.9 some of seventeen numbers do so by chance where the sets are of
//! one sky: one or two of them say little, and those far out say much.

use std::fmt;

use astrogen_metrics::{Estimate, FeatureNetwork, Quality, QualityNumber};
use astrogen_train::RunDir;
use serde::Serialize;
use tch::Tensor;

use crate::{ReportError, quality};

/// What two skies have and have not in common: `report.json`, and pictures in `figures`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkyComparison {
    /// All numbers of the second sky beside the first.
    pub quality: Quality,
    /// Numbers that differ, the farthest from their floor first, in half-widths of their intervals.
    pub differ: Vec<Difference>,
    /// Pictures that were left out, each with its reason.
    pub remarks: Vec<String>,
}

/// A number that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// How far it is from its floor, in half-widths of its interval.
    pub distance: f64,
    /// Value, interval and floor.
    pub estimate: Estimate,
}

impl SkyComparison {
    /// Compares two named sets of images `[N, C, H, W]` and `[M, C, H, W]`, signed, and writes `report.json` and
    /// `figures/` into a folder of a run. Features are those of the network, or of a random one.
    ///
    /// # Errors
    /// [`ReportError::Metrics`] for sets that cannot be compared, such as images of different shapes or
    /// below 4 pixels; what files and pictures report.
    pub fn of(
        run: &RunDir,
        first: (&str, &Tensor),
        second: (&str, &Tensor),
        network: Option<&FeatureNetwork>,
    ) -> Result<Self, ReportError> {
        let (names, [first, second]) = ([first.0, second.0], [first.1, second.1]);
        let (_, channels, height, width) = first.size4()?;
        let random = match network {
            Some(_) => None,
            None => quality::network([channels, height, width])?,
        };
        let Some(network) = network.or(random.as_ref()) else {
            let (set, rule) = ("images", "of 4 pixels a side or more");
            let got = format!("{height} x {width}");
            return Err(astrogen_metrics::MetricsError::BadValues { set, rule, got }.into());
        };
        let (quality, remarks) = quality::measure(run, network, [first, second], names)?;
        let mut differ: Vec<Difference> =
            quality.numbers.iter().filter_map(Difference::of).collect();
        differ.sort_by(|a, b| b.distance.abs().total_cmp(&a.distance.abs()));
        let comparison = Self { quality, differ, remarks };
        run.write_json("report.json", &comparison)?;
        Ok(comparison)
    }
}

impl Difference {
    fn of(number: &QualityNumber) -> Option<Self> {
        let estimate = number.estimate;
        let Estimate { value, low, high, floor } = estimate;
        let differs = floor < low || floor > high;
        let distance = (value - floor) / (0.5 * (high - low));
        let name = number.name.clone();
        (differs && distance.is_finite()).then_some(Self { name, distance, estimate })
    }
}

impl fmt::Display for SkyComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quality, differ, remarks } = self;
        let all = quality.numbers.len();
        writeln!(f, "{} of {all} numbers differ, of {} images each", differ.len(), quality.count)?;
        for number in &quality.numbers {
            let mark = match differ.iter().find(|differs| differs.name == number.name) {
                Some(differs) => format!("differs by {:+.1} half-widths", differs.distance),
                None => String::new(),
            };
            let name = number.name.replace('_', " ");
            writeln!(f, "  {name:<20} {:<44} {mark}", number.estimate.to_string())?;
        }
        quality.left_out.iter().chain(remarks).try_for_each(|line| writeln!(f, "{line}"))
    }
}
