//! What a training algorithm is to the loop.

use std::path::Path;

use astrogen_data::{Batch, Rows};
use astrogen_distributed::Group;
use astrogen_models::ModelError;
use tch::{Kind, Tensor};

use crate::TrainError;
use crate::state::State;

/// Named scalars of one step, kept as tensors on the device until somebody reads them:
/// each read waits for the device.
pub type Losses = Vec<(&'static str, Tensor)>;

/// A training algorithm: from one batch to updated networks.
///
/// A step draws what it needs from libtorch's generator, which [`fit`](crate::fit::fit)
/// seeds before each call, and keeps no other hidden state: everything that the next step
/// depends on is in its [`state`](State::state).
pub trait Step: State {
    /// What it learns from: [`Images`](astrogen_data::Images), [`Rows`], or
    /// a kind of one's own.
    type Batch: Batch;

    /// Updates the networks from one batch.
    ///
    /// # Errors
    /// What libtorch refuses, such as a batch of another shape than the networks take.
    fn step(&mut self, batch: &Self::Batch) -> Result<Losses, TrainError>;

    /// Trains as one of these processes from now on: every mean over a batch that the next step depends on
    /// is one over the whole batch, of which this process has a share. [Optimisers](crate::optim::Adam::join)
    /// do so with gradients; the loop itself averages running statistics of normalisations.
    ///
    /// # Errors
    /// [`TrainError::Setting`], unless the algorithm says how: it trains alone then.
    fn join(&mut self, group: &Group) -> Result<(), TrainError> {
        Err(TrainError::Setting {
            name: "processes",
            rule: "1, since this algorithm cannot share its batches (Step::join)",
            got: group.size().to_string(),
        })
    }

    /// Whether it learns as well where convolutions and matrix products compute in
    /// [bf16](astrogen_runtime::Precision::Bf16): networks of images do, and densities do not. Default no.
    fn takes_bf16(&self) -> bool {
        false
    }

    /// Writes what the finished run is for, such as the generator that samples are drawn
    /// from, into the run's folder; called after every checkpoint.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn export(&self, folder: &Path) -> Result<(), TrainError>;
}

/// What errors call a generator's images and a critic's or a discriminator's output.
pub(crate) const FAKES: &str = "the generator's images";
pub(crate) const SCORES: &str = "the scores of the generator's opponent";

/// What a network made, in f32 where it was made in bf16.
pub(crate) fn widened(made: Tensor) -> Tensor {
    match made.kind() {
        Kind::BFloat16 => made.to_kind(Kind::Float),
        _ => made,
    }
}

/// Refuses a batch that is empty or whose shape after the first axis is not `sample`; `what` is
/// its name in the message.
///
/// # Errors
/// [`ModelError::Shape`].
pub fn check_shape(what: &'static str, batch: &Tensor, sample: &[i64]) -> Result<(), ModelError> {
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

/// Refuses weights of rows, for a step that learns from all alike.
///
/// # Errors
/// [`TrainError::Setting`].
pub(crate) fn check_unweighted(rows: &Rows) -> Result<(), TrainError> {
    match rows.weights {
        None => Ok(()),
        Some(_) => Err(TrainError::Setting {
            name: "weights of rows",
            rule: "none, since this step learns from all rows alike",
            got: "some".to_owned(),
        }),
    }
}

/// Refuses a tensor of another shape than this, such as one that goes with a batch and is not
/// of its size.
///
/// # Errors
/// [`ModelError::Shape`].
pub fn check_size(what: &'static str, tensor: &Tensor, size: &[i64]) -> Result<(), ModelError> {
    let got = tensor.size();
    if got == size {
        return Ok(());
    }
    Err(ModelError::Shape { what, expected: format!("{size:?}"), got })
}
