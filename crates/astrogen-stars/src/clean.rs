//! GalacticFlow's cleaning: outliers in place and in metallicity are left out.

use std::collections::BTreeMap;
use std::fmt;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::quantile::quantile;
use crate::{Galaxy, StarsError};

/// How galaxies are cleaned; the defaults are GalacticForge's.
///
/// In this order:
///
/// 1. Stars with \[Fe/H\] below `min_feh` or \[O/Fe\] below `min_ofe` are metal-poor and left out, those
///    without iron or oxygen among them. Where a file has no such column, no such cut is made.
/// 2. Of the others, stars with a value that is NaN or infinite, in any column, are left out.
/// 3. The radius limit is the percentile `percentile` of r = |(x, y, z)| over all stars of the
///    galaxy, poor ones too (linear between neighbours, as numpy's). Where that is above
///    `max_radius`, the limit is the percentile `percentile_within` of the stars within
///    `max_radius`. Stars beyond the limit are left out.
/// 4. Values below a column's floor become draws.
///
/// A galaxy with fewer than `min_stars` stars left is to be dropped: [`CleaningReport::dropped`].
///
/// Ages of exactly 0 stay: they are stars just born, and no logarithm of an age is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CleaningConfig {
    /// The percentile of radius beyond which stars are left out, in (0, 100]. 98 by default.
    pub percentile: f64,
    /// The same among the stars within `max_radius`, where that is the smaller limit. 98 by default.
    pub percentile_within: f64,
    /// The radius limit is at most this, in kpc. 27.7 by default.
    pub max_radius: f64,
    /// The lowest \[Fe/H\]. -8 by default.
    pub min_feh: f64,
    /// The lowest \[O/Fe\]. -1 by default.
    pub min_ofe: f64,
    /// The fewest stars of a galaxy. 500 by default.
    pub min_stars: usize,
    /// By column, the value below which there is none to be told: such values become draws, even
    /// in the logarithm, between a tenth of the floor and the floor, so that logarithms are finite
    /// and pile up nowhere. By default `metals` has 1e-5: simulations write 0 and 1e-31.
    pub floors: BTreeMap<String, f64>,
    /// The seed of the draws; those of a galaxy depend on its id, not on other galaxies.
    pub seed: u64,
}

impl Default for CleaningConfig {
    fn default() -> CleaningConfig {
        CleaningConfig {
            percentile: 98.0,
            percentile_within: 98.0,
            max_radius: 27.7,
            min_feh: -8.0,
            min_ofe: -1.0,
            min_stars: 500,
            floors: BTreeMap::from([("metals".to_owned(), 1e-5)]),
            seed: 0,
        }
    }
}

/// What a cleaning found; `read` is the sum of what was left out and what was kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CleaningReport {
    /// The galaxy.
    pub id: String,
    /// Stars that it had.
    pub read: usize,
    /// Stars left out as metal-poor.
    pub poor: usize,
    /// Stars left out for a NaN or infinite value, by the first column that has one.
    pub not_finite: BTreeMap<String, usize>,
    /// Stars left out as too far from the centre.
    pub beyond: usize,
    /// The radius limit in kpc; 0 of no stars.
    pub radius: f64,
    /// Values raised to a floor, by column, of the stars that were kept.
    pub raised: BTreeMap<String, usize>,
    /// Stars that were kept.
    pub kept: usize,
}

impl CleaningConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// `Setting` for percentiles outside (0, 100], a radius or floor of 0 or less, NaN.
    pub fn validate(&self) -> Result<(), StarsError> {
        for (name, share) in
            [("percentile", self.percentile), ("percentile_within", self.percentile_within)]
        {
            StarsError::check(
                name,
                "a percentile in (0, 100]",
                share,
                share > 0.0 && share <= 100.0,
            )?;
        }
        StarsError::check(
            "max_radius",
            "a radius above 0 kpc",
            self.max_radius,
            self.max_radius > 0.0,
        )?;
        for (name, least) in [("min_feh", self.min_feh), ("min_ofe", self.min_ofe)] {
            StarsError::check(name, "a number", least, !least.is_nan())?;
        }
        for (column, floor) in &self.floors {
            let fine = *floor > f64::MIN_POSITIVE && floor.is_finite();
            StarsError::check(&format!("floors.{column}"), "a number above 0", floor, fine)?;
        }
        Ok(())
    }

    /// Cleans a galaxy and says what was left out. A galaxy with too few stars left is no error.
    ///
    /// # Errors
    /// `Setting` as [`CleaningConfig::validate`], `Catalog` without a column `x`, `y` or `z`.
    pub fn clean(&self, galaxy: &mut Galaxy) -> Result<CleaningReport, StarsError> {
        self.validate()?;
        let stars = &mut galaxy.stars;
        let read = stars.len();
        let mut report =
            CleaningReport { id: galaxy.id.clone(), read, ..CleaningReport::default() };
        let [x, y, z] = [stars.column("x")?, stars.column("y")?, stars.column("z")?];
        let radii: Vec<f64> =
            (0..read).map(|i| (x[i] * x[i] + y[i] * y[i] + z[i] * z[i]).sqrt()).collect();
        report.radius = self.radius_limit(&radii);

        let columns: Vec<(&String, &Vec<f64>)> = stars.names().iter().zip(stars.values()).collect();
        let least = [("feh", self.min_feh), ("ofe", self.min_ofe)];
        let metals = columns.iter().filter_map(|&(name, own)| {
            let (_, least) = least.iter().find(|(of, _)| of == name)?;
            Some((own, *least))
        });
        let metals: Vec<(&Vec<f64>, f64)> = metals.collect();
        let mut keep = vec![true; read];
        for (row, keep) in keep.iter_mut().enumerate() {
            *keep = false;
            if metals.iter().any(|(own, least)| own[row] < *least) {
                report.poor += 1;
            } else if let Some((name, _)) = columns.iter().find(|(_, own)| !own[row].is_finite()) {
                *report.not_finite.entry((*name).clone()).or_default() += 1;
            } else if radii[row] > report.radius {
                report.beyond += 1;
            } else {
                *keep = true;
                report.kept += 1;
            }
        }
        stars.retain(|row| keep[row]);
        for (column, &floor) in &self.floors {
            if !stars.names().contains(column) {
                continue;
            }
            let mut draws = self.draws(&galaxy.id, column);
            let values = stars.column_mut(column)?.iter_mut().filter(|value| **value < floor);
            let mut raised = 0;
            for value in values {
                *value = floor * 10_f64.powf(draws.random::<f64>() - 1.0);
                raised += 1;
            }
            report.raised.insert(column.clone(), raised);
        }
        Ok(report)
    }

    /// The radius within which stars are kept; those without a finite one do not count.
    fn radius_limit(&self, radii: &[f64]) -> f64 {
        let mut radii: Vec<f64> = radii.iter().copied().filter(|own| own.is_finite()).collect();
        let limit = quantile(&mut radii, self.percentile / 100.0).unwrap_or(0.0);
        if limit <= self.max_radius {
            return limit;
        }
        radii.retain(|radius| *radius <= self.max_radius);
        quantile(&mut radii, self.percentile_within / 100.0).unwrap_or(self.max_radius)
    }

    /// The draws of a galaxy's column.
    fn draws(&self, id: &str, column: &str) -> ChaCha8Rng {
        let mut seed = [0; 32];
        let parts = [self.seed, hash(id), hash(column)];
        for (bytes, part) in seed.chunks_exact_mut(8).zip(parts) {
            bytes.copy_from_slice(&part.to_le_bytes());
        }
        ChaCha8Rng::from_seed(seed)
    }
}

/// The hash FNV-1a, which stays the same everywhere.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl CleaningReport {
    /// Whether too few stars are left: fewer than `min_stars`, or none.
    pub fn dropped(&self, config: &CleaningConfig) -> bool {
        self.kept < config.min_stars.max(1)
    }
}

impl fmt::Display for CleaningReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Of {} stars of galaxy {:?}, {} are kept", self.read, self.id, self.kept)?;
        let mut left_out = Vec::new();
        if self.poor > 0 {
            left_out.push(format!("{} metal-poor", self.poor));
        }
        for (column, count) in &self.not_finite {
            left_out.push(format!("{count} without a finite {column}"));
        }
        if self.beyond > 0 {
            left_out.push(format!("{} beyond {:.4} kpc", self.beyond, self.radius));
        }
        if !left_out.is_empty() {
            write!(f, "; left out are {}", left_out.join(", "))?;
        }
        f.write_str(".")?;
        for (column, count) in self.raised.iter().filter(|(_, count)| **count > 0) {
            write!(f, " Values of {column} below its floor: {count}, drawn just below it.")?;
        }
        Ok(())
    }
}
