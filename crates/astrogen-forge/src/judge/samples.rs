//! Sampled stars of a galaxy beside true ones.

use astrogen_metrics::{
    Comparison, MetricsError, Mmd, MmdConfig, Standardisation, compare_columns,
    maximum_mean_discrepancy, mean_difference, sliced_wasserstein_table,
};
use serde::Serialize;
use tch::Tensor;

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
    pub(super) fn of(truth: &Tensor, sampled: &Tensor, seed: u64) -> Result<Self, MetricsError> {
        let scaling = Standardisation::of(truth)?;
        let (truth, sampled) = (scaling.apply(truth)?, scaling.apply(sampled)?);
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
