//! How well generated observations of a survey follow the real ones, given what is true and
//! the conditions of observing.
//!
//! Each row is a galaxy with its true magnitudes in `B` bands, `C` conditions (seeing, noise of
//! the sky), the magnitudes a survey observed and those an emulator generated for the same truth
//! and conditions. What is compared are the residuals, observed minus true against generated
//! minus true, of every band and of every colour (`r-i`: a band minus its right neighbour):
//!
//! - over all rows, and in bins of the true magnitude of that band (for a colour, of its first
//!   band) and of every condition, each with equally many rows: Kolmogorov-Smirnov,
//!   Wasserstein-1, and the ratios of widths and of tails ([`Comparison`]). An emulator can be
//!   right over all rows and wrong at the faint end or under bad seeing;
//! - jointly, all residuals of a row as one point: the sliced Wasserstein distance
//!   ([`table`](crate::table)), in the real residuals' standard deviations;
//! - row by row, if further draws are given: the probability integral transform
//!   ([`calibration`](crate::calibration)), which needs no bins, and in few bins of the truth and of
//!   every condition;
//! - in the end, with the truth and the conditions as further columns: [`Emulation::quality`].
//!
//! Colours are where it shows whether the bands go together: two bands with the right
//! distributions each give a colour that is too wide if they are drawn independently.
//!
//! [`EmulationReport::score`] is the one number to choose the best checkpoint by:
//!
//! ```text
//! score = mean over bands and colours of (KS over all rows + KS of the worst bin)
//! ```
//!
//! It has no unit, so bands, colours and surveys weigh alike; few outliers do not decide it, as
//! they would a distance in magnitudes; and the worst bin keeps a good average from hiding a bad
//! end. A perfect emulator is not at 0 but about at [`EmulationReport::floor`], because samples
//! are finite: compare scores of the same rows and settings, generated from the same latents.

mod check;
mod config;
mod display;
mod quality;
mod report;

pub use config::EmulationConfig;
pub use report::{CalibratedPartition, EmulatedQuantity, EmulationReport, Partition, PitSummary};

use tch::Tensor;

use crate::calibration::{by_condition, pit_values};
use crate::one_dimensional::binned::{Binned, Comparison, binned, quantile_edges};
use crate::{MetricsError, Pit, Sorted, sliced_wasserstein_table};

/// Rows of a survey beside those of its emulator, borrowed, of `f32` or `f64`: what is computed
/// is float64.
///
/// `N` rows, `B` bands and `C` conditions, row by row: band `b` of row `n` is at `n * B + b`.
#[derive(Debug, Clone, Copy)]
pub struct Emulation<'a, T> {
    /// The bands' names, `B` of them, in the order of wavelength.
    pub bands: &'a [&'a str],
    /// What is true, `[N, B]`; `None` where the observed quantity is another one than the true
    /// (errors of magnitudes, say). Then the observed values themselves are compared, and what
    /// they are to be binned by belongs to the conditions.
    pub truth: Option<&'a [T]>,
    /// What the survey observed, `[N, B]`.
    pub observed: &'a [T],
    /// What the emulator generated for the same truth and conditions, `[N, B]`.
    pub generated: &'a [T],
    /// The conditions' names, `C` of them; may be empty.
    pub condition_names: &'a [&'a str],
    /// The conditions, `[N, C]`.
    pub conditions: &'a [T],
    /// Further draws for the calibration, `[K, N, B]`: `K` passes of the emulator over all rows,
    /// each as `generated` is. 19 or more tell bowls from hills.
    pub draws: Option<&'a [T]>,
}

/// A band, or the colour of a band minus the next one.
struct Quantity {
    name: String,
    band: usize,
    colour: bool,
}

/// What is binned by, one value per row.
struct By {
    name: String,
    values: Vec<f64>,
    edges: Vec<f64>,
    asked: usize,
}

impl<T: Copy + Into<f64>> Emulation<'_, T> {
    /// Compares the generated rows with the observed ones.
    ///
    /// The same input gives the same report; libtorch's random generators are left alone.
    ///
    /// ```
    /// use astrogen_metrics::{Emulation, EmulationConfig};
    ///
    /// let truth: Vec<f32> = (0..2000).map(|row| 20.0 + 0.002 * row as f32).collect();
    /// let noise = |row: usize, step: usize| (row * step % 997) as f32 / 997.0 - 0.5;
    /// let add = |step| truth.iter().enumerate().map(|(n, t)| t + noise(n, step)).collect();
    /// let (observed, generated): (Vec<f32>, Vec<f32>) = (add(389), add(613));
    ///
    /// let emulation = Emulation {
    ///     bands: &["r"],
    ///     truth: Some(&truth),
    ///     observed: &observed,
    ///     generated: &generated,
    ///     condition_names: &[],
    ///     conditions: &[],
    ///     draws: None,
    /// };
    /// let report = emulation.evaluate(&EmulationConfig::default())?;
    /// assert!(report.score < report.floor);
    /// println!("{report}");
    /// # Ok::<(), astrogen_metrics::MetricsError>(())
    /// ```
    ///
    /// # Errors
    /// [`MetricsError::Setting`]; [`MetricsError::BadValues`] for slices whose lengths do
    /// not go together, rows with values that are not finite (counted), and observed residuals
    /// that are all equal; [`MetricsError::Torch`] most likely for want of memory.
    pub fn evaluate(&self, config: &EmulationConfig) -> Result<EmulationReport, MetricsError> {
        config.validate()?;
        let rows = self.check_shapes()?;
        self.check_finite(rows)?;
        let truths = match self.truth {
            Some(truth) => bins_by("true ", self.bands, truth, config.truth_bins)?,
            None => Vec::new(),
        };
        let conditions = bins_by("", self.condition_names, self.conditions, config.condition_bins)?;

        let mut found = Vec::new();
        let (mut real_columns, mut fake_columns) = (Vec::new(), Vec::new()); // [quantities, N]
        for quantity in self.quantities() {
            let real = self.residuals(self.observed, &quantity);
            let fake = self.residuals(self.generated, &quantity);
            let sorted = Sorted::new("observed residuals", &real)?;
            if sorted.values().first() == sorted.values().last() {
                let (set, rule) = ("observed residuals", "of some spread");
                let got = format!(
                    "{rows} equal ones of {}: is the truth given as observed?",
                    quantity.name
                );
                return Err(MetricsError::BadValues { set, rule, got });
            }
            let of_band = truths.get(quantity.band);
            let by: Vec<&By> = of_band.into_iter().chain(&conditions).collect();
            found.push(EmulatedQuantity {
                all: Comparison::of(&sorted, &Sorted::new("generated residuals", &fake)?),
                partitions: by
                    .iter()
                    .map(|by| by.compare(&real, &fake, config.least))
                    .collect::<Result<_, _>>()?,
                pit: self.pit(&quantity, &real, &by, config)?,
                name: quantity.name,
            });
            real_columns.extend(real);
            fake_columns.extend(fake);
        }

        let shape = [found.len() as i64, rows as i64];
        let table = |columns: &[f64]| Tensor::f_from_slice(columns)?.f_view(shape)?.f_tr();
        let (real, fake) = (table(&real_columns)?, table(&fake_columns)?);
        let joint = sliced_wasserstein_table(&real, &fake, config.directions, config.seed)?;
        Ok(EmulationReport::new(rows, joint, found, config.clone()))
    }

    /// The bands, then the colours.
    fn quantities(&self) -> Vec<Quantity> {
        let bands = self.bands.iter().enumerate();
        let bands =
            bands.map(|(band, name)| Quantity { name: name.to_string(), band, colour: false });
        let colours = self.bands.windows(2).enumerate().map(|(band, pair)| {
            let name = format!("{}-{}", pair[0], pair[1]);
            Quantity { name, band, colour: true }
        });
        bands.chain(colours).collect()
    }

    /// The residuals of one quantity in rows `[N, B]`.
    fn residuals(&self, values: &[T], quantity: &Quantity) -> Vec<f64> {
        let residual = |at: usize| {
            let truth: f64 = self.truth.map_or(0.0, |truth| truth[at].into());
            let value: f64 = values[at].into();
            value - truth
        };
        let places = (quantity.band..values.len()).step_by(self.bands.len());
        if quantity.colour {
            places.map(|at| residual(at) - residual(at + 1)).collect()
        } else {
            places.map(residual).collect()
        }
    }

    /// The calibration of one quantity, if there are draws.
    fn pit(
        &self,
        quantity: &Quantity,
        real: &[f64],
        by: &[&By],
        config: &EmulationConfig,
    ) -> Result<Option<PitSummary>, MetricsError> {
        let Some(draws) = self.draws else { return Ok(None) };
        let passes = draws.chunks_exact(self.observed.len());
        let each = passes.len();
        let mut by_row = vec![0.0; real.len() * each]; // [N, K]
        for (pass, draws) in passes.enumerate() {
            let places = by_row.iter_mut().skip(pass).step_by(each);
            for (place, value) in places.zip(self.residuals(draws, quantity)) {
                *place = value;
            }
        }
        let values = pit_values(real, &by_row, config.seed)?;
        let pit = Pit::from_values(&values)?;
        let by_condition = |by: &&By| {
            let edges = quantile_edges(&by.values, config.calibration_bins)?;
            let bins = by_condition(&values, &by.values, &edges, config.least)?;
            Ok(CalibratedPartition { by: by.name.clone(), bins })
        };
        let by_condition = by.iter().map(by_condition).collect::<Result<_, MetricsError>>()?;
        Ok(Some(PitSummary {
            histogram: pit.histogram(config.pit_bins),
            total_variation: pit.total_variation(config.pit_bins),
            ks: pit.kolmogorov_smirnov().statistic,
            coverage_68: pit.coverage(0.68),
            by_condition,
        }))
    }
}

/// What each named column of `[N, names]` bins by.
fn bins_by<T: Copy + Into<f64>>(
    lead: &str,
    names: &[&str],
    values: &[T],
    asked: usize,
) -> Result<Vec<By>, MetricsError> {
    let by = |(column, name): (usize, &&str)| {
        let values = values.iter().skip(column).step_by(names.len());
        let values: Vec<f64> = values.map(|value| (*value).into()).collect();
        let edges = quantile_edges(&values, asked)?;
        Ok(By { name: format!("{lead}{name}"), values, edges, asked })
    };
    names.iter().enumerate().map(by).collect()
}

impl By {
    fn compare(&self, real: &[f64], fake: &[f64], least: usize) -> Result<Partition, MetricsError> {
        let of = |values| Binned { by: &self.values, values };
        let bins = binned(of(real), of(fake), &self.edges, least)?;
        Ok(Partition { by: self.name.clone(), asked: self.asked, bins })
    }
}
