//! How often the opponent of a generator of images sees them augmented.

use std::str::FromStr;

use astrogen_train::{AdaptiveConfig, AugmentProbability, Augmentation};
use clap::Args;

/// The option, for programs that train a generator of images.
#[derive(Debug, Clone, Args)]
pub(crate) struct AugmentArguments {
    /// Against learning a few hundred images by heart, all that the generator's opponent sees, reals
    /// and fakes alike, is turned, shifted, scaled, made noisy and partly cut out, each with this
    /// probability, from 0 to 1 (below 0.8, lest samples show it); `auto` has the probability follow
    /// how surely reals are told from fakes, by 1 at most in a quarter of the run's images. R3gan: a
    /// number is where it ends, from 0. None if left out.
    #[arg(long, value_name = "PROBABILITY|auto", allow_negative_numbers = true)]
    augment: Option<Often>,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Often {
    Auto,
    Fixed(f64),
}

impl FromStr for Often {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let probability = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
        match probability {
            _ if text == "auto" => Ok(Self::Auto),
            Some(probability) => Ok(Self::Fixed(probability)),
            None => Err("expected a probability from 0 to 1, or auto".to_owned()),
        }
    }
}

impl AugmentArguments {
    /// Whether the option was given.
    pub(crate) fn is_given(&self) -> bool {
        self.augment.is_some()
    }

    /// The settings for a run of so many steps of so many reals each.
    pub(crate) fn augmentation(&self, steps: u64, batch_size: usize) -> Option<Augmentation> {
        let probability = match self.augment? {
            Often::Fixed(probability) => AugmentProbability::Fixed(probability),
            Often::Auto => AugmentProbability::Adaptive(AdaptiveConfig {
                ramp_images: (steps.saturating_mul(batch_size as u64) / 4).max(1),
                ..AdaptiveConfig::default()
            }),
        };
        Some(Augmentation { probability, ..Augmentation::default() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_probability_or_auto_becomes_settings() {
        let settings = |text: &str| {
            let augment = Some(text.parse().unwrap());
            AugmentArguments { augment }.augmentation(1000, 16).unwrap().probability
        };
        assert_eq!(settings("0.25"), AugmentProbability::Fixed(0.25));
        let quarter = AdaptiveConfig { ramp_images: 4000, ..AdaptiveConfig::default() };
        assert_eq!(settings("auto"), AugmentProbability::Adaptive(quarter));
        assert!(AugmentArguments { augment: None }.augmentation(1000, 16).is_none());
        for refused in ["1.5", "-0.1", "nan", "often", ""] {
            let message = refused.parse::<Often>().unwrap_err();
            assert_eq!(message, "expected a probability from 0 to 1, or auto", "{refused}");
        }
    }
}
