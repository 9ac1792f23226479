//! One layer of a stack.

use tch::Tensor;

use super::{Convolution, Interpolation, Linear, leaky_relu, minibatch_deviation};
use crate::{BatchNorm, Initialization, NamedTensors, named};

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
    /// One more channel: how much the images of a group differ.
    MinibatchDeviation,
    Relu,
    LeakyRelu {
        slope: f64,
    },
    Elu,
    Tanh,
    Sigmoid,
    /// All of a sample in a row.
    Flatten,
    /// A sample's row as `[C, H, W]`.
    Unflatten([i64; 3]),
}

impl Layer {
    /// What it makes of what the layer before gave, or of the stack's own input where there is none.
    pub(super) fn forward_t(&self, mut xs: Tensor, before: Option<&Self>, train: bool) -> Tensor {
        // In place where the memory is the stack's, and nobody's backward pass reads what is in it.
        let in_place = before.is_some_and(Self::needs_no_output);
        match self {
            Self::Convolution(convolution) => convolution.forward_t(&xs, train),
            Self::Linear(linear) => linear.forward(&xs),
            Self::BatchNorm(norm) => norm.forward_t(&xs, train),
            Self::GroupNorm { groups, weight, bias } => {
                xs.group_norm(*groups, Some(weight), Some(bias), 1e-5, true)
            }
            Self::Upsample(interpolation) => interpolation.double(&xs),
            Self::MinibatchDeviation => minibatch_deviation(&xs),
            Self::Relu if in_place => xs.relu_(),
            Self::Relu => xs.relu(),
            Self::Elu => xs.elu(),
            Self::Tanh if in_place => xs.tanh_(),
            Self::Tanh => xs.tanh(),
            Self::Sigmoid if in_place => xs.sigmoid_(),
            Self::Sigmoid => xs.sigmoid(),
            Self::Flatten => xs.flatten(1, -1),
            Self::Unflatten(shape) => xs.unflatten(1, *shape),
            Self::LeakyRelu { slope } => leaky_relu(&xs, *slope),
        }
    }

    /// Whether the layer gives a tensor of its own, and reads only its input on the way back.
    fn needs_no_output(&self) -> bool {
        self.weight().is_some()
    }

    /// The layer's weight, if it has one.
    pub(super) fn weight(&self) -> Option<&Tensor> {
        match self {
            Self::Convolution(convolution) => Some(&convolution.weight),
            Self::Linear(linear) => Some(&linear.weight),
            Self::BatchNorm(norm) => Some(norm.weight()),
            Self::GroupNorm { weight, .. } => Some(weight),
            _ => None,
        }
    }

    /// Whether the layer adds a bias.
    pub(super) fn has_bias(&self) -> bool {
        match self {
            Self::Convolution(convolution) => convolution.config.bias,
            layer => layer.weight().is_some(),
        }
    }

    /// Draws the first weights, which have memory already.
    pub(super) fn draw(&self, initialization: Initialization) {
        match self {
            Self::Convolution(convolution) => convolution.draw(initialization),
            Self::Linear(linear) => linear.draw(initialization),
            Self::BatchNorm(norm) => initialization.draw_gain(norm.weight()),
            Self::GroupNorm { weight, .. } => initialization.draw_gain(weight),
            _ => {}
        }
    }
}

impl NamedTensors for Layer {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        match self {
            Self::Convolution(convolution) => convolution.named_tensors(),
            Self::Linear(linear) => linear.named_tensors(),
            Self::BatchNorm(norm) => norm.named_tensors(),
            Self::GroupNorm { weight, bias, .. } => named(&[("weight", weight), ("bias", bias)]),
            _ => Vec::new(),
        }
    }
}
