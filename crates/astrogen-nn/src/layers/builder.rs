//! A stack in the making.

use tch::nn::Path;

use super::layer::Layer;
use super::{Convolution, ConvolutionConfig, Interpolation, Linear, Sequential};
use crate::config::check_least;
use crate::variables::variable;
use crate::{BatchNorm, NnError};

/// A [`Sequential`] in the making: each method adds a layer behind those there are.
///
/// The methods that return a `Result` have layers with weights. They fail with
/// [`NnError::Setting`] where a number is out of its range, with [`NnError::NameTaken`]
/// where the path holds a layer of this number already, and with [`NnError::Torch`] where libtorch
/// refuses.
#[derive(Debug)]
pub struct SequentialBuilder<'a> {
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

    /// A convolution or a transposed one: `[N, inputs, H, W] -> [N, outputs, H', W']`.
    ///
    /// # Errors
    /// [As all](Self).
    pub fn convolution(
        self,
        channels: [i64; 2],
        config: &ConvolutionConfig,
    ) -> Result<Self, NnError> {
        let layer = Convolution::build(&self.next(), channels, config)?;
        Ok(self.push(Layer::Convolution(layer)))
    }

    /// Height and width doubled: `[N, C, H, W] -> [N, C, 2H, 2W]`.
    pub fn upsample(self, interpolation: Interpolation) -> Self {
        self.push(Layer::Upsample(interpolation))
    }

    /// One more channel that tells how much the images of a batch differ, see
    /// [`minibatch_deviation`](super::minibatch_deviation): `[N, C, H, W] -> [N, C + 1, H, W]`.
    pub fn minibatch_deviation(self) -> Self {
        self.push(Layer::MinibatchDeviation)
    }

    /// A fully connected layer: `[N, inputs] -> [N, outputs]`.
    ///
    /// # Errors
    /// [As all](Self).
    pub fn linear(self, inputs: i64, outputs: i64) -> Result<Self, NnError> {
        let layer = Linear::build(&self.next(), [inputs, outputs])?;
        Ok(self.push(Layer::Linear(layer)))
    }

    /// [Batch normalisation](BatchNorm) of so many channels or features.
    ///
    /// # Errors
    /// [As all](Self).
    pub fn batch_norm(self, features: i64) -> Result<Self, NnError> {
        let norm = BatchNorm::build(&self.next(), features)?;
        Ok(self.push(Layer::BatchNorm(norm)))
    }

    /// A normalisation of each sample alone, in so many groups of its channels (PyTorch's
    /// `nn.GroupNorm`): one group is layer normalisation, a group a channel instance
    /// normalisation.
    ///
    /// # Errors
    /// [As all](Self).
    pub fn group_norm(self, groups: i64, features: i64) -> Result<Self, NnError> {
        check_least(&[("groups", groups), ("features", features)], 1)?;
        if features % groups != 0 {
            let rule = format!("a divisor of {features}, the features");
            return Err(NnError::Setting { name: "groups", rule, got: groups.to_string() });
        }
        let path = self.next();
        let weight = variable(&path, "weight", &[features], 1.0, true)?;
        let bias = variable(&path, "bias", &[features], 0.0, true)?;
        Ok(self.push(Layer::GroupNorm { groups, weight, bias }))
    }

    /// `max(x, 0)`
    pub fn relu(self) -> Self {
        self.push(Layer::Relu)
    }

    /// `x` where it is positive, `slope * x` elsewhere.
    pub fn leaky_relu(self, slope: f64) -> Self {
        self.push(Layer::LeakyRelu { slope })
    }

    /// `x` where it is positive, `exp(x) - 1` elsewhere.
    pub fn elu(self) -> Self {
        self.push(Layer::Elu)
    }

    /// `tanh(x)`
    pub fn tanh(self) -> Self {
        self.push(Layer::Tanh)
    }

    /// `1 / (1 + exp(-x))`
    pub fn sigmoid(self) -> Self {
        self.push(Layer::Sigmoid)
    }

    /// `[N, C, H, W] -> [N, C H W]`
    pub fn flatten(self) -> Self {
        self.push(Layer::Flatten)
    }

    /// `[N, C H W] -> [N, C, H, W]`
    pub fn unflatten(self, shape: [i64; 3]) -> Self {
        self.push(Layer::Unflatten(shape))
    }

    /// The stack.
    pub fn finish(self) -> Sequential {
        let name = self.path.components().last().unwrap_or_default().to_owned();
        Sequential { name, layers: self.layers }
    }
}
