//! How a generator doubles its images, as an option.

use astrogen_models::Upsampling;
use clap::ValueEnum;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum UpsamplingArgument {
    /// A transposed convolution of stride 2.
    Transposed,
    /// Nearest-neighbour doubling, then a 3x3 convolution: no checker texture.
    Nearest,
    /// Bilinear doubling, then a 3x3 convolution: no checker texture, and smoother.
    Bilinear,
}

impl From<UpsamplingArgument> for Upsampling {
    fn from(argument: UpsamplingArgument) -> Self {
        match argument {
            UpsamplingArgument::Transposed => Self::Transposed,
            UpsamplingArgument::Nearest => Self::Nearest,
            UpsamplingArgument::Bilinear => Self::Bilinear,
        }
    }
}
