//! A stack of layers, run one after the other and named like PyTorch's `nn.Sequential`.
//!
//! Every layer, those without weights too, takes the next number as its name, so the
//! weights of the stack at path `net` are `net.0.weight`, `net.1.weight`, ... Layers hold
//! shallow clones of the variable store's tensors: they share values, device and
//! `requires_grad` with it.

mod builder;
mod convolution;
mod interpolation;
mod layer;
mod linear;
mod spectral_norm;
mod trace;
mod variables;

use tch::nn::Path;
use tch::{Device, Kind, Tensor};

use layer::Layer;

pub(crate) use builder::SequentialBuilder;
pub(crate) use convolution::{Convolution, Direction, Geometry, init_he};
pub(crate) use interpolation::Interpolation;
pub(crate) use linear::{Given, Linear};
pub(crate) use trace::StackTrace;
pub(crate) use variables::{add, add_tensor, allocate};

/// `x` where it is positive, `slope * x` elsewhere.
pub(crate) fn leaky_relu(xs: &Tensor, slope: f64) -> Tensor {
    // tch's `leaky_relu` has a fixed slope. The backward operator applied to its own input is
    // the same function in one pass, and is differentiable where it counts.
    xs.detach().leaky_relu_backward(xs, slope, false)
}

/// Layers run one after the other.
#[derive(Debug, Default)]
pub(crate) struct Sequential {
    layers: Vec<Layer>,
}

impl Sequential {
    /// The name under which networks that are one stack put it into the path, the first part
    /// of every variable's name.
    pub(crate) const NAME: &str = "net";

    /// An empty stack whose layers will stand below `path`.
    pub(crate) fn build<'a>(path: Path<'a>) -> SequentialBuilder<'a> {
        SequentialBuilder::new(path)
    }

    pub(crate) fn forward_t(&self, xs: &Tensor, train: bool) -> Tensor {
        self.layers.iter().fold(xs.shallow_clone(), |xs, layer| layer.forward_t(xs, train))
    }

    /// The first layer, if it is fully connected.
    pub(crate) fn first_linear(&self) -> Option<&Linear> {
        match self.layers.first() {
            Some(Layer::Linear(linear)) => Some(linear),
            _ => None,
        }
    }

    /// Every tensor, named `{name}.{layer}.{tensor}`, in the order of the layers.
    pub(crate) fn named_tensors(&self, name: &str) -> Vec<(String, Tensor)> {
        let numbered = self.layers.iter().enumerate();
        numbered
            .flat_map(|(i, layer)| {
                layer
                    .named_tensors()
                    .into_iter()
                    .map(move |(tensor, value)| (i, tensor, value.shallow_clone()))
            })
            .map(|(i, tensor, value)| (format!("{name}.{i}.{tensor}"), value))
            .collect()
    }

    /// The element type and device of the weights.
    pub(crate) fn options(&self) -> (Kind, Device) {
        let first = self.layers.iter().flat_map(Layer::named_tensors).next();
        first.map_or((Kind::Float, Device::Cpu), |(_, weight)| (weight.kind(), weight.device()))
    }

    /// Draws the first weights as the DCGAN's (Radford et al. 2016, section 4); those of fully
    /// connected layers as PyTorch's.
    pub(crate) fn init_weights(&self) {
        tch::no_grad(|| self.layers.iter().for_each(Layer::init_weights));
    }

    /// Draws the first weights of convolutions for activations of this slope below zero, see
    /// [`Convolution::init_he`].
    pub(crate) fn init_he(&self, slope: f64) {
        self.layers.iter().for_each(|layer| layer.init_he(slope));
    }
}
