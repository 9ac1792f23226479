//! A unit's way forward and back.

use tch::{Kind, Tensor};

use super::super::norm::{Noise, NormGradients, NormRecord, Normalised};
use super::{Activation, Map, Takes, Unit};
use crate::named::join;

/// What a unit keeps of its way forward.
#[derive(Debug)]
pub(in super::super) struct Record {
    /// The size of what came.
    came: Vec<i64>,
    /// What the layer was given.
    inputs: Tensor,
    norm: Option<NormRecord>,
    /// What came out; of a normalised unit with a bend none, which is known from the normalisation's
    /// inputs.
    outputs: Option<Tensor>,
}

impl Unit<'_> {
    /// What it makes of inputs, and what its way back needs.
    pub(in super::super) fn forward(&self, came: &Tensor) -> (Tensor, Record) {
        let inputs = match self.takes {
            Takes::AsItIs => came.shallow_clone(),
            Takes::Flat => came.flatten(1, -1),
            Takes::Images(shape) => came.unflatten(1, shape),
        };
        let came = came.size();
        let map = self.affine();
        let Activation::Bend(slope) = self.activation else {
            let (mut mapped, norm) = self.behind_map(map.forward(&inputs), 1.0);
            let outputs = match self.activation {
                Activation::Tanh => mapped.tanh_(),
                _ => mapped.sigmoid_(),
            };
            let kept = Some(outputs.shallow_clone());
            return (outputs, Record { came, inputs, norm, outputs: kept });
        };
        if self.norm.is_none() {
            let outputs = self.given(map.forward_bent(&inputs, slope));
            let kept = (slope != 1.0).then(|| outputs.shallow_clone());
            return (outputs, Record { came, inputs, norm: None, outputs: kept });
        }
        let (outputs, norm) = self.behind_map(map.forward(&inputs), slope);
        (outputs, Record { came, inputs, norm, outputs: None })
    }

    fn behind_map(&self, mapped: Tensor, slope: f64) -> (Tensor, Option<NormRecord>) {
        let mapped = self.given(mapped);
        let Some((_, norm)) = &self.norm else { return (mapped, None) };
        let noise = self.noise.as_ref().map(|(_, weight)| Noise::draw(&mapped, weight));
        let Normalised { outputs, record } = norm.forward_bent(mapped, noise, slope);
        (outputs, Some(record))
    }

    /// What comes out of the layer as what it is taken as.
    fn given(&self, mapped: Tensor) -> Tensor {
        match self.gives {
            Some(image) => mapped.unflatten(1, image),
            None => mapped,
        }
    }

    /// The gradient of the layer's outputs from that of the unit's; adds those of the normalisation.
    pub(in super::super) fn behind(
        &self,
        record: &Record,
        signal: Tensor,
        of_weights: bool,
        gradients: &mut Vec<(String, Tensor)>,
    ) -> Tensor {
        let signal = self.in_front(record, signal, of_weights, gradients);
        match self.gives {
            Some(_) => signal.flatten(1, -1),
            None => signal,
        }
    }

    /// The gradient of what the layer [gives](Self::given).
    fn in_front(
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
        let NormGradients { inputs, weight, bias, noise } =
            norm.backward_bent(kept, &signal, slope);
        if of_weights {
            if let (Some((name, _)), Some(gradient)) = (&self.noise, noise) {
                gradients.push((join(name, "weight"), gradient));
            }
            gradients.push((join(name, "weight"), weight));
            gradients.push((join(name, "bias"), bias));
        }
        inputs
    }

    /// Adds the gradients of the layer, from that of its outputs.
    pub(in super::super) fn weight_gradients(
        &self,
        Record { inputs, .. }: &Record,
        signal: &Tensor,
        gradients: &mut Vec<(String, Tensor)>,
    ) {
        let weight = match &self.map {
            Map::Convolution(kernels) => kernels.weight_gradient(inputs, signal),
            Map::Doubled(kernels) => kernels.weight_gradient(inputs, signal),
            Map::Linear(_) | Map::Matrix(_) => signal.tr().mm(inputs),
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
    pub(in super::super) fn input_gradient(&self, record: &Record, signal: &Tensor) -> Tensor {
        self.affine().adjoint(signal, &record.inputs.size()).reshape(&record.came)
    }
}
