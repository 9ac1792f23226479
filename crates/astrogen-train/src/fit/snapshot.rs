//! A copy of an algorithm's state, for a step that fails half-way.

use tch::{Tensor, no_grad};

use crate::state::State;

/// The state after some step, each tensor on its own device: a way to the host and back would take
/// longer than the steps between two copies.
pub(super) struct Snapshot {
    /// Steps done.
    pub(super) step: u64,
    tensors: Vec<Tensor>,
}

impl Snapshot {
    pub(super) fn take(algorithm: &dyn State, step: u64) -> Self {
        let copy = |(_, tensor): (String, Tensor)| tensor.detach().copy();
        Self { step, tensors: algorithm.state().into_iter().map(copy).collect() }
    }

    /// Brings the copy to the present state.
    pub(super) fn refresh(&mut self, algorithm: &dyn State, step: u64) {
        self.step = step;
        no_grad(|| {
            for (copy, (_, tensor)) in self.tensors.iter_mut().zip(algorithm.state()) {
                copy.copy_(&tensor);
            }
        });
    }

    /// Brings the algorithm back to it.
    pub(super) fn restore(&self, algorithm: &dyn State) {
        no_grad(|| {
            for (copy, (_, mut tensor)) in self.tensors.iter().zip(algorithm.state()) {
                tensor.copy_(copy);
            }
        });
    }
}
