//! The classifier: a small convolutional network, and the step that trains it.
//!
//! ```text
//! 3x64x64 -> 16x32x32 -> 32x16x16 -> 64x8x8 -> 128x4x4 -> [N, classes]
//! ```
//!
//! Each stage is a 4x4 convolution of stride 2, a normalisation of each image alone (so that no image
//! of a batch depends on the others, whatever they are) in all stages but the first, and LeakyReLU of
//! slope 0.2; a fully connected layer gives one logit for each class. A step minimises by Adam
//!
//! ```text
//! sum of weight CE(logits, class) / sum of weight
//! ```

use std::path::Path;

use astrogen_data::augment::Translation;
use astrogen_models::ModelError;
use astrogen_nn::config::check_counts;
use astrogen_nn::layers::{ConvolutionConfig, Sequential};
use astrogen_nn::{Initialization, NamedTensors, Network, named, network_methods};
use astrogen_train::{
    Adam, AdamConfig, Losses, State, Step, Stored, TrainError, check_shape, prefixed,
};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, nn, no_grad};

use crate::batch::Labelled;

/// The slope of LeakyReLU below zero.
const SLOPE: f64 = 0.2;

/// Images that are classified at a time.
const CHUNK: i64 = 100;

/// The classifier's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassifierConfig {
    /// Side of the images: a power of two from 8 to 1024. Default 64.
    pub image_size: i64,
    /// Bands of the images. Default 3.
    pub channels: i64,
    /// Number of classes, 2 or more. Default 2.
    pub classes: i64,
    /// Channels of the first stage; each stage has twice as many, up to eight times. Default 16.
    pub features: i64,
}

impl Default for ClassifierConfig {
    fn default() -> Self {
        Self { image_size: 64, channels: 3, classes: 2, features: 16 }
    }
}

impl ClassifierConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), ModelError> {
        let refuse = |name, rule: &str, got: i64| {
            Err(ModelError::Setting { name, rule: rule.into(), got: got.to_string() })
        };
        let size = self.image_size;
        if !(8..=1024).contains(&size) || size.count_ones() != 1 {
            return refuse("image_size", "a power of two from 8 to 1024", size);
        }
        if self.classes < 2 {
            return refuse("classes", "2 or more", self.classes);
        }
        check_counts(&[
            ("channels", self.channels),
            ("classes", self.classes),
            ("features", self.features),
        ])
    }
}

/// From images to a logit for each class; see the [module](self).
#[derive(Debug)]
pub struct Classifier {
    config: ClassifierConfig,
    net: Sequential,
}

impl Classifier {
    /// Probabilities `[N, classes]` of images `[N, C, H, W]`, signed ([-1, 1]), without gradients.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for images of another shape.
    pub fn probabilities(&self, images: &Tensor) -> Result<Tensor, ModelError> {
        check_shape("images", images, &self.image_shape())?;
        let (kind, device) = self.net.options();
        let chunks: Vec<Tensor> = no_grad(|| {
            let of = |chunk: &Tensor| {
                self.net.forward_t(&chunk.to_device(device).to_kind(kind), false).softmax(1, kind)
            };
            images.split(CHUNK, 0).iter().map(of).collect()
        });
        Tensor::f_cat(&chunks, 0).map_err(|error| ModelError::torch("join the chunks", &error))
    }

    fn image_shape(&self) -> [i64; 3] {
        [self.config.channels, self.config.image_size, self.config.image_size]
    }
}

impl NamedTensors for Classifier {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("net", &self.net)])
    }
}

impl Network for Classifier {
    type Config = ClassifierConfig;
    const MODEL: &str = "scarce.classifier";
    const FILE: &str = "classifier.safetensors";

    fn build(config: &ClassifierConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let halve = ConvolutionConfig { kernel: 4, stride: 2, ..ConvolutionConfig::default() };
        let mut net = Sequential::build(path / "net");
        let mut inputs = config.channels;
        for stage in 0..config.image_size.ilog2() - 2 {
            let outputs = config.features << stage.min(3);
            net = net.convolution([inputs, outputs], &halve)?;
            net = if stage > 0 { net.group_norm(1, outputs)? } else { net };
            net = net.leaky_relu(SLOPE);
            inputs = outputs;
        }
        let net = net.flatten().linear(16 * inputs, config.classes)?.finish();
        Ok(Self { config: config.clone(), net })
    }

    fn config(&self) -> &ClassifierConfig {
        &self.config
    }
}

network_methods!(Classifier);

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
