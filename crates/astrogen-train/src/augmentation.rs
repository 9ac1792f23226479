//! What a critic is shown in place of images: which operations, and how often.
//!
//! Reals and fakes are changed alike, each image by its own draw, whenever the critic looks at
//! them: in its own update and, drawn anew, in the generator's, where gradients go back through
//! the operations. Gradient penalties are taken at the changed images, where the critic was asked.
//! A probability of 0 draws nothing and changes nothing.
//!
//! ```
//! use astrogen_train::adaptive::AugmentProbability;
//! use astrogen_train::augmentation::Augmentation;
//! use astrogen_train::relativistic::RelativisticStepConfig;
//!
//! let probability = AugmentProbability::Fixed(0.3);
//! let augment = Some(Augmentation { probability, ..Augmentation::default() });
//! let config = RelativisticStepConfig { augment, ..RelativisticStepConfig::default() };
//! assert!(config.validate().is_ok());
//! ```

use astrogen_data::augment::SkyAugment;
use astrogen_distributed::Group;
use astrogen_runtime::in_full;
use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use crate::TrainError;
use crate::adaptive::{AugmentControl, AugmentProbability};
use crate::annealing::Annealing;
use crate::step::Losses;
use crate::stored::prefixed;

/// How images are augmented, and how often. The default is the operations' and the probability's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// The operations and their strengths.
    pub operations: SkyAugment,
    /// The probability of each of them. Default: it follows the critic.
    pub probability: AugmentProbability,
}

impl Augmentation {
    /// Checks the settings for images `[H, W]`.
    ///
    /// # Errors
    /// [`TrainError::Setting`] and [`TrainError::Data`] for one that is out of its range, and for
    /// quarter turns of images that are not square.
    pub fn validate(&self, [height, width]: [i64; 2]) -> Result<(), TrainError> {
        self.probability.validate()?;
        self.operations.validate(height.min(width))?;
        if self.operations.symmetries && height != width {
            return Err(TrainError::Setting {
                name: "augment symmetries",
                rule: "off where images are not square, since they have quarter turns",
                got: format!("images of {height}x{width} pixels"),
            });
        }
        Ok(())
    }

    /// The same operations, always as often as this one can ever ask for them: what a trial of the
    /// [pace](crate::pace) takes, so that no run is slower than it was said to be.
    #[must_use]
    pub fn at_its_most(self) -> Self {
        let most = match self.probability {
            AugmentProbability::Fixed(probability) => probability,
            AugmentProbability::Adaptive(config) => config.most,
        };
        Self { probability: AugmentProbability::Fixed(most), ..self }
    }
}

/// The augmentation of a training, as it goes on; none leaves images as they are.
#[derive(Debug)]
pub(crate) struct Augmenter(Option<(SkyAugment, AugmentControl)>);

impl Augmenter {
    /// Begins, for images `[H, W]`, with scores on this device.
    pub(crate) fn new(
        config: Option<Augmentation>,
        shape: [i64; 2],
        device: Device,
    ) -> Result<Self, TrainError> {
        let Some(config) = config else { return Ok(Self(None)) };
        config.validate(shape)?;
        let control = AugmentControl::new(config.probability, device)?;
        Ok(Self(Some((config.operations, control))))
    }

    /// Images `[N, C, H, W]` as the critic sees them, by a new draw.
    pub(crate) fn apply(&self, images: &Tensor) -> Tensor {
        match &self.0 {
            Some((operations, control)) => {
                in_full(|| operations.apply(images, control.probability()))
            }
            None => images.shallow_clone(),
        }
    }

    /// [`AugmentControl::observe`].
    pub(crate) fn observe(&mut self, margins: &Tensor) -> Result<(), TrainError> {
        self.0.as_mut().map_or(Ok(()), |(_, control)| control.observe(margins))
    }

    /// [`AugmentControl::join`].
    pub(crate) fn join(&mut self, group: &Group) {
        if let Some((_, control)) = &mut self.0 {
            control.join(group);
        }
    }

    /// [`AugmentControl::anneal`].
    pub(crate) fn anneal(&mut self, annealing: &Annealing, done: u64) {
        if let Some((_, control)) = &mut self.0 {
            control.anneal(annealing, done);
        }
    }

    /// What the history has of it.
    pub(crate) fn losses(&self) -> Losses {
        self.0.as_ref().map_or_else(Vec::new, |(_, control)| control.losses())
    }

    /// Everything that has to be saved, as `augment.NAME`.
    pub(crate) fn state(&self) -> impl Iterator<Item = (String, Tensor)> {
        let state = self.0.as_ref().map_or_else(Vec::new, |(_, control)| control.state());
        prefixed("augment", state)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn settings_that_images_do_not_allow_are_refused() {
        let good = Augmentation::default();
        let refusal = |config: Augmentation, shape| config.validate(shape).unwrap_err().to_string();
        assert_eq!(
            refusal(good, [32, 64]),
            "augment symmetries must be off where images are not square, since they have quarter \
             turns, got images of 32x64 pixels"
        );
        let still = SkyAugment { symmetries: false, ..SkyAugment::default() };
        assert!(Augmentation { operations: still, ..good }.validate([32, 64]).is_ok());
        let strong = SkyAugment { scale: 2.0, ..SkyAugment::default() };
        let message = refusal(Augmentation { operations: strong, ..good }, [32, 32]);
        assert!(message.contains("augment scale: expected from 0 to 0.5"), "{message}");
        let often = Augmentation { probability: AugmentProbability::Fixed(1.5), ..good };
        assert!(refusal(often, [32, 32]).contains("augment probability must be from 0 to 1"));
    }

    #[test]
    fn settings_read_as_plain_words() {
        let read = serde_json::from_str::<Augmentation>;
        assert_eq!(read("{}").unwrap(), Augmentation::default());
        let text = r#"{"operations": {"cutout": 0.5}, "probability": {"fixed": 0.3}}"#;
        let expected = Augmentation {
            operations: SkyAugment { cutout: 0.5, ..SkyAugment::default() },
            probability: AugmentProbability::Fixed(0.3),
        };
        assert_eq!(read(text).unwrap(), expected);
        assert!(read(r#"{"often": 1}"#).unwrap_err().to_string().contains("unknown field `often`"));
    }

    #[test]
    fn none_changes_nothing_and_saves_nothing() {
        let images = Tensor::ones([2, 1, 4, 4], (tch::Kind::Float, Device::Cpu));
        let mut none = Augmenter::new(None, [4, 4], Device::Cpu).unwrap();
        none.observe(&images.view([-1])).unwrap();
        assert_eq!(none.apply(&images).data_ptr(), images.data_ptr());
        assert!(none.losses().is_empty() && none.state().next().is_none());
    }
}
