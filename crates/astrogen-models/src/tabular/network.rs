//! Generator and critic as chains of layers in plain Rust.
//!
//! The trunk's first layer is a sum over the three branches, so each branch ends in its own
//! columns of that layer, and what the contexts' branches add up to is what the first branch
//! starts from there:
//!
//! ```text
//! cond    6 -> 128 -> 64 -> 128       (with the trunk's first bias)
//! true    3 -> 128 -> 64 -> 128       added to it
//! first   8 -> 128 -> 64 -> 128 -> 128 -> 3      from the sum on, which is bent
//! ```
//!
//! The rows of one context may be several in the first chain, in sets one below the other: a
//! critic's reals, fakes and the points between them. The contexts' chains run once for all.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::TabularConfig;
use super::dense::{Chain, Dense, DenseGradient, Matrix, Trail};
use crate::layers::Sequential;

/// The chains by their place in [`Network::chains`].
const FIRST: usize = 0;
const COND: usize = 1;
const TRUTH: usize = 2;

/// A generator or a critic at its present weights.
#[derive(Debug)]
pub(super) struct Network {
    chains: [Chain; 3],
    /// The layer of the first chain that starts from the contexts' sum.
    joint: usize,
    parameters: Vec<Parameter>,
}

/// A layer of the stacks.
#[derive(Debug)]
struct Parameter {
    name: String,
    /// Chain and layer of its columns, from the left.
    parts: Vec<(usize, usize)>,
}

/// What a pass leaves of a block of rows.
#[derive(Debug)]
pub(super) struct Block {
    /// Rows of a set.
    rows: usize,
    sets: usize,
    trails: [Trail; 3],
}

/// Weight, bias and name of a stack's layers.
fn layers(stack: &Sequential, name: &str) -> Vec<(String, Vec<f32>, Vec<f32>)> {
    let named = stack.named_tensors(name);
    let pairs = named.chunks_exact(2).map(|pair| {
        let layer = pair[0].0.trim_end_matches(".weight").to_owned();
        (layer, values(&pair[0].1), values(&pair[1].1))
    });
    pairs.collect()
}

/// The numbers of a tensor, row by row.
pub(super) fn values(tensor: &Tensor) -> Vec<f32> {
    let mut values = vec![0.0; tensor.numel()];
    tensor.to_device(Device::Cpu).to_kind(Kind::Float).copy_data(&mut values, tensor.numel());
    values
}

impl Network {
    /// The network of three named branches, that of the varying inputs first, and a trunk;
    /// none where weights are not single precision on the CPU, or the activation is smooth.
    pub(super) fn new(
        config: &TabularConfig,
        branches: [(&str, &Sequential); 3],
        trunk: &Sequential,
    ) -> Option<Self> {
        let slope = config.activation.slope()? as f32;
        if trunk.options() != (Kind::Float, Device::Cpu) {
            return None;
        }
        let mut parameters = Vec::new();
        let mut chains = [FIRST, COND, TRUTH].map(|chain| {
            let (name, stack) = branches[chain];
            let layers = layers(stack, name).into_iter().enumerate();
            let layers = layers.map(|(layer, (name, weight, bias))| {
                parameters.push(Parameter { name, parts: vec![(chain, layer)] });
                let inputs = weight.len() / bias.len();
                Dense::new(Matrix::from_columns(&weight, inputs, 0, inputs), &bias, slope)
            });
            layers.collect::<Vec<_>>()
        });
        let joint = chains[FIRST].len();
        let mut trunk = layers(trunk, "out").into_iter().peekable();
        let (name, weight, bias) = trunk.next()?;
        let parts = [FIRST, COND, TRUTH].map(|chain| (chain, joint)).to_vec();
        parameters.push(Parameter { name, parts });
        let step = weight.len() / bias.len();
        for (chain, layers) in chains.iter_mut().enumerate() {
            let columns = Matrix::from_columns(&weight, step, chain * (step / 3), step / 3);
            let bias = if chain == COND { &bias[..] } else { &[] };
            layers.push(Dense::new(columns, bias, if chain == FIRST { slope } else { 1.0 }));
        }
        while let Some((name, weight, bias)) = trunk.next() {
            parameters.push(Parameter { name, parts: vec![(FIRST, chains[FIRST].len())] });
            let inputs = weight.len() / bias.len();
            let weight = Matrix::from_columns(&weight, inputs, 0, inputs);
            let slope = if trunk.peek().is_some() { slope } else { 1.0 };
            chains[FIRST].push(Dense::new(weight, &bias, slope));
        }
        Some(Self { chains: chains.map(Chain::new), joint, parameters })
    }

    /// A block without rows.
    pub(super) fn block(&self) -> Block {
        let trails = [FIRST, COND, TRUTH].map(|chain| self.chains[chain].trail());
        Block { rows: 0, sets: 0, trails }
    }

    /// From the inputs of a block to its outputs.
    pub(super) fn forward(&self, block: &mut Block) {
        let (rows, sets) = (block.rows, block.sets);
        let [first, cond, truth] = &mut block.trails;
        self.chains[COND].forward(cond, 0..rows, None);
        self.chains[TRUTH].forward(truth, 0..rows, Some((self.joint, cond.outputs())));
        for set in 0..sets {
            let base = Some((self.joint, truth.outputs()));
            self.chains[FIRST].forward(first, set * rows..(set + 1) * rows, base);
        }
    }

    /// From the signals at a block's outputs to those of the first chain.
    pub(super) fn backward(&self, block: &mut Block) {
        self.chains[FIRST].backward(&mut block.trails[FIRST]);
    }

    /// The gradient at the inputs of a set.
    pub(super) fn input_gradient(&self, block: &Block, set: usize) -> Matrix {
        self.chains[FIRST].input_gradient(&block.trails[FIRST], block.range(set))
    }

    /// Runs the tangent that stands in the inputs of a set forward.
    pub(super) fn tangent(&self, block: &mut Block, set: usize) {
        let rows = block.range(set);
        self.chains[FIRST].tangent(&mut block.trails[FIRST], rows);
    }

    /// The gradients of all layers; of sets from `plain` on just those by the weights of the
    /// first chain.
    pub(super) fn gradients(&self, block: &mut Block, plain: usize) {
        let rows = block.rows;
        let [first, cond, truth] = &mut block.trails;
        for (chain, trail) in [(COND, cond), (TRUTH, truth)] {
            let (signals, to) = (first.signals(self.joint), trail.output_signals());
            for row in 0..rows {
                to.row_mut(row).copy_from_slice(signals.row(row));
                for set in 1..plain {
                    let signals = signals.row(set * rows + row);
                    to.row_mut(row).iter_mut().zip(signals).for_each(|(to, from)| *to += from);
                }
            }
            self.chains[chain].backward(trail);
            self.chains[chain].gradients(trail, rows, 1);
        }
        self.chains[FIRST].gradients(first, rows, plain);
    }

    /// How many weights there are, each with its bias.
    pub(super) fn parameters(&self) -> usize {
        self.parameters.len()
    }

    /// The name, the weight's and the bias's gradient of a parameter, summed over blocks.
    pub(super) fn parameter_gradient(
        &self,
        parameter: usize,
        blocks: &[Block],
    ) -> (&str, Vec<f32>, Vec<f32>) {
        let Parameter { name, parts } = &self.parameters[parameter];
        let mut weight = Vec::new();
        let outputs = blocks[0].gradient(parts[0]).weight.rows();
        for row in 0..outputs {
            for &part in parts {
                let from = weight.len();
                for (i, block) in blocks.iter().enumerate() {
                    let addend = block.gradient(part).weight.row(row);
                    if i == 0 {
                        weight.extend_from_slice(addend);
                    } else {
                        weight[from..]
                            .iter_mut()
                            .zip(addend)
                            .for_each(|(sum, value)| *sum += value);
                    }
                }
            }
        }
        let mut bias = vec![0.0; outputs];
        for block in blocks {
            let addend = block.gradient(parts[0]).bias.row(0);
            bias.iter_mut().zip(addend).for_each(|(sum, value)| *sum += value);
        }
        (name, weight, bias)
    }
}

impl Block {
    /// Gives the block so many rows, in so many sets.
    pub(super) fn resize(&mut self, rows: usize, sets: usize) {
        (self.rows, self.sets) = (rows, sets);
        for (trail, rows) in self.trails.iter_mut().zip([rows * sets, rows, rows]) {
            trail.input(rows);
        }
    }

    /// Fills the inputs of a set with as many rows of numbers.
    pub(super) fn set_inputs(&mut self, set: usize, values: &[f32]) {
        let (rows, sets) = (self.rows, self.sets);
        let inputs = self.trails[FIRST].input(rows * sets);
        let width = inputs.width();
        inputs.fill(set * rows, values, width, 0);
    }

    /// Fills the contexts: conditions and true features side by side.
    pub(super) fn set_context(&mut self, values: &[f32]) {
        let rows = self.rows;
        let [_, cond, truth] = &mut self.trails;
        let (cond, truth) = (cond.input(rows), truth.input(rows));
        let (conditions, step) = (cond.width(), cond.width() + truth.width());
        cond.fill(0, values, step, 0);
        truth.fill(0, values, step, conditions);
    }

    /// Fills the signals at the outputs of a set.
    pub(super) fn set_output_signals(&mut self, set: usize, values: &[f32]) {
        let first = set * self.rows;
        let signals = self.trails[FIRST].output_signals();
        let width = signals.width();
        signals.fill(first, values, width, 0);
    }

    /// The rows of a set in the first chain.
    pub(super) fn range(&self, set: usize) -> Range<usize> {
        set * self.rows..(set + 1) * self.rows
    }

    fn gradient(&self, (chain, layer): (usize, usize)) -> &DenseGradient {
        &self.trails[chain].gradients()[layer]
    }

    /// Outputs, the sets one below the other.
    pub(super) fn outputs(&self) -> &Matrix {
        self.trails[FIRST].outputs()
    }
}
