//! A stack of layers, run one after the other and named like PyTorch's `nn.Sequential`.
//!
//! Every layer, those without weights too, takes the next number as its name, so the
//! weights of the stack at path `net` are `net.0.weight`, `net.1.weight`, ... Layers hold
//! shallow clones of the variable store's tensors: they share values, device and
//! `requires_grad` with it.

use tch::nn::Path;
use tch::{Kind, TchError, Tensor};

use crate::{BatchNorm, ModelError};

/// Puts a tensor into the path's variable store, under a name not yet taken.
pub(crate) fn add(
    path: &Path,
    name: &str,
    tensor: Result<Tensor, TchError>,
    trainable: bool,
) -> Result<Tensor, ModelError> {
    if path.get(name).is_some() {
        return Err(ModelError::NameTaken { name: path.path(name) });
    }
    let tensor = tensor.map_err(|error| {
        ModelError::torch(format!("make the variable `{}`", path.path(name)), &error)
    })?;
    Ok(path.add(name, tensor, trainable))
}

/// One layer. Convolutions have 4x4 kernels and no bias.
#[derive(Debug)]
enum Layer {
    /// `weight` is `[out, in, 4, 4]`.
    Conv {
        weight: Tensor,
        stride: i64,
        padding: i64,
    },
    /// `weight` is `[in, out, 4, 4]`.
    ConvTranspose {
        weight: Tensor,
        stride: i64,
        padding: i64,
    },
    BatchNorm(BatchNorm),
    Relu,
    LeakyRelu {
        slope: f64,
    },
    Tanh,
}

impl Layer {
    fn forward_t(&self, mut xs: Tensor, train: bool) -> Tensor {
        match self {
            Self::Conv { weight, stride: s, padding: p } => {
                xs.conv2d(weight, None::<&Tensor>, [*s, *s], [*p, *p], [1, 1], 1)
            }
            Self::ConvTranspose { weight, stride: s, padding: p } => {
                xs.conv_transpose2d(weight, None::<&Tensor>, [*s, *s], [*p, *p], [0, 0], 1, [1, 1])
            }
            Self::BatchNorm(norm) => norm.forward_t(&xs, train),
            // In place: what comes before needs its input for the backward pass, not its output.
            Self::Relu => xs.relu_(),
            Self::Tanh => xs.tanh_(),
            // tch's `leaky_relu` has a fixed slope. The backward operator applied to its own
            // input is the same function in one pass, and is differentiable where it counts.
            Self::LeakyRelu { slope } => xs.detach().leaky_relu_backward(&xs, *slope, false),
        }
    }

    /// The layer's tensors by name.
    fn named_tensors(&self) -> Vec<(&'static str, &Tensor)> {
        match self {
            Self::Conv { weight, .. } | Self::ConvTranspose { weight, .. } => {
                vec![("weight", weight)]
            }
            Self::BatchNorm(norm) => norm.named_tensors().to_vec(),
            Self::Relu | Self::LeakyRelu { .. } | Self::Tanh => Vec::new(),
        }
    }
}

/// The kernel size of every convolution.
const KERNEL: i64 = 4;

/// Layers run one after the other.
#[derive(Debug, Default)]
pub(crate) struct Sequential {
    layers: Vec<Layer>,
}

impl Sequential {
    /// An empty stack whose layers will stand below `path`.
    pub(crate) fn build<'a>(path: Path<'a>) -> SequentialBuilder<'a> {
        SequentialBuilder { path, layers: Vec::new() }
    }

    pub(crate) fn forward_t(&self, xs: &Tensor, train: bool) -> Tensor {
        self.layers.iter().fold(xs.shallow_clone(), |xs, layer| layer.forward_t(xs, train))
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
    pub(crate) fn options(&self) -> (Kind, tch::Device) {
        let first = self.layers.iter().flat_map(Layer::named_tensors).next();
        first
            .map_or((Kind::Float, tch::Device::Cpu), |(_, weight)| (weight.kind(), weight.device()))
    }

    /// Draws the DCGAN's first weights (Radford et al. 2016, section 4): convolutions from
    /// N(0, 0.02), the gains of normalisations from N(1, 0.02), their biases 0.
    pub(crate) fn init_weights(&self) {
        tch::no_grad(|| {
            for layer in &self.layers {
                let (weight, mean) = match layer {
                    Layer::Conv { weight, .. } | Layer::ConvTranspose { weight, .. } => {
                        (weight, 0.0)
                    }
                    Layer::BatchNorm(norm) => (norm.named_tensors()[0].1, 1.0),
                    Layer::Relu | Layer::LeakyRelu { .. } | Layer::Tanh => continue,
                };
                let _ = weight.shallow_clone().normal_(mean, 0.02);
            }
        });
    }
}

/// A [`Sequential`] in the making. It begins with a convolution: activations work in place
/// and must not meet the caller's tensor.
pub(crate) struct SequentialBuilder<'a> {
    path: Path<'a>,
    layers: Vec<Layer>,
}

impl SequentialBuilder<'_> {
    fn weight(&self, outer: i64, inner: i64) -> Result<Tensor, ModelError> {
        let options = (self.path.kind(), self.path.device());
        let zeros = Tensor::f_zeros([outer, inner, KERNEL, KERNEL], options);
        add(&(&self.path / self.layers.len()), "weight", zeros, true)
    }

    fn push(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// A convolution from `inputs` to `outputs` channels, its weights zero for now.
    pub(crate) fn conv(
        self,
        inputs: i64,
        outputs: i64,
        stride: i64,
        padding: i64,
    ) -> Result<Self, ModelError> {
        let weight = self.weight(outputs, inputs)?;
        Ok(self.push(Layer::Conv { weight, stride, padding }))
    }

    /// A transposed convolution from `inputs` to `outputs` channels, its weights zero for
    /// now.
    pub(crate) fn conv_transpose(
        self,
        inputs: i64,
        outputs: i64,
        stride: i64,
        padding: i64,
    ) -> Result<Self, ModelError> {
        let weight = self.weight(inputs, outputs)?;
        Ok(self.push(Layer::ConvTranspose { weight, stride, padding }))
    }

    pub(crate) fn batch_norm(self, features: i64) -> Result<Self, ModelError> {
        let norm = BatchNorm::new(&(&self.path / self.layers.len()), features)?;
        Ok(self.push(Layer::BatchNorm(norm)))
    }

    pub(crate) fn relu(self) -> Self {
        self.push(Layer::Relu)
    }

    pub(crate) fn leaky_relu(self, slope: f64) -> Self {
        self.push(Layer::LeakyRelu { slope })
    }

    pub(crate) fn tanh(self) -> Self {
        self.push(Layer::Tanh)
    }

    pub(crate) fn finish(self) -> Sequential {
        Sequential { layers: self.layers }
    }
}
