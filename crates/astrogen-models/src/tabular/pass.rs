//! Passes through generator and critic without autograd.

use rayon::prelude::*;
use tch::Tensor;

use super::network::{Block, Network, values};

/// Rows that one block should have.
const ROWS: usize = 64;
/// More blocks than this are not made: each has gradients of its own.
const MOST_BLOCKS: usize = 16;

/// A pass through a generator or a critic, and the gradients that it leads to, without
/// autograd: for weights in single precision on the CPU and a piecewise-linear activation.
///
/// ```text
/// outputs            y = f(x | context)
/// backward           from dP/dy, once
/// input_gradient     dP/dx
/// weight_gradients   dP/dW and dP/db, and of <tangent, dP/dx> by W in the last set
/// ```
///
/// There may be several sets of inputs `x` for the same contexts: what depends on the contexts
/// alone is computed once. The second kind of weight gradient is that of a gradient penalty,
/// see [`astrogen_losses::gradient_penalty`]. Results are the same bits for any number of
/// threads; [`tch::get_num_threads`] are used.
///
/// ```
/// use astrogen_models::TabularConfig;
/// use tch::{Device, Kind, Tensor, nn};
///
/// let store = nn::VarStore::new(Device::Cpu);
/// let critic = TabularConfig::default().init_critic(&store.root())?;
/// let features = Tensor::ones([5, 3], (Kind::Float, Device::Cpu));
/// let context = Tensor::zeros([5, 9], (Kind::Float, Device::Cpu));
///
/// let mut pass = critic.pass(&[&features], &context).expect("leaky ReLU is piecewise linear");
/// let scores = pass.outputs(0); // [5, 1]
/// pass.backward(&[&scores.ones_like()]);
/// assert_eq!(pass.input_gradient(0).size(), [5, 3]);
/// let gradients = pass.weight_gradients(None); // by name, of the sum of the scores
/// assert_eq!(gradients.len(), store.len());
/// # Ok::<(), astrogen_models::ModelError>(())
/// ```
#[derive(Debug)]
pub struct TabularPass {
    network: Network,
    blocks: Vec<Block>,
    /// Rows of a set, and sets.
    rows: usize,
    sets: usize,
}

impl TabularPass {
    /// Runs sets of inputs `[N, in]` forward, all for contexts `[N, context]`.
    ///
    /// # Panics
    /// Where they have another shape.
    pub(super) fn forward(
        network: Network,
        inputs: &[&Tensor],
        context: &Tensor,
        [width, context_width]: [i64; 2],
    ) -> Self {
        let n = context.size().first().copied().unwrap_or_default();
        assert_eq!(context.size(), [n, context_width], "the shape of contexts");
        inputs.iter().for_each(|x| assert_eq!(x.size(), [n, width], "the shape of inputs"));
        let (rows, sets) = (n as usize, inputs.len());
        let count = rows.div_ceil(ROWS).next_power_of_two().clamp(1, MOST_BLOCKS);
        let blocks = (0..count).map(|_| network.block()).collect();
        let mut pass = Self { network, blocks, rows, sets };
        let (inputs, context) =
            (inputs.iter().map(|x| values(x)).collect::<Vec<_>>(), values(context));
        pass.each(|network, block, rows| {
            block.resize(rows.len(), sets);
            block.set_context(rows.of(&context));
            for (set, inputs) in inputs.iter().enumerate() {
                block.set_inputs(set, rows.of(inputs));
            }
            network.forward(block);
        });
        pass
    }

    /// Outputs `[N, out]` of a set.
    ///
    /// # Panics
    /// Where there is no such set.
    pub fn outputs(&self, set: usize) -> Tensor {
        assert!(set < self.sets, "one of the pass's sets");
        let outputs: Vec<f32> =
            self.blocks.iter().flat_map(|block| block.outputs().values(block.range(set))).collect();
        Tensor::from_slice(&outputs).view([self.rows as i64, -1])
    }

    /// Runs signals `dP/dy` `[N, out]`, one a set, back through the network.
    ///
    /// # Panics
    /// Where they are not one a set, of the outputs' shape.
    pub fn backward(&mut self, signals: &[&Tensor]) {
        assert_eq!(signals.len(), self.sets, "signals for every set");
        let outputs = self.blocks[0].outputs().width();
        let signals: Vec<_> = signals.iter().map(|signals| values(signals)).collect();
        signals.iter().for_each(|values| assert_eq!(values.len(), self.rows * outputs));
        self.each(|network, block, rows| {
            for (set, signals) in signals.iter().enumerate() {
                block.set_output_signals(set, rows.of(signals));
            }
            network.backward(block);
        });
    }

    /// `dP/dx` `[N, in]` of a set, after [`TabularPass::backward`].
    ///
    /// # Panics
    /// Where there is no such set, or no signal.
    pub fn input_gradient(&self, set: usize) -> Tensor {
        assert!(set < self.sets, "one of the pass's sets");
        let mut gradient = Vec::new();
        for block in &self.blocks {
            gradient.extend(self.network.input_gradient(block, set).values(block.range(set)));
        }
        Tensor::from_slice(&gradient).view([self.rows as i64, -1])
    }

    /// Gradients of all weights and biases by their names, after [`TabularPass::backward`]. With a
    /// tangent `[N, in]`, the last set's are those of `<tangent, dP/dx>`, the tangent being
    /// constant.
    ///
    /// # Panics
    /// Where there was no signal, or the tangent has another shape than the inputs.
    pub fn weight_gradients(mut self, tangent: Option<&Tensor>) -> Vec<(String, Tensor)> {
        let (last, tangent) = (self.sets - 1, tangent.map(values));
        let plain = if tangent.is_some() { last } else { self.sets };
        self.each(|network, block, rows| {
            if let Some(tangent) = &tangent {
                block.set_inputs(last, rows.of(tangent));
                network.tangent(block, last);
            }
            network.gradients(block, plain);
        });
        let Self { network, blocks, .. } = &self;
        let gradient = |parameter| network.parameter_gradient(parameter, blocks);
        let gradients: Vec<_> = if tch::get_num_threads() > 1 {
            (0..network.parameters()).into_par_iter().map(gradient).collect()
        } else {
            (0..network.parameters()).map(gradient).collect()
        };
        let tensors = gradients.into_iter().flat_map(|(name, weight, bias)| {
            let outputs = bias.len() as i64;
            [
                (format!("{name}.weight"), Tensor::from_slice(&weight).view([outputs, -1])),
                (format!("{name}.bias"), Tensor::from_slice(&bias)),
            ]
        });
        tensors.collect()
    }

    /// Does some work on every block, with its rows.
    fn each(&mut self, work: impl Fn(&Network, &mut Block, Rows) + Sync) {
        let (network, total, count) = (&self.network, self.rows, self.blocks.len());
        let work = |(i, block): (usize, &mut Block)| {
            let [from, to] = [i, i + 1].map(|i| i * total / count);
            work(network, block, Rows { from, to, total });
        };
        let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1);
        if threads == 1 || count == 1 {
            self.blocks.iter_mut().enumerate().for_each(work);
        } else {
            let blocks = self.blocks.par_iter_mut().enumerate();
            blocks.with_min_len(count.div_ceil(threads)).for_each(work);
        }
    }
}

/// The rows of a block among all.
#[derive(Clone, Copy)]
struct Rows {
    from: usize,
    to: usize,
    total: usize,
}

impl Rows {
    fn len(self) -> usize {
        self.to - self.from
    }

    /// What belongs to these rows of numbers that belong to all.
    fn of(self, values: &[f32]) -> &[f32] {
        let width = values.len() / self.total.max(1);
        &values[self.from * width..self.to * width]
    }
}
