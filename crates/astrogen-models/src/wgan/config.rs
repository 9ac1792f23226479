//! The shape of a Wasserstein GAN's networks.

use astrogen_nn::config::check_counts;
use astrogen_nn::{Initialization, Network};
use serde::{Deserialize, Serialize};
use tch::nn;

use super::{WganCritic, WganGenerator};
use crate::ModelError;
use crate::config::check_image_size;
use crate::upsampling::Upsampling;

/// The least and the greatest image size.
const SIZES: [i64; 2] = [32, 256];
/// The widest layer has this many times the features.
const WIDEST: i64 = 16;

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
    /// [`ModelError::Setting`] where the image size is no power of two from 32 to 256,
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
    /// [`ModelError::Setting`], [`ModelError::NameTaken`] where the path holds a
    /// network already, [`ModelError::Torch`] where the memory is not to be had.
    pub fn init_generator(&self, path: &nn::Path) -> Result<WganGenerator, ModelError> {
        let generator = WganGenerator::build(self, path)?;
        generator.net.init(Initialization::Dcgan)?;
        Ok(generator)
    }

    /// A critic with new weights, as [`WganConfig::init_generator`].
    ///
    /// # Errors
    /// Those of [`WganConfig::init_generator`].
    pub fn init_critic(&self, path: &nn::Path) -> Result<WganCritic, ModelError> {
        let critic = WganCritic::build(self, path)?;
        critic.net.init(Initialization::Dcgan)?;
        Ok(critic)
    }

    /// Widths of the layers from half the image size down to 4x4.
    pub(super) fn widths(&self, features: i64) -> Vec<i64> {
        let halvings = self.image_size.ilog2() - 2;
        (0..halvings).map(|i| features * WIDEST.min(1 << i)).collect()
    }
}
