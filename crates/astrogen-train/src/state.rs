//! What of a training algorithm survives a restart.

use tch::Tensor;

/// A training algorithm as checkpoints see it: a name, and the tensors that it goes on from.
pub trait State {
    /// The algorithm's name, written into checkpoints: one cannot resume another's.
    fn algorithm(&self) -> &'static str;

    /// Every tensor that has to survive a restart: weights, buffers, moments, averages,
    /// counters. The tensors share their memory with the algorithm, so that copying into
    /// them restores it.
    fn state(&self) -> Vec<(String, Tensor)>;
}
