//! A base as plain numbers: its density, and draws from a seed.

use std::f64::consts::PI;

use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, StandardNormal, StandardUniform};

use super::lanes::{Lane, ROWS, Row};
use crate::BaseConfig;

/// Independent distributions of features; see [`crate::Base`].
#[derive(Debug)]
pub(crate) struct Latents {
    config: BaseConfig,
    /// Mean and deviation, or lower and upper end, of each feature.
    ends: [Vec<f64>; 2],
    /// What is subtracted from the logarithm of each feature's density, but for its scale.
    constant: f64,
    beta: Option<Beta<f64>>,
}

impl Latents {
    /// A base; of a beta distribution with the logarithm of its beta function.
    pub(crate) fn new(config: BaseConfig, ends: [Vec<f64>; 2], ln_beta: f64) -> Self {
        let (constant, beta) = match config {
            BaseConfig::Normal => (0.5 * (2.0 * PI).ln(), None),
            BaseConfig::Uniform { .. } => (0.0, None),
            BaseConfig::Beta { concentration, .. } => {
                (ln_beta, Beta::new(concentration, concentration).ok())
            }
        };
        Self { config, ends, constant, beta }
    }

    /// How many features there are.
    pub(crate) fn features(&self) -> usize {
        self.ends[0].len()
    }

    /// A draw of a feature.
    pub(crate) fn number(&self, feature: usize, rng: &mut ChaCha8Rng) -> f32 {
        let [low, high] = [self.ends[0][feature], self.ends[1][feature]];
        let number = match (self.config, &self.beta) {
            (BaseConfig::Normal, _) => {
                let normal: f64 = StandardNormal.sample(rng);
                normal * high + low
            }
            (_, Some(beta)) => beta.sample(rng) * (high - low) + low,
            (_, None) => {
                let share: f64 = StandardUniform.sample(rng);
                share * (high - low) + low
            }
        };
        number as f32
    }

    /// Adds the logarithm of a feature's density to `sum`, and sets what the sum of rows' negative
    /// ones, by their shares, gets by the feature.
    pub(super) fn log_prob(
        &self,
        feature: usize,
        z: &Row,
        shares: &Row,
        (by_z, sum): (&mut Row, &mut Lane),
    ) {
        let [low, high] = [self.ends[0][feature], self.ends[1][feature]];
        for i in 0..ROWS {
            let z = f64::from(z[i]);
            let (log, by) = match self.config {
                BaseConfig::Normal => {
                    let apart = (z - low) / high;
                    (-0.5 * apart * apart - high.ln() - self.constant, apart / high)
                }
                _ if z < low || z > high => (f64::NEG_INFINITY, 0.0),
                BaseConfig::Uniform { .. } => (z * 0.0 - (high - low).ln(), z * 0.0),
                BaseConfig::Beta { concentration, .. } => {
                    let (side, power) = (high - low, concentration - 1.0);
                    let t = (z - low) / side;
                    let log = power * (t.ln() + (-t).ln_1p()) - self.constant - side.ln();
                    (log, power * (1.0 / (1.0 - t) - 1.0 / t) / side)
                }
            };
            sum[i] += log;
            by_z[i] = (by * f64::from(shares[i])) as f32;
        }
    }
}
