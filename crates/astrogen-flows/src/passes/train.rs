//! The loss of a flow and its gradients without autograd.

use std::sync::{Mutex, PoisonError};

use astrogen_nn::dense::{in_blocks, on_threads};
use tch::{Kind, Tensor, no_grad};

use super::batch::{Given, Pass};
use super::lanes::ROWS;
use super::latents::Latents;
use super::step::{Gradient, Step};
use super::{numbers, steps};
use crate::{Flow, FlowConfig, FlowError, Transform};

/// More blocks than this are not made, since each has gradients of its own; nor more than these
/// have so many numbers together.
const MOST_BLOCKS: usize = 16;
const MOST_NUMBERS: usize = 1 << 24;

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
/// tch::manual_seed(1);
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
    config: FlowConfig,
    /// Blocks at most.
    most: usize,
    /// The gradients of each block.
    blocks: Vec<Vec<Gradient>>,
    /// What threads that have no block leave for the next: memory that is still in a cache.
    idle: Mutex<Vec<Pass>>,
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
        let config = astrogen_nn::Network::config(flow).clone();
        let latents = flow.base().latents();
        let numbers: usize = steps.iter().map(|step| step.gradient().len()).sum();
        // Halves of halves, so that rows in whole blocks stay such.
        let most = 1 << (MOST_NUMBERS / numbers.max(1)).clamp(1, MOST_BLOCKS).ilog2();
        let (blocks, idle) = (Vec::new(), Mutex::default());
        Some(Self { steps, weights, names, latents, config, most, blocks, idle })
    }

    /// Names of the weights that are learned, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, ..)| name.as_str())
    }

    /// The mean of `-log p(x | c)`, in nats, of features `[N, D]` and contexts `[N, C]`, and its
    /// gradients in the order of the [names](Self::names). With weights of rows `[N]` it is the mean
    /// of each row's times its weight.
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
        let [features, values] = [self.config.features, self.config.context];
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
        let (x, by_units) = no_grad(|| self.config.scaled(&x.to_kind(Kind::Float)));
        let context = match context {
            Some(context) => {
                let units = &self.config.context_units;
                flat(&no_grad(|| units.call_and_ladj(&context.to_kind(Kind::Float)).0))?
            }
            None => Vec::new(),
        };
        let (x, by_units) = (flat(&x)?, flat(&by_units)?);
        let shares = match row_weights {
            None => vec![1.0 / n as f32; n],
            Some(weights) => {
                flat(weights)?.iter().map(|weight| (f64::from(*weight) / n as f64) as f32).collect()
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
        let Self { steps, weights, latents, most, blocks, idle, .. } = self;
        for (step, weights) in steps.iter_mut().zip(weights.iter()) {
            let weights = weights.iter().map(numbers).collect::<Result<Vec<_>, _>>()?;
            step.refresh(&weights, &[]);
        }
        let (steps, latents, idle) = (&*steps, &*latents, &*idle);
        let count = shares.len().div_ceil(ROWS).min(*most);
        blocks.resize_with(count, || steps.iter().map(Step::gradient).collect());
        let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
        let losses = in_blocks(shares.len(), [blocks.as_mut_slice()], |rows, [gradients]| {
            let taken = idle().pop();
            let mut pass = taken.unwrap_or_default();
            let given = Given {
                x: rows.of(x),
                context: rows.of(context),
                shares: rows.of(shares),
                by_units: rows.of(by_units),
            };
            let loss = pass.run((steps, latents), &given, gradients);
            idle().push(pass);
            loss
        });
        Ok(losses.into_iter().sum())
    }

    /// Sums the gradients of all blocks.
    fn gradients(&self) -> Vec<Tensor> {
        let mut sums: Vec<Vec<Vec<f32>>> = self.steps.iter().map(|_| Vec::new()).collect();
        let jobs = self.steps.iter().zip(&mut sums).enumerate();
        let blocks = &self.blocks;
        on_threads(jobs.collect(), |(s, (step, sum))| {
            let blocks: Vec<&Gradient> = blocks.iter().map(|block| &block[s]).collect();
            *sum = step.sum(&blocks);
        });
        let tensor = |&(_, step, place): &(String, usize, usize)| {
            Tensor::from_slice(&sums[step][place]).view(&self.weights[step][place].size()[..])
        };
        self.names.iter().map(tensor).collect()
    }
}
