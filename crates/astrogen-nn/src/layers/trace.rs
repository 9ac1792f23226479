//! The passes of a gradient penalty through a stack of affine layers and leaky ReLUs.
//!
//! The formulas are those of [`astrogen_losses::gradient_penalty`]: forward, the signal back
//! to the input, the tangent forward, and the product of both in each layer's weight
//! gradient. A slope is known from the sign of what came out of the activation, which is
//! also what went into the next layer, so nothing else is kept.

use astrogen_losses::{PiecewiseLinear, Trace};
use tch::{Tensor, no_grad};

use super::layer::Layer;
use super::{Affine, Linear, Sequential};
use crate::named::join;

/// An affine layer and the activation behind it.
pub struct Stage<'a> {
    /// The layer's name in the network: that of its weight without `.weight`.
    pub name: String,
    /// What the layer does.
    pub map: Box<dyn Affine + 'a>,
    /// The slope below zero of the activation, 0 for ReLU; 1 where there is none.
    pub slope: f64,
}

/// The passes through a list of stages; see [`Trace`].
pub struct StackTrace<'a> {
    stages: Vec<Stage<'a>>,
    /// What went into each stage: the input, then activations.
    inputs: Vec<Tensor>,
    /// The signal at the output of each stage's map.
    signals: Vec<Tensor>,
    /// What came out of the last stage, one value per sample, and the same as `[N]`.
    outputs: Tensor,
    scores: Tensor,
}

impl Sequential {
    /// Whether every layer can be traced.
    pub fn is_piecewise_linear(&self) -> bool {
        self.layers.iter().all(Layer::is_piecewise_linear)
    }

    /// The first layer, if it is fully connected.
    pub fn first_linear(&self) -> Option<&Linear> {
        match self.layers.first() {
            Some(Layer::Linear(linear)) => Some(linear),
            _ => None,
        }
    }

    /// The affine layers of a stack that [is piecewise linear](Self::is_piecewise_linear),
    /// each with its activation; `name` is that of the stack in the network.
    ///
    /// # Panics
    /// Where the stack is not piecewise linear.
    pub fn stages(&self, name: &str) -> Vec<Stage<'_>> {
        let mut stages: Vec<Stage> = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            let map: Box<dyn Affine> = match (layer, stages.last_mut()) {
                (Layer::Convolution(convolution), _) => Box::new(convolution),
                (Layer::Linear(linear), _) => Box::new(linear),
                (Layer::LeakyRelu { slope }, Some(stage)) => {
                    stage.slope = *slope;
                    continue;
                }
                (Layer::Relu, Some(stage)) => {
                    stage.slope = 0.0;
                    continue;
                }
                (layer, _) => panic!("{layer:?} is not piecewise linear"),
            };
            stages.push(Stage { name: join(name, &i.to_string()), map, slope: 1.0 });
        }
        stages
    }
}

/// For stacks that [are piecewise linear](Sequential::is_piecewise_linear) and end in one
/// value per sample; a critic gives no other away. The stack is taken to be the whole critic, under
/// the name of its path's last part.
impl PiecewiseLinear for Sequential {
    fn trace(&self, input: &Tensor) -> Box<dyn Trace + '_> {
        Box::new(StackTrace::new(self.stages(&self.name), input))
    }
}

impl<'a> StackTrace<'a> {
    /// Runs the stages on an input, without a graph.
    ///
    /// # Panics
    /// Where the input does not fit the first stage, or a stage the one before.
    pub fn new(stages: Vec<Stage<'a>>, input: &Tensor) -> Self {
        let mut inputs = Vec::with_capacity(stages.len());
        let mut xs = input.shallow_clone();
        for stage in &stages {
            let outputs = no_grad(|| stage.map.forward(&xs));
            inputs.push(xs);
            xs = no_grad(|| stage.bend(&outputs, &outputs));
        }
        Self { scores: xs.flatten(0, -1), outputs: xs, stages, inputs, signals: Vec::new() }
    }
}

impl Stage<'_> {
    /// `xs` times the activation's slopes where `outputs` were, before or behind it.
    fn bend(&self, xs: &Tensor, outputs: &Tensor) -> Tensor {
        if self.slope == 1.0 {
            return xs.shallow_clone();
        }
        outputs.leaky_relu_backward(xs, self.slope, false)
    }
}

impl Trace for StackTrace<'_> {
    fn scores(&self) -> &Tensor {
        &self.scores
    }

    fn input_gradient(&mut self) -> Tensor {
        no_grad(|| {
            let mut signal = self.outputs.ones_like();
            for (i, stage) in self.stages.iter().enumerate().rev() {
                // The activation behind this stage made the next stage's input.
                if let Some(outputs) = self.inputs.get(i + 1) {
                    signal = stage.bend(&signal, outputs);
                }
                let below = stage.map.adjoint(&signal);
                self.signals.push(signal);
                signal = below;
            }
            self.signals.reverse();
            signal
        })
    }

    fn weight_gradients(&mut self, mut tangent: Tensor) -> Vec<(String, Tensor)> {
        let mut gradients = Vec::with_capacity(self.stages.len());
        for (i, (stage, signal)) in self.stages.iter().zip(self.signals.drain(..)).enumerate() {
            let (outputs, gradient) = no_grad(|| stage.map.tangent(&tangent, &signal));
            gradients.push((format!("{}.weight", stage.name), gradient));
            if let Some(activations) = self.inputs.get(i + 1) {
                tangent = no_grad(|| stage.bend(&outputs, activations));
            }
        }
        gradients
    }
}
