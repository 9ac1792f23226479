//! The test of data copying: are samples nearer to the training set than fresh reals are?
//!
//! With `d(x)` the distance of `x` to its nearest training point, cells `c` of the space (by
//! k-means on the training points), held-out reals `P` and samples `Q`, the distances of the
//! samples are ranked among those of the reals in each cell:
//!
//! ```text
//! Z_c  =  Mann-Whitney's z of d(samples in c) and d(held-out in c), below 0 where samples are nearer
//! C_T  =  sum over c of P(c) Z_c / sum over c of P(c)      over the cells with enough of both
//! z    =  sum over c of P(c) Z_c / sqrt(sum over c of P(c)^2)
//! ```
//!
//! `C_T` far below 0 is samples nearer to the training points than the truth is, copies or images that are
//! too soft; far above 0 is underfitting. By cells copies in one region stand beside misses in another, which
//! cancel as a whole and in `C_T`. If samples and held-out reals are of one distribution, each `Z_c` is a normal
//! deviate of its own, so that `z` is one too and gives the p-value. The cells depend on the
//! training points alone, and so does `d`: no choice favours either set.
//!
//! Reference: Meehan, Chaudhuri & Dasgupta 2020, *A Non-Parametric Test to Detect Data-Copying in
//! Generative Models*. Here the nearest training point may lie in a neighbouring cell and be a
//! mirrored or turned one, ties have the variance that ties have, and there is no correction for
//! continuity, so that samples and reals may change places with the sign alone.

use serde::{Deserialize, Serialize};

use super::k_means::Cells;
use super::{Neighbour, Points, nearest};
use crate::one_dimensional::mann_whitney::normal_survival;
use crate::{MetricsError, Sorted};

/// Held-out reals or samples for each cell of the default number of them.
const EACH: usize = 50;

/// Settings of the test of data copying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CopyingConfig {
    /// Cells of the space, 1 or more; by default one for 50 of the held-out reals or the samples,
    /// whichever are fewer, from 1 to 50, and half as many as long as none holds enough of both, as
    /// where a generator has collapsed.
    pub cells: Option<usize>,
    /// The least held-out reals and the least samples of a cell that counts, 2 or more; 20 by
    /// default.
    pub least: usize,
    /// Of the cells' start; 0 by default.
    pub seed: u64,
}

impl Default for CopyingConfig {
    fn default() -> Self {
        Self { cells: None, least: 20, seed: 0 }
    }
}

impl CopyingConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let setting = |name, rule, got| Err(MetricsError::Setting { name, rule, got });
        if self.cells == Some(0) {
            return setting("cells", "1 or more", "0".into());
        }
        if self.least < 2 {
            return setting("least", "2 or more", self.least.to_string());
        }
        Ok(())
    }
}

/// The test's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataCopying {
    /// `C_T`: far below 0 where samples copy or are soft, far above 0 where they miss the truth.
    pub statistic: f64,
    /// The same in standard deviations of what sets of one distribution give.
    pub z: f64,
    /// How often samples of the held-out reals' distribution have a `z` at most as large: small where they
    /// are nearer to the training set than reals are, near 1 where they are farther.
    pub p_value: f64,
    /// The cells.
    pub cells: Vec<CopyingCell>,
}

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CopyingCell {
    /// Held-out reals in it.
    pub held_out: usize,
    /// Samples in it.
    pub samples: usize,
    /// Its `Z_c`; `None` where it holds too few of either.
    pub z: Option<f64>,
}

/// A set's distances to the training set and the cells it falls into, one of each a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Located<'a> {
    /// Distances to the nearest training point.
    pub distances: &'a [f64],
    /// Indices of the cells.
    pub cells: &'a [usize],
}

/// Tests whether samples are nearer to the training set than held-out reals are.
///
/// Held-out reals are not in the training set and of the same distribution. Images are put into
/// cells as they are, rows by their columns.
///
/// # Errors
/// [`MetricsError::Setting`]; those of [`nearest`]; [`MetricsError::BadValues`] where no cell has
/// enough samples and held-out reals, with the number needed.
pub fn data_copying(
    samples: &Points,
    held_out: &Points,
    train: &Points,
    config: &CopyingConfig,
) -> Result<DataCopying, MetricsError> {
    config.validate()?;
    let (near, near_held_out) = (nearest(samples, train)?, nearest(held_out, train)?);
    in_cells(samples, &near, held_out, &near_held_out, train, config)
}

/// [`data_copying`] of sets whose neighbours are known.
pub(super) fn in_cells(
    samples: &Points,
    near: &[Neighbour],
    held_out: &Points,
    near_held_out: &[Neighbour],
    train: &Points,
    config: &CopyingConfig,
) -> Result<DataCopying, MetricsError> {
    config.validate()?;
    let fewer = samples.count().min(held_out.count());
    let mut count = config.cells.unwrap_or((fewer / EACH).clamp(1, 50));
    let distances = |near: &[Neighbour]| near.iter().map(|found| found.distance).collect();
    let (near, near_held_out): (Vec<f64>, Vec<f64>) = (distances(near), distances(near_held_out));
    let [train, samples, held_out] = [train, samples, held_out].map(Points::as_rows);
    let (train, samples, held_out) = (train?, samples?, held_out?);
    loop {
        let cells = Cells::of(&train, count, config.seed)?;
        let (places, held_out_places) = (cells.places(&samples)?, cells.places(&held_out)?);
        let found = DataCopying::of(
            Located { distances: &near, cells: &places },
            Located { distances: &near_held_out, cells: &held_out_places },
            cells.count(),
            config.least,
        );
        match found {
            Err(MetricsError::BadValues { .. }) if config.cells.is_none() && count > 1 => {
                count /= 2
            }
            found => return found,
        }
    }
}

impl DataCopying {
    /// The test on distances and cells (0 to `cells - 1`) that are known.
    ///
    /// ```
    /// use astrogen_metrics::memorisation::{DataCopying, Located};
    ///
    /// let far: Vec<f64> = (0..40).map(|at| 1.0 + f64::from(at)).collect();
    /// let near: Vec<f64> = far.iter().map(|distance| 0.1 * distance).collect();
    /// let located = |distances| Located { distances, cells: &[0; 40] };
    /// assert!(DataCopying::of(located(&near), located(&far), 1, 20)?.p_value < 1e-6);
    /// # Ok::<(), astrogen_metrics::MetricsError>(())
    /// ```
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for distances that are not finite or not one for each cell's
    /// index, an index that is none, and where no cell has `least` samples and held-out reals.
    pub fn of(
        samples: Located<'_>,
        held_out: Located<'_>,
        cells: usize,
        least: usize,
    ) -> Result<Self, MetricsError> {
        let (samples, held_out) = (samples.by_cell(cells)?, held_out.by_cell(cells)?);
        let mut found = Vec::with_capacity(cells);
        let (mut sum, mut weights, mut squares) = (0.0, 0.0, 0.0);
        for (samples, held_out) in samples.iter().zip(&held_out) {
            let mut z = None;
            if samples.len().min(held_out.len()) >= least.max(1) {
                let [near, far] =
                    [samples, held_out].map(|values| Sorted::new("distances", values));
                let (value, weight) = (near?.mann_whitney(&far?)?.z, held_out.len() as f64);
                sum += weight * value;
                weights += weight;
                squares += weight * weight;
                z = Some(value);
            }
            found.push(CopyingCell { held_out: held_out.len(), samples: samples.len(), z });
        }
        if weights == 0.0 {
            let (set, rule) = (
                "cells of the test of data copying",
                "of enough samples and held-out reals, 20 of each in one at least by default: take \
                 more of them, or fewer cells",
            );
            let most = found.iter().map(|cell| cell.samples.min(cell.held_out)).max();
            let got = format!("{} of both at most in {cells} cells", most.unwrap_or(0));
            return Err(MetricsError::BadValues { set, rule, got });
        }
        let z = sum / squares.sqrt();
        Ok(Self { statistic: sum / weights, z, p_value: normal_survival(-z)?, cells: found })
    }
}

impl Located<'_> {
    /// The distances of each cell.
    fn by_cell(&self, cells: usize) -> Result<Vec<Vec<f64>>, MetricsError> {
        let mut found = vec![Vec::new(); cells];
        let worst = self.cells.iter().max().copied().unwrap_or(0);
        if self.distances.len() != self.cells.len() || worst >= cells {
            let rule = "one for each distance, and below the number of cells";
            let (distances, indices) = (self.distances.len(), self.cells.len());
            let got = format!("{indices} up to {worst} for {distances} distances, {cells} cells");
            return Err(MetricsError::BadValues { set: "cells", rule, got });
        }
        for (distance, cell) in self.distances.iter().zip(self.cells) {
            found[*cell].push(*distance);
        }
        Ok(found)
    }
}
