//! Learning rates that change within a run.
//!
//! A [`Schedule`] is part of an optimiser's settings
//! ([`AdamConfig::schedule`](crate::optim::AdamConfig::schedule)). It is a function of how much of
//! the training is done, so a resumed run has nothing to restore:
//!
//! ```
//! use astrogen_train::schedule::Schedule;
//!
//! let cosine = Schedule::Cosine { steps: 100, end: 0.0 };
//! assert_eq!([0, 100, 200].map(|done| cosine.factor(done)), [1.0, 0.0, 0.0]);
//! assert!((cosine.factor(50) - 0.5).abs() < 1e-12);
//! ```

mod earlier;

pub(crate) use earlier::read_earlier;
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// How a learning rate goes on from its first value, with `p = min(done / steps, 1)` the part of
/// the `steps` that is done. Steps are those of the training, which an optimiser that is not at
/// work in each of them is [told](crate::optim::Adam::set_progress).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Schedule {
    /// It stays.
    #[default]
    Constant,
    /// It falls along half a cosine to a share of itself: `end + (1 - end) (1 + cos(pi p)) / 2`.
    Cosine {
        /// Training steps until it is there, at least 1.
        steps: u64,
        /// The last learning rate, as a share of the first, from 0 to 1. Default 0.
        #[serde(default, skip_serializing_if = "is_zero")]
        end: f64,
    },
    /// It goes on a straight line to a share of itself: `1 + (end - 1) p`.
    Linear {
        /// Training steps until it is there, at least 1.
        steps: u64,
        /// The last learning rate, as a share of the first, in (0, 1].
        end: f64,
    },
}

impl Schedule {
    /// What the first learning rate is multiplied by in the step after `done` others.
    ///
    /// ```
    /// use astrogen_train::schedule::Schedule;
    ///
    /// let linear = Schedule::Linear { steps: 4, end: 0.5 };
    /// assert_eq!([0, 1, 2, 4, 9].map(|done| linear.factor(done)), [1.0, 0.875, 0.75, 0.5, 0.5]);
    /// assert_eq!(Schedule::Constant.factor(9), 1.0);
    /// ```
    pub fn factor(&self, done: u64) -> f64 {
        let part = |steps: u64| (done as f64 / steps as f64).min(1.0);
        match *self {
            Self::Constant => 1.0,
            Self::Cosine { steps, end } => {
                end + (1.0 - end) * 0.5 * (1.0 + (std::f64::consts::PI * part(steps)).cos())
            }
            Self::Linear { steps, end } => 1.0 + (end - 1.0) * part(steps),
        }
    }

    /// The step from which on the learning rate is 0, so that further ones change nothing; none where it
    /// never is.
    ///
    /// ```
    /// use astrogen_train::schedule::Schedule;
    ///
    /// assert_eq!(Schedule::Cosine { steps: 9, end: 0.0 }.end_of_learning(), Some(9));
    /// assert_eq!(Schedule::Linear { steps: 9, end: 0.1 }.end_of_learning(), None);
    /// ```
    pub fn end_of_learning(&self) -> Option<u64> {
        match *self {
            Self::Cosine { steps, end: 0.0 } => Some(steps),
            Self::Constant | Self::Cosine { .. } | Self::Linear { .. } => None,
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let refuse = |name, rule, got: String| Err(TrainError::Setting { name, rule, got });
        match *self {
            Self::Cosine { steps: 0, .. } | Self::Linear { steps: 0, .. } => {
                refuse("schedule steps", "at least 1", "0".into())
            }
            Self::Cosine { end, .. } if !(0.0..=1.0).contains(&end) => {
                refuse("schedule end", "from 0 to 1", end.to_string())
            }
            Self::Linear { end, .. } if !(end > 0.0 && end <= 1.0) => {
                refuse("schedule end", "above 0 and at most 1", end.to_string())
            }
            _ => Ok(()),
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it a reference")]
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn factors_are_those_of_the_formulas_and_stay_at_the_end() {
        let cosine = Schedule::Cosine { steps: 4, end: 0.0 };
        let half = std::f64::consts::FRAC_1_SQRT_2 / 2.0;
        for (done, expected) in [(0, 1.0), (1, 0.5 + half), (2, 0.5), (3, 0.5 - half), (4, 0.0)] {
            assert!((cosine.factor(done) - expected).abs() < 1e-15, "{done}");
        }
        let quarter = Schedule::Cosine { steps: 4, end: 0.25 };
        for (done, expected) in [(0, 1.0), (2, 0.625), (4, 0.25), (9, 0.25)] {
            assert!((quarter.factor(done) - expected).abs() < 1e-15, "{done}");
        }
        let linear = Schedule::Linear { steps: 10, end: 0.1 };
        for (done, expected) in [(0, 1.0), (1, 0.91), (5, 0.55), (10, 0.1)] {
            assert!((linear.factor(done) - expected).abs() < 1e-15, "{done}");
        }
        for done in [11, 1000, u64::MAX] {
            assert_eq!((cosine.factor(done), linear.factor(done)), (0.0, linear.factor(10)));
            assert_eq!(Schedule::Constant.factor(done), 1.0);
        }
    }

    #[test]
    fn settings_out_of_range_are_refused_with_their_rule() {
        let refusal = |schedule: Schedule| schedule.validate().unwrap_err().to_string();
        let steps = "schedule steps must be at least 1, got 0";
        assert_eq!(refusal(Schedule::Cosine { steps: 0, end: 0.0 }), steps);
        assert_eq!(refusal(Schedule::Linear { steps: 0, end: 0.5 }), steps);
        for (end, got) in [(0.0, "0"), (1.5, "1.5"), (f64::NAN, "NaN")] {
            let rule = format!("schedule end must be above 0 and at most 1, got {got}");
            assert_eq!(refusal(Schedule::Linear { steps: 9, end }), rule);
        }
        for end in [-0.1, 1.5, f64::NAN] {
            let rule = format!("schedule end must be from 0 to 1, got {end}");
            assert_eq!(refusal(Schedule::Cosine { steps: 9, end }), rule);
        }
        let good = [Schedule::Constant, Schedule::Cosine { steps: 1, end: 1.0 }];
        assert!(good.iter().all(|schedule| schedule.validate().is_ok()));
        assert!(Schedule::Linear { steps: 1, end: 1.0 }.validate().is_ok());
    }

    #[test]
    fn schedules_read_as_plain_words() {
        for (schedule, text) in [
            (Schedule::Constant, r#""constant""#),
            (Schedule::Cosine { steps: 9, end: 0.0 }, r#"{"cosine":{"steps":9}}"#),
            (Schedule::Cosine { steps: 9, end: 0.25 }, r#"{"cosine":{"steps":9,"end":0.25}}"#),
            (Schedule::Linear { steps: 9, end: 0.5 }, r#"{"linear":{"steps":9,"end":0.5}}"#),
        ] {
            assert_eq!(serde_json::to_string(&schedule).unwrap(), text);
            assert_eq!(serde_json::from_str::<Schedule>(text).unwrap(), schedule);
        }
        let message = serde_json::from_str::<Schedule>(r#"{"cosine": {"step": 9}}"#).unwrap_err();
        assert!(message.to_string().contains("unknown field `step`"), "{message}");
    }
}
