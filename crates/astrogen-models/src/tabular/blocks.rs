//! Observed features for tables of any length, on all cores, from any network that makes them
//! of latents and contexts.
//!
//! Rows are made in blocks small enough for a core's cache, one thread per block. A row's
//! latents depend on the seed and on its number in the table alone, and a row always stands
//! at the same place of a block of the same size, so that its features are the same bits
//! however the table is cut into chunks and however many threads there are.

use std::sync::{Mutex, PoisonError};
use std::thread;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor};

use crate::ModelError;

/// Rows of a block.
const BLOCK: usize = 1024;

/// Values of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    pub(super) latent: i64,
    pub(super) context: i64,
    pub(super) features: i64,
}

/// Refuses latents and contexts that are not `[N, latent]` and `[N, context]` of one `N`.
pub(super) fn check_sample(
    widths: Widths,
    latent: &Tensor,
    context: &Tensor,
) -> Result<(), ModelError> {
    let n = latent.size().first().copied().unwrap_or_default();
    for (what, tensor, width) in
        [("latents", latent, widths.latent), ("contexts", context, widths.context)]
    {
        if tensor.size() != [n, width] {
            let expected = format!("[{n}, {width}]");
            return Err(ModelError::Shape { what, expected, got: tensor.size() });
        }
    }
    Ok(())
}

/// Rows that follow each other in one block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    /// The place of the first one in the block.
    pub(super) start: usize,
    /// Latents of the whole block, row by row.
    pub(super) latent: &'a [f32],
    /// Contexts of these rows, row by row.
    pub(super) context: &'a [f32],
}

/// What makes features of rows, row by row.
pub(super) trait Worker:
    FnMut(Rows<'_>, &mut [f32]) -> Result<(), ModelError> + Send
{
}

impl<W: FnMut(Rows<'_>, &mut [f32]) -> Result<(), ModelError> + Send> Worker for W {}

/// Rows of one block, and where their features go.
struct Job<'a> {
    /// The block's number in the table.
    block: u64,
    /// The place of the first row in the block.
    start: usize,
    context: &'a [f32],
    features: &'a mut [f32],
}

/// Features of rows `first_row ..` of a table, row by row, from their contexts; calls on its
/// pieces give the same bits as one call on the whole.
///
/// Each thread has a worker of its own, since tensors may not be shared between threads; there is one
/// for a GPU, which works by itself. A row may depend on no other.
///
/// # Errors
/// [`ModelError::Shape`] where the contexts are not whole rows, and those of the workers.
pub(super) fn emulate<W: Worker>(
    widths: Widths,
    device: Device,
    context: &[f32],
    first_row: u64,
    seed: u64,
    worker: impl Fn() -> Result<W, ModelError>,
) -> Result<Vec<f32>, ModelError> {
    let (width, outputs) = (widths.context as usize, widths.features as usize);
    if !context.len().is_multiple_of(width) {
        return Err(ModelError::Shape {
            what: "contexts",
            expected: format!("rows of {width} values"),
            got: vec![context.len() as i64],
        });
    }
    let rows = context.len() / width;
    let mut features = vec![0.0; rows * outputs];
    let mut jobs = Vec::with_capacity(rows / BLOCK + 2);
    let (mut row, mut context, mut rest) = (first_row, context, features.as_mut_slice());
    while !context.is_empty() {
        let start = (row % BLOCK as u64) as usize;
        let count = (BLOCK - start).min(context.len() / width);
        let (here, later) = context.split_at(count * width);
        let (features, others) = std::mem::take(&mut rest).split_at_mut(count * outputs);
        jobs.push(Job { block: row / BLOCK as u64, start, context: here, features });
        (row, context, rest) = (row.wrapping_add(count as u64), later, others);
    }

    let threads = Threads(tch::get_num_threads().max(1));
    let workers = if device == Device::Cpu { threads.0 } else { 1 };
    let workers = (0..workers).map(|_| worker()).collect::<Result<Vec<_>, _>>()?;
    let jobs = Mutex::new(jobs.into_iter());
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        let work = |mut worker: W| {
            tch::set_num_threads(1); // of the whole process
            let mut latent = vec![0.0; BLOCK * widths.latent as usize];
            std::iter::from_fn(next).try_for_each(|job| {
                draw_latents(&mut latent, seed, job.block);
                let rows = Rows { start: job.start, latent: &latent, context: job.context };
                worker(rows, job.features)
            })
        };
        let running: Vec<_> =
            workers.into_iter().map(|worker| scope.spawn(move || work(worker))).collect();
        running.into_iter().try_for_each(|thread| match thread.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    Ok(features)
}

/// libtorch's number of threads, which is put back when this goes, by an error or a panic too.
struct Threads(i32);

impl Drop for Threads {
    fn drop(&mut self) {
        tch::set_num_threads(self.0);
    }
}

/// The latents of a block are a stream of their own.
fn draw_latents(latent: &mut [f32], seed: u64, block: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(block);
    latent.iter_mut().for_each(|latent| *latent = StandardNormal.sample(&mut rng));
}

/// A worker that brings a block to the element type and device of a network's weights, and the
/// features `[BLOCK, features]` that `generate` makes of it back. Blocks are always whole, since
/// how libtorch sums may depend on how many rows there are: those not asked for have contexts of
/// zero.
pub(super) fn by_tensors(
    widths: Widths,
    (kind, device): (Kind, Device),
    generate: impl Fn(&Tensor, &Tensor) -> Tensor + Send,
) -> impl Worker {
    let [width, outputs] = [widths.context, widths.features].map(|width| width as usize);
    let bring = move |values: &[f32], width: i64| {
        let block = Tensor::f_from_slice(values)?.f_view([BLOCK as i64, width])?;
        block.f_to_device(device)?.f_to_kind(kind)
    };
    move |rows: Rows<'_>, features: &mut [f32]| {
        let mut context = vec![0.0; BLOCK * width];
        context[rows.start * width..][..rows.context.len()].copy_from_slice(rows.context);
        let make = || -> Result<Vec<f32>, tch::TchError> {
            let [latent, context] =
                [bring(rows.latent, widths.latent)?, bring(&context, widths.context)?];
            let made = tch::no_grad(|| generate(&latent, &context));
            let made = made.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
            let mut features = vec![0.0; made.numel()];
            made.f_copy_data(&mut features, made.numel())?;
            Ok(features)
        };
        let made = make().map_err(|error| ModelError::torch("generate rows of a table", &error))?;
        features.copy_from_slice(&made[rows.start * outputs..][..features.len()]);
        Ok(())
    }
}
