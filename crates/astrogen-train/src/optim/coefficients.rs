//! The scalars of one step of Adam, for every way that it takes.

use super::AdamConfig;

/// The scalars of one step, computed once in double precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coefficients {
    pub(super) one_minus_beta1: f64,
    pub(super) beta2: f64,
    pub(super) one_minus_beta2: f64,
    pub(super) step_size: f64,
    pub(super) bias_correction2_sqrt: f64,
    pub(super) eps: f64,
    /// The largest root mean square of a parameter's change.
    pub(super) longest: Option<f64>,
}

impl Coefficients {
    /// Those of step `t`, which counts from 1, at this learning rate.
    pub(super) fn new(config: &AdamConfig, lr: f64, t: i64) -> Self {
        let [beta1, beta2] = config.betas;
        // More steps than i32 holds change nothing: both powers are 0 long before.
        let t = i32::try_from(t).unwrap_or(i32::MAX);
        let plain = Self {
            one_minus_beta1: 1.0 - beta1,
            beta2,
            one_minus_beta2: 1.0 - beta2,
            step_size: lr / (1.0 - beta1.powi(t)),
            bias_correction2_sqrt: (1.0 - beta2.powi(t)).sqrt(),
            eps: config.eps,
            longest: config.update_clipping.map(|limit| limit * lr),
        };
        if config.rectified { plain.rectified(t) } else { plain }
    }

    /// The same for a change no longer than it may be, where it would have this root mean square.
    pub(super) fn within(&self, length: f64) -> Self {
        match self.longest {
            Some(longest) if length > longest => {
                Self { step_size: self.step_size * (longest / length), ..*self }
            }
            _ => *self,
        }
    }

    /// RAdam's: PyTorch's formulas, as factors of the same update.
    fn rectified(self, t: i32) -> Self {
        let longest = 2.0 / self.one_minus_beta2 - 1.0;
        let left = self.beta2.powi(t);
        let length = longest - 2.0 * f64::from(t) * left / (1.0 - left);
        if length <= 5.0 {
            // A denominator of 1.
            return Self { bias_correction2_sqrt: f64::INFINITY, eps: 1.0, ..self };
        }
        let ratio = |of: f64| (of - 4.0) * (of - 2.0) / of;
        Self {
            step_size: self.step_size * (ratio(length) / ratio(longest)).sqrt(),
            eps: self.eps / self.bias_correction2_sqrt,
            ..self
        }
    }
}
