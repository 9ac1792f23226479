//! Observed features for tables of any length, on all cores.
//!
//! Rows are generated in blocks small enough for a core's cache, one thread a block. A row's
//! latents depend on the seed and on its number in the table alone, and a row always stands
//! at the same place of a block of the same size, so that its features are the same bits
//! however the table is cut into chunks and however many threads there are.

use std::sync::{Mutex, PoisonError};
use std::thread;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Tensor, nn};

use super::{TabularConfig, TabularGenerator};
use crate::ModelError;
use crate::weights::copy_into;

/// Rows of a block.
const BLOCK: usize = 1024;

/// Rows of one block, and where their features go.
struct Job<'a> {
    /// The block's number in the table.
    block: u64,
    /// The place of the first row in the block.
    start: usize,
    context: &'a [f32],
    features: &'a mut [f32],
}

impl TabularGenerator {
    /// Standardised features, row by row, of standardised contexts, row by row: conditions
    /// and then true features. The rows are `first_row ..` of a table; calls on its pieces
    /// give the same numbers as one call on the whole.
    ///
    /// libtorch's number of threads ([`tch::get_num_threads`]) are used.
    ///
    /// # Errors
    /// [`ModelError::InvalidShape`] where the contexts are not whole rows, and
    /// [`ModelError::Torch`] where libtorch refuses.
    pub fn emulate(
        &self,
        context: &[f32],
        first_row: u64,
        seed: u64,
    ) -> Result<Vec<f32>, ModelError> {
        let width = self.config.context_dim() as usize;
        if !context.len().is_multiple_of(width) {
            return Err(ModelError::InvalidShape {
                what: "contexts",
                expected: format!("rows of {width} values"),
                got: vec![context.len() as i64],
            });
        }
        let rows = context.len() / width;
        let outputs = self.config.features as usize;
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

        let threads = tch::get_num_threads().max(1);
        // Tensors may not be shared between threads: each has a network of its own.
        let networks = (0..threads).map(|_| self.replica()).collect::<Result<Vec<_>, _>>()?;
        let jobs = Mutex::new(jobs.into_iter());
        let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
        let outcome = thread::scope(|scope| {
            let work = |network: TabularGenerator| {
                tch::set_num_threads(1);
                std::iter::from_fn(next).try_for_each(|job| network.run(job, seed))
            };
            let workers: Vec<_> =
                networks.into_iter().map(|network| scope.spawn(move || work(network))).collect();
            workers.into_iter().try_for_each(|worker| match worker.join() {
                Ok(outcome) => outcome,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        });
        tch::set_num_threads(threads);
        outcome.map(|()| features)
    }

    /// A copy with weights of its own.
    fn replica(&self) -> Result<Self, ModelError> {
        let (kind, device) = self.options();
        let mut variables = nn::VarStore::new(device);
        let network = self.config.build_generator(&variables.root())?;
        variables.set_kind(kind);
        let weights = self.named_tensors().into_iter().collect();
        copy_into(network.named_tensors(), &weights, "this network")?;
        Ok(network)
    }

    fn run(&self, job: Job<'_>, seed: u64) -> Result<(), ModelError> {
        let TabularConfig { latent_dim, features, .. } = self.config;
        let width = self.config.context_dim();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(job.block);
        let latent: Vec<f32> =
            StandardNormal.sample_iter(rng).take(BLOCK * latent_dim as usize).collect();
        // Rows of the block that are not asked for are zero.
        let first = job.start * width as usize;
        let mut context = vec![0.0; BLOCK * width as usize];
        context[first..first + job.context.len()].copy_from_slice(job.context);

        let rows = BLOCK as i64;
        let mut generate = || -> Result<(), tch::TchError> {
            let latent = Tensor::f_from_slice(&latent)?.f_view([rows, latent_dim])?;
            let context = Tensor::f_from_slice(&context)?.f_view([rows, width])?;
            let (kind, device) = self.options();
            let [latent, context] =
                [latent, context].map(|tensor| tensor.to_device(device).to_kind(kind));
            let made = tch::no_grad(|| self.forward(&latent, &context));
            let count = (job.features.len() as i64) / features;
            let made = made.f_narrow(0, job.start as i64, count)?;
            let made = made.f_to_device(tch::Device::Cpu)?.f_to_kind(tch::Kind::Float)?;
            made.f_contiguous()?.f_view([-1])?.f_copy_data(job.features, job.features.len())
        };
        generate().map_err(|error| ModelError::torch("generate rows of a table", &error))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    fn generator() -> (nn::VarStore, TabularGenerator) {
        tch::manual_seed(1);
        let store = nn::VarStore::new(Device::Cpu);
        let generator = TabularConfig::default().init_generator(&store.root()).unwrap();
        (store, generator)
    }

    #[test]
    fn pieces_of_a_table_give_the_same_bits_as_the_whole_on_any_number_of_threads() {
        let (_store, generator) = generator();
        let rows = 2 * BLOCK + 300;
        let context: Vec<f32> = (0..rows * 9).map(|i| (i as f32 * 0.37).sin()).collect();
        let before = tch::get_num_threads();
        let whole = generator.emulate(&context, 0, 7).unwrap();
        assert_eq!(tch::get_num_threads(), before);
        for cuts in [vec![1, 1023, 1024], vec![700, 701, 2000], vec![]] {
            let mut pieces = Vec::new();
            let mut from = 0;
            for to in cuts.into_iter().chain([rows]) {
                tch::set_num_threads(1 + (from % 3) as i32);
                let piece = &context[from * 9..to * 9];
                pieces.extend(generator.emulate(piece, from as u64, 7).unwrap());
                from = to;
            }
            tch::set_num_threads(before);
            assert!(pieces == whole);
        }
        assert!(generator.emulate(&context, 0, 8).unwrap() != whole);
    }

    #[test]
    fn rows_have_fresh_standard_normal_latents() {
        let (_store, generator) = generator();
        // The same context in every row: what differs is the latents.
        let rows = 20_000;
        let made = generator.emulate(&vec![0.3; rows * 9], 0, 3).unwrap();
        let made = Tensor::from_slice(&made).view([rows as i64, 3]);
        let context = Tensor::full([rows as i64, 9], 0.3, (Kind::Float, Device::Cpu));
        let expected = generator.sample(&generator.latent(rows as i64), &context).unwrap();
        let apart = (made.mean_dim(0, false, None) - expected.mean_dim(0, false, None)).abs();
        let spread = expected.std_dim(0, true, false);
        assert!((apart / &spread).max().double_value(&[]) < 0.05);
        let ratio = made.std_dim(0, true, false) / spread;
        assert!((ratio - 1.0).abs().max().double_value(&[]) < 0.05);
    }

    #[test]
    fn half_a_row_is_refused() {
        let (_store, generator) = generator();
        let message = generator.emulate(&[0.0; 10], 0, 0).unwrap_err().to_string();
        assert!(message.contains("rows of 9 values"), "{message}");
        assert!(generator.emulate(&[], 5, 0).unwrap().is_empty());
    }
}
