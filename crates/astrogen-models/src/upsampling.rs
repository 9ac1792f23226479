//! How generators double the size of their images.

use astrogen_nn::layers::{ConvolutionConfig, Direction, Interpolation, SequentialBuilder};
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// A 4x4 convolution that doubles the size.
pub(crate) const UP: ConvolutionConfig = ConvolutionConfig {
    direction: Direction::Up,
    kernel: 4,
    stride: 2,
    padding: 1,
    groups: 1,
    bias: false,
    spectral_norm: false,
};
/// A 3x3 convolution that keeps the size.
const SAME: ConvolutionConfig =
    ConvolutionConfig { direction: Direction::Down, kernel: 3, stride: 1, ..UP };

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
    /// Whether it is the default, which configs leave out.
    pub(crate) fn is_transposed(&self) -> bool {
        *self == Self::Transposed
    }

    /// The network with one doubling of the images behind it, without bias.
    pub(crate) fn double(
        self,
        net: SequentialBuilder<'_>,
        channels: [i64; 2],
    ) -> Result<SequentialBuilder<'_>, ModelError> {
        let interpolation = match self {
            Self::Transposed => return net.convolution(channels, &UP),
            Self::Nearest => Interpolation::Nearest,
            Self::Bilinear => Interpolation::Bilinear,
        };
        net.upsample(interpolation).convolution(channels, &SAME)
    }
}
