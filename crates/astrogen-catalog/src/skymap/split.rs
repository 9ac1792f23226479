//! Which rows are held out for validation: whole regions of the sky, or single rows.

use std::ops::Range;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::grid::{Grid, check_positions};
use crate::CatalogError;

/// What is held out together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum SplitBy {
    /// All rows in a HEALPix pixel of this nside: neighbours see the same conditions and the
    /// same sources, so that a model could remember what it is then asked.
    Region {
        /// The nside of the regions; 32 has pixels of 1.8 degrees.
        nside: u32,
    },
    /// Each row for itself.
    Row,
}

/// How rows are split into training and validation. The same seed and rows give the same
/// split: a run that goes on splits its catalogue again.
///
/// ```
/// use astrogen_catalog::skymap::{Grid, SplitConfig};
///
/// let ra: Vec<f64> = (0..2000).map(|row| 0.02 * row as f64).collect();
/// let dec = vec![-45.0; 2000];
/// let held_out = SplitConfig::default().validation(&ra, &dec).unwrap();
/// let count = held_out.iter().filter(|&&held_out| held_out).count();
/// assert!((100..300).contains(&count));
/// // No region is on both sides.
/// let grid = Grid::new(32).unwrap();
/// for rows in (0..2000).collect::<Vec<_>>().windows(2) {
///     let same = grid.pixel(ra[rows[0]], -45.0) == grid.pixel(ra[rows[1]], -45.0);
///     assert!(!same || held_out[rows[0]] == held_out[rows[1]]);
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// What is held out together; regions of nside 32 by default.
    pub split: SplitBy,
    /// The fraction of rows that should be held out; 0.1 by default. Regions are taken in a shuffled
    /// order, the first in any case, until one would lead farther from it. So the count is off by up to
    /// half the rows of that one, or by as much as the first has too many: where regions hold large
    /// parts of the rows, choose a higher nside, which has smaller ones.
    pub fraction: f64,
    /// The seed of the choice.
    pub seed: u64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        SplitConfig { split: SplitBy::Region { nside: 32 }, fraction: 0.1, seed: 0 }
    }
}

impl SplitConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// `Setting` for a fraction that is not between 0 and 1, or an nside that is no power of two
    /// from 1 to 32768.
    pub fn validate(&self) -> Result<(), CatalogError> {
        if !(self.fraction > 0.0 && self.fraction < 1.0) {
            return Err(CatalogError::Setting {
                name: "fraction",
                rule: "a number between 0 and 1",
                got: self.fraction.to_string(),
            });
        }
        match self.split {
            SplitBy::Row => Ok(()),
            SplitBy::Region { nside } => Grid::new(nside).map(drop),
        }
    }

    /// Which rows, at these right ascensions and declinations in degrees, are held out.
    ///
    /// # Errors
    /// As [`SplitConfig::validate`], and `Rows` for a position outside the range or where one
    /// side would have no row.
    pub fn validation(&self, ra: &[f64], dec: &[f64]) -> Result<Vec<bool>, CatalogError> {
        self.validate()?;
        check_positions(ra, dec)?;
        // Rows of one region side by side, and where each region is among them.
        let mut rows: Vec<usize> = (0..ra.len()).collect();
        let mut groups: Vec<Range<usize>> = match self.split {
            SplitBy::Row => (0..rows.len()).map(|row| row..row + 1).collect(),
            SplitBy::Region { nside } => {
                let grid = Grid::new(nside)?;
                let regions: Vec<u64> =
                    ra.iter().zip(dec).map(|(&ra, &dec)| grid.pixel(ra, dec)).collect();
                rows.sort_by_key(|&row| regions[row]);
                let mut start = 0;
                let same = |a: &usize, b: &usize| regions[*a] == regions[*b];
                rows.chunk_by(same)
                    .map(|group| {
                        start += group.len();
                        start - group.len()..start
                    })
                    .collect()
            }
        };
        if groups.len() < 2 {
            let what = match self.split {
                SplitBy::Row => "rows".to_owned(),
                SplitBy::Region { nside } => {
                    format!(
                        "regions of nside {nside} with rows in them; raise nside or split by row"
                    )
                }
            };
            return Err(CatalogError::Rows {
                reason: format!("expected at least 2 {what}; got {}", groups.len()),
            });
        }
        groups.shuffle(&mut ChaCha8Rng::seed_from_u64(self.seed));
        let wanted = self.fraction * ra.len() as f64;
        let mut held_out = vec![false; ra.len()];
        let mut count = 0;
        // One group at least is held out, and one is not.
        let last = groups.len() - 1;
        for (number, group) in groups[..last].iter().enumerate() {
            let off = |count: usize| (count as f64 - wanted).abs();
            if number > 0 && off(count) <= off(count + group.len()) {
                break;
            }
            rows[group.clone()].iter().for_each(|&row| held_out[row] = true);
            count += group.len();
        }
        Ok(held_out)
    }
}
