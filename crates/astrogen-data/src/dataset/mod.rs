//! What a data set is, and samples that are held in memory.

mod array;
mod rows;

pub use array::ArrayDataset;
pub use rows::RowDataset;

use crate::DataError;
use crate::batch::Batch;

/// A numbered list of samples of one kind and shape.
///
/// Samples are read from several threads at once, in any order, and sample `index` is
/// the same every time: all that makes a run repeatable stands on that.
pub trait Dataset: Send + Sync {
    /// What its batches are: images, or rows of a table.
    type Batch: Batch;

    /// How many samples there are.
    fn len(&self) -> usize;

    /// The shape that all samples have: `[C, H, W]` of images.
    fn shape(&self) -> <Self::Batch as Batch>::Shape;

    /// Sample `index` on the host: an image `[C, H, W]` in signed range \[-1, 1\], or a
    /// standardised row of a table.
    ///
    /// # Errors
    /// [`DataError::Index`] for a number outside the data set; otherwise whatever stands
    /// in the way of reading the sample again.
    fn sample(&self, index: usize) -> Result<<Self::Batch as Batch>::Sample, DataError>;

    /// Whether there is no sample at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
