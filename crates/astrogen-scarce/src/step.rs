//! The step that trains the classifier: it minimises by Adam
//!
//! ```text
//! sum of weight CE(logits, class) / sum of weight
//! ```
//!
//! over the images of a batch, which may be [shifted](Translation) before.

use std::path::Path;

use astrogen_data::augment::Translation;
use astrogen_nn::{Initialization, Network};
use astrogen_train::{
    Adam, AdamConfig, Losses, State, Step, Stored, TrainError, check_shape, prefixed,
};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::batch::Labelled;
use crate::classifier::{Classifier, ClassifierConfig, SLOPE};

/// Settings of [`ClassifierStep`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassifierStepConfig {
    /// Adam. Default lr 2e-3, betas (0.9, 0.999).
    pub optimizer: AdamConfig,
    /// Shifts of the images that it is trained on. Default none.
    pub translation: Translation,
}

impl Default for ClassifierStepConfig {
    fn default() -> Self {
        let optimizer = AdamConfig { lr: 2e-3, ..AdamConfig::default() };
        Self { optimizer, translation: Translation::default() }
    }
}

impl ClassifierStepConfig {
    /// Checks the settings. [`ClassifierStep::new`] checks the shifts too, which have to be shorter than an
    /// image's side.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.optimizer.validate()
    }
}

/// A classifier that learns from labelled images; see the [module](self).
#[derive(Debug)]
pub struct ClassifierStep {
    config: ClassifierStepConfig,
    network: Stored<Classifier>,
    optimizer: Adam,
}

impl ClassifierStep {
    /// A network with fresh weights, drawn from libtorch's generator: seed it before.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(
        model: &ClassifierConfig,
        config: &ClassifierStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        config.translation.validate(model.image_size)?;
        let network = Stored::new(device, |path| {
            let classifier = Classifier::build(model, path)?;
            classifier.net.init(Initialization::He { slope: SLOPE })?;
            Ok(classifier)
        })?;
        let optimizer = Adam::new(network.parameters(), config.optimizer)?;
        Ok(Self { config: config.clone(), network, optimizer })
    }

    /// The network.
    pub fn classifier(&self) -> &Classifier {
        &self.network.module
    }
}

impl State for ClassifierStep {
    fn algorithm(&self) -> &'static str {
        "classifier"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let parts =
            [("classifier", self.network.named_tensors()), ("optimizer", self.optimizer.state())];
        parts.into_iter().flat_map(|(prefix, named)| prefixed(prefix, named)).collect()
    }
}

impl Step for ClassifierStep {
    type Batch = Labelled;

    fn step(&mut self, batch: &Labelled) -> Result<Losses, TrainError> {
        let classifier = self.classifier();
        check_shape("images", &batch.images, &classifier.image_shape())?;
        let images = self.config.translation.apply(&batch.images);
        let logits = classifier.net.forward_t(&images, true); // [N, classes]
        let each = logits.cross_entropy_loss::<Tensor>(
            &batch.labels,
            None,
            tch::Reduction::None,
            -100, // no class is to be ignored
            0.0,
        );
        let loss = (each * &batch.weights).sum(Kind::Float) / batch.weights.sum(Kind::Float);
        Ok(vec![("loss", self.optimizer.minimize(&loss)?)])
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.classifier().save(folder.join(Classifier::FILE))?)
    }
}
