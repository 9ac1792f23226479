//! The stars of all galaxies as one table: true ones, and sampled ones.

use astrogen_metrics::{EstimateConfig, MetricsError, Quality, TableQualityConfig, table_quality};
use ndarray::Array2;
use tch::Tensor;

use crate::{ForgeConfig, ForgeError};

/// Stars of all galaxies together, as many true as sampled ones, about.
const STARS: usize = 6000;

/// Stars of all galaxies that are judged, equally many of each that has so many, with the parameters of
/// their galaxies, row by row.
pub(super) struct Pooled<'a> {
    config: &'a ForgeConfig,
    /// Stars of a galaxy.
    each: usize,
    /// Parameters of galaxies that are columns: of a single galaxy they have one value.
    parameters: &'a [String],
    /// True and sampled ones.
    stars: [Vec<f64>; 2],
}

impl<'a> Pooled<'a> {
    /// None so far, of so many galaxies.
    pub(super) fn new(config: &'a ForgeConfig, galaxies: usize) -> Self {
        let parameters = match galaxies {
            0 | 1 => &[][..],
            _ => &config.galaxies.parameters[..],
        };
        let each = STARS.div_ceil(galaxies.max(1));
        Self { config, each, parameters, stars: [Vec::new(), Vec::new()] }
    }

    /// Adds stars of a galaxy with these conditions, whose first ones are its parameters.
    pub(super) fn add(&mut self, conditions: &[f64], stars: [&Array2<f64>; 2]) {
        let galaxies = &self.config.galaxies;
        let scaled = |value: f64, name: &String, log10: &[String]| match log10.contains(name) {
            true => value.log10(),
            false => value,
        };
        for (all, stars) in self.stars.iter_mut().zip(stars) {
            let rows = stars.nrows();
            let taken = self.each.min(rows);
            for star in (0..taken).map(|number| number * rows / taken) {
                let features = stars.row(star).into_iter().zip(&galaxies.features);
                all.extend(features.map(|(&x, name)| scaled(x, name, &galaxies.log10)));
                let parameters = conditions.iter().zip(self.parameters);
                all.extend(
                    parameters.map(|(&x, name)| scaled(x, name, &galaxies.log10_parameters)),
                );
            }
        }
    }

    /// The sampled ones beside the true ones.
    pub(super) fn quality(&self, seed: u64) -> Result<Quality, ForgeError> {
        let names = self.config.galaxies.features.iter().chain(self.parameters);
        let names: Vec<&str> = names.map(String::as_str).collect();
        let columns = names.len() as i64;
        let table = |stars: &[f64]| -> Result<Tensor, MetricsError> {
            Ok(Tensor::f_from_slice(stars)?.f_view([-1, columns])?)
        };
        let (truth, sampled) = (table(&self.stars[0])?, table(&self.stars[1])?);
        let estimate = EstimateConfig { seed, ..EstimateConfig::default() };
        let config = TableQualityConfig { estimate, ..TableQualityConfig::default() };
        Ok(table_quality(&truth, &sampled, &names, &config)?)
    }
}
