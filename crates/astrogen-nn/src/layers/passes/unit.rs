//! A layer with weights and what stands behind it, forward and back.

use tch::{Kind, Tensor};

use super::norm::{NormRecord, Normalised};
use crate::BatchNorm;
use crate::layers::{Affine, Direction, Kernels, Linear, Stage};
use crate::named::join;

/// A convolution or a fully connected layer, and what stands behind it.
#[derive(Debug)]
pub(super) struct Unit<'a> {
    /// The layer's name in the network.
    name: String,
    map: Map<'a>,
    has_bias: bool,
    takes: Takes,
    pub(super) norm: Option<(String, &'a BatchNorm)>,
    pub(super) activation: Activation,
}

/// A layer with weights.
#[derive(Debug)]
pub(super) enum Map<'a> {
    Convolution(Box<Kernels<'a>>),
    Linear(&'a Linear),
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

/// What a unit keeps of its way forward.
#[derive(Debug)]
pub(super) struct Record {
    /// The size of what came.
    came: Vec<i64>,
    /// What the layer was given.
    inputs: Tensor,
    norm: Option<NormRecord>,
    /// What came out; of a normalised unit with a bend none, which is known from the normalisation's
    /// inputs.
    outputs: Option<Tensor>,
}

impl<'a> Unit<'a> {
    /// A layer with nothing behind it.
    pub(super) fn new(name: String, map: Map<'a>, has_bias: bool, takes: Takes) -> Self {
        Self { name, map, has_bias, takes, norm: None, activation: Activation::Bend(1.0) }
    }

    pub(super) fn is_convolution(&self) -> bool {
        matches!(self.map, Map::Convolution(_))
    }

    /// Whether it is a stage of a trace.
    pub(super) fn is_piecewise_linear(&self) -> bool {
        let is_traced = match &self.map {
            Map::Convolution(kernels) => kernels.direction() == Direction::Down,
            Map::Linear(_) => true,
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
            },
            slope,
        }
    }

    fn affine(&self) -> &dyn Affine {
        match &self.map {
            Map::Convolution(kernels) => &**kernels,
            Map::Linear(linear) => linear,
        }
    }

    /// What it makes of inputs, and what its way back needs.
    pub(super) fn forward(&self, came: &Tensor) -> (Tensor, Record) {
        let inputs = match self.takes {
            Takes::AsItIs => came.shallow_clone(),
            Takes::Flat => came.flatten(1, -1),
            Takes::Images(shape) => came.unflatten(1, shape),
        };
        let came = came.size();
        let map = self.affine();
        let Activation::Bend(slope) = self.activation else {
            let (mut mapped, norm) = self.normalised(map.forward(&inputs), 1.0);
            let outputs = match self.activation {
                Activation::Tanh => mapped.tanh_(),
                _ => mapped.sigmoid_(),
            };
            let kept = Some(outputs.shallow_clone());
            return (outputs, Record { came, inputs, norm, outputs: kept });
        };
        if self.norm.is_none() {
            let outputs = map.forward_bent(&inputs, slope);
            let kept = (slope != 1.0).then(|| outputs.shallow_clone());
            return (outputs, Record { came, inputs, norm: None, outputs: kept });
        }
        let (outputs, norm) = self.normalised(map.forward(&inputs), slope);
        (outputs, Record { came, inputs, norm, outputs: None })
    }

    fn normalised(&self, mapped: Tensor, slope: f64) -> (Tensor, Option<NormRecord>) {
        match &self.norm {
            Some((_, norm)) => {
                let Normalised { outputs, record } = norm.forward_bent(mapped, slope);
                (outputs, Some(record))
            }
            None => (mapped, None),
        }
    }

    /// The gradient of the layer's outputs from that of the unit's; adds those of the normalisation.
    pub(super) fn behind(
        &self,
        record: &Record,
        mut signal: Tensor,
        of_weights: bool,
        gradients: &mut Vec<(String, Tensor)>,
    ) -> Tensor {
        let slope = match (self.activation, &record.outputs) {
            (Activation::Tanh, Some(outputs)) => {
                signal = Tensor::tanh_backward(&signal, outputs);
                1.0
            }
            (Activation::Sigmoid, Some(outputs)) => {
                signal = Tensor::sigmoid_backward(&signal, outputs);
                1.0
            }
            (Activation::Bend(slope), Some(outputs)) => {
                return outputs.leaky_relu_backward(&signal, slope, false);
            }
            (Activation::Bend(slope), None) => slope,
            (Activation::Tanh | Activation::Sigmoid, None) => {
                unreachable!("they keep their outputs")
            }
        };
        let (Some((name, norm)), Some(kept)) = (&self.norm, &record.norm) else { return signal };
        let (signal, [weight, bias]) = norm.backward_bent(kept, &signal, slope);
        if of_weights {
            gradients.push((join(name, "weight"), weight));
            gradients.push((join(name, "bias"), bias));
        }
        signal
    }

    /// Adds the gradients of the layer, from that of its outputs.
    pub(super) fn weight_gradients(
        &self,
        Record { inputs, .. }: &Record,
        signal: &Tensor,
        gradients: &mut Vec<(String, Tensor)>,
    ) {
        let weight = match &self.map {
            Map::Convolution(kernels) => kernels.weight_gradient(inputs, signal),
            Map::Linear(_) => signal.tr().mm(inputs),
        };
        gradients.push((join(&self.name, "weight"), weight));
        if self.has_bias {
            let all_but_channels: Vec<i64> =
                (0..signal.dim() as i64).filter(|&axis| axis != 1).collect();
            let bias = signal.sum_dim_intlist(all_but_channels, false, Kind::Float);
            gradients.push((join(&self.name, "bias"), bias));
        }
    }

    /// The gradient of what came, from that of the layer's outputs.
    pub(super) fn input_gradient(&self, record: &Record, signal: &Tensor) -> Tensor {
        self.affine().adjoint(signal).reshape(&record.came)
    }
}
