//! Passes through generator and critic without autograd.

use std::array;

use astrogen_nn::dense::{BlockRows, block_count, in_blocks};
use tch::Tensor;

use super::chains::{Block, Chains};

/// Passes through a generator or a critic, and the gradients that they lead to, without
/// autograd: for weights in single precision on the CPU and a piecewise-linear activation.
///
/// A batch is cut into blocks of rows, and one thread does all that is to be done on a block,
/// see [`TabularBlock`]: the threads meet once per batch. What a pass needs of memory stays for the
/// next one. Results are the same bits for any number of threads; [`tch::get_num_threads`] are
/// used.
///
/// ```
/// use astrogen_models::{TabularConfig, TabularPass};
/// use tch::{Device, nn};
///
/// let store = nn::VarStore::new(Device::Cpu);
/// let critic = TabularConfig::default().init_critic(&store.root())?;
/// let (features, context) = (vec![1.0; 5 * 3], vec![0.0; 5 * 9]);
///
/// let mut pass = critic.pass().expect("leaky ReLU is piecewise linear");
/// let scores = TabularPass::run([&mut pass], 5, |rows, [mut critic]| {
///     critic.forward(&[rows.of(&features)], rows.of(&context));
///     critic.backward(&[&vec![1.0; rows.count()]]);
///     assert_eq!(critic.input_gradient(0).len(), rows.count() * 3);
///     critic.weight_gradients(None); // of the sum of the scores
///     critic.outputs(0)
/// });
/// assert_eq!(scores.concat().len(), 5);
/// assert_eq!(pass.gradients().len(), store.len());
/// # Ok::<(), astrogen_models::ModelError>(())
/// ```
#[derive(Debug)]
pub struct TabularPass {
    chains: Chains,
    weights: Vec<(String, Tensor)>,
    /// Where the names stand when they are sorted.
    sorted: Vec<usize>,
    gradients: Vec<Tensor>,
    blocks: Vec<Block>,
}

impl TabularPass {
    pub(super) fn new((chains, weights): (Chains, Vec<(String, Tensor)>)) -> Self {
        let mut sorted: Vec<_> = (0..weights.len()).collect();
        sorted.sort_by_key(|&i| &weights[i].0);
        let gradients = weights.iter().map(|(_, weight)| weight.detach().zeros_like()).collect();
        Self { chains, weights, sorted, gradients, blocks: Vec::new() }
    }

    /// Runs networks, with their present weights, on `rows` rows: `work` is called with each
    /// block's rows and the networks' [`TabularBlock`]s. What it returns, in the order of the
    /// rows.
    pub fn run<const K: usize, R: Send>(
        passes: [&mut Self; K],
        rows: usize,
        work: impl Fn(BlockRows, [TabularBlock<'_>; K]) -> R + Sync,
    ) -> Vec<R> {
        let networks = passes.map(|Self { chains, weights, blocks, .. }| {
            chains.refresh(weights);
            blocks.resize_with(block_count(rows), || chains.block());
            (&*chains, blocks.as_mut_slice())
        });
        let chains = networks.each_ref().map(|(chains, _)| *chains);
        in_blocks(rows, networks.map(|(_, blocks)| blocks), |rows, blocks| {
            let mut blocks = blocks.into_iter();
            let blocks = array::from_fn(|k| {
                // Both arrays have `K` items.
                let block = blocks.next().expect("a block a network");
                TabularBlock { chains: chains[k], block, rows: rows.count() }
            });
            work(rows, blocks)
        })
    }

    /// Names of weights and biases, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sorted.iter().map(|&i| self.weights[i].0.as_str())
    }

    /// Gradients of all weights and biases in the order of their names, summed over the blocks of
    /// a run, each of which came to [`TabularBlock::weight_gradients`]. Their memory is that of
    /// the next ones too.
    pub fn gradients(&mut self) -> Vec<Tensor> {
        self.chains.sum_gradients(&self.blocks, &mut self.gradients);
        self.sorted.iter().map(|&i| self.gradients[i].shallow_clone()).collect()
    }
}

/// A network and a block of rows: what one thread works on.
///
/// ```text
/// forward            y = f(x | context)
/// backward           from dP/dy, once
/// input_gradient     dP/dx
/// weight_gradients   dP/dW and dP/db, and of <tangent, dP/dx> by W in the last set
/// ```
///
/// There may be several sets of inputs `x` for the same contexts: what depends on the contexts
/// alone is computed once. The second kind of weight gradient is that of a gradient penalty,
/// see [`mod@astrogen_losses::gradient_penalty`]. All numbers are row by row.
#[derive(Debug)]
pub struct TabularBlock<'a> {
    chains: &'a Chains,
    block: &'a mut Block,
    rows: usize,
}

impl TabularBlock<'_> {
    /// Runs sets of inputs `[rows, in]` forward, all for contexts `[rows, context]`.
    ///
    /// # Panics
    /// Where they have another length.
    pub fn forward(&mut self, inputs: &[&[f32]], context: &[f32]) {
        let Self { chains, block, rows } = self;
        let [width, context_width] = chains.widths();
        assert_eq!(context.len(), *rows * context_width, "numbers of contexts");
        inputs.iter().for_each(|x| assert_eq!(x.len(), *rows * width, "numbers of inputs"));
        block.resize(*rows, inputs.len());
        block.set_context(context);
        inputs.iter().enumerate().for_each(|(set, inputs)| block.set_inputs(set, inputs));
        chains.forward(block);
    }

    /// Outputs `[rows, out]` of a set.
    ///
    /// # Panics
    /// Where there is no such set.
    pub fn outputs(&self, set: usize) -> Vec<f32> {
        self.block.outputs().values(self.block.range(set)).collect()
    }

    /// Runs signals `dP/dy` `[rows, out]`, one per set, back through the network.
    ///
    /// # Panics
    /// Where they are not one per set, of the outputs' length.
    pub fn backward(&mut self, signals: &[&[f32]]) {
        let ([rows, sets], width) = (self.block.shape(), self.block.outputs().width());
        assert_eq!(signals.len(), sets, "signals for every set");
        for (set, signals) in signals.iter().enumerate() {
            assert_eq!(signals.len(), rows * width, "numbers of signals");
            self.block.set_output_signals(set, signals);
        }
        self.chains.backward(self.block);
    }

    /// `dP/dx` `[rows, in]` of a set, after [`TabularBlock::backward`].
    ///
    /// # Panics
    /// Where there is no such set, or no signal.
    pub fn input_gradient(&self, set: usize) -> Vec<f32> {
        let range = self.block.range(set);
        self.chains.input_gradient(self.block, set).values(range).collect()
    }

    /// Computes the gradients of all weights and biases, after [`TabularBlock::backward`]. With a
    /// tangent `[rows, in]`, the last set's are those of `<tangent, dP/dx>`, the tangent being
    /// constant. It takes the place of the last set's values, so this ends the pass.
    ///
    /// # Panics
    /// Where there was no signal, or the tangent has another length than the inputs or no set to
    /// stand in.
    pub fn weight_gradients(&mut self, tangent: Option<&[f32]>) {
        let Self { chains, block, .. } = self;
        let [rows, sets] = block.shape();
        if let Some(tangent) = tangent {
            assert!(sets > 0, "a tangent has a set");
            assert_eq!(tangent.len(), rows * chains.widths()[0], "numbers of a tangent");
            block.set_inputs(sets - 1, tangent);
            chains.tangent(block, sets - 1);
        }
        chains.gradients(block, sets - usize::from(tangent.is_some()));
    }
}
