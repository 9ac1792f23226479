//! What a convolution is beside its channels.

use serde::{Deserialize, Serialize};

use crate::NnError;
use crate::config::check_least;

/// Whether a convolution makes images smaller or larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A plain convolution, `weight` is `[out, in, K, K]`.
    Down,
    /// A transposed convolution, `weight` is `[in, out, K, K]`.
    Up,
}

/// What a convolution is beside its channels. The default is a plain 3x3 convolution with bias
/// that keeps the size of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConvolutionConfig {
    /// Plain or transposed. Default plain.
    pub direction: Direction,
    /// Height and width of the kernel. Default 3.
    pub kernel: i64,
    /// Pixels from one place of the kernel to the next. Default 1.
    pub stride: i64,
    /// Zeros around the image. Default 1.
    pub padding: i64,
    /// Parts that the channels are cut into, each with a convolution of its own: a divisor of
    /// both channel counts. Default 1.
    pub groups: i64,
    /// Whether there is a bias. Default true.
    pub bias: bool,
    /// Whether the weight, as a matrix of one row an output, is divided by its largest singular value,
    /// as by `torch.nn.utils.parametrizations.spectral_norm` (Miyato et al. 2018), which bounds the
    /// layer's slopes. Default false.
    pub spectral_norm: bool,
}

impl Default for ConvolutionConfig {
    fn default() -> Self {
        Self {
            direction: Direction::Down,
            kernel: 3,
            stride: 1,
            padding: 1,
            groups: 1,
            bias: true,
            spectral_norm: false,
        }
    }
}

impl ConvolutionConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`NnError::Setting`] where kernel, stride or groups are below 1, or the padding below 0.
    pub fn validate(&self) -> Result<(), NnError> {
        let counts = [("kernel", self.kernel), ("stride", self.stride), ("groups", self.groups)];
        check_least(&counts, 1)?;
        check_least(&[("padding", self.padding)], 0)
    }
}
