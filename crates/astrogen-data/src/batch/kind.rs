//! What kind of samples a batch holds.

use std::fmt::Debug;

use tch::{Device, Tensor};

use crate::DataError;
use crate::augment::{Dihedral, Symmetry};

/// A batch of one kind of samples, as tensors: [`Images`](super::Images), [`Rows`](super::Rows),
/// or one's own.
///
/// Whatever a sample is, it travels as a list of `f32` numbers: order, prefetch and residence on
/// the device know no more of it than how many there are. The kind says how a sample is written
/// into that list, and how `N` lists, one tensor `[N, values]`, are cut into the batch in the end.
pub trait Batch: Sized + 'static {
    /// One sample on the host.
    type Sample;

    /// The shape that all samples of a data set have.
    type Shape: Copy + Debug + PartialEq + Send + Sync;

    /// How many numbers a sample of this shape is.
    fn values(shape: Self::Shape) -> usize;

    /// The shape of a sample.
    fn shape_of(sample: &Self::Sample) -> Self::Shape;

    /// The shape as errors write it, what its axes are included.
    fn describe(shape: Self::Shape) -> String;

    /// Writes a sample into its [`values`](Self::values) numbers.
    fn write(sample: &Self::Sample, target: &mut [f32]);

    /// The batch that `values`, a contiguous tensor `[N, values]` on the device, stand for.
    ///
    /// # Errors
    /// [`DataError::Tensor`] where libtorch refuses.
    fn cut(values: Tensor, shape: Self::Shape) -> Result<Self, DataError>;

    /// What turns samples of this shape under [`Augment::Dihedral`](crate::Augment::Dihedral).
    /// The default is none, for samples that are no squares of pixels: they are dealt out as they
    /// are, whatever the augmentation.
    ///
    /// # Errors
    /// [`DataError::Setting`] for a shape that is to be turned and cannot be;
    /// [`DataError::Tensor`] where the device has no room.
    fn dihedral(_shape: Self::Shape, _device: Device) -> Result<Option<Dihedral>, DataError> {
        Ok(None)
    }

    /// The batch with sample `n` turned by `symmetries[n]`; as it is by default.
    ///
    /// # Errors
    /// [`DataError::Tensor`] where libtorch refuses.
    fn turned(self, _dihedral: &Dihedral, _symmetries: &[Symmetry]) -> Result<Self, DataError> {
        Ok(self)
    }
}
