//! The classifier: a small convolutional network.
//!
//! ```text
//! 3x64x64 -> 16x32x32 -> 32x16x16 -> 64x8x8 -> 128x4x4 -> [N, classes]
//! ```
//!
//! Each stage is a 4x4 convolution of stride 2, in all stages but the last a normalisation of each channel
//! of each image alone (so that no image of a batch depends on the others, whatever they are, and bright
//! galaxies do not drown faint ones), and LeakyReLU of slope 0.2; a fully connected layer gives one logit
//! for each class.

use astrogen_models::ModelError;
use astrogen_nn::config::check_counts;
use astrogen_nn::layers::{ConvolutionConfig, Sequential};
use astrogen_nn::{NamedTensors, Network, named, network_methods};
use astrogen_train::check_shape;
use serde::{Deserialize, Serialize};
use tch::{Tensor, nn, no_grad};

/// The slope of LeakyReLU below zero.
pub(crate) const SLOPE: f64 = 0.2;

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
    pub(crate) net: Sequential,
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

    pub(crate) fn image_shape(&self) -> [i64; 3] {
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
        let last = config.image_size.ilog2() - 3;
        for stage in 0..=last {
            let outputs = config.features << stage.min(3);
            net = net.convolution([inputs, outputs], &halve)?;
            net = if stage < last { net.group_norm(outputs, outputs)? } else { net };
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
