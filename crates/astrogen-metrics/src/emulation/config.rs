//! Settings of the evaluation.

use serde::{Deserialize, Serialize};

use crate::MetricsError;

/// Settings of the evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmulationConfig {
    /// Bins of the true magnitude, 1 to 1000; 10 by default.
    pub truth_bins: usize,
    /// Bins of each condition, 1 to 1000; 5 by default.
    pub condition_bins: usize,
    /// The least rows of a bin that is compared, 1 or more; 100 by default, which keeps the
    /// error of a width near a tenth.
    pub least: usize,
    /// Directions of the sliced Wasserstein distance, 1 to 65536; 128 by default.
    pub directions: usize,
    /// Bins of the histogram of the probability integral transform, 1 to 1000; 20 by default.
    pub pit_bins: usize,
    /// Bins of the true magnitude and of each condition in which the calibration is told, 1 to 1000; 3
    /// by default, terciles.
    pub calibration_bins: usize,
    /// Of the directions and of the random part of the transform; 0 by default.
    pub seed: u64,
}

impl Default for EmulationConfig {
    fn default() -> Self {
        Self {
            truth_bins: 10,
            condition_bins: 5,
            least: 100,
            directions: 128,
            pit_bins: 20,
            calibration_bins: 3,
            seed: 0,
        }
    }
}

impl EmulationConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let rules = [
            ("truth_bins", self.truth_bins, 1000, "1 to 1000"),
            ("condition_bins", self.condition_bins, 1000, "1 to 1000"),
            ("least", self.least, usize::MAX, "1 or more"),
            ("directions", self.directions, 65536, "1 to 65536"),
            ("pit_bins", self.pit_bins, 1000, "1 to 1000"),
            ("calibration_bins", self.calibration_bins, 1000, "1 to 1000"),
        ];
        match rules.into_iter().find(|(_, got, most, _)| !(1..=*most).contains(got)) {
            Some((name, got, _, rule)) => {
                let got = got.to_string();
                Err(MetricsError::Setting { name, rule, got })
            }
            None => Ok(()),
        }
    }
}
