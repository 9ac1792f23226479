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
}

/// One row on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What is given.
    pub context: Array1<f32>,
    /// What is to be learnt of it.
    pub features: Array1<f32>,
}

/// How many values a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowShape {
    /// Values of the context.
    pub context: i64,
    /// Features.
    pub features: i64,
}

impl Batch for Rows {
    type Sample = Row;
    type Shape = RowShape;

    fn values(shape: RowShape) -> usize {
        (shape.context + shape.features) as usize
    }

    fn shape_of(row: &Row) -> RowShape {
        RowShape { context: row.context.len() as i64, features: row.features.len() as i64 }
    }

    fn describe(RowShape { context, features }: RowShape) -> String {
        format!("[{context}, {features}] ([context, features])")
    }

    /// The context, then the features.
    fn write(row: &Row, target: &mut [f32]) {
        for (to, &from) in target.iter_mut().zip(row.context.iter().chain(&row.features)) {
            *to = from;
        }
    }

    fn cut(values: Tensor, RowShape { context, features }: RowShape) -> Result<Self, DataError> {
        Ok(Self {
            features: values.f_narrow(1, context, features)?.f_contiguous()?,
            context: values.f_narrow(1, 0, context)?.f_contiguous()?,
        })
    }
}
