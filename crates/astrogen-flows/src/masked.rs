//! A network whose outputs see only some of its inputs (Germain et al. 2015, *MADE*), as zuko
//! builds it.
//!
//! The adjacency `A` says which inputs an output may depend on. Hidden units take the rows of `A`
//! in turn, and a unit feeds those of the next layer that may see at least as much. So one network
//! `y = f(x)` has a Jacobian that is zero wherever `A` is.

use astrogen_nn::variables::{allocate, buffer, variable};
use astrogen_nn::{Initialization, NamedTensors, NnError, named};
use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Kind, Tensor, no_grad};

use crate::FlowError;
use crate::passes::LayerPlan;

/// What is between the layers of a network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(x, 0)`
    #[default]
    Relu,
    /// `x` where it is positive, `exp(x) - 1` elsewhere.
    Elu,
    /// `tanh(x)`
    Tanh,
}

impl Activation {
    /// Its slope below zero, if it is a straight line there and above.
    pub(crate) fn slope(self) -> Option<f32> {
        (self == Self::Relu).then_some(0.0)
    }

    pub(crate) fn apply(self, x: &Tensor) -> Tensor {
        match self {
            Self::Relu => x.relu(),
            Self::Elu => x.elu(),
            Self::Tanh => x.tanh(),
        }
    }
}

/// Which inputs an output may see: a row per output.
pub type Adjacency = Vec<Vec<bool>>;

/// `y = x (W * M)^T + b` with a mask `M` of zeros and ones.
#[derive(Debug)]
struct MaskedLinear {
    weight: Tensor,
    bias: Tensor,
    /// Bool, of the weight's shape.
    mask: Tensor,
}

impl MaskedLinear {
    fn build(path: &Path, mask: &Adjacency) -> Result<Self, NnError> {
        let (outputs, inputs) = (mask.len() as i64, mask[0].len() as i64);
        let flat: Vec<bool> = mask.iter().flatten().copied().collect();
        Ok(Self {
            weight: variable(path, "weight", &[outputs, inputs], 0.0, true)?,
            bias: variable(path, "bias", &[outputs], 0.0, true)?,
            mask: buffer(path, "mask", Tensor::from_slice(&flat).view([outputs, inputs]))?,
        })
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        x.linear(&(&self.weight * &self.mask), Some(&self.bias))
    }
}

impl NamedTensors for MaskedLinear {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("weight", &self.weight), ("bias", &self.bias), ("mask", &self.mask)])
    }
}

/// A stack of masked layers; see the [module](self).
#[derive(Debug)]
pub struct MaskedMlp {
    layers: Vec<MaskedLinear>,
    activation: Activation,
}

impl MaskedMlp {
    /// Layers below `path`, `0.weight`, `0.bias`, `0.mask`, `2.weight` and so on, without memory
    /// for their weights yet.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where no output may see any input.
    pub fn build(
        path: &Path,
        adjacency: &Adjacency,
        hidden: &[i64],
        activation: Activation,
    ) -> Result<Self, FlowError> {
        let layers = masks(adjacency, hidden)?.into_iter().enumerate();
        let layers = layers.map(|(i, mask)| MaskedLinear::build(&(path / (2 * i)), &mask));
        Ok(Self { layers: layers.collect::<Result<_, _>>()?, activation })
    }

    /// `[N, outputs]` of `[N, inputs]`.
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let mut layers = self.layers.iter();
        let first = layers.next().map(|layer| layer.forward(x));
        let first = first.unwrap_or_else(|| x.shallow_clone());
        layers.fold(first, |x, layer| layer.forward(&self.activation.apply(&x)))
    }

    /// The layers for the crate's own passes and their weights and biases in turn; none where
    /// these do not know the activation.
    pub(crate) fn plan(&self) -> Option<(Vec<LayerPlan>, Vec<Tensor>)> {
        let slope = self.activation.slope()?;
        let last = self.layers.len() - 1;
        let (mut plans, mut weights) = (Vec::new(), Vec::new());
        for (l, MaskedLinear { weight, bias, mask }) in self.layers.iter().enumerate() {
            let size = [weight.size()[0] as usize, weight.size()[1] as usize];
            let mask = Vec::<bool>::try_from(mask.flatten(0, -1)).ok()?;
            let slope = if l == last { 1.0 } else { slope };
            plans.push(LayerPlan { size, mask: Some(mask), slope });
            weights.extend([weight, bias].map(Tensor::shallow_clone));
        }
        Some((plans, weights))
    }

    /// Gives the weights memory and draws them as PyTorch does; with `last_zero`, the last layer
    /// gives zeros.
    ///
    /// # Errors
    /// [`NnError::Torch`] where the memory is not to be had.
    pub fn init(&self, last_zero: bool) -> Result<(), NnError> {
        for layer in &self.layers {
            allocate(layer)?;
            Initialization::Uniform.draw(&layer.weight, Some(&layer.bias));
        }
        if let Some(last) = self.layers.last().filter(|_| last_zero) {
            no_grad(|| {
                for tensor in [&last.weight, &last.bias] {
                    let _ = tensor.shallow_clone().zero_();
                }
            });
        }
        Ok(())
    }
}

impl NamedTensors for MaskedMlp {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let layers = self.layers.iter().enumerate();
        let named = layers.flat_map(|(i, layer)| {
            layer
                .named_tensors()
                .into_iter()
                .map(move |(name, of)| (format!("{}.{name}", 2 * i), of))
        });
        named.collect()
    }
}

/// The masks of layers with so many hidden units.
fn masks(adjacency: &Adjacency, hidden: &[i64]) -> Result<Vec<Adjacency>, FlowError> {
    // Outputs that see the same stand for each other.
    let mut kinds = adjacency.clone();
    kinds.sort();
    kinds.dedup();
    let kind_of = |row: &Vec<bool>| kinds.binary_search(row).unwrap_or(0); // every row is a kind
    let sees_as_much = |a: &[bool], b: &[bool]| a.iter().zip(b).all(|(a, b)| *a || !*b);
    // The kind of each unit of the last layer; of the first, inputs stand for themselves.
    let mut units: Option<Vec<usize>> = None;
    let rows_of = |units: &Option<Vec<usize>>| -> Adjacency {
        match units {
            None => kinds.clone(),
            Some(units) => kinds
                .iter()
                .map(|row| units.iter().map(|&unit| sees_as_much(row, &kinds[unit])).collect())
                .collect(),
        }
    };
    let mut masks = Vec::new();
    for &width in hidden {
        let rows = rows_of(&units);
        let reachable: Vec<usize> =
            (0..rows.len()).filter(|&kind| rows[kind].contains(&true)).collect();
        if reachable.is_empty() {
            return Err(FlowError::Setting {
                name: "adjacency",
                rule: "such that some output sees some input".to_owned(),
                got: "none".to_owned(),
            });
        }
        let next: Vec<usize> =
            (0..width as usize).map(|unit| reachable[unit % reachable.len()]).collect();
        masks.push(next.iter().map(|&kind| rows[kind].clone()).collect());
        units = Some(next);
    }
    let rows = rows_of(&units);
    masks.push(adjacency.iter().map(|row| rows[kind_of(row)].clone()).collect());
    Ok(masks)
}

/// Inputs `[N, D]` and the context, if there is one, side by side: `[N, D + C]`.
pub(crate) fn beside(x: &Tensor, context: Option<&Tensor>) -> Tensor {
    match context {
        None => x.shallow_clone(),
        Some(context) => {
            let context = context.expand([x.size()[0], -1], false);
            Tensor::cat(&[x, &context], -1)
        }
    }
}

/// Parameters `[N, D, P]` of a network's outputs `[N, D * P]`.
pub(crate) fn parameters(outputs: &Tensor, count: i64) -> Tensor {
    outputs.unflatten(-1, [-1, count])
}

/// The sum of the elements' `log |dy/dx|`: `[N]` of `[N, D]`.
pub(crate) fn sum(ladj: &Tensor) -> Tensor {
    ladj.sum_dim_intlist(-1, false, None::<Kind>)
}
