//! Observed features for tables of any length, on all cores.

use astrogen_nn::Network;
use tch::Device;

use super::TabularGenerator;
use super::blocks::{self, Rows, Widths, Worker};
use super::chains::Chains;
use crate::ModelError;

/// Rows whose values and the weights are in a core's cache together: whole tiles of the matrix
/// products.
pub(super) const ROWS: usize = 96;

impl TabularGenerator {
    /// Standardised features, row by row, of standardised contexts, row by row: conditions
    /// and then true features. The rows are `first_row ..` of a table; calls on its pieces
    /// give the same bits as one call on the whole, on any number of threads.
    ///
    /// libtorch's number of threads ([`tch::get_num_threads`]) are used.
    ///
    /// # Errors
    /// [`ModelError::Shape`] where the contexts are not whole rows, and
    /// [`ModelError::Torch`] where libtorch refuses.
    pub fn emulate(
        &self,
        context: &[f32],
        first_row: u64,
        seed: u64,
    ) -> Result<Vec<f32>, ModelError> {
        let widths = self.widths();
        if let Some((chains, _)) = self.chains() {
            let worker = || Ok(in_cache(widths, &chains));
            return blocks::emulate(widths, Device::Cpu, context, first_row, seed, worker);
        }
        let device = self.options().1;
        blocks::emulate(widths, device, context, first_row, seed, || {
            let network = self.replica(device)?;
            let generate = move |latent: &_, context: &_| network.forward(latent, context);
            Ok(blocks::by_tensors(widths, self.options(), generate))
        })
    }

    pub(super) fn widths(&self) -> Widths {
        Widths {
            latent: self.config.latent_dim,
            context: self.config.context_dim(),
            features: self.config.features,
        }
    }
}

/// A worker that sends a few rows at a time through a network in plain Rust.
fn in_cache(widths: Widths, chains: &Chains) -> impl Worker {
    let [latent_dim, width, outputs] =
        [widths.latent, widths.context, widths.features].map(|width| width as usize);
    let mut block = chains.block();
    move |rows: Rows<'_>, features: &mut [f32]| {
        let latents = rows.latent[rows.start * latent_dim..].chunks(ROWS * latent_dim);
        let contexts = rows.context.chunks(ROWS * width);
        for ((latent, context), features) in
            latents.zip(contexts).zip(features.chunks_mut(ROWS * outputs))
        {
            let count = context.len() / width;
            block.resize(count, 1);
            block.set_inputs(0, &latent[..count * latent_dim]);
            block.set_context(context);
            chains.forward(&mut block);
            let rows = features.chunks_exact_mut(outputs).enumerate();
            rows.for_each(|(i, row)| row.copy_from_slice(block.outputs().row(i)));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::thread;

    use tch::{Kind, Tensor, nn};

    use super::*;
    use crate::TabularConfig;

    /// A generator, and the turn to use the threads of the whole process.
    fn generator() -> (MutexGuard<'static, ()>, TabularGenerator) {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        tch::manual_seed(1);
        let store = nn::VarStore::new(Device::Cpu);
        (turn, TabularConfig::default().init_generator(&store.root()).unwrap())
    }

    #[test]
    fn pieces_of_a_table_give_the_same_bits_as_the_whole_on_any_number_of_threads() {
        let (_turn, generator) = generator();
        let rows = 2 * 1024 + 300;
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
        let (_turn, generator) = generator();
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
    fn a_worker_that_panics_leaves_the_number_of_threads_as_it_was() {
        let (_turn, generator) = generator();
        // What a new thread begins with is the whole process's number.
        let of_process = || thread::spawn(tch::get_num_threads).join().unwrap();
        let before = tch::get_num_threads();
        tch::set_num_threads(3);
        let widths = generator.widths();
        let panics = || Ok(|_: Rows<'_>, _: &mut [f32]| -> Result<(), _> { panic!("a worker") });
        let work = || blocks::emulate(widths, Device::Cpu, &[0.0; 9], 0, 1, panics);
        assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
        let after = of_process();
        tch::set_num_threads(before);
        assert_eq!(after, 3);
    }

    #[test]
    fn half_a_row_is_refused() {
        let (_turn, generator) = generator();
        let message = generator.emulate(&[0.0; 10], 0, 0).unwrap_err().to_string();
        assert!(message.contains("rows of 9 values"), "{message}");
        assert!(generator.emulate(&[], 5, 0).unwrap().is_empty());
    }
}
