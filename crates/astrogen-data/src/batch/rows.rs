//! Batches of rows of tables.

use ndarray::Array1;
use tch::Tensor;

use super::Batch;
use crate::DataError;

/// Rows of a table, standardised: what is given, and what is to be learnt of it. They are dealt
/// out as they are under any [`Augment`](crate::Augment).
#[derive(Debug, PartialEq)]
pub struct Rows {
    /// `[N, context]`
    pub context: Tensor,
    /// `[N, features]`
    pub features: Tensor,
    /// How much each row counts, `[N]`; none where all count alike.
    pub weights: Option<Tensor>,
}

/// One row on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What is given.
    pub context: Array1<f32>,
    /// What is to be learnt of it.
    pub features: Array1<f32>,
    /// How much it counts; none where all rows count alike.
    pub weight: Option<f32>,
}

/// How many values a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowShape {
    /// Values of the context.
    pub context: i64,
    /// Features.
    pub features: i64,
    /// Whether it has a weight.
    pub weighted: bool,
}

impl Batch for Rows {
    type Sample = Row;
    type Shape = RowShape;

    fn values(shape: RowShape) -> usize {
        (shape.context + shape.features) as usize + usize::from(shape.weighted)
    }

    fn shape_of(row: &Row) -> RowShape {
        RowShape {
            context: row.context.len() as i64,
            features: row.features.len() as i64,
            weighted: row.weight.is_some(),
        }
    }

    fn describe(RowShape { context, features, weighted }: RowShape) -> String {
        let weighted = if weighted { ", weighted" } else { "" };
        format!("[{context}, {features}] ([context, features]{weighted})")
    }

    /// The context, then the features, then the weight.
    fn write(row: &Row, target: &mut [f32]) {
        for (to, &from) in
            target.iter_mut().zip(row.context.iter().chain(&row.features).chain(&row.weight))
        {
            *to = from;
        }
    }

    fn cut(values: Tensor, shape: RowShape) -> Result<Self, DataError> {
        let RowShape { context, features, weighted } = shape;
        let weights = weighted.then(|| values.f_select(1, context + features)?.f_contiguous());
        Ok(Self {
            weights: weights.transpose()?,
            features: values.f_narrow(1, context, features)?.f_contiguous()?,
            context: values.f_narrow(1, 0, context)?.f_contiguous()?,
        })
    }
}
