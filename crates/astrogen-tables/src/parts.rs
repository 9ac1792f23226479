//! Which rows train, which ones a best model is chosen by, and which ones it is reported on.

use astrogen_catalog::CatalogError;
use astrogen_catalog::skymap::{SplitBy, SplitConfig};

use super::TableConfig;
use super::rules::Rows;
use crate::TablesError;

/// The rows of a catalogue by what they are for, as indices into those that passed the rules.
/// No row is in two parts.
pub(super) struct Parts {
    pub(super) train: Vec<usize>,
    pub(super) validation: Vec<usize>,
    pub(super) test: Vec<usize>,
}

impl Parts {
    /// The parts that the settings ask for, `read` being the count of rows in the catalogue.
    pub(super) fn new(config: &TableConfig, rows: &Rows, read: u64) -> Result<Self, TablesError> {
        let (mut ra, mut dec) = (rows.ra.clone(), rows.dec.clone());
        if !config.splits_by_region() {
            // Rows are split by their number alone, so that any position does.
            (ra, dec) = (vec![0.0; rows.numbers.len()], vec![0.0; rows.numbers.len()]);
        }
        Self::split(&config.split, config.test_fraction, (&ra, &dec)).map_err(|error| match error {
            TablesError::Catalog(source @ CatalogError::Rows { .. }) => TablesError::Rows {
                path: config.path.clone(),
                first: 0,
                last: read - 1,
                source: Box::new(source),
            },
            error => error,
        })
    }

    /// The parts of rows at these positions; a part of those that are held out is for the test.
    pub(super) fn split(
        split: &SplitConfig,
        test_fraction: f64,
        (ra, dec): (&[f64], &[f64]),
    ) -> Result<Self, TablesError> {
        let held_out = split.validation(ra, dec)?;
        let (validation, train): (Vec<usize>, Vec<usize>) =
            (0..ra.len()).partition(|&row| held_out[row]);
        let mut parts = Parts { train, validation, test: Vec::new() };
        if test_fraction > 0.0 {
            parts.keep_apart_test(split, test_fraction, ra, dec)?;
        }
        Ok(parts)
    }

    /// Takes the test rows out of the validation rows.
    fn keep_apart_test(
        &mut self,
        split: &SplitConfig,
        test_fraction: f64,
        ra: &[f64],
        dec: &[f64],
    ) -> Result<(), TablesError> {
        let place = |of: &[f64]| self.validation.iter().map(|&row| of[row]).collect::<Vec<f64>>();
        let (ra, dec) = (place(ra), place(dec));
        let split = SplitConfig {
            fraction: test_fraction,
            seed: split.seed.wrapping_add(1), // another choice than that of the rows
            ..*split
        };
        let test = split.validation(&ra, &dec).or_else(|error| match error {
            // All held-out rows lie in one region.
            CatalogError::Rows { .. } => {
                SplitConfig { split: SplitBy::Row, ..split }.validation(&ra, &dec)
            }
            error => Err(error),
        });
        let test = test.map_err(|_| TablesError::Setting {
            name: "test_fraction",
            rule: "at least 2 held-out rows, or a fraction of 0".into(),
            got: format!("{} held-out rows", self.validation.len()),
        })?;
        let mut test = test.iter();
        // As many flags as rows.
        let is_test = |_: &usize| test.next().is_some_and(|&test| test);
        (self.test, self.validation) =
            std::mem::take(&mut self.validation).into_iter().partition(is_test);
        Ok(())
    }
}
