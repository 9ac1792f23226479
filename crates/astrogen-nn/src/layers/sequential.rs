//! Layers run one after the other.

use std::iter;

use tch::nn::Path;
use tch::{Device, Kind, Tensor};

use super::SequentialBuilder;
use super::layer::Layer;
use crate::{Initialization, NamedTensors, NnError, variables};

/// Layers run one after the other, named like PyTorch's `nn.Sequential`.
///
/// Every layer, those without weights too, takes the next number as its name, so the weights of
/// the stack at path `net` are `net.0.weight`, `net.1.weight`, ... Layers hold shallow clones of
/// the variable store's tensors: they share values, device and `requires_grad` with it.
///
/// A stack that is built has names and shapes, but no memory for its weights. It gets that, and
/// its weights, by [`Sequential::init`], or when it is [loaded](crate::Network::load).
///
/// ```
/// use astrogen_nn::Initialization;
/// use astrogen_nn::layers::Sequential;
/// use tch::{Device, Tensor, nn};
///
/// let store = nn::VarStore::new(Device::Cpu);
/// let net = Sequential::build(store.root() / "net");
/// let net = net.linear(4, 16)?.leaky_relu(0.2).linear(16, 3)?.finish();
/// net.init(Initialization::Uniform)?;
///
/// let xs = Tensor::zeros([5, 4], tch::kind::FLOAT_CPU);
/// assert_eq!(net.forward_t(&xs, true).size(), [5, 3]);
/// assert_eq!(store.variables()["net.2.weight"].size(), [3, 16]);
/// # Ok::<(), astrogen_nn::NnError>(())
/// ```
#[derive(Debug)]
pub struct Sequential {
    /// The last part of the path.
    pub(super) name: String,
    pub(super) layers: Vec<Layer>,
}

impl Sequential {
    /// An empty stack whose layers will stand below `path`.
    pub fn build<'a>(path: Path<'a>) -> SequentialBuilder<'a> {
        SequentialBuilder::new(path)
    }

    /// Gives the weights memory of their own and draws their first values.
    ///
    /// # Errors
    /// [`NnError::Torch`] where the memory is not to be had.
    pub fn init(&self, initialization: Initialization) -> Result<(), NnError> {
        variables::allocate(self)?;
        self.layers.iter().for_each(|layer| layer.draw(initialization));
        Ok(())
    }

    /// What the layers make of `xs`, each of what the one before gave. In train mode
    /// normalisations use the batch's own statistics and update their running ones.
    ///
    /// # Panics
    /// Where `xs` has another shape, element type or device than the first layer takes, or a
    /// layer other outputs than the next one takes.
    pub fn forward_t(&self, xs: &Tensor, train: bool) -> Tensor {
        run(&self.layers, xs, train)
    }

    /// What the last layer is given, in eval mode, flattened to `[N, F]`: the features that the stack
    /// decides by. Of an empty stack its input.
    ///
    /// # Panics
    /// As [`forward_t`](Self::forward_t).
    pub fn features(&self, xs: &Tensor) -> Tensor {
        let all_but_last = &self.layers[..self.layers.len().saturating_sub(1)];
        run(all_but_last, xs, false).flatten(1, -1)
    }

    /// The element type and the device of the weights; single precision on the CPU where there
    /// are none.
    pub fn options(&self) -> (Kind, Device) {
        let first = self.layers.iter().find_map(Layer::weight);
        first.map_or((Kind::Float, Device::Cpu), |weight| (weight.kind(), weight.device()))
    }
}

fn run(layers: &[Layer], xs: &Tensor, train: bool) -> Tensor {
    let before = iter::once(None).chain(layers.iter().map(Some));
    let layers = layers.iter().zip(before);
    layers.fold(xs.shallow_clone(), |xs, (layer, before)| layer.forward_t(xs, before, train))
}

impl NamedTensors for Sequential {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        self.layers.named_tensors()
    }
}
