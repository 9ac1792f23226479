//! Samples and held-out reals beside the training set.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::copying::{CopyingConfig, DataCopying, in_cells};
use super::{Neighbour, Points, nearest};
use crate::one_dimensional::KolmogorovSmirnov;
use crate::{MetricsError, Sorted};

/// Settings of the audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditConfig {
    /// The part of held-out reals that are called near to the training set, above 0 and below 1;
    /// 0.05 by default.
    pub quantile: f64,
    /// The most pairs of a sample and its training neighbour that are kept to be looked at; 16 by
    /// default.
    pub pairs: usize,
    /// Of the test of data copying.
    pub copying: CopyingConfig,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { quantile: 0.05, pairs: 16, copying: CopyingConfig::default() }
    }
}

impl AuditConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        if !(self.quantile > 0.0 && self.quantile < 1.0) {
            let (name, rule) = ("quantile", "above 0 and below 1");
            return Err(MetricsError::Setting { name, rule, got: self.quantile.to_string() });
        }
        self.copying.validate()
    }
}

/// How near samples are to the training set, beside held-out reals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemorisationAudit {
    /// The distance within which the given part of held-out reals lie.
    pub threshold: f64,
    /// That part of held-out reals: what samples that copy nothing have too.
    pub expected: f64,
    /// The part of the samples within the threshold.
    pub share: f64,
    /// The median distance of the samples.
    pub median: f64,
    /// The median distance of the held-out reals.
    pub held_out_median: f64,
    /// How far the distributions of the distances are apart, either way.
    pub ks: KolmogorovSmirnov,
    /// The test of data copying.
    pub copying: DataCopying,
    /// The samples that are nearest to a training image, the nearest first: `query` is the sample
    /// and `index` the training image.
    pub closest: Vec<Neighbour>,
}

impl fmt::Display for MemorisationAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DataCopying { statistic, p_value, .. } = self.copying;
        let verdict = match p_value {
            p if p < 1e-3 => "samples copy training images",
            p if p > 1.0 - 1e-3 => "samples are farther from the training images than reals are",
            _ => "no sign of copying",
        };
        write!(
            f,
            "{verdict}: C_T {statistic:.2} (p {p_value:.2e}), {:.1} % of samples as near to a \
             training image as the nearest {:.1} % of held-out reals, median distance {:.3} \
             (held-out reals {:.3})",
            100.0 * self.share,
            100.0 * self.expected,
            self.median,
            self.held_out_median
        )
    }
}

/// Compares the distances of samples to their nearest training images with those of real images
/// that were held out of the training.
///
/// All three are [`Points`] of one kind: images of one shape, or features by one network. Several
/// hundred samples and held-out reals show what there is; 20 of each are the least.
///
/// ```
/// use astrogen_metrics::memorisation::{AuditConfig, Points, memorisation_audit};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let images = |n| Tensor::randn([n, 1, 16, 16], (Kind::Float, Device::Cpu));
/// let train = images(100);
/// let copies = train.narrow(0, 0, 50).flip([3]) + 0.1 * images(50);
/// let points = |images: &Tensor| Points::images(images, Some(32));
/// let audit = memorisation_audit(
///     &points(&copies)?,
///     &points(&images(50))?,
///     &points(&train)?,
///     &AuditConfig::default(),
/// )?;
/// assert!(audit.copying.p_value < 1e-3 && audit.share > 0.9, "{audit}");
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// As [`data_copying`](super::data_copying).
pub fn memorisation_audit(
    samples: &Points,
    held_out: &Points,
    train: &Points,
    config: &AuditConfig,
) -> Result<MemorisationAudit, MetricsError> {
    config.validate()?;
    let (mut near, near_held_out) = (nearest(samples, train)?, nearest(held_out, train)?);
    let copying = in_cells(samples, &near, held_out, &near_held_out, train, &config.copying)?;
    let sorted = |near: &[Neighbour]| {
        let distances: Vec<f64> = near.iter().map(|found| found.distance).collect();
        Sorted::new("distances", &distances)
    };
    let (distances, held_out) = (sorted(&near)?, sorted(&near_held_out)?);
    let threshold = held_out.quantile(config.quantile);
    let within = |distances: &Sorted| {
        let values = distances.values();
        values.partition_point(|distance| *distance <= threshold) as f64 / values.len() as f64
    };
    near.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    near.truncate(config.pairs);
    Ok(MemorisationAudit {
        threshold,
        expected: within(&held_out),
        share: within(&distances),
        median: distances.quantile(0.5),
        held_out_median: held_out.quantile(0.5),
        ks: distances.kolmogorov_smirnov(&held_out),
        copying,
        closest: near,
    })
}
