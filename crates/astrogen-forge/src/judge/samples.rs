//! Sampled stars of a galaxy beside true ones.

use astrogen_data::tensor_of;
use astrogen_metrics::table::{
    Mmd, MmdConfig, compare_columns, maximum_mean_discrepancy, mean_difference,
};
use astrogen_metrics::{Comparison, sliced_wasserstein_table};
use ndarray::Array2;
use serde::Serialize;
use tch::Tensor;

use crate::ForgeError;

/// Random directions of the sliced Wasserstein distance.
const DIRECTIONS: usize = 256;

/// Most stars of the kernel's discrepancy, whose time grows with their square.
const MMD_STARS: i64 = 5000;

/// How far sampled stars are from true ones. Distances are in the true stars' deviations.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SampleDistances {
    /// Of each feature: Kolmogorov-Smirnov, Wasserstein-1, widths and tails.
    pub features: Vec<Comparison>,
    /// The maximum mean discrepancy with a kernel of radial basis functions.
    pub mmd: Mmd,
    /// The squared difference of the means, which GalacticFlow is measured by.
    pub mean_difference: f64,
    /// The sliced Wasserstein distance.
    pub sliced_wasserstein: f64,
}

impl SampleDistances {
    /// Of two tables of stars `[N, features]` of one size.
    pub(super) fn of(
        truth: &Array2<f64>,
        sampled: &Array2<f64>,
        seed: u64,
    ) -> Result<Self, ForgeError> {
        let [truth, sampled] = standardised([truth, sampled])?;
        let config = MmdConfig { rows: MMD_STARS, ..MmdConfig::default() };
        Ok(Self {
            features: compare_columns(&truth, &sampled)?,
            mmd: maximum_mean_discrepancy(&truth, &sampled, &config, seed)?,
            mean_difference: mean_difference(&truth, &sampled)?,
            sliced_wasserstein: sliced_wasserstein_table(&truth, &sampled, DIRECTIONS, seed)?,
        })
    }

    /// The median over features of the Kolmogorov-Smirnov distance.
    pub fn median_ks(&self) -> f64 {
        super::median(self.features.iter().map(|of| of.ks))
    }
}

/// Both tables by the first one's means and deviations.
fn standardised(tables: [&Array2<f64>; 2]) -> Result<[Tensor; 2], ForgeError> {
    let [truth, sampled] = [tensor_of(tables[0])?, tensor_of(tables[1])?];
    let mean = truth.mean_dim(&[0i64][..], true, None);
    let deviation = truth.std_dim(&[0i64][..], false, true);
    let by = |table: Tensor| (table - &mean) / &deviation;
    Ok([by(truth), by(sampled)])
}
