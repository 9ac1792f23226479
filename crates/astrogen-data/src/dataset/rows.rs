//! Rows of a table that are held in memory.

use ndarray::{Array2, Axis};
use tch::Device;

use super::Dataset;
use crate::DataError;
use crate::batch::{Batch, Row, RowShape, Rows, to_tensor};

/// Standardised rows of a table held in memory, what is given and what is to be learnt of it.
///
/// ```
/// use astrogen_data::{Dataset, RowDataset, RowShape};
/// use ndarray::Array2;
///
/// let rows = RowDataset::new(Array2::zeros((100, 9)), Array2::zeros((100, 3)))?;
/// assert_eq!((rows.len(), rows.shape()), (100, RowShape { context: 9, features: 3 }));
/// # Ok::<(), astrogen_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RowDataset {
    context: Array2<f32>,
    features: Array2<f32>,
}

impl RowDataset {
    /// Takes contexts `[N, context]` and features `[N, features]` that are standardised already.
    /// A context may be of no values.
    ///
    /// # Errors
    /// [`DataError::Setting`] where there is not one context for each row of features, or no
    /// feature.
    pub fn new(context: Array2<f32>, features: Array2<f32>) -> Result<Self, DataError> {
        let refuse = |name, rule: String, got: String| Err(DataError::Setting { name, rule, got });
        if features.ncols() == 0 {
            let got = format!("{:?}", features.shape());
            return refuse("features", "[N, features] with at least one feature".into(), got);
        }
        if context.nrows() != features.nrows() {
            let rule = format!("one for each of the {} rows of features", features.nrows());
            return refuse("contexts", rule, format!("{}", context.nrows()));
        }
        Ok(Self { context, features })
    }

    /// What is given, `[N, context]`.
    pub fn context(&self) -> &Array2<f32> {
        &self.context
    }

    /// What is to be learnt, `[N, features]`.
    pub fn features(&self) -> &Array2<f32> {
        &self.features
    }

    /// All rows in their own order, as one batch on `device`.
    ///
    /// # Errors
    /// [`DataError::Tensor`] where the device has no room.
    pub fn to_batch(&self, device: Device) -> Result<Rows, DataError> {
        let rows = self.context.rows().into_iter().zip(self.features.rows());
        let values = rows.flat_map(|(context, features)| context.into_iter().chain(features));
        let values: Vec<f32> = values.copied().collect();
        Rows::cut(to_tensor::<Rows>(&values, self.shape(), device)?, self.shape())
    }
}

impl Dataset for RowDataset {
    type Batch = Rows;

    fn len(&self) -> usize {
        self.features.nrows()
    }

    fn shape(&self) -> RowShape {
        RowShape { context: self.context.ncols() as i64, features: self.features.ncols() as i64 }
    }

    fn sample(&self, index: usize) -> Result<Row, DataError> {
        if index >= self.len() {
            return Err(DataError::Index { index, samples: self.len() });
        }
        let row = |of: &Array2<f32>| of.index_axis(Axis(0), index).to_owned();
        Ok(Row { context: row(&self.context), features: row(&self.features) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_by_number_and_others_are_refused() {
        let context = Array2::from_shape_fn((3, 2), |(n, d)| (n * 10 + d) as f32);
        let features = Array2::from_shape_fn((3, 4), |(n, d)| (n * 100 + d) as f32);
        let rows = RowDataset::new(context.clone(), features.clone()).unwrap();
        assert_eq!((rows.len(), rows.shape()), (3, RowShape { context: 2, features: 4 }));
        let row = rows.sample(2).unwrap();
        assert_eq!(row.context, context.row(2));
        assert_eq!(row.features, features.row(2));
        let message = rows.sample(3).unwrap_err().to_string();
        assert!(message.contains("sample 3") && message.contains("holds 3"), "{message}");
    }

    #[test]
    fn parts_that_do_not_go_together_are_refused() {
        let refusal = |context, features| {
            RowDataset::new(Array2::zeros(context), Array2::zeros(features))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refusal((3, 2), (3, 0)),
            "features: expected [N, features] with at least one feature, got [3, 0]"
        );
        assert_eq!(
            refusal((2, 2), (3, 1)),
            "contexts: expected one for each of the 3 rows of features, got 2"
        );
        assert!(RowDataset::new(Array2::zeros((0, 2)), Array2::zeros((0, 1))).unwrap().is_empty());
        let alone = RowDataset::new(Array2::zeros((5, 0)), Array2::zeros((5, 1))).unwrap();
        assert_eq!(alone.to_batch(Device::Cpu).unwrap().context.size(), [5, 0]);
    }
}
