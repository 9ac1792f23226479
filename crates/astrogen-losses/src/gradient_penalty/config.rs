//! Which penalty, how strong, how often.

use serde::{Deserialize, Serialize};

use crate::LossError;

/// Which gradient penalty; the table of [`gradient_penalty`](super) has the formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PenaltyKind {
    /// Norms are pulled to the target from both sides, between reals and fakes (WGAN-GP).
    #[default]
    TwoSided,
    /// Only norms above the target are pulled down, between reals and fakes.
    OneSided,
    /// Norms are pulled to the target from both sides, around the reals (DRAGAN).
    Dragan,
    /// Squared norms are pulled to zero at the reals.
    R1,
    /// Squared norms are pulled to zero at the fakes.
    R2,
}

/// Settings of the gradient penalty. The default is that of WGAN-GP: two-sided, weight 10,
/// target 1, at every step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GradientPenaltyConfig {
    /// Which penalty. Default two-sided.
    pub kind: PenaltyKind,
    /// The penalty's weight in the critic's loss, finite and at least 0; 0 is no penalty.
    /// For R1 and R2 it is what the papers call gamma. Default 10.
    pub weight: f64,
    /// The gradient norm aimed at, finite and at least 0. R1 and R2 aim at 0 and do not read
    /// it. Default 1.
    pub target: f64,
    /// The penalty is taken at every `interval`-th step only, with `interval` times the
    /// weight, so that its mean strength stays (the lazy regularisation of StyleGAN2); at
    /// least 1. Default 1.
    pub interval: u64,
}

impl Default for GradientPenaltyConfig {
    fn default() -> Self {
        Self { kind: PenaltyKind::default(), weight: 10.0, target: 1.0, interval: 1 }
    }
}

impl GradientPenaltyConfig {
    /// R1 of weight `gamma`, at every step: `gamma / 2 * mean |grad D(real)|^2`.
    pub fn r1(gamma: f64) -> Self {
        Self { kind: PenaltyKind::R1, weight: gamma, ..Self::default() }
    }

    /// R2 of weight `gamma`, at every step: `gamma / 2 * mean |grad D(fake)|^2`.
    pub fn r2(gamma: f64) -> Self {
        Self { kind: PenaltyKind::R2, weight: gamma, ..Self::default() }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`LossError::Setting`] where `weight` or `target` is negative or not finite, or
    /// `interval` is 0.
    pub fn validate(&self) -> Result<(), LossError> {
        let invalid = |name, rule, got: String| Err(LossError::Setting { name, rule, got });
        for (name, value) in
            [("gradient penalty weight", self.weight), ("gradient penalty target", self.target)]
        {
            if !(value.is_finite() && value >= 0.0) {
                return invalid(name, "finite and at least 0", value.to_string());
            }
        }
        if self.interval == 0 {
            return invalid(
                "gradient penalty interval",
                "at least 1 (1 is every step)",
                self.interval.to_string(),
            );
        }
        Ok(())
    }

    /// Whether the penalty is taken at a step, counted from 0: at every `interval`-th one,
    /// and never with weight 0.
    pub fn applies_at(&self, step: u64) -> bool {
        self.weight > 0.0 && step.is_multiple_of(self.interval)
    }

    /// What multiplies the mean squared excess: `weight * interval`, half of it for R1 and R2.
    pub(super) fn coefficient(&self) -> f64 {
        let half = match self.kind {
            PenaltyKind::TwoSided | PenaltyKind::OneSided | PenaltyKind::Dragan => 1.0,
            PenaltyKind::R1 | PenaltyKind::R2 => 0.5,
        };
        self.weight * self.interval as f64 * half
    }

    /// The norm aimed at: 0 for R1 and R2.
    pub(super) fn target_norm(&self) -> f64 {
        match self.kind {
            PenaltyKind::TwoSided | PenaltyKind::OneSided | PenaltyKind::Dragan => self.target,
            PenaltyKind::R1 | PenaltyKind::R2 => 0.0,
        }
    }
}
