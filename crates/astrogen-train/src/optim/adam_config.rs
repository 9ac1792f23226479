//! Adam's settings.

use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::schedule::Schedule;

/// Settings of [`Adam`](super::Adam); the defaults are PyTorch's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamConfig {
    /// Learning rate, > 0. Default 1e-3.
    pub lr: f64,
    /// Decay rates of the first and second moment, each in [0, 1). Default 0.9, 0.999.
    pub betas: [f64; 2],
    /// Added to the denominator, >= 0. Default 1e-8.
    pub eps: f64,
    /// Whether the first steps are RAdam's (Liu et al. 2020): while too few gradients were seen for
    /// the second moment to mean anything, by the first moment alone, and then warmed up. Default no.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rectified: bool,
    /// How the learning rate changes within a run, counted in training steps. Default: it stays.
    pub schedule: Schedule,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            betas: [0.9, 0.999],
            eps: 1e-8,
            rectified: false,
            schedule: Schedule::Constant,
        }
    }
}

impl AdamConfig {
    /// Checks the settings, as [`Adam::new`](super::Adam::new) does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let refuse =
            |name, rule, got: f64| Err(TrainError::Setting { name, rule, got: got.to_string() });
        if !(self.lr > 0.0 && self.lr.is_finite()) {
            return refuse("lr", "a finite number above 0", self.lr);
        }
        for beta in self.betas {
            if !(0.0..1.0).contains(&beta) {
                return refuse("betas", "two numbers in [0, 1)", beta);
            }
        }
        if !(self.eps >= 0.0 && self.eps.is_finite()) {
            return refuse("eps", "a finite number of at least 0", self.eps);
        }
        self.schedule.validate()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused_with_their_rule() {
        let refusal = |config: AdamConfig| config.validate().unwrap_err().to_string();
        let default = AdamConfig::default();
        assert_eq!(
            refusal(AdamConfig { lr: 0.0, ..default }),
            "lr must be a finite number above 0, got 0"
        );
        assert_eq!(
            refusal(AdamConfig { lr: f64::NAN, ..default }),
            "lr must be a finite number above 0, got NaN"
        );
        assert_eq!(
            refusal(AdamConfig { betas: [0.5, 1.0], ..default }),
            "betas must be two numbers in [0, 1), got 1"
        );
        assert_eq!(
            refusal(AdamConfig { eps: -1.0, ..default }),
            "eps must be a finite number of at least 0, got -1"
        );
    }
}
