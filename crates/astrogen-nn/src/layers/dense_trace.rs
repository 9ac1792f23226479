//! The passes of a gradient penalty through fully connected layers, by the kernels of
//! [`dense`](crate::dense).
//!
//! A block of rows goes forward and back to the input while it is in a core's cache, and once
//! more for tangents and weight gradients when the penalty has said what its tangent is; threads
//! meet twice.

use astrogen_losses::Trace;
use tch::{Device, Kind, Tensor, no_grad};

use super::layer::Layer;
use super::{Linear, Sequential};
use crate::dense::{Chain, Dense, DenseGradient, Trail, block_count, in_blocks};
use crate::kernel::memory;
use crate::named::join;

/// The passes through layers that are fully connected, with leaky ReLU, ReLU or nothing behind all but
/// the last, which has one output and nothing behind it.
pub(super) struct DenseTrace {
    /// The weights' names in the network.
    names: Vec<String>,
    chain: Chain,
    /// What each block of rows keeps.
    trails: Vec<Trail>,
    scores: Tensor,
    gradient: Tensor,
}

impl DenseTrace {
    /// Runs the stack on points `[N, in]`; none where it is another stack, or numbers are not of single
    /// precision on the CPU.
    pub(super) fn new(stack: &Sequential, points: &Tensor) -> Option<Self> {
        let options = (Kind::Float, Device::Cpu);
        if stack.options() != options || (points.kind(), points.device()) != options {
            return None;
        }
        let [n, inputs] = points.size()[..] else { return None };
        let layers = fully_connected(stack)?;
        let fits = layers.first().is_some_and(|(_, first, _)| first.weight.size()[1] == inputs);
        if !fits || n == 0 {
            return None; // libtorch says what is wrong
        }
        let names = layers.iter().map(|(name, ..)| join(name, "weight")).collect();
        let chain =
            Chain::new(layers.iter().map(|(_, layer, slope)| dense(layer, *slope)).collect());

        let points = no_grad(|| points.contiguous());
        let rows = n as usize;
        let mut trails: Vec<Trail> = (0..block_count(rows)).map(|_| chain.trail()).collect();
        let values = memory(&points);
        let blocks = in_blocks(rows, [&mut trails], |rows, [trail]| {
            let count = rows.count();
            trail.input(count).fill(0, rows.of(values), inputs as usize, 0);
            chain.forward(trail, None);
            trail.output_signals().fill(0, &vec![1.0; count], 1, 0);
            chain.backward(trail);
            let gradient = chain.input_gradient(trail, 0..count);
            let scores: Vec<f32> = trail.outputs().values(0..count).collect();
            (scores, gradient.values(0..count).collect::<Vec<f32>>())
        });
        let (scores, gradient): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
        let scores = Tensor::from_slice(&scores.concat());
        let gradient = Tensor::from_slice(&gradient.concat()).view([n, inputs]);
        Some(Self { names, chain, trails, scores, gradient })
    }
}

impl Trace for DenseTrace {
    fn scores(&self) -> &Tensor {
        &self.scores
    }

    fn input_gradient(&mut self) -> Tensor {
        self.gradient.shallow_clone()
    }

    fn weight_gradients(&mut self, tangent: Tensor) -> Vec<(String, Tensor)> {
        let size = tangent.size();
        assert_eq!(size, self.gradient.size(), "a tangent at the input");
        let tangent = no_grad(|| tangent.contiguous());
        let (values, chain) = (memory(&tangent), &self.chain);
        in_blocks(size[0] as usize, [&mut self.trails], |rows, [trail]| {
            let count = rows.count();
            trail.input(count).fill(0, rows.of(values), size[1] as usize, 0);
            chain.tangent(trail, 0..count);
            chain.gradients(trail, count, 0);
        });
        let layers = self.names.iter().zip(chain.layers()).enumerate();
        let gradients = layers.map(|(l, (name, layer))| {
            let [inputs, outputs] = layer.widths().map(|width| width as i64);
            let options = (Kind::Float, Device::Cpu);
            let mut weight = Tensor::empty([outputs, inputs], options);
            let mut bias = Tensor::empty([outputs], options);
            let blocks = self.trails.iter().map(|trail| &trail.gradients()[l]).collect();
            DenseGradient::sum(&[blocks], &mut weight, &mut bias);
            (name.clone(), weight)
        });
        gradients.collect()
    }
}

/// The layers of a stack, each with its name and the slope below zero of the activation behind it; none
/// where it is not such a stack as [`DenseTrace`] takes.
fn fully_connected(stack: &Sequential) -> Option<Vec<(String, &Linear, f32)>> {
    let layers = stack.bent()?.into_iter().map(|(i, layer, slope)| match layer {
        Layer::Linear(linear) => Some((join(&stack.name, &i.to_string()), linear, slope as f32)),
        _ => None,
    });
    let layers: Vec<_> = layers.collect::<Option<_>>()?;
    let (_, last, slope) = layers.last()?;
    (*slope == 1.0 && last.weight.size()[0] == 1).then_some(layers)
}

fn dense(layer: &Linear, slope: f32) -> Dense {
    let size = layer.weight.size();
    let mut dense = Dense::zeros([size[1] as usize, size[0] as usize], slope);
    dense.set(&layer.weight.detach().contiguous(), 0, &layer.bias.detach().contiguous());
    dense
}
