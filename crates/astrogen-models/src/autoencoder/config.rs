//! The shape of an autoencoder.

use astrogen_nn::config::{check_counts, check_widths};
use astrogen_nn::{Initialization, Network};
use serde::{Deserialize, Serialize};
use tch::nn;

use super::Autoencoder;
use crate::ModelError;

/// The shape of an [`Autoencoder`]. The default is GalacticForge's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoencoderConfig {
    /// Height and width of an image: 2 to the number of widths, times the side of the smallest
    /// feature map. Default 448, which is 7 times 2 to the sixth.
    pub image_size: i64,
    /// Channels of an image. Default 3.
    pub channels: i64,
    /// Channels behind each halving of the size, one or more. Default 64, 128, ..., 2048.
    pub widths: Vec<i64>,
    /// Latents of an image. Default 16.
    pub latent_dim: i64,
    /// Whether the encoder gives a normal distribution. Default no.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub variational: bool,
    /// Whether first weights are drawn after He et al. 2015, so that what an image changes reaches
    /// the other end from the first step on; otherwise as PyTorch draws them. Default no.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub he_initialization: bool,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            image_size: 448,
            channels: 3,
            widths: vec![64, 128, 256, 512, 1024, 2048],
            latent_dim: 16,
            variational: false,
            he_initialization: false,
        }
    }
}

impl AutoencoderConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for no widths, or more than 16; an image size that cannot be halved
    /// so often; a number that is not from 1 to 65536.
    pub fn validate(&self) -> Result<(), ModelError> {
        check_widths("widths", &self.widths)?;
        let refuse =
            |name, rule, got: i64| Err(ModelError::Setting { name, rule, got: got.to_string() });
        let halvings = self.widths.len() as i64;
        if !(1..=16).contains(&halvings) {
            return refuse("widths", "1 to 16 of them".to_owned(), halvings);
        }
        check_counts(&[
            ("image_size", self.image_size),
            ("channels", self.channels),
            ("latent_dim", self.latent_dim),
        ])?;
        if self.image_size % (1 << halvings) != 0 {
            let rule = format!("a multiple of {}, 2 to the number of widths", 1 << halvings);
            return refuse("image_size", rule, self.image_size);
        }
        Ok(())
    }

    /// The shape of one image, `[C, H, W]`.
    pub fn image_shape(&self) -> [i64; 3] {
        [self.channels, self.image_size, self.image_size]
    }

    /// The smallest feature map, `[W, s, s]`.
    pub(super) fn smallest(&self) -> [i64; 3] {
        let side = self.image_size >> self.widths.len();
        [self.widths[self.widths.len() - 1], side, side]
    }

    /// An autoencoder with new weights, drawn from libtorch's generator of the path's device,
    /// below `path`.
    ///
    /// ```
    /// use astrogen_models::AutoencoderConfig;
    /// use tch::{Device, Kind, Tensor, nn};
    ///
    /// let store = nn::VarStore::new(Device::Cpu);
    /// let config =
    ///     AutoencoderConfig { image_size: 24, widths: vec![8, 16], ..AutoencoderConfig::default() };
    /// let autoencoder = config.init(&store.root())?;
    /// let images = Tensor::rand([5, 3, 24, 24], (Kind::Float, Device::Cpu)); // in [0, 1]
    /// let latent = autoencoder.encode(&images)?; // [5, 16]
    /// assert_eq!(autoencoder.decode(&latent)?.size(), [5, 3, 24, 24]);
    /// # Ok::<(), astrogen_models::ModelError>(())
    /// ```
    ///
    /// # Errors
    /// [`ModelError::Setting`], [`ModelError::NameTaken`] where the path holds a network already,
    /// [`ModelError::Torch`] where the memory is not to be had.
    pub fn init(&self, path: &nn::Path) -> Result<Autoencoder, ModelError> {
        let autoencoder = Autoencoder::build(self, path)?;
        autoencoder.init(match self.he_initialization {
            true => Initialization::He { slope: 0.0 },
            false => Initialization::Uniform,
        })?;
        Ok(autoencoder)
    }
}
