//! The loss of a flow and its gradients without autograd.

use std::sync::{Mutex, PoisonError};

use astrogen_nn::dense::{Matrix, in_blocks, on_threads};
use tch::{Kind, Tensor, no_grad};

use super::conditioned::Trail;
use super::lanes::{Lane, ROWS, Row, ZERO, row, row_mut};
use super::latents::Latents;
use super::{Step, copy, numbers, softclip, spread, steps};
use crate::units::Units;
use crate::{Flow, FlowError, Transform};

/// More blocks than this are not made: each has gradients of its own.
const MOST_BLOCKS: usize = 16;

/// The mean of `-log p(x | c)` and its gradients by all weights, without autograd: for weights in
/// single precision on the CPU, networks with ReLU and this crate's functions.
///
/// A batch is cut into blocks of rows, and one thread takes a block from features to gradients: the
/// threads meet once per batch, and once to sum. What a pass needs of memory stays for the next
/// one. Results are the same bits for any number of threads; [`tch::get_num_threads`] are used.
///
/// ```
/// use astrogen_flows::{FlowConfig, FlowPass};
/// use tch::{Device, Kind, Tensor, nn};
///
/// let store = nn::VarStore::new(Device::Cpu);
/// let flow = FlowConfig::maf(3, 2).init(&store.root())?;
/// let x = Tensor::randn([100, 3], (Kind::Float, Device::Cpu));
/// let context = Tensor::randn([100, 2], (Kind::Float, Device::Cpu));
///
/// let mut pass = FlowPass::new(&flow).expect("MAF has passes");
/// let (loss, gradients) = pass.loss_and_gradients(&x, Some(&context), None)?;
/// assert_eq!(gradients.len(), store.trainable_variables().len());
/// let mean = flow.given(&context)?.log_prob(&x)?.mean(Kind::Double).double_value(&[]);
/// assert!((loss + mean).abs() < 1e-5);
/// # Ok::<(), astrogen_flows::FlowError>(())
/// ```
#[derive(Debug)]
pub struct FlowPass {
    steps: Vec<Step>,
    weights: Vec<Vec<Tensor>>,
    /// Of the weights that are learned, sorted: the name, the step, and the place among its.
    names: Vec<(String, usize, usize)>,
    latents: Latents,
    sizes: [i64; 2],
    units: [Units; 2],
    /// The gradients of each block.
    blocks: Vec<Vec<Gradient>>,
    /// What threads that have no block leave for the next: memory that is still in a cache.
    idle: Mutex<Vec<Pass>>,
}

/// What a block's passes leave.
#[derive(Debug)]
struct Pass {
    context: Matrix,
    /// The features before each step and behind the last, `[D, rows]`.
    states: Vec<Matrix>,
    trails: Vec<Trail>,
    signals: [Matrix; 2],
    memory: Vec<Lane>,
}

/// A step's gradients from one block.
#[derive(Debug)]
enum Gradient {
    Layers(Vec<Matrix>),
    Linear(Vec<f64>),
    Nothing,
}

impl FlowPass {
    /// Passes of a flow; none for one that is for tensor operations.
    pub fn new(flow: &Flow) -> Option<Self> {
        let (steps, weights) = steps(flow, false)?;
        let mut names = Vec::new();
        for (name, tensor) in flow.named_tensors() {
            if !tensor.requires_grad() {
                continue;
            }
            let same = |other: &Tensor| other.data_ptr() == tensor.data_ptr();
            // Weights that no step takes as they are have no gradient here.
            let (step, place) = weights.iter().enumerate().find_map(|(step, weights)| {
                weights.iter().position(same).map(|place| (step, place))
            })?;
            names.push((name, step, place));
        }
        names.sort();
        let config = astrogen_nn::Network::config(flow);
        let units = [config.feature_units.clone(), config.context_units.clone()];
        let sizes = [config.features, config.context];
        let latents = flow.base().latents();
        let (blocks, idle) = (Vec::new(), Mutex::default());
        Some(Self { steps, weights, names, latents, sizes, units, blocks, idle })
    }

    /// Names of the weights that are learned, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, ..)| name.as_str())
    }

    /// The mean of `-log p(x | c)`, in nats, of features `[N, D]` and contexts `[N, C]`, and its
    /// gradients in the order of the [names](Self::names). With weights of rows `[N]` it is their
    /// weighted mean.
    ///
    /// # Errors
    /// [`FlowError::Shape`] for tensors that do not fit the flow or each other, or without rows,
    /// [`FlowError::Context`] where there is a context and should not be, or the other way round.
    pub fn loss_and_gradients(
        &mut self,
        x: &Tensor,
        context: Option<&Tensor>,
        row_weights: Option<&Tensor>,
    ) -> Result<(f64, Vec<Tensor>), FlowError> {
        let [features, values] = self.sizes;
        let n = x.size().first().copied().unwrap_or(0).max(1);
        let shape = |what, of: &Tensor, expected: Vec<i64>| {
            let (got, expected) = (of.size(), expected);
            if got == expected {
                return Ok(());
            }
            Err(FlowError::Shape { what, expected: format!("{expected:?}"), got })
        };
        shape("features", x, vec![n, features])?;
        match context {
            Some(context) if values > 0 => shape("the context", context, vec![n, values])?,
            None if values == 0 => {}
            other => {
                let got = if other.is_some() { "some" } else { "none" }.to_owned();
                let hint = "give one row of them for each row of features, or None for 0";
                return Err(FlowError::Context { expected: values, got, hint });
            }
        }
        if let Some(weights) = row_weights {
            shape("weights of rows", weights, vec![n])?;
        }
        let n = n as usize;
        let flat = |of: &Tensor| no_grad(|| numbers(&of.f_to_kind(Kind::Float)?));
        let (x, by_units) = no_grad(|| self.units[0].call_and_ladj(&x.to_kind(Kind::Float)));
        let context = match context {
            Some(context) => {
                flat(&no_grad(|| self.units[1].call_and_ladj(&context.to_kind(Kind::Float)).0))?
            }
            None => Vec::new(),
        };
        let (x, by_units) = (flat(&x)?, flat(&by_units)?);
        let shares = match row_weights {
            None => vec![1.0 / n as f32; n],
            Some(weights) => {
                let weights = flat(weights)?;
                let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
                weights.iter().map(|weight| (f64::from(*weight) / sum) as f32).collect()
            }
        };
        let loss = self.run(&x, &context, &shares, &by_units)?;
        Ok((loss, self.gradients()))
    }

    /// Runs all blocks forth and back; the loss.
    fn run(
        &mut self,
        x: &[f32],
        context: &[f32],
        shares: &[f32],
        by_units: &[f32],
    ) -> Result<f64, FlowError> {
        let Self { steps, weights, latents, sizes, blocks, idle, .. } = self;
        for (step, weights) in steps.iter_mut().zip(weights.iter()) {
            let weights = weights.iter().map(numbers).collect::<Result<Vec<_>, _>>()?;
            step.refresh(&weights, &[]);
        }
        let (steps, latents) = (&*steps, &*latents);
        let count = shares.len().div_ceil(ROWS).min(MOST_BLOCKS);
        blocks.resize_with(count, || steps.iter().map(Gradient::new).collect());
        let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
        let [features, values] = sizes.map(|size| size as usize);
        let losses = in_blocks(shares.len(), [blocks.as_mut_slice()], |rows, [gradients]| {
            let (x, context) = (rows.of(x), rows.of(context));
            let (shares, by_units) = (rows.of(shares), rows.of(by_units));
            let taken = idle().pop();
            let mut pass = taken.unwrap_or_else(|| Pass::new(steps.len(), features));
            let mut loss = 0.0;
            for first in (0..rows.count()).step_by(ROWS) {
                let next = (first + ROWS).min(rows.count());
                spread(&mut pass.context, &context[first * values..next * values], values);
                spread(&mut pass.states[0], &x[first * features..next * features], features);
                let of_rows = [&shares[first..next], &by_units[first..next]];
                loss += pass.run(steps, latents, of_rows, (gradients, first == 0));
            }
            idle().push(pass);
            loss
        });
        Ok(losses.into_iter().sum())
    }

    /// Sums the gradients of all blocks.
    fn gradients(&self) -> Vec<Tensor> {
        let mut sums: Vec<Vec<Vec<f32>>> = self.steps.iter().map(|_| Vec::new()).collect();
        let weights: Vec<Vec<Vec<f32>>> = self
            .steps
            .iter()
            .zip(&self.weights)
            .map(|(step, weights)| match step {
                // What was read a moment ago.
                Step::Linear(_) => weights.iter().filter_map(|of| numbers(of).ok()).collect(),
                _ => Vec::new(),
            })
            .collect();
        let blocks = &self.blocks;
        let jobs = self.steps.iter().zip(&mut sums).zip(&weights).enumerate();
        on_threads(jobs.collect(), |(s, ((step, sum), weights))| match step {
            Step::Conditioned(step) => {
                let layers = blocks.iter().filter_map(|block| match &block[s] {
                    Gradient::Layers(layers) => Some(layers.as_slice()),
                    _ => None,
                });
                *sum = step.sum(&layers.collect::<Vec<_>>());
            }
            Step::Softclip(_) => {}
            Step::Linear(map) => {
                let parts = blocks.iter().filter_map(|block| match &block[s] {
                    Gradient::Linear(numbers) => Some(numbers.as_slice()),
                    _ => None,
                });
                // `P` is not learned.
                *sum = vec![Vec::new()];
                sum.extend(map.sum(&parts.collect::<Vec<_>>(), weights));
            }
        });
        let tensor = |&(_, step, place): &(String, usize, usize)| {
            Tensor::from_slice(&sums[step][place]).view(&self.weights[step][place].size()[..])
        };
        self.names.iter().map(tensor).collect()
    }
}

impl Gradient {
    /// All zero.
    fn new(step: &Step) -> Self {
        match step {
            Step::Conditioned(step) => Self::Layers(step.gradients()),
            Step::Softclip(_) => Self::Nothing,
            Step::Linear(map) => Self::Linear(vec![0.0; map.gradients()]),
        }
    }
}

impl Pass {
    fn new(steps: usize, features: usize) -> Self {
        let matrix = || Matrix::zeros(features, ROWS);
        Self {
            context: Matrix::zeros(0, ROWS),
            states: (0..=steps).map(|_| matrix()).collect(),
            trails: (0..steps).map(|_| Trail::default()).collect(),
            signals: [matrix(), matrix()],
            memory: Vec::new(),
        }
    }

    /// Takes a block's rows from features to gradients, which it begins or adds to; the sum of
    /// their losses by their shares.
    fn run(
        &mut self,
        steps: &[Step],
        latents: &Latents,
        [shares, by_units]: [&[f32]; 2],
        (gradients, begin): (&mut [Gradient], bool),
    ) -> f64 {
        let Self { context, states, trails, signals: [by_y, by_x], memory } = self;
        let count = shares.len();
        let mut ladj = ZERO;
        for (s, (step, trail)) in steps.iter().zip(trails.iter_mut()).enumerate() {
            let (before, after) = states.split_at_mut(s + 1);
            let (x, y) = (&before[s], &mut after[0]);
            match step {
                Step::Conditioned(step) => {
                    copy(x, y);
                    step.forward(trail, context, x, (y, &mut ladj), memory);
                }
                Step::Softclip(bound) => {
                    for at in 0..x.rows() {
                        softclip::softclip(*bound, row(x, at), row_mut(y, at), &mut ladj);
                    }
                }
                Step::Linear(map) => map.forward(x, y, &mut ladj),
            }
        }
        // The loss is -sum of shares (log p(z) + ladj).
        let mut share = [0.0; ROWS];
        share[..count].copy_from_slice(shares);
        let by_ladj: Row = share.map(|share| -share);
        let z = &states[steps.len()];
        for at in 0..z.rows() {
            latents.log_prob(at, row(z, at), &share, (row_mut(by_y, at), &mut ladj));
        }
        let rows = ladj.iter().zip(by_units).zip(shares);
        let loss: f64 =
            rows.map(|((log, by), share)| -(log + f64::from(*by)) * f64::from(*share)).sum();
        for (s, (step, trail)) in steps.iter().zip(trails.iter_mut()).enumerate().rev() {
            let x = &states[s];
            match (step, &mut gradients[s]) {
                (Step::Conditioned(step), Gradient::Layers(layers)) => {
                    copy(by_y, by_x);
                    let signals = (&*by_y, &by_ladj);
                    let rows = (count, begin);
                    step.backward(trail, x, signals, by_x, layers, rows, memory);
                }
                (Step::Linear(map), Gradient::Linear(gradient)) => {
                    if begin {
                        gradient.fill(0.0);
                    }
                    map.backward(x, (by_y, &by_ladj), by_x, gradient, count);
                }
                (Step::Softclip(bound), _) => {
                    for at in 0..x.rows() {
                        let (by_y, by_x) = (row(by_y, at), row_mut(by_x, at));
                        softclip::softclip_back(*bound, row(x, at), by_y, &by_ladj, by_x);
                    }
                }
                _ => {}
            }
            std::mem::swap(by_y, by_x);
        }
        loss
    }
}
