//! The perceptrons that give functions their parameters, where no mask hides anything: those of
//! couplings, of functions given the context alone, and of GalacticFlow.

use astrogen_nn::layers::Sequential;
use astrogen_nn::{NamedTensors, NnError};
use tch::nn::Path;
use tch::{Tensor, no_grad};

use crate::masked::Activation;
use crate::passes::LayerPlan;

/// A perceptron below a path: `0.weight`, `0.bias`, `2.weight`, ...
pub(crate) fn network(
    path: Path,
    [inputs, outputs]: [i64; 2],
    hidden: &[i64],
    activation: Activation,
) -> Result<Sequential, NnError> {
    let mut net = Sequential::build(path);
    let mut width = inputs;
    for &next in hidden {
        let layer = net.linear(width, next)?;
        net = match activation {
            Activation::Relu => layer.relu(),
            Activation::Elu => layer.elu(),
            Activation::Tanh => layer.tanh(),
        };
        width = next;
    }
    Ok(net.linear(width, outputs)?.finish())
}

/// The layers of a perceptron for the crate's own passes, with the slopes below zero of the
/// activations between them and behind the last, and their weights and biases in turn.
pub(crate) fn layers(
    network: &Sequential,
    [between, last]: [f32; 2],
) -> (Vec<LayerPlan>, Vec<Tensor>) {
    let weights: Vec<Tensor> = network.named_tensors().into_iter().map(|(_, of)| of).collect();
    let count = weights.len() / 2;
    let plan = |(l, pair): (usize, &[Tensor])| {
        let size = pair[0].size();
        let slope = if l + 1 == count { last } else { between };
        LayerPlan { size: [size[0] as usize, size[1] as usize], mask: None, slope }
    };
    (weights.chunks_exact(2).enumerate().map(plan).collect(), weights)
}

/// Lets the last layer of a perceptron give zeros, if so wished.
pub(crate) fn zero_last(network: &Sequential, wished: bool) {
    let named = network.named_tensors();
    let last = named.len().saturating_sub(2); // its weight and bias
    no_grad(|| {
        for (_, tensor) in named[last..].iter().filter(|_| wished) {
            let _ = tensor.shallow_clone().zero_();
        }
    });
}
