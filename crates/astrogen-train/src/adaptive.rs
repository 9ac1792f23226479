//! How often a critic sees images augmented: fixed, or adapted to how far it learns its reals by
//! heart.
//!
//! A critic that overfits tells the reals it was trained on from fakes more and more surely. How
//! surely is measured by
//!
//! ```text
//! r = mean sign(margin)
//! ```
//!
//! over the reals of the last few batches: 0 where it is guessing, 1 where it never errs. The [margin](astrogen_losses::AdversarialLoss::margins)
//! of a real is its score `C(real)`, less what an undecided critic scores; where only differences of scores
//! count, by a Wasserstein or a [relativistic](crate::relativistic) loss, it is `C(real) - C(fake)` of its
//! pair. Every [`interval`](AdaptiveConfig::interval) batches the
//! probability goes one step up where `r` is above [`target`](AdaptiveConfig::target), and one down
//! where it is below:
//!
//! ```text
//! p <- min(max(p + sign(r - target) images / ramp_images, 0), most)
//! ```
//!
//! with the images that were seen since the last step (Karras et al. 2020, *Training Generative
//! Adversarial Networks with Limited Data*, 3.2). Their `p` has no upper bound; above 0.8
//! augmentation begins to show in what the generator makes, so it ends there.

use astrogen_distributed::Group;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::TrainError;
use crate::annealing::Annealing;
use crate::step::Losses;

/// The probability with which each operation of a
/// [`SkyAugment`](astrogen_data::augment::SkyAugment) is applied to an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AugmentProbability {
    /// This one, in [0, 1].
    Fixed(f64),
    /// One that follows the critic.
    Adaptive(AdaptiveConfig),
}

impl Default for AugmentProbability {
    /// Adaptive, with its defaults.
    fn default() -> Self {
        Self::Adaptive(AdaptiveConfig::default())
    }
}

impl AugmentProbability {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        match self {
            Self::Fixed(p) if (0.0..=1.0).contains(p) => Ok(()),
            Self::Fixed(p) => Err(TrainError::Setting {
                name: "augment probability",
                rule: "from 0 to 1 (below 0.8 lest it shows in samples)",
                got: p.to_string(),
            }),
            Self::Adaptive(config) => config.validate(),
        }
    }
}

/// Settings of a probability that follows the critic; the defaults are ADA's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptiveConfig {
    /// The mean sign that is held, in (-1, 1). Default 0.6: 80 % of margins are positive.
    pub target: f64,
    /// Images over which the probability would go from 0 to 1, at least 1. Default 500,000; for a run that
    /// begins from another one's weights take [`TRANSFERRED`](Self::TRANSFERRED).
    pub ramp_images: u64,
    /// Batches from one change to the next, at least 1. Default 4.
    pub interval: u64,
    /// The first probability, from 0 to `most`. Default 0.
    pub initial: f64,
    /// The highest probability, in [0, 1]. Default 0.8.
    pub most: f64,
}

impl Default for AdaptiveConfig {
    fn default() -> Self {
        Self { target: 0.6, ramp_images: 500_000, interval: 4, initial: 0.0, most: 0.8 }
    }
}

impl AdaptiveConfig {
    /// ADA's `ramp_images` of a run that begins from another one's weights.
    pub const TRANSFERRED: u64 = 100_000;

    /// Checks the settings.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let refuse = |name, rule, got: String| Err(TrainError::Setting { name, rule, got });
        if !(self.target > -1.0 && self.target < 1.0) {
            return refuse("augment target", "above -1 and below 1", self.target.to_string());
        }
        if self.ramp_images == 0 {
            return refuse("augment ramp_images", "at least 1", "0".into());
        }
        if self.interval == 0 {
            return refuse("augment interval", "at least 1 (1 is every batch)", "0".into());
        }
        if !(0.0..=1.0).contains(&self.most) {
            return refuse("augment most", "from 0 to 1", self.most.to_string());
        }
        if !(0.0..=self.most).contains(&self.initial) {
            return refuse("augment initial", "from 0 to `most`", self.initial.to_string());
        }
        Ok(())
    }
}

/// The probability as training goes on.
///
/// ```
/// use astrogen_train::adaptive::{AdaptiveConfig, AugmentControl, AugmentProbability};
/// use tch::{Device, Tensor};
///
/// let config = AdaptiveConfig { ramp_images: 100, interval: 1, ..AdaptiveConfig::default() };
/// let mut control = AugmentControl::new(AugmentProbability::Adaptive(config), Device::Cpu)?;
/// control.observe(&Tensor::from_slice(&[0.1f32, 2.0, 0.5, 3.0, 0.2]))?; // all reals are known
/// assert_eq!(control.probability(), 0.05);
/// # Ok::<(), astrogen_train::TrainError>(())
/// ```
#[derive(Debug)]
pub struct AugmentControl {
    config: AugmentProbability,
    probability: Tensor,
    /// The mean sign at the last change.
    overfitting: Tensor,
    /// Since then, on the device: the sum of signs.
    signs: Tensor,
    /// Since then: batches and images.
    seen: Tensor,
    /// The processes whose margins count.
    group: Group,
}

impl AugmentControl {
    /// Begins, with margins on this device.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for a setting that is out of its range.
    pub fn new(config: AugmentProbability, device: Device) -> Result<Self, TrainError> {
        config.validate()?;
        let first = match config {
            AugmentProbability::Fixed(probability) => probability,
            AugmentProbability::Adaptive(config) => config.initial,
        };
        Ok(Self {
            config,
            probability: Tensor::from(first),
            overfitting: Tensor::from(0.0),
            signs: Tensor::zeros([0i64; 0], (Kind::Float, device)),
            seen: Tensor::zeros([2], (Kind::Int64, Device::Cpu)),
            group: Group::alone(),
        })
    }

    /// Counts the margins of all these processes from now on, each of which has as many.
    pub fn join(&mut self, group: &Group) {
        self.group = group.clone();
    }

    /// The present probability.
    pub fn probability(&self) -> f64 {
        self.probability.double_value(&[])
    }

    /// Follows the critic: `margins`, `[N]`, are those of one batch of reals, as they were when it
    /// was updated. The device is waited for once in [`AdaptiveConfig::interval`] calls. Nothing is
    /// done where the probability is fixed.
    ///
    /// # Errors
    /// [`TrainError::Distributed`] where another process of the group is gone.
    ///
    /// # Panics
    /// Where the margins are on another device.
    pub fn observe(&mut self, margins: &Tensor) -> Result<(), TrainError> {
        let AugmentProbability::Adaptive(config) = self.config else { return Ok(()) };
        let signs = self.group.sum("margins", &[margins.detach().sign().sum(Kind::Float)])?;
        let images = (margins.numel() * self.group.size()) as i64;
        let _ = self.signs.g_add_(&signs[0]);
        let _ = self.seen.g_add_(&Tensor::from_slice(&[1, images]));
        if self.seen.int64_value(&[0]) as u64 >= config.interval {
            self.change(&config);
        }
        Ok(())
    }

    fn change(&mut self, config: &AdaptiveConfig) {
        let images = self.seen.int64_value(&[1]) as f64;
        let mean = self.signs.double_value(&[]) / images;
        let step = images / config.ramp_images as f64;
        let up = f64::from(mean > config.target) - f64::from(mean < config.target);
        let probability = (self.probability() + up * step).clamp(0.0, config.most);
        let _ = self.probability.fill_(probability);
        let _ = self.overfitting.fill_(mean);
        let _ = self.signs.zero_();
        let _ = self.seen.zero_();
    }

    /// Brings a fixed probability to its value in the step after `done` others; one that follows the
    /// critic stays.
    pub fn anneal(&mut self, annealing: &Annealing, done: u64) {
        if let AugmentProbability::Fixed(last) = self.config {
            let _ = self.probability.fill_(annealing.augment_probability(last, done));
        }
    }

    /// What the history has of it: the probability, and the mean sign at its last change.
    pub fn losses(&self) -> Losses {
        match self.config {
            AugmentProbability::Fixed(_) => Vec::new(),
            AugmentProbability::Adaptive(_) => vec![
                ("augment_probability", self.probability.copy()),
                ("overfitting", self.overfitting.copy()),
            ],
        }
    }

    /// Everything that has to be saved; nothing where the probability is fixed.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let parts = [
            ("probability", &self.probability),
            ("overfitting", &self.overfitting),
            ("signs", &self.signs),
            ("seen", &self.seen),
        ];
        match self.config {
            AugmentProbability::Fixed(_) => Vec::new(),
            AugmentProbability::Adaptive(_) => {
                parts.map(|(name, part)| (name.to_owned(), part.shallow_clone())).into()
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::{Checkpoint, State};

    impl State for AugmentControl {
        fn algorithm(&self) -> &'static str {
            "augment"
        }

        fn state(&self) -> Vec<(String, Tensor)> {
            self.state()
        }
    }

    fn adaptive(config: AdaptiveConfig) -> AugmentControl {
        AugmentControl::new(AugmentProbability::Adaptive(config), Device::Cpu).unwrap()
    }

    /// `positive` of `n` margins above 0, the others below.
    fn margins(positive: i64, n: i64) -> Tensor {
        (Tensor::arange(n, (Kind::Float, Device::Cpu)) - positive as f64 + 0.5).neg()
    }

    #[test]
    fn the_probability_follows_the_formula_and_stays_in_its_range() {
        let config = AdaptiveConfig { ramp_images: 400, most: 0.25, ..AdaptiveConfig::default() };
        let mut control = adaptive(config);
        let mut expected = 0.0;
        // Of 10 margins each so many are positive; 8 of 10 are at the target.
        for (round, positive) in [9, 7, 6, 9, 9, 8, 10, 5, 10, 10, 10].into_iter().enumerate() {
            for batch in 0..4 {
                assert_eq!(control.probability(), expected, "{round}.{batch}");
                // The mean over the batches counts, not the last of them.
                let extra = [1, -1, 1, -1][batch].min(10 - positive);
                let extra = if positive == 10 { 0 } else { extra };
                control.observe(&margins(positive + extra, 10)).unwrap();
            }
            let up = f64::from((positive - 8).signum() as i32);
            expected = (expected + up * 40.0 / 400.0).clamp(0.0, 0.25);
            assert!((control.probability() - expected).abs() < 1e-15, "{round}");
            let r = control.losses()[1].1.double_value(&[]);
            assert!((r - (positive as f64 / 5.0 - 1.0)).abs() < 1e-7, "{round}: {r}");
            expected = control.probability();
        }
        assert_eq!(control.probability(), 0.25);
    }

    #[test]
    fn it_falls_from_where_it_began_to_zero_and_stays() {
        let config =
            AdaptiveConfig { interval: 1, initial: 0.5, ramp_images: 100, ..Default::default() };
        let mut control = adaptive(config);
        for _ in 0..9 {
            control.observe(&margins(0, 10)).unwrap();
        }
        assert_eq!(control.probability(), 0.0);
    }

    #[test]
    fn what_is_saved_is_enough_to_go_on() {
        let config = AdaptiveConfig { interval: 3, ramp_images: 99, ..AdaptiveConfig::default() };
        let (mut whole, mut first) = (adaptive(config), adaptive(config));
        let batches: Vec<_> = (0..8).map(|batch| margins(7 + batch % 3, 9)).collect();
        batches.iter().for_each(|batch| whole.observe(batch).unwrap());
        batches[..4].iter().for_each(|batch| first.observe(batch).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        Checkpoint { step: 4, samples: 36, data: None, score: None, processes: 1 }
            .save(&path, &first)
            .unwrap();
        let mut second = adaptive(config);
        Checkpoint::load(&path, &second).unwrap();
        batches[4..].iter().for_each(|batch| second.observe(batch).unwrap());
        assert!(whole.probability() > 0.0);
        assert_eq!(whole.state(), second.state());
    }

    #[test]
    fn a_fixed_probability_observes_and_saves_nothing() {
        let mut control = AugmentControl::new(AugmentProbability::Fixed(0.3), Device::Cpu).unwrap();
        for _ in 0..9 {
            control.observe(&margins(9, 9)).unwrap();
        }
        assert_eq!(control.probability(), 0.3);
        assert!(control.state().is_empty() && control.losses().is_empty());
    }

    #[test]
    fn a_fixed_probability_is_annealed_and_one_that_adapts_is_not() {
        let annealing = Annealing { steps: 8, beta2: 0.99, gamma: 0.1 };
        let mut fixed = AugmentControl::new(AugmentProbability::Fixed(0.3), Device::Cpu).unwrap();
        let mut free = adaptive(AdaptiveConfig { initial: 0.3, ..AdaptiveConfig::default() });
        for (done, expected) in [(0, 0.0), (4, 0.15), (8, 0.3), (99, 0.3)] {
            fixed.anneal(&annealing, done);
            free.anneal(&annealing, done);
            assert!((fixed.probability() - expected).abs() < 1e-15, "{done}");
            assert_eq!(free.probability(), 0.3);
        }
    }

    #[test]
    fn settings_out_of_range_are_refused_and_read_as_plain_words() {
        let refusal = |probability: AugmentProbability| {
            AugmentControl::new(probability, Device::Cpu).unwrap_err().to_string()
        };
        let fixed = refusal(AugmentProbability::Fixed(1.5));
        assert!(fixed.starts_with("augment probability must be from 0 to 1"), "{fixed}");
        let good = AdaptiveConfig::default();
        for (config, expected) in [
            (
                AdaptiveConfig { target: 1.0, ..good },
                "augment target must be above -1 and below 1, got 1",
            ),
            (
                AdaptiveConfig { ramp_images: 0, ..good },
                "augment ramp_images must be at least 1, got 0",
            ),
            (
                AdaptiveConfig { interval: 0, ..good },
                "augment interval must be at least 1 (1 is every batch), got 0",
            ),
            (
                AdaptiveConfig { most: f64::NAN, ..good },
                "augment most must be from 0 to 1, got NaN",
            ),
            (
                AdaptiveConfig { initial: 0.9, ..good },
                "augment initial must be from 0 to `most`, got 0.9",
            ),
        ] {
            assert_eq!(refusal(AugmentProbability::Adaptive(config)), expected);
        }
        for (text, value) in [
            (r#"{"fixed":0.3}"#, AugmentProbability::Fixed(0.3)),
            (r#"{"adaptive":{}}"#, AugmentProbability::default()),
        ] {
            assert_eq!(serde_json::from_str::<AugmentProbability>(text).unwrap(), value);
        }
        let unknown = serde_json::from_str::<AugmentProbability>(r#"{"adaptive":{"goal":1}}"#);
        assert!(unknown.unwrap_err().to_string().contains("unknown field `goal`"));
    }
}
