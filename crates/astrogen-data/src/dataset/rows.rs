//! Rows of a table that are held in memory.

use ndarray::{Array1, Array2, Axis};
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
/// assert_eq!((rows.len(), rows.shape()), (100, RowShape { context: 9, features: 3, weighted: false }));
/// # Ok::<(), astrogen_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RowDataset {
    context: Array2<f32>,
    features: Array2<f32>,
    weights: Option<Array1<f32>>,
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
        Ok(Self { context, features, weights: None })
    }

    /// The same rows, of which each counts as much as its weight says: they are scaled to a mean of
    /// 1, so that only their ratios matter.
    ///
    /// # Errors
    /// [`DataError::Setting`] where there is not one for each row, and where one is negative or not
    /// finite, or all are 0.
    pub fn with_weights(self, weights: Array1<f32>) -> Result<Self, DataError> {
        let refuse =
            |rule: String, got: String| Err(DataError::Setting { name: "weights", rule, got });
        if weights.len() != self.features.nrows() {
            let rule = format!("one for each of the {} rows", self.features.nrows());
            return refuse(rule, weights.len().to_string());
        }
        let fits = |weight: &f32| weight.is_finite() && *weight >= 0.0;
        if let Some((row, weight)) = weights.iter().enumerate().find(|(_, weight)| !fits(weight)) {
            return refuse("finite numbers, 0 or more".into(), format!("{weight} in row {row}"));
        }
        let sum: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
        if sum == 0.0 && !weights.is_empty() {
            return refuse("above 0 for one row at least".into(), "0 for all".into());
        }
        let scale = weights.len() as f64 / sum;
        let weights = weights.mapv(|weight| (f64::from(weight) * scale) as f32);
        Ok(Self { weights: Some(weights), ..self })
    }

    /// How much each row counts, on average 1; none where all count alike.
    pub fn weights(&self) -> Option<&Array1<f32>> {
        self.weights.as_ref()
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
        let size = Rows::values(self.shape());
        let mut values = vec![0.0; self.len() * size];
        for (index, target) in values.chunks_exact_mut(size).enumerate() {
            Rows::write(&self.sample(index)?, target);
        }
        Rows::cut(to_tensor::<Rows>(&values, self.shape())?.f_to_device(device)?, self.shape())
    }
}

impl Dataset for RowDataset {
    type Batch = Rows;

    fn len(&self) -> usize {
        self.features.nrows()
    }

    fn shape(&self) -> RowShape {
        RowShape {
            context: self.context.ncols() as i64,
            features: self.features.ncols() as i64,
            weighted: self.weights.is_some(),
        }
    }

    fn sample(&self, index: usize) -> Result<Row, DataError> {
        if index >= self.len() {
            return Err(DataError::Index { index, samples: self.len() });
        }
        let row = |of: &Array2<f32>| of.index_axis(Axis(0), index).to_owned();
        let weight = self.weights.as_ref().map(|weights| weights[index]);
        Ok(Row { context: row(&self.context), features: row(&self.features), weight })
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
        assert_eq!(
            (rows.len(), rows.shape()),
            (3, RowShape { context: 2, features: 4, weighted: false })
        );
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
        let batch = alone.to_batch(Device::Cpu).unwrap();
        assert_eq!((batch.context.size(), batch.weights), (vec![5, 0], None));
    }

    #[test]
    fn weights_are_scaled_to_one_and_travel_with_their_rows() {
        let features = Array2::from_shape_fn((3, 2), |(n, d)| (n * 10 + d) as f32);
        let rows = RowDataset::new(Array2::zeros((3, 1)), features).unwrap();
        let with = |weights: &[f32]| rows.clone().with_weights(weights.to_vec().into());
        let weighted = with(&[2.0, 0.0, 4.0]).unwrap();
        assert_eq!(weighted.weights().unwrap().to_vec(), [1.0, 0.0, 2.0]);
        assert_eq!(weighted.sample(2).unwrap().weight, Some(2.0));
        let batch = weighted.to_batch(Device::Cpu).unwrap();
        assert_eq!(Vec::<f32>::try_from(batch.weights.unwrap()).unwrap(), [1.0, 0.0, 2.0]);
        assert_eq!(Vec::<f32>::try_from(batch.features.get(2)).unwrap(), [20.0, 21.0]);
        let refusal = |weights: &[f32]| with(weights).unwrap_err().to_string();
        assert_eq!(refusal(&[1.0]), "weights: expected one for each of the 3 rows, got 1");
        let rule = "weights: expected finite numbers, 0 or more, got";
        assert_eq!(refusal(&[1.0, -1.0, 1.0]), format!("{rule} -1 in row 1"));
        assert_eq!(refusal(&[1.0, 1.0, f32::NAN]), format!("{rule} NaN in row 2"));
        assert!(refusal(&[0.0; 3]).ends_with("above 0 for one row at least, got 0 for all"));
    }
}
