//! A stack in the making.

use tch::nn::Path;

use super::convolution::Geometry;
use super::layer::Layer;
use super::{Convolution, Direction, Interpolation, Linear, Sequential, add};
use crate::{BatchNorm, ModelError};

/// A [`Sequential`] in the making. It begins with an affine layer: activations work in place
/// and must not meet the caller's tensor.
pub(crate) struct SequentialBuilder<'a> {
    path: Path<'a>,
    layers: Vec<Layer>,
}

impl<'a> SequentialBuilder<'a> {
    pub(super) fn new(path: Path<'a>) -> Self {
        Self { path, layers: Vec::new() }
    }

    /// Where the next layer's variables go.
    fn next(&self) -> Path<'a> {
        &self.path / self.layers.len()
    }

    fn push(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    fn convolution(
        self,
        channels: [i64; 2],
        geometry: Geometry,
        bias: bool,
        spectral_norm: bool,
    ) -> Result<Self, ModelError> {
        let layer = Convolution::new(&self.next(), channels, geometry, bias, spectral_norm)?;
        Ok(self.push(Layer::Convolution(layer)))
    }

    /// A 4x4 convolution without bias.
    pub(crate) fn conv(
        self,
        inputs: i64,
        outputs: i64,
        stride: i64,
        padding: i64,
    ) -> Result<Self, ModelError> {
        let geometry = Geometry { direction: Direction::Down, kernel: 4, stride, padding };
        self.convolution([inputs, outputs], geometry, false, false)
    }

    /// A 4x4 convolution with bias, its weight divided by its spectral norm if asked for.
    pub(crate) fn conv_bias(
        self,
        inputs: i64,
        outputs: i64,
        stride: i64,
        padding: i64,
        spectral_norm: bool,
    ) -> Result<Self, ModelError> {
        let geometry = Geometry { direction: Direction::Down, kernel: 4, stride, padding };
        self.convolution([inputs, outputs], geometry, true, spectral_norm)
    }

    /// A 4x4 transposed convolution without bias.
    pub(crate) fn conv_transpose(
        self,
        inputs: i64,
        outputs: i64,
        stride: i64,
        padding: i64,
    ) -> Result<Self, ModelError> {
        let geometry = Geometry { direction: Direction::Up, kernel: 4, stride, padding };
        self.convolution([inputs, outputs], geometry, false, false)
    }

    /// Height and width doubled, then a 3x3 convolution without bias, which keeps the size.
    pub(crate) fn upsample_conv(
        self,
        inputs: i64,
        outputs: i64,
        interpolation: Interpolation,
    ) -> Result<Self, ModelError> {
        let doubled = self.push(Layer::Upsample(interpolation));
        doubled.convolution([inputs, outputs], Geometry::SAME, false, false)
    }

    /// A fully connected layer.
    pub(crate) fn linear(self, inputs: i64, outputs: i64) -> Result<Self, ModelError> {
        let layer = Linear::new(&self.next(), [inputs, outputs])?;
        Ok(self.push(Layer::Linear(layer)))
    }

    pub(crate) fn batch_norm(self, features: i64) -> Result<Self, ModelError> {
        let norm = BatchNorm::build(&self.next(), features)?;
        Ok(self.push(Layer::BatchNorm(norm)))
    }

    /// A normalisation of each sample alone, in so many groups of its channels.
    pub(crate) fn group_norm(self, groups: i64, features: i64) -> Result<Self, ModelError> {
        let path = self.next();
        let weight = add(&path, "weight", &[features], 1.0, true)?;
        let bias = add(&path, "bias", &[features], 0.0, true)?;
        Ok(self.push(Layer::GroupNorm { groups, weight, bias }))
    }

    pub(crate) fn relu(self) -> Self {
        self.push(Layer::Relu)
    }

    pub(crate) fn leaky_relu(self, slope: f64) -> Self {
        self.push(Layer::LeakyRelu { slope })
    }

    pub(crate) fn elu(self) -> Self {
        self.push(Layer::Elu)
    }

    pub(crate) fn tanh(self) -> Self {
        self.push(Layer::Tanh)
    }

    pub(crate) fn finish(self) -> Sequential {
        Sequential { layers: self.layers }
    }
}
