//! The shape of a Wasserstein GAN's networks.

use serde::{Deserialize, Serialize};
use tch::nn;

use super::{WganCritic, WganGenerator};
use crate::ModelError;
use crate::config::{check_counts, check_image_size};
use crate::layers::{Interpolation, Sequential, SequentialBuilder, allocate};

/// The slope of the critic's LeakyReLU below zero.
const SLOPE: f64 = 0.2;
/// The least and the greatest image size.
const SIZES: [i64; 2] = [32, 256];
/// The widest layer has this many times the features.
const WIDEST: i64 = 16;

/// How the generator doubles the size of its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upsampling {
    /// A transposed convolution of stride 2.
    #[default]
    Transposed,
    /// Nearest-neighbour doubling, then a 3x3 convolution (Odena, Dumoulin & Olah 2016,
    /// *Deconvolution and Checkerboard Artifacts*).
    Nearest,
    /// Bilinear doubling, then a 3x3 convolution: smoother between the pixels, so that less of
    /// the doubling is left for the convolution to hide.
    Bilinear,
}

impl Upsampling {
    /// How the images are doubled before a convolution, if they are.
    fn interpolation(self) -> Option<Interpolation> {
        match self {
            Self::Transposed => None,
            Self::Nearest => Some(Interpolation::Nearest),
            Self::Bilinear => Some(Interpolation::Bilinear),
        }
    }
}

/// The critic's normalisation, behind every convolution but the first and the last. There
/// is none over the batch: see [`Critic`](crate::Critic).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CriticNormalization {
    /// None: the critic is piecewise linear.
    #[default]
    None,
    /// Over all values of one image.
    Layer,
    /// Over each channel of one image.
    Instance,
}

/// The shape of generator and critic. The default is 128x128 RGB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WganConfig {
    /// Height and width of an image: a power of two from 32 to 256. Default 128.
    pub image_size: i64,
    /// Channels of an image. Default 3.
    pub channels: i64,
    /// The size of a latent vector. Default 128.
    pub latent_dim: i64,
    /// The width of the generator's last hidden layer, at half the image size. Default 32.
    pub generator_features: i64,
    /// The width of the critic's first layer. Default 32.
    pub critic_features: i64,
    /// How the generator doubles the size of its images. Default transposed convolutions.
    pub upsampling: Upsampling,
    /// The critic's normalisation. Default none.
    pub critic_normalization: CriticNormalization,
    /// Whether each of the critic's weights is divided by its spectral norm (Miyato et al.
    /// 2018). Default false.
    pub spectral_norm: bool,
}

impl Default for WganConfig {
    fn default() -> Self {
        Self {
            image_size: 128,
            channels: 3,
            latent_dim: 128,
            generator_features: 32,
            critic_features: 32,
            upsampling: Upsampling::default(),
            critic_normalization: CriticNormalization::default(),
            spectral_norm: false,
        }
    }
}

impl WganConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ModelError::InvalidConfig`] where the image size is no power of two from 32 to 256,
    /// or another number is not from 1 to 65536.
    pub fn validate(&self) -> Result<(), ModelError> {
        check_image_size(self.image_size, SIZES)?;
        check_counts(&[
            ("channels", self.channels),
            ("latent_dim", self.latent_dim),
            ("generator_features", self.generator_features),
            ("critic_features", self.critic_features),
        ])
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
    pub fn init_generator(&self, path: &nn::Path) -> Result<WganGenerator, ModelError> {
        let generator = self.build_generator(path)?;
        allocate(generator.named_tensors())?;
        generator.net.init_weights();
        Ok(generator)
    }

    /// A critic with new weights, as [`WganConfig::init_generator`].
    ///
    /// # Errors
    /// Those of [`WganConfig::init_generator`].
    pub fn init_critic(&self, path: &nn::Path) -> Result<WganCritic, ModelError> {
        let critic = self.build_critic(path)?;
        allocate(critic.named_tensors())?;
        critic.net.init_weights();
        Ok(critic)
    }

    /// Widths of the layers from half the image size down to 4x4.
    fn widths(&self, features: i64) -> Vec<i64> {
        let halvings = self.image_size.ilog2() - 2;
        (0..halvings).map(|i| features * WIDEST.min(1 << i)).collect()
    }

    /// The generator with all weights zero and no memory for them.
    pub(super) fn build_generator(&self, path: &nn::Path) -> Result<WganGenerator, ModelError> {
        self.validate()?;
        let mut widths = self.widths(self.generator_features).into_iter().rev();
        // There are three widths at least: the least size is 32.
        let mut inputs = widths.next().unwrap_or(self.generator_features);
        let net = Sequential::build(path / Sequential::NAME);
        let mut net = net.conv_transpose(self.latent_dim, inputs, 1, 0)?.batch_norm(inputs)?.relu();
        for outputs in widths {
            net = self.double(net, inputs, outputs)?.batch_norm(outputs)?.relu();
            inputs = outputs;
        }
        net = self.double(net, inputs, self.channels)?;
        Ok(WganGenerator { config: self.clone(), net: net.tanh().finish() })
    }

    /// One doubling of the generator's images.
    fn double<'a>(
        &self,
        net: SequentialBuilder<'a>,
        inputs: i64,
        outputs: i64,
    ) -> Result<SequentialBuilder<'a>, ModelError> {
        match self.upsampling.interpolation() {
            None => net.conv_transpose(inputs, outputs, 2, 1),
            Some(interpolation) => net.upsample_conv(inputs, outputs, interpolation),
        }
    }

    /// The critic with all weights zero and no memory for them.
    pub(crate) fn build_critic(&self, path: &nn::Path) -> Result<WganCritic, ModelError> {
        self.validate()?;
        let spectral = self.spectral_norm;
        let mut net = Sequential::build(path / Sequential::NAME);
        let mut inputs = self.channels;
        for (i, outputs) in self.widths(self.critic_features).into_iter().enumerate() {
            net = net.conv_bias(inputs, outputs, 2, 1, spectral)?;
            net = match self.critic_normalization {
                CriticNormalization::Layer if i > 0 => net.group_norm(1, outputs)?,
                CriticNormalization::Instance if i > 0 => net.group_norm(outputs, outputs)?,
                _ => net,
            };
            net = net.leaky_relu(SLOPE);
            inputs = outputs;
        }
        let net = net.conv_bias(inputs, 1, 1, 0, spectral)?.finish();
        Ok(WganCritic { config: self.clone(), net })
    }
}
