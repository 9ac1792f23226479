//! The deep convolutional generative adversarial network, DCGAN.
//!
//! A generator paints an image from a latent vector by transposed convolutions that double
//! the size from 4x4 on; a discriminator mirrors it down to one logit:
//!
//! ```text
//! generator       [N, 100, 1, 1] -> 512x4x4 -> 256x8x8 -> 128x16x16 -> 64x32x32 -> 3x64x64
//! discriminator   3x64x64 -> 64x32x32 -> 128x16x16 -> 256x8x8 -> 512x4x4 -> [N]
//! ```
//!
//! All kernels are 4x4 without bias, the one at the 1x1 end with stride 1 and no padding,
//! the others with stride 2 and padding 1. The generator has batch normalisation and ReLU
//! between its layers and tanh at the end; the discriminator LeakyReLU of slope 0.2 between
//! its layers, with batch normalisation but after the first. First weights are from
//! N(0, 0.02), normalisation gains from N(1, 0.02) with bias 0. (Radford, Metz & Chintala
//! 2016, *Unsupervised Representation Learning with Deep Convolutional Generative
//! Adversarial Networks*; the defaults are those of PyTorch's `dcgan` example.)
//!
//! The discriminator gives logits, for a loss that is stable;
//! [`probability`](crate::Discriminator::probability) has the sigmoid. Other image sizes
//! have one layer more or less a doubling. Widths double with each halving of the image up
//! to 8 times the features, so that a 512x512 network stays of a size to train.
//!
//! Variables are named like those of a PyTorch module whose one child is the plain
//! `nn.Sequential` called `net`: `net.0.weight`, `net.1.weight`, `net.1.bias`,
//! `net.1.running_mean`, `net.1.running_var`, `net.1.num_batches_tracked`, ...
//!
//! ```
//! use astrogen_models::{DcganConfig, Discriminator, Generator};
//! use tch::{Device, nn};
//!
//! let config = DcganConfig { image_size: 32, generator_features: 8, ..Default::default() };
//! let (g, d) = (nn::VarStore::new(Device::Cpu), nn::VarStore::new(Device::Cpu));
//! let generator = config.init_generator(&g.root())?;
//! let discriminator = config.init_discriminator(&d.root())?;
//!
//! let fake = generator.forward_t(&generator.latent(5), true);
//! assert_eq!(fake.size(), [5, 3, 32, 32]);
//! assert_eq!(discriminator.forward_t(&fake, true).size(), [5]);
//! # Ok::<(), astrogen_models::ModelError>(())
//! ```

use astrogen_nn::config::check_counts;
use astrogen_nn::layers::{ConvolutionConfig, Direction, Sequential};
use astrogen_nn::{Initialization, NamedTensors, Network, named, network_methods};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, nn};

use crate::config::check_image_size;
use crate::{Discriminator, Generator, ModelError};

/// The slope of the discriminator's LeakyReLU below zero.
const SLOPE: f64 = 0.2;
/// The least and the greatest image size.
const SIZES: [i64; 2] = [32, 512];
/// The widest layer has this many times the features.
const WIDEST: i64 = 8;

/// A convolution that halves the size.
const DOWN: ConvolutionConfig = ConvolutionConfig {
    direction: Direction::Down,
    kernel: 4,
    stride: 2,
    padding: 1,
    bias: false,
    spectral_norm: false,
};
/// A convolution that doubles the size.
const UP: ConvolutionConfig = ConvolutionConfig { direction: Direction::Up, ..DOWN };

/// The shape of a DCGAN. The default is PyTorch's example: 64x64 RGB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DcganConfig {
    /// Height and width of an image: a power of two from 32 to 512. Default 64.
    pub image_size: i64,
    /// Channels of an image. Default 3.
    pub channels: i64,
    /// The size of a latent vector. Default 100.
    pub latent_dim: i64,
    /// The width of the generator's last hidden layer, at half the image size. Default 64.
    pub generator_features: i64,
    /// The width of the discriminator's first layer. Default 64.
    pub discriminator_features: i64,
}

impl Default for DcganConfig {
    fn default() -> Self {
        Self {
            image_size: 64,
            channels: 3,
            latent_dim: 100,
            generator_features: 64,
            discriminator_features: 64,
        }
    }
}

impl DcganConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ModelError::InvalidConfig`] where the image size is no power of two from 32 to
    /// 512, or another setting is not from 1 to 65536.
    pub fn validate(&self) -> Result<(), ModelError> {
        check_image_size(self.image_size, SIZES)?;
        let counts = [
            ("channels", self.channels),
            ("latent_dim", self.latent_dim),
            ("generator_features", self.generator_features),
            ("discriminator_features", self.discriminator_features),
        ];
        check_counts(&counts)
    }

    /// The shape of one image, `[C, H, W]`.
    pub fn image_shape(&self) -> [i64; 3] {
        [self.channels, self.image_size, self.image_size]
    }

    /// A generator with new weights, drawn from libtorch's generator of the path's device,
    /// below `path` (as `net.0.weight` and so on).
    ///
    /// # Errors
    /// [`ModelError::InvalidConfig`], [`ModelError::NameTaken`] where the path holds a
    /// network already, [`ModelError::Torch`] where the memory is not to be had.
    pub fn init_generator(&self, path: &nn::Path) -> Result<DcganGenerator, ModelError> {
        let generator = DcganGenerator::build(self, path)?;
        generator.net.init(Initialization::Dcgan)?;
        Ok(generator)
    }

    /// A discriminator with new weights, as [`DcganConfig::init_generator`].
    ///
    /// # Errors
    /// Those of [`DcganConfig::init_generator`].
    pub fn init_discriminator(&self, path: &nn::Path) -> Result<DcganDiscriminator, ModelError> {
        let discriminator = DcganDiscriminator::build(self, path)?;
        discriminator.net.init(Initialization::Dcgan)?;
        Ok(discriminator)
    }

    /// Widths of the layers from half the image size down to 4x4.
    fn widths(&self, features: i64) -> Vec<i64> {
        let halvings = self.image_size.ilog2() - 2;
        (0..halvings).map(|i| features * WIDEST.min(1 << i)).collect()
    }
}

/// From latents to images; see the [module](self).
#[derive(Debug)]
pub struct DcganGenerator {
    config: DcganConfig,
    net: Sequential,
}

/// From images to logits; see the [module](self).
#[derive(Debug)]
pub struct DcganDiscriminator {
    config: DcganConfig,
    net: Sequential,
}

impl Generator for DcganGenerator {
    fn latent_dim(&self) -> i64 {
        self.config.latent_dim
    }

    fn image_shape(&self) -> [i64; 3] {
        self.config.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.net.options()
    }

    fn forward_t(&self, latent: &Tensor, train: bool) -> Tensor {
        // The batch size is spelt out: latents of another size must not become other samples.
        let latent = latent.reshape([latent.size()[0], self.config.latent_dim, 1, 1]);
        self.net.forward_t(&latent, train)
    }
}

impl Discriminator for DcganDiscriminator {
    fn image_shape(&self) -> [i64; 3] {
        self.config.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.net.options()
    }

    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        // [N, 1, 1, 1] -> [N]; images of another size have more logits and fail here.
        self.net.forward_t(images, train).reshape([images.size()[0]])
    }
}

impl NamedTensors for DcganGenerator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("net", &self.net)])
    }
}

impl NamedTensors for DcganDiscriminator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("net", &self.net)])
    }
}

impl Network for DcganGenerator {
    type Config = DcganConfig;
    const MODEL: &str = "dcgan.generator";
    const FILE: &str = "generator.safetensors";

    fn build(config: &DcganConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let mut net = Sequential::build(path / "net");
        let mut inputs = config.latent_dim;
        let mut convolution = ConvolutionConfig { stride: 1, padding: 0, ..UP };
        for width in config.widths(config.generator_features).into_iter().rev() {
            net = net.convolution([inputs, width], &convolution)?.batch_norm(width)?.relu();
            (inputs, convolution) = (width, UP);
        }
        let net = net.convolution([inputs, config.channels], &UP)?.tanh().finish();
        Ok(Self { config: config.clone(), net })
    }

    fn config(&self) -> &DcganConfig {
        &self.config
    }
}

impl Network for DcganDiscriminator {
    type Config = DcganConfig;
    const MODEL: &str = "dcgan.discriminator";
    const FILE: &str = "discriminator.safetensors";

    fn build(config: &DcganConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let mut net = Sequential::build(path / "net");
        let mut inputs = config.channels;
        let widths = config.widths(config.discriminator_features);
        for (i, width) in widths.into_iter().enumerate() {
            net = net.convolution([inputs, width], &DOWN)?;
            if i > 0 {
                net = net.batch_norm(width)?;
            }
            net = net.leaky_relu(SLOPE);
            inputs = width;
        }
        let last = ConvolutionConfig { stride: 1, padding: 0, ..DOWN };
        let net = net.convolution([inputs, 1], &last)?.finish();
        Ok(Self { config: config.clone(), net })
    }

    fn config(&self) -> &DcganConfig {
        &self.config
    }
}

network_methods!(DcganGenerator);
network_methods!(DcganDiscriminator);
