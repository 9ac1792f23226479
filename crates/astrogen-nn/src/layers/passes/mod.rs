//! Passes of a stack of convolutions forward and back, without a graph, on the CPU.
//!
//! A stack is cut into units: a convolution, plain or transposed, a batch normalisation behind it or none,
//! and an activation or none. Forward, a unit keeps what its way back needs; backward it turns the gradient
//! of its outputs into that of its weights and, where somebody asks, that of its inputs. Convolutions are
//! computed by the [kernels](crate::strided) of this crate where they cover them, with bias and
//! activation done while outputs are at hand; what is made of their weights serves all passes of one
//! [`Passes`]. Nothing is computed that nobody reads.
//!
//! Autograd gives the same gradients, to rounding, of the same stack.

mod norm;

use astrogen_losses::{PiecewiseLinear, Trace, WholeTrace};
use tch::{Device, Kind, Tensor, no_grad};

use self::norm::{NormRecord, Normalised};
use super::layer::Layer;
use super::{Affine, Direction, Kernels, Sequential, StackTrace, Stage};
use crate::BatchNorm;
use crate::named::join;

/// The passes of a stack whose weights stay as they are meanwhile.
#[derive(Debug)]
pub struct Passes<'a> {
    units: Vec<Unit<'a>>,
}

/// A convolution and what stands behind it.
#[derive(Debug)]
struct Unit<'a> {
    /// The convolution's name in the network, whether it has a bias, and whether it is a plain one.
    name: String,
    has_bias: bool,
    is_down: bool,
    kernels: Kernels<'a>,
    norm: Option<(String, &'a BatchNorm)>,
    activation: Activation,
}

/// What is done with each number in the end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Activation {
    /// What is not above zero is multiplied by this: 0 is ReLU, 1 nothing.
    Bend(f64),
    Tanh,
}

/// What a pass forward keeps for the way back.
#[derive(Debug)]
pub struct Tape {
    records: Vec<Record>,
    outputs: Tensor,
}

#[derive(Debug)]
struct Record {
    inputs: Tensor,
    norm: Option<NormRecord>,
    /// What came out; of a normalised unit with a bend none, which is known from the normalisation's
    /// inputs.
    outputs: Option<Tensor>,
}

impl Tape {
    /// What came out of the stack.
    pub fn outputs(&self) -> &Tensor {
        &self.outputs
    }
}

/// What a pass back gives.
#[derive(Debug, Default)]
pub struct Gradients {
    /// Of all weights and biases, by their names in the network, the last layer's first; none where they
    /// were not wanted.
    pub weights: Vec<(String, Tensor)>,
    /// Of the inputs, where it was wanted.
    pub inputs: Option<Tensor>,
}

impl Sequential {
    /// The passes of the stack as it is now, under the name of its path's last part. None where it has
    /// layers that they do not know, or is not of single precision on the CPU.
    pub fn passes(&self) -> Option<Passes<'_>> {
        if self.options() != (Kind::Float, Device::Cpu) {
            return None;
        }
        let mut units: Vec<Unit> = Vec::new();
        // Whether the last unit may still be given a normalisation, and an activation.
        let (mut normed, mut active) = (true, true);
        for (i, layer) in self.layers.iter().enumerate() {
            let name = || join(&self.name, &i.to_string());
            match (layer, units.last_mut()) {
                (Layer::Convolution(convolution), _) if !convolution.config.spectral_norm => {
                    units.push(Unit {
                        name: name(),
                        has_bias: convolution.config.bias,
                        is_down: convolution.config.direction == Direction::Down,
                        kernels: Kernels::new(convolution),
                        norm: None,
                        activation: Activation::Bend(1.0),
                    });
                    (normed, active) = (false, false);
                }
                (Layer::BatchNorm(norm), Some(unit)) if !normed && !active && norm.has_passes() => {
                    unit.norm = Some((name(), norm));
                    normed = true;
                }
                (layer, Some(unit)) if !active => {
                    unit.activation = match layer {
                        Layer::Relu => Activation::Bend(0.0),
                        // A slope below zero would turn signs, which tell where it was at work.
                        Layer::LeakyRelu { slope } if *slope >= 0.0 => Activation::Bend(*slope),
                        Layer::Tanh => Activation::Tanh,
                        _ => return None,
                    };
                    active = true;
                }
                _ => return None,
            }
        }
        (!units.is_empty()).then_some(Passes { units })
    }
}

/// For passes that [have it](Passes::piecewise_linear).
impl PiecewiseLinear for Passes<'_> {
    fn trace(&self, input: &Tensor) -> Box<dyn Trace + '_> {
        Box::new(StackTrace::new(self.stages(), input))
    }

    fn whole_trace(&self, input: &Tensor) -> Option<Box<dyn WholeTrace + '_>> {
        Some(Box::new(StackTrace::new(self.stages(), input)))
    }
}

impl Passes<'_> {
    /// The stack as what a gradient penalty in closed form takes, if it is piecewise linear: what is made
    /// of its weights serves the penalty too.
    pub fn piecewise_linear(&self) -> Option<&dyn PiecewiseLinear> {
        let bent = |unit: &Unit| {
            unit.norm.is_none() && unit.is_down && unit.activation != Activation::Tanh
        };
        self.units.iter().all(bent).then_some(self as _)
    }

    fn stages(&self) -> Vec<Stage<'_>> {
        let stages = self.units.iter().map(|unit| Stage {
            name: unit.name.clone(),
            bias: unit.has_bias.then(|| join(&unit.name, "bias")),
            map: Box::new(&unit.kernels) as Box<dyn Affine>,
            slope: match unit.activation {
                Activation::Bend(slope) => slope,
                Activation::Tanh => unreachable!("units are affine and bent"),
            },
        });
        stages.collect()
    }

    /// What the stack makes of inputs `[N, C, H, W]` in train mode: normalisations use the batch's own
    /// statistics and update their running ones.
    ///
    /// # Panics
    /// Where the inputs have another shape, element type or device than the first layer takes.
    pub fn forward(&self, xs: &Tensor) -> Tape {
        no_grad(|| {
            let mut records = Vec::with_capacity(self.units.len());
            let mut xs = xs.detach();
            for unit in &self.units {
                let record;
                (xs, record) = unit.forward(xs);
                records.push(record);
            }
            Tape { records, outputs: xs }
        })
    }

    /// The gradients of a scalar, from its gradient `signal` with respect to what came out.
    ///
    /// # Panics
    /// Where the tape is not of these passes, or the signal has another shape than its outputs.
    pub fn backward(
        &self,
        tape: Tape,
        signal: &Tensor,
        of_weights: bool,
        of_inputs: bool,
    ) -> Gradients {
        assert_eq!(tape.records.len(), self.units.len(), "a tape of these passes");
        assert_eq!(signal.size(), tape.outputs.size(), "a signal at the outputs");
        no_grad(|| {
            let mut gradients = Gradients::default();
            let mut signal = signal.shallow_clone();
            for (i, (unit, record)) in self.units.iter().zip(tape.records).enumerate().rev() {
                let Record { inputs, .. } = &record;
                let at_map = unit.behind(&record, signal, of_weights, &mut gradients.weights);
                if of_weights {
                    let weight = unit.kernels.weight_gradient(inputs, &at_map);
                    gradients.weights.push((join(&unit.name, "weight"), weight));
                    if unit.has_bias {
                        let bias =
                            at_map.sum_dim_intlist([0i64, 2, 3].as_slice(), false, Kind::Float);
                        gradients.weights.push((join(&unit.name, "bias"), bias));
                    }
                }
                if i == 0 && !of_inputs {
                    return gradients;
                }
                signal = unit.kernels.adjoint(&at_map);
            }
            Gradients { inputs: Some(signal), ..gradients }
        })
    }
}

impl Unit<'_> {
    fn forward(&self, inputs: Tensor) -> (Tensor, Record) {
        let Activation::Bend(slope) = self.activation else {
            let (mut mapped, norm) = self.normalised(self.kernels.forward(&inputs), 1.0);
            let outputs = mapped.tanh_();
            return (outputs.shallow_clone(), Record { inputs, norm, outputs: Some(outputs) });
        };
        if self.norm.is_none() {
            let outputs = self.kernels.forward_bent(&inputs, slope);
            let kept = (slope != 1.0).then(|| outputs.shallow_clone());
            return (outputs, Record { inputs, norm: None, outputs: kept });
        }
        let (outputs, norm) = self.normalised(self.kernels.forward(&inputs), slope);
        (outputs, Record { inputs, norm, outputs: None })
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

    /// The gradient of the map's outputs from that of the unit's; adds those of the normalisation.
    fn behind(
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
            (Activation::Bend(slope), Some(outputs)) => {
                return outputs.leaky_relu_backward(&signal, slope, false);
            }
            (Activation::Bend(slope), None) => slope,
            (Activation::Tanh, None) => unreachable!("tanh keeps its outputs"),
        };
        let (Some((name, norm)), Some(kept)) = (&self.norm, &record.norm) else { return signal };
        let (signal, [weight, bias]) = norm.backward_bent(kept, &signal, slope);
        if of_weights {
            gradients.push((join(name, "weight"), weight));
            gradients.push((join(name, "bias"), bias));
        }
        signal
    }
}
