//! A layer with weights and what stands behind it, forward and back.

mod way;

use tch::{Device, Kind, Tensor};

use crate::BatchNorm;
use crate::layers::convolution::DoubledKernels;
use crate::layers::linear::Matrix;
use crate::layers::{Affine, Convolution, Direction, Kernels, Linear, Stage};
use crate::named::join;

pub(super) use self::way::Record;

/// A convolution or a fully connected layer, and what stands behind it. Names are those of the tensors' owners
/// in the network, as its `named_tensors` has them.
#[derive(Debug)]
pub struct Unit<'a> {
    name: String,
    map: Map<'a>,
    has_bias: bool,
    takes: Takes,
    /// What a row that comes out of the layer is taken as, `[C, H, W]`.
    gives: Option<[i64; 3]>,
    norm: Option<(String, &'a BatchNorm)>,
    /// How strong noise is in each channel, `[C]`.
    noise: Option<(String, &'a Tensor)>,
    activation: Activation,
}

/// A layer with weights.
#[derive(Debug)]
pub(super) enum Map<'a> {
    Convolution(Box<Kernels<'a>>),
    Doubled(Box<DoubledKernels<'a>>),
    Linear(&'a Linear),
    Matrix(Matrix<'a>),
}

/// As what a layer takes the samples that come to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    AsItIs,
    /// All of a sample in a row.
    Flat,
    /// A row as `[C, H, W]`.
    Images([i64; 3]),
}

/// What is done with each number in the end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Activation {
    /// What is not above zero is multiplied by this: 0 is ReLU, 1 nothing.
    Bend(f64),
    Tanh,
    Sigmoid,
}

impl<'a> Unit<'a> {
    /// A convolution.
    ///
    /// # Panics
    /// Where its weights are divided by their spectral norm.
    pub fn convolution(name: impl Into<String>, layer: &'a Convolution) -> Self {
        let map = Map::Convolution(Box::new(Kernels::new(layer)));
        Self::new(name.into(), map, layer.config.bias, Takes::AsItIs)
    }

    /// A convolution of what comes doubled bilinearly.
    ///
    /// # Panics
    /// As [`convolution`](Self::convolution), and where it has a bias.
    pub fn doubled(name: impl Into<String>, layer: &'a Convolution) -> Self {
        let map = Map::Doubled(Box::new(DoubledKernels::new(layer)));
        Self::new(name.into(), map, false, Takes::AsItIs)
    }

    /// A fully connected layer without bias, by its weight `[out, in]`, whose rows are images `[C, H, W]`; all of
    /// a sample comes in a row.
    pub fn images(name: impl Into<String>, weight: &'a Tensor, image: [i64; 3]) -> Self {
        let unit = Self::new(name.into(), Map::Matrix(Matrix(weight)), false, Takes::Flat);
        Self { gives: Some(image), ..unit }
    }

    /// With a batch normalisation behind the layer.
    #[must_use]
    pub fn normalised(mut self, name: impl Into<String>, norm: &'a BatchNorm) -> Self {
        self.norm = Some((name.into(), norm));
        self
    }

    /// With noise added behind the normalisation: a standard normal map of one channel for each image, drawn
    /// from libtorch's generator, times this weight `[C]`, one number a channel of the normalisation: a pass
    /// panics where there are more or fewer.
    #[must_use]
    pub fn noisy(mut self, name: impl Into<String>, weight: &'a Tensor) -> Self {
        self.noise = Some((name.into(), weight));
        self
    }

    /// In the end what is not above zero is multiplied by a slope that is not below 0.
    #[must_use]
    pub fn bent(mut self, slope: f64) -> Self {
        self.activation = Activation::Bend(slope);
        self
    }

    /// In the end the hyperbolic tangent is taken.
    #[must_use]
    pub fn tanh(mut self) -> Self {
        self.activation = Activation::Tanh;
        self
    }

    /// A layer with nothing behind it.
    pub(super) fn new(name: String, map: Map<'a>, has_bias: bool, takes: Takes) -> Self {
        let activation = Activation::Bend(1.0);
        Self { name, map, has_bias, takes, gives: None, norm: None, noise: None, activation }
    }

    /// With this in the end.
    pub(super) fn set_activation(&mut self, activation: Activation) {
        self.activation = activation;
    }

    /// With a normalisation behind the layer, as [`normalised`](Self::normalised).
    pub(super) fn set_norm(&mut self, name: String, norm: &'a BatchNorm) {
        self.norm = Some((name, norm));
    }

    /// Whether its passes are here: of single precision on the CPU, with noise behind a normalisation alone, and
    /// no slope below zero, which would turn signs.
    pub(super) fn has_passes(&self) -> bool {
        let options = match &self.map {
            Map::Convolution(kernels) => kernels.options(),
            Map::Doubled(kernels) => kernels.options(),
            Map::Linear(linear) => (linear.weight.kind(), linear.weight.device()),
            Map::Matrix(Matrix(weight)) => (weight.kind(), weight.device()),
        };
        let is_known = match self.activation {
            Activation::Bend(slope) => slope >= 0.0,
            Activation::Tanh | Activation::Sigmoid => true,
        };
        options == (Kind::Float, Device::Cpu)
            && (self.noise.is_none() || self.norm.is_some())
            && is_known
    }

    pub(super) fn is_convolution(&self) -> bool {
        matches!(self.map, Map::Convolution(_))
    }

    /// Whether it is a stage of a trace.
    pub(super) fn is_piecewise_linear(&self) -> bool {
        let is_traced = match &self.map {
            Map::Convolution(kernels) => kernels.direction() == Direction::Down,
            Map::Linear(_) => true,
            Map::Doubled(_) | Map::Matrix(_) => false,
        };
        let is_bent = matches!(self.activation, Activation::Bend(_));
        is_traced && is_bent && self.norm.is_none() && self.takes == Takes::AsItIs
    }

    /// As a stage of a trace, if it [is one](Self::is_piecewise_linear).
    pub(super) fn stage(&self) -> Stage<'_> {
        let Activation::Bend(slope) = self.activation else {
            unreachable!("what is piecewise linear is bent")
        };
        Stage {
            name: self.name.clone(),
            bias: self.has_bias.then(|| join(&self.name, "bias")),
            map: match &self.map {
                Map::Convolution(kernels) => Box::new(&**kernels),
                Map::Linear(linear) => Box::new(linear),
                Map::Doubled(_) | Map::Matrix(_) => unreachable!("no stage of a trace"),
            },
            slope,
        }
    }

    fn affine(&self) -> &dyn Affine {
        match &self.map {
            Map::Convolution(kernels) => &**kernels,
            Map::Doubled(kernels) => &**kernels,
            Map::Linear(linear) => linear,
            Map::Matrix(matrix) => matrix,
        }
    }
}
