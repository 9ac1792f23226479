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

use astrogen_nn::dense::{Chain, Dense, DenseGradient, Matrix, Trail};
use astrogen_nn::layers::Sequential;
use astrogen_nn::named;
use tch::{Device, Kind, Tensor};

use super::TabularConfig;

/// The chains by their place in [`Chains`].
const FIRST: usize = 0;
const COND: usize = 1;
const TRUTH: usize = 2;

/// A generator or a critic in plain Rust.
#[derive(Debug)]
pub(super) struct Chains {
    chains: [Chain; 3],
    /// The layer of all chains that is the trunk's first.
    joint: usize,
    /// Chain and layer of each layer's columns, from the left.
    parts: Vec<Vec<(usize, usize)>>,
}

/// What a pass leaves of a block of rows.
#[derive(Debug)]
pub(super) struct Block {
    /// Rows of a set.
    rows: usize,
    sets: usize,
    trails: [Trail; 3],
}

impl Chains {
    /// The network of three named branches, that of the varying inputs first, and a trunk, with
    /// names and tensors of its weights, a weight and a bias for each layer; none where they
    /// are not single precision on the CPU, or the activation is smooth.
    pub(super) fn new(
        config: &TabularConfig,
        branches: [(&str, &Sequential); 3],
        trunk: &Sequential,
    ) -> Option<(Self, Vec<(String, Tensor)>)> {
        let slope = config.activation.slope()? as f32;
        if trunk.options() != (Kind::Float, Device::Cpu) {
            return None;
        }
        let widths = |weight: &Tensor| {
            let size = weight.size();
            [size[1], size[0]].map(|width| width as usize)
        };
        let (mut weights, mut parts) = (Vec::new(), Vec::new());
        let mut chains = [FIRST, COND, TRUTH].map(|chain| {
            let (name, stack) = branches[chain];
            let tensors = named(&[(name, stack)]);
            let shapes = tensors.iter().step_by(2).map(|(_, weight)| widths(weight)).enumerate();
            let layers = shapes.map(|(layer, widths)| {
                parts.push(vec![(chain, layer)]);
                Dense::zeros(widths, slope)
            });
            let layers: Vec<_> = layers.collect();
            weights.extend(tensors);
            layers
        });
        let joint = chains[FIRST].len();
        let tensors = named(&[("out", trunk)]);
        let shapes: Vec<_> = tensors.iter().step_by(2).map(|(_, weight)| widths(weight)).collect();
        weights.extend(tensors);
        let (last, (&[inputs, outputs], others)) = (shapes.len() - 1, shapes.split_first()?);
        parts.push([FIRST, COND, TRUTH].map(|chain| (chain, joint)).to_vec());
        let bent = |layer| if layer < last { slope } else { 1.0 };
        for (chain, layers) in chains.iter_mut().enumerate() {
            let slope = if chain == FIRST { bent(0) } else { 1.0 };
            layers.push(Dense::zeros([inputs / 3, outputs], slope));
        }
        for (layer, &widths) in others.iter().enumerate() {
            parts.push(vec![(FIRST, joint + layer + 1)]);
            chains[FIRST].push(Dense::zeros(widths, bent(layer + 1)));
        }
        let mut network = Self { chains: chains.map(Chain::new), joint, parts };
        network.refresh(&weights);
        Some((network, weights))
    }

    /// Takes the present values of weights and biases, given in the order of
    /// [`Chains::new`].
    pub(super) fn refresh(&mut self, weights: &[(String, Tensor)]) {
        for (parts, pair) in self.parts.iter().zip(weights.chunks_exact(2)) {
            let mut column = 0;
            for &(chain, layer) in parts {
                let layer = &mut self.chains[chain].layers_mut()[layer];
                layer.set(&pair[0].1, column, &pair[1].1);
                column += layer.widths()[0];
            }
        }
    }

    /// A block without rows.
    pub(super) fn block(&self) -> Block {
        let trails = [FIRST, COND, TRUTH].map(|chain| self.chains[chain].trail());
        Block { rows: 0, sets: 0, trails }
    }

    /// Widths of a set's inputs, and of contexts.
    pub(super) fn widths(&self) -> [usize; 2] {
        let [first, cond, truth] =
            [FIRST, COND, TRUTH].map(|chain| self.chains[chain].layers()[0].widths()[0]);
        [first, cond + truth]
    }

    /// From the inputs of a block to its outputs.
    pub(super) fn forward(&self, block: &mut Block) {
        let [first, cond, truth] = &mut block.trails;
        self.chains[COND].forward(cond, None);
        self.chains[TRUTH].forward(truth, Some((self.joint, cond.outputs())));
        self.chains[FIRST].forward(first, Some((self.joint, truth.outputs())));
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
                let to = to.row_mut(row);
                to.fill(0.0); // all that there is where no set is plain
                for set in 0..plain {
                    let signals = signals.row(set * rows + row);
                    to.iter_mut().zip(signals).for_each(|(to, from)| *to += from);
                }
            }
            self.chains[chain].backward(trail);
            self.chains[chain].gradients(trail, rows, 1);
        }
        self.chains[FIRST].gradients(first, rows, plain);
    }

    /// Sums gradients over blocks into those of weights and biases, given in the order of
    /// [`Chains::new`].
    pub(super) fn sum_gradients(&self, blocks: &[Block], gradients: &mut [Tensor]) {
        for (parts, pair) in self.parts.iter().zip(gradients.chunks_exact_mut(2)) {
            let [weight, bias] = pair else { return };
            let gradients = parts
                .iter()
                .map(|&part| blocks.iter().map(|block| block.gradient(part)).collect::<Vec<_>>());
            DenseGradient::sum(&gradients.collect::<Vec<_>>(), weight, bias);
        }
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

    /// Rows of a set, and sets.
    pub(super) fn shape(&self) -> [usize; 2] {
        [self.rows, self.sets]
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
