//! What a trial is made with.

use astrogen_data::Augment;
use astrogen_data::augment::Translation;
use astrogen_models::SharpConfig;
use astrogen_train::{AdamConfig, RelativisticStepConfig, Schedule};
use serde::{Deserialize, Serialize};

use crate::classifier::ClassifierConfig;
use crate::step::ClassifierStepConfig;
use crate::{LabelledImages, ScarceError};

/// Everything a trial is made with: config.json in its folder, beside the settings of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScarceConfig {
    /// The few images of each class that are trained on, 2 to 2^20. Default 20.
    pub per_class: usize,
    /// Images of each class that are generated, 1 to 2^20. Default 200.
    pub generated: usize,
    /// How much an added image, generated or real, counts in the loss beside one of the few; above 0.
    /// Batches have as many of the ones as of the others, on average. Default 1.
    pub weight: f32,
    /// Splits, 2 to 1000: each with its own few images, held-out images, generators and classifiers.
    /// Default 5.
    pub repeats: usize,
    /// How often intervals hold what they are of, above 0 and below 1. Default 0.95.
    pub level: f64,
    /// What is done to every image that is trained on, by generators and classifiers alike. Default:
    /// the eight flips and quarter turns.
    pub augment: Augment,
    /// The generator of each class. Default: a [`SharpConfig`] of 8 features trained for 800 steps of 8
    /// images, of which the critic sees a third shifted by up to an eighth of their side.
    pub generator: Training<SharpConfig, RelativisticStepConfig>,
    /// The classifier. Default: 500 steps of 32 images, the learning rate falling to zero, half of the
    /// images shifted by up to a sixteenth of their side.
    pub classifier: Training<ClassifierConfig, ClassifierStepConfig>,
    /// Seed of the splits and of all that is drawn. Default 0.
    pub seed: u64,
}

/// A network, and how long it is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Training<M, A> {
    /// The network's size.
    pub model: M,
    /// Losses and optimisers.
    pub algorithm: A,
    /// Images that the network sees in a step.
    pub batch_size: usize,
    /// Steps.
    pub steps: u64,
}

impl Default for ScarceConfig {
    fn default() -> Self {
        let classifier = ClassifierConfig::default();
        let model =
            SharpConfig { generator_features: 8, critic_features: 8, ..SharpConfig::default() };
        let mut config = Self {
            per_class: 20,
            generated: 200,
            weight: 1.0,
            repeats: 5,
            level: 0.95,
            augment: Augment::Dihedral,
            generator: Training {
                algorithm: RelativisticStepConfig {
                    translation: translation(model.image_size / 8, 0.3),
                    ..RelativisticStepConfig::default()
                },
                model,
                batch_size: 8,
                steps: 0,
            },
            classifier: Training {
                algorithm: ClassifierStepConfig {
                    translation: translation(classifier.image_size / 16, 0.5),
                    ..ClassifierStepConfig::default()
                },
                model: classifier,
                batch_size: 32,
                steps: 0,
            },
            seed: 0,
        };
        config.set_generator_steps(800);
        config.set_classifier_steps(500);
        config
    }
}

fn translation(pixels: i64, probability: f64) -> Translation {
    Translation { pixels, probability }
}

impl ScarceConfig {
    /// The defaults for images and their classes.
    pub fn of(images: &LabelledImages) -> Self {
        let [channels, image_size, _] = images.shape();
        let mut config = Self::default();
        let generator = &mut config.generator;
        generator.model = SharpConfig { channels, image_size, ..generator.model.clone() };
        generator.algorithm.translation.pixels = image_size / 8;
        let classifier = &mut config.classifier;
        let classes = images.classes.len() as i64;
        let model = classifier.model.clone();
        classifier.model = ClassifierConfig { channels, image_size, classes, ..model };
        classifier.algorithm.translation.pixels = image_size / 16;
        config
    }

    /// Sets how long generators are trained, their learning rates falling to a tenth by then.
    pub fn set_generator_steps(&mut self, steps: u64) {
        let schedule = Schedule::Linear { steps: steps.max(1), end: 0.1 };
        let algorithm = &mut self.generator.algorithm;
        for optimizer in [&mut algorithm.generator_optimizer, &mut algorithm.critic_optimizer] {
            *optimizer = AdamConfig { schedule, ..*optimizer };
        }
        self.generator.steps = steps;
    }

    /// Sets how long classifiers are trained, their learning rate falling to zero by then.
    pub fn set_classifier_steps(&mut self, steps: u64) {
        let optimizer = &mut self.classifier.algorithm.optimizer;
        optimizer.schedule = Schedule::Cosine { steps: steps.max(1), end: 0.0 };
        self.classifier.steps = steps;
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ScarceError::Setting`], [`ScarceError::Model`] and [`ScarceError::Train`] for one that is
    /// out of its range, and where the two networks take images of different shapes.
    pub fn validate(&self) -> Result<(), ScarceError> {
        let least = [
            ("per_class", self.per_class, 2),
            ("generated", self.generated, 1),
            ("repeats", self.repeats, 2),
            ("the generator's batch_size", self.generator.batch_size, 1),
            ("the classifier's batch_size", self.classifier.batch_size, 2),
        ];
        for (name, got, least) in least {
            if got < least {
                return Err(ScarceError::setting(name, format!("{least} or more"), got));
            }
        }
        let most = [
            ("per_class", self.per_class, 1 << 20),
            ("generated", self.generated, 1 << 20),
            ("repeats", self.repeats, 1000),
        ];
        for (name, got, most) in most {
            if got > most {
                return Err(ScarceError::setting(name, format!("{most} at most"), got));
            }
        }
        // A generator's step takes as many reals again for the generator.
        if self.generator.batch_size > self.per_class / 2 {
            let rule = format!("half of the {} images of a class at most", self.per_class);
            let got = self.generator.batch_size;
            return Err(ScarceError::setting("the generator's batch_size", rule, got));
        }
        for (name, steps) in [
            ("the generator's steps", self.generator.steps),
            ("the classifier's steps", self.classifier.steps),
        ] {
            if steps == 0 {
                return Err(ScarceError::setting(name, "1 or more", steps));
            }
        }
        if !(self.weight > 0.0 && self.weight.is_finite()) {
            return Err(ScarceError::setting("weight", "a finite number above 0", self.weight));
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(ScarceError::setting("level", "above 0 and below 1", self.level));
        }
        let Training { model, algorithm, .. } = &self.generator;
        model.validate()?;
        algorithm.validate()?;
        algorithm.translation.validate(model.image_size)?;
        let Training { model: classifier, algorithm, .. } = &self.classifier;
        classifier.validate()?;
        algorithm.validate()?;
        algorithm.translation.validate(classifier.image_size)?;
        let own = [classifier.channels, classifier.image_size, classifier.image_size];
        match model.image_shape() {
            shape if shape == own => Ok(()),
            shape => Err(ScarceError::setting(
                "the classifier's images",
                format!("of the generator's shape {shape:?}"),
                format!("{own:?}"),
            )),
        }
    }
}
