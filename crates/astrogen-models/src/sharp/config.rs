//! The shape of the networks.

use astrogen_nn::Network;
use astrogen_nn::config::check_counts;
use serde::{Deserialize, Serialize};
use tch::nn;

use super::SharpGenerator;
use super::layers::HE;
use crate::config::check_image_size;
use crate::{ModelError, WganConfig, WganCritic};

/// The least and the greatest image size.
const SIZES: [i64; 2] = [32, 256];
/// Channels of the generator's stages in units of its features, from full size down.
const WIDTHS: [i64; 7] = [1, 2, 3, 5, 8, 8, 8];

/// The shape of generator and critic. The default is 64x64 RGB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SharpConfig {
    /// Height and width of an image: a power of two from 32 to 256. Default 64.
    pub image_size: i64,
    /// Channels of an image. Default 3.
    pub channels: i64,
    /// The size of a latent vector. Default 128.
    pub latent_dim: i64,
    /// The width of the generator's last hidden layer, at full size. Default 16.
    pub generator_features: i64,
    /// The width of the critic's first layer, at half size. Default 16.
    pub critic_features: i64,
}

impl Default for SharpConfig {
    fn default() -> Self {
        Self {
            image_size: 64,
            channels: 3,
            latent_dim: 128,
            generator_features: 16,
            critic_features: 16,
        }
    }
}

impl SharpConfig {
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
    /// below `path` (as `input.linear.weight` and so on).
    ///
    /// # Errors
    /// [`ModelError::Setting`], [`ModelError::NameTaken`] where the path holds a
    /// network already, [`ModelError::Torch`] where the memory is not to be had.
    pub fn init_generator(&self, path: &nn::Path) -> Result<SharpGenerator, ModelError> {
        let generator = SharpGenerator::build(self, path)?;
        generator.init()?;
        Ok(generator)
    }

    /// A critic with new weights, as [`SharpConfig::init_generator`].
    ///
    /// # Errors
    /// Those of [`SharpConfig::init_generator`].
    pub fn init_critic(&self, path: &nn::Path) -> Result<WganCritic, ModelError> {
        self.validate()?;
        let critic = WganConfig {
            image_size: self.image_size,
            channels: self.channels,
            critic_features: self.critic_features,
            ..WganConfig::default()
        };
        let critic = WganCritic::build(&critic, path)?;
        critic.net.init(HE)?;
        Ok(critic)
    }

    /// Channels at 4x4, 8x8 and so on up to full size.
    pub(super) fn widths(&self) -> Vec<i64> {
        let sizes = self.image_size.ilog2() as usize - 1;
        WIDTHS[..sizes].iter().rev().map(|width| width * self.generator_features).collect()
    }
}
