//! The shape of generator and discriminator.

use astrogen_nn::config::check_counts;
use astrogen_nn::{Initialization, Network};
use serde::{Deserialize, Serialize};
use tch::nn;

use super::{DcganDiscriminator, DcganGenerator};
use crate::ModelError;
use crate::config::check_image_size;
use crate::upsampling::Upsampling;

/// The least and the greatest image size.
const SIZES: [i64; 2] = [32, 512];
/// The widest layer has this many times the features.
const WIDEST: i64 = 8;

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
    /// How the generator doubles the size of its images. Default transposed convolutions.
    #[serde(skip_serializing_if = "Upsampling::is_transposed")]
    pub upsampling: Upsampling,
    /// Whether each of the discriminator's weights is divided by its spectral norm (Miyato et al.
    /// 2018). Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub spectral_norm: bool,
    /// Whether the discriminator is [told](astrogen_nn::layers::minibatch_deviation) how much the
    /// images of a batch differ. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub minibatch_deviation: bool,
}

impl Default for DcganConfig {
    fn default() -> Self {
        Self {
            image_size: 64,
            channels: 3,
            latent_dim: 100,
            generator_features: 64,
            discriminator_features: 64,
            upsampling: Upsampling::default(),
            spectral_norm: false,
            minibatch_deviation: false,
        }
    }
}

impl DcganConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where the image size is no power of two from 32 to
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
    /// [`ModelError::Setting`], [`ModelError::NameTaken`] where the path holds a
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
    pub(super) fn widths(&self, features: i64) -> Vec<i64> {
        let halvings = self.image_size.ilog2() - 2;
        (0..halvings).map(|i| features * WIDEST.min(1 << i)).collect()
    }
}
