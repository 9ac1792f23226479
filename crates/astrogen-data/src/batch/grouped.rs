//! Batches of rows that belong to groups.

use ndarray::Array1;
use tch::{Kind, Tensor};

use super::Batch;
use crate::DataError;

/// Rows that belong to groups: stars to their galaxies, say, whose context is one for all of a group
/// and need not travel with each of its rows. They are dealt out as they are under any
/// [`Augment`](crate::Augment).
#[derive(Debug, PartialEq)]
pub struct Grouped {
    /// `[N, features]`
    pub features: Tensor,
    /// The number of each row's group, from 0: `[N]`, whole numbers of 64 bits.
    pub group: Tensor,
}

impl Grouped {
    /// As many groups as there can be: their numbers travel as `f32`, which holds them exactly.
    pub const MOST_GROUPS: usize = 1 << 24;
}

/// One row of a group on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupedRow {
    /// What is to be learnt.
    pub features: Array1<f32>,
    /// The number of its group, below [`Grouped::MOST_GROUPS`].
    pub group: usize,
}

impl Batch for Grouped {
    type Sample = GroupedRow;
    /// How many features there are.
    type Shape = i64;

    fn values(features: i64) -> usize {
        features as usize + 1
    }

    fn shape_of(row: &GroupedRow) -> i64 {
        row.features.len() as i64
    }

    fn describe(features: i64) -> String {
        format!("[{features}] ([features] and a group)")
    }

    /// The features, then the group.
    fn write(row: &GroupedRow, target: &mut [f32]) {
        let values = row.features.iter().copied().chain([row.group as f32]);
        target.iter_mut().zip(values).for_each(|(to, from)| *to = from);
    }

    fn cut(values: Tensor, features: i64) -> Result<Self, DataError> {
        Ok(Self {
            features: values.f_narrow(1, 0, features)?.f_contiguous()?,
            group: values.f_select(1, features)?.f_to_kind(Kind::Int64)?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_group_survives_the_way_through_single_precision() {
        let groups = [0, 1, (1 << 23) + 1, Grouped::MOST_GROUPS - 1];
        let mut values = vec![0.0; groups.len() * 3];
        for (&group, target) in groups.iter().zip(values.chunks_exact_mut(3)) {
            let features = ndarray::array![group as f32 + 0.5, -1.0];
            Grouped::write(&GroupedRow { features, group }, target);
        }
        let batch = Grouped::cut(Tensor::from_slice(&values).view([-1, 3]), 2).unwrap();
        let back: Vec<i64> = batch.group.try_into().unwrap();
        assert_eq!(back, groups.map(|group| group as i64));
        assert_eq!(batch.features.size(), [4, 2]);
        assert_eq!(batch.features.double_value(&[1, 0]), 1.5);
    }
}
