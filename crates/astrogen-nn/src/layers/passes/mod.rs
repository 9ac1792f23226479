//! Passes of a stack forward and back, without a graph, on the CPU.
//!
//! A stack is cut into [units](Unit): a convolution, plain, transposed or behind a doubling, or a fully connected
//! layer, a batch normalisation behind it or none, noise or none, and an activation or none. Forward, a unit keeps what its way back
//! needs; backward it turns the gradient of its outputs into that of its weights and, where somebody asks,
//! that of its inputs. Convolutions are computed by the [kernels](crate::strided) of this crate where they
//! cover them, with bias and activation done while outputs are at hand; what is made of their weights serves
//! all passes of one [`Passes`]. Nothing is computed that nobody reads.
//!
//! Autograd gives the same gradients, to rounding, of the same stack.

mod norm;
mod unit;

use astrogen_losses::{PiecewiseLinear, Trace, WholeTrace};
use tch::{Device, Kind, Tensor, no_grad};

use self::unit::{Activation, Map, Record, Takes};
use super::layer::Layer;
use super::{Kernels, Sequential, StackTrace, Stage};
use crate::named::join;

pub use self::unit::Unit;

/// The passes of a stack whose weights stay as they are meanwhile.
#[derive(Debug)]
pub struct Passes<'a> {
    units: Vec<Unit<'a>>,
}

/// What a pass forward keeps for the way back.
#[derive(Debug)]
pub struct Tape {
    records: Vec<Record>,
    outputs: Tensor,
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
        let mut takes = Takes::AsItIs;
        for (i, layer) in self.layers.iter().enumerate() {
            let name = join(&self.name, &i.to_string());
            let map = match layer {
                Layer::Convolution(convolution) if !convolution.config.spectral_norm => {
                    Some(Map::Convolution(Box::new(Kernels::new(convolution))))
                }
                Layer::Linear(linear) => Some(Map::Linear(linear)),
                _ => None,
            };
            match (layer, map, units.last_mut()) {
                (_, Some(map), _) => {
                    // What it takes has been said by the layers before.
                    let takes = std::mem::replace(&mut takes, Takes::AsItIs);
                    units.push(Unit::new(name, map, layer.has_bias(), takes));
                    (normed, active) = (false, false);
                }
                (Layer::Flatten, ..) if takes == Takes::AsItIs => {
                    takes = Takes::Flat;
                    (normed, active) = (true, true);
                }
                (Layer::Unflatten(shape), ..) if takes == Takes::AsItIs => {
                    takes = Takes::Images(*shape);
                    (normed, active) = (true, true);
                }
                (Layer::BatchNorm(norm), _, Some(unit))
                    if !normed && !active && unit.is_convolution() =>
                {
                    unit.set_norm(name, norm);
                    normed = true;
                }
                (layer, _, Some(unit)) if !active => {
                    unit.set_activation(match layer {
                        Layer::Relu => Activation::Bend(0.0),
                        // A slope below zero would turn signs, which tell where it was at work.
                        Layer::LeakyRelu { slope } if *slope >= 0.0 => Activation::Bend(*slope),
                        Layer::Tanh => Activation::Tanh,
                        Layer::Sigmoid => Activation::Sigmoid,
                        _ => return None,
                    });
                    active = true;
                }
                _ => return None,
            }
        }
        (!units.is_empty() && takes == Takes::AsItIs).then_some(Passes { units })
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

impl<'a> Passes<'a> {
    /// Those of units, one behind the other. None where there is none, and where one is not of single precision
    /// on the CPU, has noise without a normalisation, or a slope below 0.
    pub fn new(units: Vec<Unit<'a>>) -> Option<Self> {
        let all = !units.is_empty() && units.iter().all(Unit::has_passes);
        all.then_some(Self { units })
    }

    /// The stack as what a gradient penalty in closed form takes, if it is piecewise linear: what is made
    /// of its weights serves the penalty too.
    pub fn piecewise_linear(&self) -> Option<&dyn PiecewiseLinear> {
        self.units.iter().all(Unit::is_piecewise_linear).then_some(self as _)
    }

    fn stages(&self) -> Vec<Stage<'_>> {
        self.units.iter().map(Unit::stage).collect()
    }

    /// What the stack makes of inputs `[N, ...]` in train mode: normalisations use the batch's own
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
                (xs, record) = unit.forward(&xs);
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
                let at_map = unit.behind(&record, signal, of_weights, &mut gradients.weights);
                if of_weights {
                    unit.weight_gradients(&record, &at_map, &mut gradients.weights);
                }
                if i == 0 && !of_inputs {
                    return gradients;
                }
                signal = unit.input_gradient(&record, &at_map);
            }
            Gradients { inputs: Some(signal), ..gradients }
        })
    }
}
