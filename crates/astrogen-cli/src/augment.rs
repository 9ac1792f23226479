//! How often the opponent of a generator of images sees them augmented.

use std::str::FromStr;

use astrogen_data::augment::SkyAugment;
use astrogen_train::{AdaptiveConfig, AugmentProbability, Augmentation};
use clap::Args;

use crate::transfer::TransferArguments;

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
    /// With --augment: all light above black is multiplied too, all bands alike, by 2 to a power of this
    /// scatter, 0.2 for example, where how bright an image is in all should not count. 0 if left out.
    #[arg(long, value_name = "SCATTER", requires = "augment", allow_negative_numbers = true)]
    augment_flux: Option<f64>,
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

    /// The settings for a run of so many steps of so many reals each. In one that begins from another a
    /// probability that adapts is quick, as networks that have learnt already overfit soon.
    pub(crate) fn augmentation(
        &self,
        steps: u64,
        batch_size: usize,
        transfer: &TransferArguments,
    ) -> Option<Augmentation> {
        let probability = match self.augment? {
            Often::Fixed(probability) => AugmentProbability::Fixed(probability),
            Often::Auto => {
                let quarter = (steps.saturating_mul(batch_size as u64) / 4).max(1);
                let most = transfer.run().map_or(u64::MAX, |_| AdaptiveConfig::TRANSFERRED);
                AugmentProbability::Adaptive(AdaptiveConfig {
                    ramp_images: quarter.min(most),
                    ..AdaptiveConfig::default()
                })
            }
        };
        let default = Augmentation::default();
        let flux = self.augment_flux.unwrap_or(default.operations.flux);
        Some(Augmentation { probability, operations: SkyAugment { flux, ..default.operations } })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Options {
        #[arg(long, hide = true)]
        resume: Option<String>,
        #[command(flatten)]
        augment: AugmentArguments,
        #[command(flatten)]
        transfer: TransferArguments,
    }

    #[test]
    fn a_probability_or_auto_becomes_settings() {
        let settings = |options: &[&str], steps| {
            let parsed = Options::try_parse_from([&["program"], options].concat()).unwrap();
            let augmentation = parsed.augment.augmentation(steps, 16, &parsed.transfer);
            augmentation.map(|augmentation| augmentation.probability)
        };
        let adaptive = |ramp_images| {
            let config = AdaptiveConfig { ramp_images, ..AdaptiveConfig::default() };
            Some(AugmentProbability::Adaptive(config))
        };
        assert_eq!(settings(&["--augment", "0.25"], 1000), Some(AugmentProbability::Fixed(0.25)));
        assert_eq!(settings(&["--augment", "auto"], 1000), adaptive(4000));
        assert_eq!(settings(&["--augment", "auto"], 100_000), adaptive(400_000));
        assert_eq!(settings(&["--augment", "auto", "--from", "run"], 1000), adaptive(4000));
        assert_eq!(settings(&["--augment", "auto", "--from", "run"], 100_000), adaptive(100_000));
        assert_eq!(settings(&[], 1000), None);
        let flux = |options: &[&str]| {
            let parsed =
                Options::try_parse_from([&["program", "--augment", "0.5"], options].concat());
            let parsed = parsed.unwrap();
            parsed.augment.augmentation(9, 16, &parsed.transfer).unwrap().operations
        };
        assert_eq!(flux(&[]), SkyAugment::default());
        let dilated = SkyAugment { flux: 0.2, ..SkyAugment::default() };
        assert_eq!(flux(&["--augment-flux", "0.2"]), dilated);
        assert!(Options::try_parse_from(["program", "--augment-flux", "0.2"]).is_err());
        for refused in ["1.5", "-0.1", "nan", "often", ""] {
            let message = refused.parse::<Often>().unwrap_err();
            assert_eq!(message, "expected a probability from 0 to 1, or auto", "{refused}");
        }
    }
}
