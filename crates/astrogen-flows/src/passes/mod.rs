//! The passes of flows in plain Rust: single precision, on the CPU, networks with ReLU.
//!
//! As tensor operations, the small networks of a flow spend most of their time in calls and in
//! memory, and the inverse of an autoregressive transform computes the whole network once for each
//! feature. Here a block of 128 rows goes through all transforms while it is in a core's cache,
//!
//! - side by side, a unit or a feature being a row of a matrix, so that functions of single features
//!   are plain loops over rows, and a unit can be computed by itself;
//! - stage by stage, see [`net`]: in either direction each unit is computed once, and what masks
//!   hide is not;
//! - with what all rows have in common, one context for all, computed once.
//!
//! Functions of single features are computed in double precision, networks in single. Blocks are
//! spread over [`tch::get_num_threads`] threads; no row depends on another, and gradients are summed
//! in the order of blocks, so that results are the same bits on any number of threads.
//!
//! Everything else is for tensor operations: double precision, other devices, other activations and
//! functions, and whatever autograd is to differentiate.

mod affine;
mod batch;
mod bernstein;
mod conditioned;
mod function;
mod lanes;
pub(crate) mod latents;
mod linear;
pub(crate) mod net;
mod newton;
pub(crate) mod sample;
mod softclip;
mod spline;
mod step;
mod sum_of_squares;
mod train;
mod unscaling;

use astrogen_nn::dense::{Matrix, on_threads};
use tch::{Device, Kind, Tensor};

pub(crate) use self::conditioned::{Conditioned, ConditionedPlan, Seen};
pub(crate) use self::function::Function;
pub(crate) use self::linear::LinearMap;
pub(crate) use self::net::LayerPlan;
pub(crate) use self::spline::{Shaping, Splines};
pub use self::train::FlowPass;

use self::conditioned::Trail;
use self::lanes::{Lane, ROWS, ZERO, row, row_mut};
use self::step::Step;
use self::unscaling::Unscaling;
use crate::Flow;

/// What passes are made of: the steps of a transform, and the weights of each. Only this crate's
/// transforms [have](crate::LazyTransform::plan) one.
#[derive(Debug)]
pub struct Plan(pub(crate) Vec<Part>);

/// A step, and its weights in the order in which it takes them.
pub(crate) struct Part {
    pub(crate) step: StepPlan,
    pub(crate) weights: Vec<Tensor>,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("weights", &self.weights).finish_non_exhaustive()
    }
}

/// A step before its weights are sorted.
pub(crate) enum StepPlan {
    Conditioned(ConditionedPlan),
    Softclip(f64),
    /// Of so many features; `P`, `L`, `U`, `S`.
    Linear(usize),
}

/// A flow with its present weights, as plain numbers.
#[derive(Debug)]
pub(crate) struct Passes {
    steps: Vec<Step>,
    unscaling: Unscaling,
    features: usize,
}

/// The steps of a flow and their weights; `folded` for one context for all rows. None where it is
/// for tensor operations.
fn steps(flow: &Flow, folded: bool) -> Option<(Vec<Step>, Vec<Vec<Tensor>>)> {
    if flow.options() != (Kind::Float, Device::Cpu) {
        return None;
    }
    let context = flow.sizes()[1];
    let (mut steps, mut weights) = (Vec::new(), Vec::new());
    for transform in flow.transforms() {
        for part in transform.plan()?.0 {
            steps.push(match part.step {
                StepPlan::Conditioned(plan) => {
                    Step::Conditioned(Conditioned::new(plan, context, folded)?)
                }
                StepPlan::Softclip(bound) => Step::Softclip(bound),
                StepPlan::Linear(features) => Step::Linear(LinearMap::new(features)),
            });
            weights.push(part.weights);
        }
    }
    Some((steps, weights))
}

/// The numbers of a tensor of single precision, row by row.
pub(crate) fn numbers(tensor: &Tensor) -> Result<Vec<f32>, tch::TchError> {
    let tensor = tensor.f_detach()?.f_contiguous()?;
    let mut numbers = vec![0.0; tensor.numel()];
    tensor.f_copy_data(&mut numbers, tensor.numel())?;
    Ok(numbers)
}

/// Whether autograd follows what is made of any of these.
fn tracked(tensors: &[&Tensor]) -> bool {
    // Where gradients are switched off, nothing that is made of a tensor has one.
    tensors.iter().any(|tensor| tensor.requires_grad() && tensor.alias().requires_grad())
}

impl Passes {
    /// The passes of a flow with its present weights, for all rows with one context, where there
    /// is one. None where it is for tensor operations, those with gradients by weights or `inputs`
    /// among them.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub(crate) fn new(
        flow: &Flow,
        one: Option<&Tensor>,
        inputs: &[&Tensor],
    ) -> Result<Option<Self>, tch::TchError> {
        let Some((mut steps, weights)) = steps(flow, one.is_some()) else { return Ok(None) };
        let all: Vec<&Tensor> = weights.iter().flatten().chain(inputs.iter().copied()).collect();
        if tracked(&all) {
            return Ok(None);
        }
        let context = one.map(numbers).transpose()?.unwrap_or_default();
        for (step, weights) in steps.iter_mut().zip(&weights) {
            let weights = weights.iter().map(numbers).collect::<Result<Vec<_>, _>>()?;
            step.refresh(&weights, &context);
        }
        let unscaling = Unscaling::new(flow.config());
        Ok(Some(Self { steps, unscaling, features: flow.sizes()[0] }))
    }

    /// `z`, `[N, D]`, and `log |det dz/dx|`, `[N]`, of features `[N, D]` in the units of the
    /// networks, row by row; contexts are one for each row, or none where all have the same.
    pub(crate) fn forward(&self, x: &[f32], context: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let rows = x.len() / self.features;
        let (mut z, mut ladj) = (vec![0.0; x.len()], vec![0.0; rows]);
        let size = job(rows);
        let jobs = z.chunks_mut(size * self.features).zip(ladj.chunks_mut(size)).enumerate();
        on_threads(jobs.collect(), |(n, (z, ladj))| {
            let mut worker = Worker::default();
            let x = &x[n * size * self.features..][..z.len()];
            let context = part(context, rows, n * size, ladj.len());
            worker.run(self.features, (x, context), z, |worker, first, count| {
                worker.ladj = ZERO;
                for step in &self.steps {
                    let Worker { context, from, to, ladj, trail, memory } = worker;
                    step.forward(trail, context, from, (to, ladj), memory);
                    std::mem::swap(from, to);
                }
                for (to, from) in ladj[first..first + count].iter_mut().zip(&worker.ladj) {
                    *to = *from as f32;
                }
            });
        });
        (z, ladj)
    }

    /// The features `[N, D]` of `z`, `[N, D]`, in their own units, row by row.
    pub(crate) fn inverse(&self, z: &[f32], context: &[f32]) -> Vec<f32> {
        let rows = z.len() / self.features;
        let mut x = vec![0.0; z.len()];
        let size = job(rows);
        let jobs = x.chunks_mut(size * self.features).enumerate();
        on_threads(jobs.collect(), |(n, x)| {
            let z = &z[n * size * self.features..][..x.len()];
            let context = part(context, rows, n * size, x.len() / self.features);
            self.inverse_rows((z, context), x);
        });
        x
    }

    /// The features of some rows of `z`, given contexts.
    fn inverse_rows(&self, given: (&[f32], &[f32]), x: &mut [f32]) {
        Worker::default().run(self.features, given, x, |worker, _, _| {
            for step in self.steps.iter().rev() {
                let Worker { context, from, to, trail, memory, .. } = worker;
                step.inverse(trail, context, from, to, memory);
                std::mem::swap(from, to);
            }
            self.unscaling.run(&mut worker.from);
        });
    }
}

/// Rows that a thread takes at a time, whole blocks.
fn job(rows: usize) -> usize {
    let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1);
    (rows / (4 * threads)).next_multiple_of(ROWS).clamp(ROWS, 1024)
}

/// The contexts of some rows of all.
fn part(context: &[f32], rows: usize, first: usize, count: usize) -> &[f32] {
    let width = context.len() / rows.max(1);
    &context[first * width..][..count * width]
}

/// What a thread computes a block with; its memory is kept from block to block.
#[derive(Debug)]
struct Worker {
    context: Matrix,
    /// The features before and behind a step, `[D, rows]`.
    from: Matrix,
    to: Matrix,
    ladj: Lane,
    trail: Trail,
    memory: Vec<Lane>,
}

impl Default for Worker {
    fn default() -> Self {
        let [context, from, to] = [(); 3].map(|()| Matrix::zeros(0, ROWS));
        let (trail, memory) = (Trail::default(), Vec::new());
        Self { context, from, to, ladj: ZERO, trail, memory }
    }
}

impl Worker {
    /// Takes rows of features and contexts a block at a time, lets `work` bring them behind all
    /// steps, with the place of the block's first row and its number of rows, and writes the
    /// features to the same places.
    fn run(
        &mut self,
        features: usize,
        (from, context): (&[f32], &[f32]),
        to: &mut [f32],
        mut work: impl FnMut(&mut Self, usize, usize),
    ) {
        let rows = to.len() / features;
        let width = context.len() / rows.max(1);
        for first in (0..rows).step_by(ROWS) {
            let next = (first + ROWS).min(rows);
            let count = next - first;
            spread(&mut self.context, &context[first * width..next * width], width);
            spread(&mut self.from, &from[first * features..next * features], features);
            self.to.resize(features);
            work(self, first, count);
            for feature in 0..features {
                let values = &row(&self.from, feature)[..count];
                let to = to[first * features + feature..].iter_mut().step_by(features);
                to.zip(values).for_each(|(to, value)| *to = *value);
            }
        }
    }
}

/// Rows of so many values, side by side: `[width, rows]`; rows that a block lacks are 0.
fn spread(to: &mut Matrix, rows: &[f32], width: usize) {
    to.resize(width);
    for value in 0..width {
        let to = row_mut(to, value);
        let values = rows[value..].iter().step_by(width);
        let count = values.len();
        to.iter_mut().zip(values).for_each(|(to, value)| *to = *value);
        to[count..].fill(0.0);
    }
}
