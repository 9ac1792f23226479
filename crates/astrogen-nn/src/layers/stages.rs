//! A stack as the stages of a trace: affine layers, each with its activation.

use astrogen_losses::{PiecewiseLinear, Trace, WholeTrace};
use tch::Tensor;

use super::dense_trace::DenseTrace;
use super::layer::Layer;
use super::{Affine, Kernels, Linear, Sequential, StackTrace, Stage};
use crate::named::join;

impl Sequential {
    /// Whether the stack can be traced: fully connected layers and plain convolutions without spectral
    /// normalisation, each with one ReLU or leaky ReLU behind it, of a slope that is not below 0, or
    /// with none.
    pub fn is_piecewise_linear(&self) -> bool {
        self.bent().is_some()
    }

    /// The affine layers, each with its number and the slope below zero of the activation behind it; none
    /// where the stack cannot be traced.
    pub(super) fn bent(&self) -> Option<Vec<(usize, &Layer, f64)>> {
        let mut bent: Vec<(usize, &Layer, f64)> = Vec::new();
        // Whether an activation may follow.
        let mut open = false;
        for (i, layer) in self.layers.iter().enumerate() {
            let slope = match layer {
                Layer::Convolution(convolution) if convolution.is_traced() => None,
                Layer::Linear(_) => None,
                Layer::Relu => Some(0.0),
                // A slope below zero would turn signs, which tell where it was at work.
                Layer::LeakyRelu { slope } if *slope >= 0.0 => Some(*slope),
                _ => return None,
            };
            match (slope, bent.last_mut()) {
                (None, _) => bent.push((i, layer, 1.0)),
                (Some(slope), Some(last)) if open => last.2 = slope,
                _ => return None,
            }
            open = slope.is_none();
        }
        Some(bent)
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
    pub fn stages<'a>(&'a self, name: &str) -> Vec<Stage<'a>> {
        let Some(bent) = self.bent() else { panic!("{self:?} is not piecewise linear") };
        let stage = |(i, layer, slope): (usize, &'a Layer, f64)| {
            let map: Box<dyn Affine> = match layer {
                Layer::Convolution(convolution) => Box::new(Kernels::new(convolution)),
                Layer::Linear(linear) => Box::new(linear),
                layer => unreachable!("{layer:?} is not affine"),
            };
            let name = join(name, &i.to_string());
            let bias = layer.has_bias().then(|| join(&name, "bias"));
            Stage { name, bias, map, slope }
        };
        bent.into_iter().map(stage).collect()
    }
}

/// For stacks that [are piecewise linear](Sequential::is_piecewise_linear) and end in one
/// value per sample; a critic gives no other away. The stack is taken to be the whole critic, under
/// the name of its path's last part.
impl PiecewiseLinear for Sequential {
    fn trace(&self, input: &Tensor) -> Box<dyn Trace + '_> {
        match DenseTrace::new(self, input) {
            Some(trace) => Box::new(trace),
            None => Box::new(StackTrace::new(self.stages(&self.name), input)),
        }
    }

    fn whole_trace(&self, input: &Tensor) -> Option<Box<dyn WholeTrace + '_>> {
        Some(Box::new(StackTrace::new(self.stages(&self.name), input)))
    }
}
