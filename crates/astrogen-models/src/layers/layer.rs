//! One layer of a stack.

use tch::Tensor;

use super::trace::Affine;
use super::{Convolution, Direction, Interpolation, Linear, leaky_relu};
use crate::BatchNorm;

/// One layer. What it needs of libtorch is drawn together here, so that the networks read
/// as lists of layers.
#[derive(Debug)]
pub(super) enum Layer {
    Convolution(Convolution),
    Linear(Linear),
    BatchNorm(BatchNorm),
    /// Each sample normalised in `groups` groups of channels: one group is layer
    /// normalisation, a group a channel instance normalisation.
    GroupNorm {
        groups: i64,
        weight: Tensor,
        bias: Tensor,
    },
    /// Height and width are doubled.
    Upsample(Interpolation),
    Relu,
    LeakyRelu {
        slope: f64,
    },
    Elu,
    Tanh,
}

impl Layer {
    pub(super) fn forward_t(&self, mut xs: Tensor, train: bool) -> Tensor {
        match self {
            Self::Convolution(convolution) => convolution.forward_t(&xs, train),
            Self::Linear(linear) => linear.forward(&xs),
            Self::BatchNorm(norm) => norm.forward_t(&xs, train),
            Self::GroupNorm { groups, weight, bias } => {
                xs.group_norm(*groups, Some(weight), Some(bias), 1e-5, true)
            }
            Self::Upsample(interpolation) => interpolation.double(&xs),
            // In place: what comes before needs its input for the backward pass, not its output.
            Self::Relu => xs.relu_(),
            Self::Elu => xs.elu(),
            Self::Tanh => xs.tanh_(),
            Self::LeakyRelu { slope } => leaky_relu(&xs, *slope),
        }
    }

    /// The layer's tensors by name.
    pub(super) fn named_tensors(&self) -> Vec<(&'static str, &Tensor)> {
        match self {
            Self::Convolution(convolution) => convolution.named_tensors(),
            Self::Linear(Linear { weight, bias }) => vec![("weight", weight), ("bias", bias)],
            Self::BatchNorm(norm) => norm.named_tensors().to_vec(),
            Self::GroupNorm { weight, bias, .. } => vec![("weight", weight), ("bias", bias)],
            Self::Upsample(_) | Self::Relu | Self::LeakyRelu { .. } | Self::Elu | Self::Tanh => {
                Vec::new()
            }
        }
    }

    /// Draws the first weights: those of convolutions from N(0, 0.02), gains of normalisations
    /// from N(1, 0.02), their biases 0; fully connected layers as PyTorch does.
    pub(super) fn init_weights(&self) {
        let draw = |weight: &Tensor, mean: f64| {
            let _ = weight.shallow_clone().normal_(mean, 0.02);
        };
        match self {
            Self::Convolution(convolution) => {
                draw(&convolution.weight, 0.0);
                if let Some(norm) = &convolution.spectral_norm {
                    norm.settle(&convolution.weight);
                }
            }
            Self::Linear(linear) => linear.init_weights(),
            Self::BatchNorm(norm) => draw(norm.named_tensors()[0].1, 1.0),
            Self::GroupNorm { weight, .. } => draw(weight, 1.0),
            Self::Upsample(_) | Self::Relu | Self::LeakyRelu { .. } | Self::Elu | Self::Tanh => {}
        }
    }

    /// Draws the first weights of convolutions for activations with a slope below zero, see
    /// [`Convolution::init_he`]; other layers keep PyTorch's.
    pub(super) fn init_he(&self, slope: f64) {
        if let Self::Convolution(convolution) = self {
            convolution.init_he(slope);
        }
    }

    /// Whether the layer is affine, or affine on each side of zero.
    pub(super) fn is_piecewise_linear(&self) -> bool {
        match self {
            Self::Convolution(Convolution { direction, spectral_norm, .. }) => {
                *direction == Direction::Down && spectral_norm.is_none()
            }
            Self::Linear(_) | Self::Relu | Self::LeakyRelu { .. } => true,
            Self::BatchNorm(_)
            | Self::GroupNorm { .. }
            | Self::Upsample(_)
            | Self::Elu
            | Self::Tanh => false,
        }
    }
}
