//! What a training algorithm is to the loop.

use astrogen_models::ModelError;
use tch::Tensor;

use crate::TrainError;

/// Named scalars of one step, kept as tensors on the device until somebody reads them:
/// each read waits for the device.
pub type Losses = Vec<(&'static str, Tensor)>;

/// A training algorithm: from one batch to updated networks.
///
/// A step draws what it needs from libtorch's generator, which [`fit`](crate::fit::fit)
/// seeds before each call, and keeps no other hidden state: everything that the next step
/// depends on is in [`state`](Self::state).
pub trait Step {
    /// The algorithm's name, written into checkpoints: one cannot resume another's.
    fn algorithm(&self) -> &'static str;

    /// Updates the networks from one batch, `[N, C, H, W]` and signed for images.
    ///
    /// # Errors
    /// What libtorch refuses, such as a batch of another shape than the networks take.
    fn step(&mut self, batch: &Tensor) -> Result<Losses, TrainError>;

    /// Every tensor that has to survive a restart: weights, buffers, moments, averages,
    /// counters. The tensors share their memory with the algorithm, so that copying into
    /// them restores it.
    fn state(&self) -> Vec<(String, Tensor)>;

    /// Writes what the finished run is for, such as the generator that samples are drawn
    /// from, into the run's folder; called after every checkpoint.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn export(&self, folder: &std::path::Path) -> Result<(), TrainError>;
}

/// What errors call a generator's images and a critic's or a discriminator's output.
pub(crate) const FAKES: &str = "the generator's images";
pub(crate) const SCORES: &str = "the scores of the generator's opponent";

/// Refuses a batch that is empty or whose shape after the first axis is not `sample`.
pub(crate) fn check_shape(
    what: &'static str,
    batch: &Tensor,
    sample: &[i64],
) -> Result<(), ModelError> {
    match batch.size().split_first() {
        Some((&n, shape)) if n > 0 && shape == sample => Ok(()),
        _ => Err(ModelError::Shape {
            what,
            expected: format!(
                "[N, {}]",
                sample.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
            ),
            got: batch.size(),
        }),
    }
}

/// Refuses a tensor of another shape than this, such as one that goes with a batch and is not
/// of its size.
pub(crate) fn check_size(
    what: &'static str,
    tensor: &Tensor,
    size: &[i64],
) -> Result<(), ModelError> {
    let got = tensor.size();
    if got == size {
        return Ok(());
    }
    Err(ModelError::Shape { what, expected: format!("{size:?}"), got })
}
