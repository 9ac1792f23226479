//! The shape of the networks.

use astrogen_nn::Network;
use astrogen_nn::config::{check_counts, check_widths};
use serde::{Deserialize, Serialize};
use tch::nn;

use super::{R3ganDiscriminator, R3ganGenerator};
use crate::ModelError;
use crate::config::check_image_size;

/// The least and the greatest image size.
const SIZES: [i64; 2] = [8, 1024];
/// The greatest size of images at which all stages are equally wide.
const WIDEST: i64 = 32;

/// Bytes that the widest layer may make of the images of one pass.
const CACHED: i64 = 12 << 20;

/// The greatest number of blocks of a stage.
const MOST_BLOCKS: i64 = 256;

/// The shape of generator and discriminator. The default is the authors' for 64x64 RGB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct R3ganConfig {
    /// Height and width of an image: a power of two from 8 to 1024. Default 64.
    pub image_size: i64,
    /// Channels of an image. Default 3.
    pub channels: i64,
    /// The size of a latent vector. Default 64.
    pub latent_dim: i64,
    /// Channels of the stages at 4x4, 8x8, ... up to full size, in both networks. Default 768, 768,
    /// 768, 768, 384.
    pub widths: Vec<i64>,
    /// Residual blocks of a stage, at most 256. Default 2.
    pub blocks: i64,
    /// How many times wider a block is inside. Default 2.
    pub expansion: i64,
    /// Channels of a group of a block's 3x3 convolution; in a stage whose width inside a block is no
    /// multiple of it, their greatest common divisor. Default 16.
    pub group_width: i64,
}

impl Default for R3ganConfig {
    fn default() -> Self {
        Self::new(64, 768)
    }
}

impl R3ganConfig {
    /// Networks of these widths by the authors' rule: `width` channels up to 32x32 pixels, half as
    /// many at each size beyond, in groups of 16, or of as many as a narrow stage can be cut into. Theirs
    /// is 768 for photographs.
    ///
    /// ```
    /// use astrogen_models::R3ganConfig;
    ///
    /// assert_eq!(R3ganConfig::new(256, 768).widths, [768, 768, 768, 768, 384, 192, 96]);
    /// assert_eq!(R3ganConfig::new(32, 64).widths, [64, 64, 64, 64]);
    /// ```
    pub fn new(image_size: i64, width: i64) -> Self {
        let sizes = (2..63).map(|power| 1i64 << power).take_while(|&size| size <= image_size);
        let widths: Vec<i64> = sizes.map(|size| width / (size / WIDEST).max(1)).collect();
        let [channels, latent_dim] = [3, 64];
        let [blocks, expansion, group_width] = [2, 2, 16];
        Self { image_size, channels, latent_dim, widths, blocks, expansion, group_width }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where the image size is no power of two from 8 to 1024, there is not
    /// one width per size from 4 up to it, there are more than 256 blocks to a stage, or a number is not
    /// from 1 to 65536.
    pub fn validate(&self) -> Result<(), ModelError> {
        check_image_size(self.image_size, SIZES)?;
        check_counts(&[
            ("channels", self.channels),
            ("latent_dim", self.latent_dim),
            ("expansion", self.expansion),
            ("group_width", self.group_width),
        ])?;
        if !(1..=MOST_BLOCKS).contains(&self.blocks) {
            let (rule, got) = (format!("from 1 to {MOST_BLOCKS}"), self.blocks.to_string());
            return Err(ModelError::Setting { name: "blocks", rule, got });
        }
        check_widths("widths", &self.widths)?;
        let sizes = self.image_size.ilog2() as usize - 1;
        if self.widths.len() != sizes {
            return Err(ModelError::Setting {
                name: "widths",
                rule: format!("{sizes} of them, for 4x4 up to {0}x{0} pixels", self.image_size),
                got: self.widths.len().to_string(),
            });
        }
        let inside: Vec<i64> = self.widths.iter().map(|width| width * self.expansion).collect();
        check_widths("widths inside a block", &inside)
    }

    /// Groups of the 3x3 convolution of a block of this width inside.
    pub(super) fn groups(&self, inside: i64) -> i64 {
        let (mut width, mut rest) = (inside, self.group_width);
        while rest != 0 {
            (width, rest) = (rest, width % rest);
        }
        inside / width
    }

    /// The shape of one image, `[C, H, W]`.
    pub fn image_shape(&self) -> [i64; 3] {
        [self.channels, self.image_size, self.image_size]
    }

    /// A generator with new weights, drawn from libtorch's generator of the path's device, below
    /// `path`.
    ///
    /// # Errors
    /// [`ModelError::Setting`], [`ModelError::NameTaken`] where the path holds a network already,
    /// [`ModelError::Torch`] where the memory is not to be had.
    pub fn init_generator(&self, path: &nn::Path) -> Result<R3ganGenerator, ModelError> {
        let generator = R3ganGenerator::build(self, path)?;
        generator.init()?;
        Ok(generator)
    }

    /// A discriminator with new weights, as [`R3ganConfig::init_generator`].
    ///
    /// # Errors
    /// Those of [`R3ganConfig::init_generator`].
    pub fn init_discriminator(&self, path: &nn::Path) -> Result<R3ganDiscriminator, ModelError> {
        let discriminator = R3ganDiscriminator::build(self, path)?;
        discriminator.init()?;
        Ok(discriminator)
    }

    /// How many images the discriminator takes best at a time on the CPU.
    pub(super) fn images_a_pass(&self) -> i64 {
        let sides = (2..).map(|power| 1i64 << power);
        let floats = self.widths.iter().zip(sides).map(|(width, side)| width * side * side);
        let widest = 4 * self.expansion * floats.max().unwrap_or(1);
        (CACHED / widest).max(1)
    }

    /// Blocks of a whole network, by which weights are scaled.
    pub(super) fn depth(&self) -> i64 {
        self.blocks * self.widths.len() as i64
    }
}
