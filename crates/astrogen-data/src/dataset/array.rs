//! Images that are held in memory.

use ndarray::{Array3, Array4, Axis};

use super::Dataset;
use crate::DataError;
use crate::batch::Images;

/// Images held in memory as one array `[N, C, H, W]` in signed range \[-1, 1\].
///
/// ```
/// use astrogen_data::{ArrayDataset, Dataset};
/// let samples = ArrayDataset::new(ndarray::Array4::zeros((5, 1, 4, 4)))?;
/// assert_eq!((samples.len(), samples.shape()), (5, [1, 4, 4]));
/// # Ok::<(), astrogen_data::DataError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ArrayDataset {
    samples: Array4<f32>,
}

impl ArrayDataset {
    /// Takes images `[N, C, H, W]` that are scaled already.
    ///
    /// # Errors
    /// [`DataError::Setting`] where a side of a sample is zero.
    pub fn new(samples: Array4<f32>) -> Result<Self, DataError> {
        if samples.shape()[1..].contains(&0) {
            return Err(DataError::Setting {
                name: "samples",
                rule: "[N, C, H, W] with at least one band, row and column".into(),
                got: format!("{:?}", samples.shape()),
            });
        }
        Ok(Self { samples })
    }
}

impl Dataset for ArrayDataset {
    type Batch = Images;

    fn len(&self) -> usize {
        self.samples.len_of(Axis(0))
    }

    fn shape(&self) -> [i64; 3] {
        let (_, channels, height, width) = self.samples.dim();
        [channels as i64, height as i64, width as i64]
    }

    fn sample(&self, index: usize) -> Result<Array3<f32>, DataError> {
        if index >= self.len() {
            return Err(DataError::Index { index, samples: self.len() });
        }
        Ok(self.samples.index_axis(Axis(0), index).to_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_by_number_and_others_are_refused() {
        let array = Array4::from_shape_fn((3, 2, 4, 5), |(n, c, y, x)| {
            (n * 1000 + c * 100 + y * 10 + x) as f32
        });
        let dataset = ArrayDataset::new(array.clone()).unwrap();
        assert_eq!((dataset.len(), dataset.shape()), (3, [2, 4, 5]));
        assert_eq!(dataset.sample(2).unwrap(), array.index_axis(Axis(0), 2));
        let message = dataset.sample(3).unwrap_err().to_string();
        assert!(message.contains("sample 3") && message.contains("holds 3"), "{message}");
    }

    #[test]
    fn samples_without_pixels_are_refused() {
        let message = ArrayDataset::new(Array4::zeros((3, 1, 0, 4))).unwrap_err().to_string();
        assert!(message.contains("[3, 1, 0, 4]"), "{message}");
        assert!(ArrayDataset::new(Array4::zeros((0, 1, 4, 4))).unwrap().is_empty());
    }
}
