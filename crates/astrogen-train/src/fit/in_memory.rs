//! The loop alone, for small networks that are trained many at a time.

use astrogen_data::Batches;
use tch::Device;

use super::{FitConfig, seeded_step, set_precision};
use crate::TrainError;
use crate::guard::check_finite;
use crate::step::{Losses, Step};

/// Trains for so many steps and keeps nothing on disk: step `k` sees the batch and the random numbers
/// that it sees in [`fit`](super::fit()), so that the weights are those of a run with this seed.
/// `observe` is told of every step that is done, counted from 1, with its losses on the device; it may
/// read the networks.
///
/// # Errors
/// [`TrainError::NonFinite`] for a loss that is not a finite number; [`TrainError::Panicked`] where
/// libtorch fails, and what the step, the data and `observe` report.
pub fn fit_in_memory<S: Step>(
    algorithm: &mut S,
    batches: &mut Batches<S::Batch>,
    steps: u64,
    seed: u64,
    mut observe: impl FnMut(&S, u64, &Losses) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let config = FitConfig { seed, ..FitConfig::default() };
    set_precision(config.precision, algorithm, batches.device())?;
    for step in 0..steps {
        let batch = batches.next_batch()?;
        let losses = seeded_step(algorithm, &batch, &config, step)?;
        // Each read waits for a device.
        if batches.device() == Device::Cpu || step + 1 == steps {
            check_finite(step + 1, losses.iter().map(|(name, loss)| (*name, loss)))?;
        }
        observe(algorithm, step + 1, &losses)?;
    }
    Ok(())
}
