//! All that this crate says of two tables as wholes.

use std::cell::RefCell;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::Quality;
use crate::estimate::{EstimateConfig, estimate_all};
use crate::table::{
    ClassifierConfig, Correlation, EnergyConfig, MmdConfig, Standardisation, classifier_two_sample,
    compare_columns, correlation_distance, energy_distance, maximum_mean_discrepancy,
    median_distance, pair, sliced_wasserstein_table, some_rows,
};
use crate::{Comparison, MetricsError};

/// Settings of [`table_quality`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableQualityConfig {
    /// Of the intervals.
    pub estimate: EstimateConfig,
    /// The most rows in each of the sets that are compared, 40 or more; of more, so many are drawn by
    /// the seed. 2000 by default.
    pub rows: i64,
    /// The most rows of either set of which all pairs are taken, by `energy` and `mmd`, 40 or more; 1000
    /// by default. Their time grows with the square: the numbers of a dozen columns together take
    /// some three seconds of a processor.
    pub pair_rows: i64,
    /// Random directions of the sliced Wasserstein distance, 1 to 65536; 128 by default.
    pub directions: usize,
}

impl Default for TableQualityConfig {
    fn default() -> Self {
        Self { estimate: EstimateConfig::default(), rows: 2000, pair_rows: 1000, directions: 128 }
    }
}

impl TableQualityConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        self.estimate.validate()?;
        let setting = |name, rule, got| Err(MetricsError::Setting { name, rule, got });
        for (name, rows) in [("rows", self.rows), ("pair_rows", self.pair_rows)] {
            if rows < LEAST {
                return setting(name, "40 or more", rows.to_string());
            }
        }
        if !(1..=1 << 16).contains(&self.directions) {
            return setting("directions", "1 to 65536", self.directions.to_string());
        }
        Ok(())
    }
}

/// The least rows of each set: a classifier needs 20 in each half-sample.
const LEAST: i64 = 40;

/// Real and fake rows `[N, D]` and `[M, D]`, whose columns have these names, compared by all that this
/// crate knows of tables as wholes:
///
/// | number | of | unit | good |
/// | --- | --- | --- | --- |
/// | `ks`, `w1` | every column [by itself](compare_columns), the mean over columns: Kolmogorov-Smirnov, Wasserstein-1 | 0 to 1; deviations | low |
/// | `sliced_wasserstein` | all columns along [random directions](sliced_wasserstein_table) | deviations | low |
/// | `energy` | all columns, the [energy distance](energy_distance) | root of deviations | low |
/// | `mmd` | all columns, the squared [maximum mean discrepancy](maximum_mean_discrepancy) | 0 to 2 | low |
/// | `classifier` | the part of unseen rows that a [classifier](classifier_two_sample) tells rightly | 0.5 to 1 | low |
/// | `correlation` | how columns go [together](correlation_distance), in root mean square over pairs | 0 to 2 | low |
///
/// Deviations are those of the real columns. Values, floors and intervals are those of
/// [`estimate_all`](crate::estimate_all); rows of both tables have to be independent: where fakes were
/// made for conditions of the real rows, [`paired_table_quality`] takes care of it.
///
/// A column with one value in all real rows is left out, and one in which so few real rows differ that a
/// half-sample of the interval had none of them; and what two tables have not, such as correlations of
/// one column; each with its reason. Of fewer than 80 real or 40 fake rows all is, and of values that
/// are not finite.
/// libtorch's generators are left alone.
///
/// ```
/// use astrogen_metrics::quality::{TableQualityConfig, table_quality};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let rows = |n| Tensor::randn([n, 3], (Kind::Double, Device::Cpu));
/// let config = TableQualityConfig { rows: 200, ..Default::default() };
/// let quality = table_quality(&rows(400), &(rows(200) * 2.0), &["x", "y", "z"], &config)?;
/// let told = quality.get("classifier").expect("rows enough");
/// assert!(told.low > 0.5 && told.low > told.floor, "{told}");
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::BadValues`] for tables that are not `[N, D]` and `[M, D]`
/// of floating-point values with `D` names; [`MetricsError::Torch`] most likely for want of
/// memory.
pub fn table_quality(
    real: &Tensor,
    fake: &Tensor,
    names: &[&str],
    config: &TableQualityConfig,
) -> Result<Quality, MetricsError> {
    config.validate()?;
    for (set, table) in [("real", real), ("fake", fake)] {
        let good = table.f_isfinite()?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        let bad = table.numel() as i64 - good;
        if bad > 0 {
            let line = format!("all numbers: {bad} values of the {set} rows are not finite");
            return Ok(Quality { count: 0, numbers: Vec::new(), left_out: vec![line] });
        }
    }
    let [real, fake] = pair(real, fake)?;
    if names.len() as i64 != real.size()[1] {
        let (set, rule) = ("names", "as many as columns");
        let got = format!("{} for {} columns", names.len(), real.size()[1]);
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let seed = config.estimate.seed;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let real = some_rows(&real, 2 * config.rows, &mut rng)?;
    let fake = some_rows(&fake, config.rows, &mut rng)?;
    let count = (real.size()[0] / 2).min(fake.size()[0]);
    let mut quality = Quality { count, numbers: Vec::new(), left_out: Vec::new() };
    if count < LEAST {
        let [real, fake] = [&real, &fake].map(|table| table.size()[0]);
        let line =
            format!("all numbers: 80 real and 40 fake rows are needed, got {real} and {fake}");
        quality.left_out.push(line);
        return Ok(quality);
    }
    let Some([real, fake]) = with_spread(&mut quality, names, [real, fake], config)? else {
        return Ok(quality);
    };

    let (tables, estimate) = ([&real, &fake], &config.estimate);
    quality.add(&["ks", "w1"], tables, estimate, |real, fake| {
        let units = Standardisation::of(real)?;
        let columns = compare_columns(&units.apply(real)?, &units.apply(fake)?)?;
        let mean =
            |of: fn(&Comparison) -> f64| columns.iter().map(of).sum::<f64>() / columns.len() as f64;
        Ok(vec![mean(|column| column.ks), mean(|column| column.w1)])
    })?;
    quality.add(&["sliced_wasserstein"], tables, estimate, |real, fake| {
        Ok(vec![sliced_wasserstein_table(real, fake, config.directions, seed)?])
    })?;
    // Rows are in a random order.
    let few = [
        &tables[0].f_slice(0, 0, 2 * config.pair_rows, 1)?,
        &tables[1].f_slice(0, 0, config.pair_rows, 1)?,
    ];
    quality.add(&["energy"], few, estimate, |real, fake| {
        Ok(vec![energy_distance(real, fake, &EnergyConfig::default(), seed)?])
    })?;
    let units = Standardisation::of(few[0])?;
    let bandwidth = median_distance(&units.apply(few[0])?.f_slice(0, 0, config.pair_rows, 1)?).ok();
    quality.add(&["mmd"], few, estimate, |real, fake| {
        let config = MmdConfig { bandwidth, ..MmdConfig::default() }; // one kernel for all
        Ok(vec![maximum_mean_discrepancy(real, fake, &config, seed)?.squared])
    })?;
    quality.add(&["classifier"], tables, estimate, |real, fake| {
        let config = ClassifierConfig { seed, ..ClassifierConfig::default() };
        Ok(vec![classifier_two_sample(real, fake, &config)?.accuracy])
    })?;
    quality.add(&["correlation"], tables, estimate, |real, fake| {
        Ok(vec![correlation_distance(real, fake, Correlation::Pearson)?.rms])
    })?;
    Ok(quality)
}

/// [`table_quality`] of tables `[N, D]` whose rows pair up, each fake one made for the conditions of the
/// real one in its place: two of three rows are compared as real ones and every third as a fake one, so
/// that no conditions stand in both tables.
///
/// # Errors
/// As [`table_quality`], and for tables of different lengths.
pub fn paired_table_quality(
    real: &Tensor,
    fake: &Tensor,
    names: &[&str],
    config: &TableQualityConfig,
) -> Result<Quality, MetricsError> {
    let rows = [real, fake].map(|table| table.size().first().copied().unwrap_or(0));
    if rows[0] != rows[1] {
        let (set, rule) = ("tables", "paired, a fake row for each real one");
        let got = format!("{} real and {} fake rows", rows[0], rows[1]);
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let taken = |table: &Tensor, takes: fn(i64) -> bool| -> Result<Tensor, MetricsError> {
        let rows: Vec<i64> = (0..rows[0]).filter(|row| takes(row % 3)).collect();
        Ok(table.f_index_select(0, &Tensor::f_from_slice(&rows)?.f_to_device(table.device())?)?)
    };
    let (real, fake) = (taken(real, |place| place < 2)?, taken(fake, |place| place == 2)?);
    table_quality(&real, &fake, names, config)
}

/// The tables without the columns that have one value in all real rows, or in those of a draw that numbers
/// are estimated by, which are told; none where no other is left.
fn with_spread(
    quality: &mut Quality,
    names: &[&str],
    [real, fake]: [Tensor; 2],
    config: &TableQualityConfig,
) -> Result<Option<[Tensor; 2]>, MetricsError> {
    let whole = Standardisation::unchecked(&real)?.constant()?;
    let constant = RefCell::new(whole.f_zeros_like()?);
    let see = |real: &Tensor| -> Result<Vec<f64>, MetricsError> {
        let more = Standardisation::unchecked(real)?.constant()?;
        let _ = constant.borrow_mut().f_logical_or_(&more)?;
        Ok(Vec::new())
    };
    // The numbers' own draws: these hang on the seed and on the count of rows.
    for rows in [config.rows, config.pair_rows] {
        let (real, fake) = (real.f_slice(0, 0, 2 * rows, 1)?, fake.f_slice(0, 0, rows, 1)?);
        see(&real)?;
        estimate_all(&real, &fake, &config.estimate, |real, _| see(real))?;
    }
    let flags = |of: &Tensor| Vec::<i64>::try_from(of.f_view([-1])?.f_to_kind(Kind::Int64)?);
    let (whole, constant) = (flags(&whole)?, flags(&constant.borrow())?);
    let mut kept = Vec::new();
    for (column, (name, of)) in (0..).zip(names.iter().zip(whole.into_iter().zip(constant))) {
        match of {
            (1, _) => quality.left_out.push(format!("column {name}: one value in all real rows")),
            (_, 1) => quality.left_out.push(format!(
                "column {name}: one value in a half-sample of the real rows, so few have another; give more \
                 of those"
            )),
            _ => kept.push(column),
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let kept = Tensor::f_from_slice(&kept)?.f_to_device(real.device())?;
    Ok(Some([real.f_index_select(1, &kept)?, fake.f_index_select(1, &kept)?]))
}
