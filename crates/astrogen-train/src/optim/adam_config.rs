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
    /// The largest root mean square of a parameter's update, in learning rates, a finite number above
    /// 0: what is larger is made shorter. Not together with `rectified`. Default none.
    ///
    /// The second moment is a mean of the past. Where a gradient is far larger than those, every
    /// element of an update is `1 / sqrt(1 - beta2)` learning rates long, all in the directions of one
    /// batch, and a network can be thrown so far by it that the run is lost (Shazeer and Stern 2018,
    /// *Adafactor*, section 5, whose limit is 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_clipping: Option<f64>,
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
            update_clipping: None,
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
        if let Some(limit) = self.update_clipping {
            if !(limit > 0.0 && limit.is_finite()) {
                return refuse("update_clipping", "a finite number above 0", limit);
            }
            if self.rectified {
                let rule = "left out where `rectified` is on, whose first updates have no scale";
                return refuse("update_clipping", rule, limit);
            }
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
        assert_eq!(
            refusal(AdamConfig { update_clipping: Some(0.0), ..default }),
            "update_clipping must be a finite number above 0, got 0"
        );
        let both = AdamConfig { update_clipping: Some(1.0), rectified: true, ..default };
        assert!(refusal(both).contains("left out where `rectified` is on"));
    }
}
