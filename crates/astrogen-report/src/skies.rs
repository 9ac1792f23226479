//! Two sets of images beside each other, a simulation and a survey say: in which numbers they differ.
//!
//! A number differs where it lies farther from its floor, what two halves of the first set have
//! ([`Quality`]), than both scatter. The interval is of the number alone; its floor is between sets of as many
//! images and scatters about as much, so that
//!
//! ```text
//! |value - floor|  >  sqrt(2) |end of the interval on the floor's side - value|
//! ```
//!
//! is asked. At a level of 0.9 one or two of all numbers differ by chance where the sets are of one sky, and as many
//! numbers are of the same features, some more may with them: one or two say little, and those far out say much.

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
        let row = quality::row(number);
        let distance = row.distance()?;
        let estimate = number.estimate;
        // The rule of the figure's colours.
        row.differs(true).then(|| Self { name: number.name.clone(), distance, estimate })
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use astrogen_metrics::estimate::{EstimateConfig, estimate};
    use astrogen_metrics::kolmogorov_smirnov;
    use tch::{Device, Kind};

    use super::*;

    /// Tests that draw from libtorch's one generator take turns.
    static TURN: Mutex<()> = Mutex::new(());

    fn number(value: f64, low: f64, high: f64, floor: f64) -> QualityNumber {
        let estimate = Estimate { value, low, high, floor };
        QualityNumber { name: "recall".to_owned(), estimate }
    }

    #[test]
    fn a_number_without_scatter_differs_from_another_and_not_from_itself() {
        let none = Difference::of(&number(0.0, 0.0, 0.0, 0.764)).unwrap();
        assert!(none.distance < -5.0 && none.distance.is_finite(), "{none:?}");
        assert!(Difference::of(&number(0.5, 0.5, 0.5, 0.5)).is_none());
        // Its floor scatters as much as it does.
        assert!(Difference::of(&number(1.0, 0.9, 1.1, 0.87)).is_none());
        assert!(Difference::of(&number(1.0, 0.9, 1.1, 0.85)).is_some());
    }

    #[test]
    fn numbers_of_one_sky_differ_as_seldom_as_their_level_says() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        tch::manual_seed(1);
        let rows = |n| Tensor::randn([n, 1], (Kind::Double, Device::Cpu));
        let ks = |real: &Tensor, fake: &Tensor| {
            let [real, fake] = [real, fake].map(|set| Vec::<f64>::try_from(set.flatten(0, -1)));
            Ok(kolmogorov_smirnov(&real?, &fake?)?.statistic)
        };
        let differing = (0..200).filter(|seed| {
            let config = EstimateConfig { seed: *seed, ..EstimateConfig::default() };
            let estimate = estimate(&rows(200), &rows(100), &config, ks).unwrap();
            Difference::of(&QualityNumber { name: "ks".to_owned(), estimate }).is_some()
        });
        let share = differing.count() as f64 / 200.0;
        assert!(share < 0.15, "{share}");
    }

    #[test]
    fn a_band_without_light_leaves_out_its_power_alone() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        tch::manual_seed(2);
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(&folder.path().join("run")).unwrap();
        let sky = |n| {
            let images = Tensor::randn([n, 2, 16, 16], (Kind::Float, Device::Cpu)).tanh();
            let _ = images.narrow(1, 1, 1).fill_(-1.0);
            images
        };
        let found = SkyComparison::of(&run, ("one", &sky(64)), ("other", &sky(32)), None).unwrap();
        let told =
            found.remarks.iter().any(|line| line.starts_with("figures/power.png is left out"));
        assert!(told, "{found}");
        assert!(found.quality.get("frechet").is_some() && run.join("report.json").is_file());
        let text = found.to_string();
        assert!(text.contains("; floor ") && !text.contains("; reals "), "neither is real: {text}");
    }
}
