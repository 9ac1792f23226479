//! Settings that go to a last value within a run.
//!
//! With `p = min(done / steps, 1)` the part of the training that is done, a setting goes along half a
//! cosine, `last + (first - last) (1 + cos(pi p)) / 2`, as in R3GAN (Huang et al. 2024): the second
//! moment's decay of both optimisers, the weight of the penalties, the half-life of the
//! generator's average and a fixed probability of augmentation, which both begin at 0. Learning
//! rates have a [schedule](crate::schedule::Schedule) of their own.
//!
//! ```
//! use astrogen_train::annealing::Annealing;
//!
//! let annealing = Annealing { steps: 100, beta2: 0.99, gamma: 0.1 };
//! for (done, factor) in [(0, 1.0), (50, 0.55), (100, 0.1), (200, 0.1)] {
//!     assert!((annealing.gamma_factor(done) - factor).abs() < 1e-12);
//! }
//! // A half-life of 10 updates in the end.
//! let last = 0.5f64.powf(0.1);
//! assert_eq!(annealing.ema_decay(last, 0), 0.0);
//! assert!((annealing.ema_decay(last, 50) - 0.5f64.powf(0.2)).abs() < 1e-12);
//! ```

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// Where settings go, and how soon; see the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annealing {
    /// Training steps until all are at their last value, at least 1.
    pub steps: u64,
    /// The last decay of the second moment, in [0, 1). R3GAN's is 0.99, from 0.9.
    pub beta2: f64,
    /// The last weight of the penalties, as a share of the first, from 0 to 1. R3GAN's is 0.1.
    pub gamma: f64,
}

impl Annealing {
    /// How far things have come, from 0 to 1.
    fn way(&self, done: u64) -> f64 {
        let part = (done as f64 / self.steps as f64).min(1.0);
        0.5 * (1.0 - (std::f64::consts::PI * part).cos())
    }

    /// The decay of the second moment in the step after `done` others, from `first` on.
    pub fn beta2(&self, first: f64, done: u64) -> f64 {
        first + (self.beta2 - first) * self.way(done)
    }

    /// What the first weight of the penalties is multiplied by in the step after `done` others.
    pub fn gamma_factor(&self, done: u64) -> f64 {
        1.0 + (self.gamma - 1.0) * self.way(done)
    }

    /// The decay of an average after `done` steps, whose half-life grows from 0 to that of `last`.
    pub fn ema_decay(&self, last: f64, done: u64) -> f64 {
        // last^(1 / way): 0 to the power of anything, and anything in (0, 1) to the power of
        // infinity, are 0.
        last.powf(1.0 / self.way(done))
    }

    /// The probability of augmentation in the step after `done` others, which rises from 0 to `last`.
    pub fn augment_probability(&self, last: f64, done: u64) -> f64 {
        last * self.way(done)
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let refuse = |name, rule, got: String| Err(TrainError::Setting { name, rule, got });
        if self.steps == 0 {
            return refuse("annealing steps", "at least 1", "0".into());
        }
        if !(0.0..1.0).contains(&self.beta2) {
            return refuse("annealing beta2", "in [0, 1)", self.beta2.to_string());
        }
        if !(0.0..=1.0).contains(&self.gamma) {
            return refuse("annealing gamma", "from 0 to 1", self.gamma.to_string());
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const ANNEALING: Annealing = Annealing { steps: 8, beta2: 0.99, gamma: 0.1 };

    #[test]
    fn settings_go_along_half_a_cosine_and_stay() {
        for (done, way) in [(0, 0.0), (2, 0.5 - 0.125f64.sqrt()), (4, 0.5), (8, 1.0), (99, 1.0)] {
            assert!((ANNEALING.beta2(0.9, done) - (0.9 + 0.09 * way)).abs() < 1e-15, "{done}");
            assert!((ANNEALING.gamma_factor(done) - (1.0 - 0.9 * way)).abs() < 1e-15, "{done}");
            let half_life = 20.0 * way; // in updates
            let expected = if done == 0 { 0.0 } else { 0.5f64.powf(1.0 / half_life) };
            let got = ANNEALING.ema_decay(0.5f64.powf(1.0 / 20.0), done);
            assert!((got - expected).abs() < 1e-12, "{done}: {got} {expected}");
        }
        assert_eq!([0, 4, 9].map(|done| ANNEALING.ema_decay(0.0, done)), [0.0; 3]);
    }

    #[test]
    fn settings_out_of_range_are_refused_with_their_rule() {
        let refusal = |annealing: Annealing| annealing.validate().unwrap_err().to_string();
        let none = Annealing { steps: 0, ..ANNEALING };
        assert_eq!(refusal(none), "annealing steps must be at least 1, got 0");
        let beta2 = Annealing { beta2: 1.0, ..ANNEALING };
        assert_eq!(refusal(beta2), "annealing beta2 must be in [0, 1), got 1");
        let gamma = Annealing { gamma: f64::NAN, ..ANNEALING };
        assert_eq!(refusal(gamma), "annealing gamma must be from 0 to 1, got NaN");
        assert!(ANNEALING.validate().is_ok());
    }
}
