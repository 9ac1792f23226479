//! Samples and held-out reals beside the training set.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::copying::{CopyingConfig, DataCopying, in_cells};
use super::neighbours::several;
use super::share::LowShare;
use super::{Neighbour, Points};
use crate::one_dimensional::KolmogorovSmirnov;
use crate::{MetricsError, Sorted};

/// Settings of the audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditConfig {
    /// The part of held-out reals that are called near to the training set, and that whose contrast is
    /// called low, above 0 and below 1; 0.05 by default.
    pub quantile: f64,
    /// How many of the next training images contrast is taken with, 1 or more; 5 by default.
    pub others: usize,
    /// The most pairs of a sample and its training neighbour that are kept to be looked at; 16 by
    /// default.
    pub pairs: usize,
    /// Of the test of data copying.
    pub copying: CopyingConfig,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { quantile: 0.05, others: 5, pairs: 16, copying: CopyingConfig::default() }
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
        if self.others == 0 {
            return Err(MetricsError::Setting {
                name: "others",
                rule: "1 or more",
                got: "0".into(),
            });
        }
        self.copying.validate()
    }
}

/// How near samples are to the training set, beside held-out reals.
///
/// With `d_1 <= d_2 <= ...` the distances of an image to the training images,
///
/// ```text
/// contrast  =  d_1 / mean(d_2, ..., d_{1 + others})
/// ```
///
/// is near 1 where no training image stands out among those around it, and near 0 for a copy of one of
/// them. Distances alone cannot tell a copy from an image that is too soft, which lies nearer to every
/// training image than a sharp one does: both `C_T` and the share of near samples count it. Its contrast is
/// no lower than a real image's. Nor do samples that are far from all training images hide copies among
/// them, as they do in `C_T`, which is a mean (compare Carlini et al. 2023, *Extracting Training Data from
/// Diffusion Models*, who divide by the distances to the next ones too).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemorisationAudit {
    /// Of the distances to the nearest training image: as near as the nearest of held-out reals.
    #[serde(flatten)]
    pub near: LowShare,
    /// Of the contrasts: one training image stands out as much as for the reals for which one does most.
    /// More samples than reals are copies. None where the training set has one image.
    pub contrast: Option<LowShare>,
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
            _ if self.copies() => "samples copy training images",
            _ if self.is_nearer() => {
                "samples are nearer to the training images than reals are, as soft ones are; no sign that \
                 they single one out"
            }
            p if p > 1.0 - NEARER => {
                "no sign of copying; samples are farther from the training images than reals are"
            }
            _ => "no sign of copying",
        };
        write!(f, "{verdict}: ")?;
        if let Some(LowShare { share, expected, p_value, .. }) = self.contrast {
            let [share, expected] = [share, expected].map(|part| 100.0 * part);
            write!(
                f,
                "{share:.1} % of samples single one out as the first {expected:.1} % of held-out reals do \
                 (p {}), ",
                chance(p_value)
            )?;
        }
        let LowShare { share, expected, p_value: by_share, .. } = self.near;
        write!(
            f,
            "{:.1} % are as near as the nearest {:.1} % (p {}); C_T {statistic:.2} (p {}), median distance \
             {:.3} (held-out reals {:.3})",
            100.0 * share,
            100.0 * expected,
            chance(by_share),
            chance(p_value),
            self.median,
            self.held_out_median
        )
    }
}

/// A p-value, from 0 to 1, with two digits as the audit prints it: below 0.01 with a power of ten.
///
/// ```
/// use astrogen_metrics::memorisation::chance;
///
/// assert_eq!([0.984, 3.14e-5].map(chance), ["0.98", "3.1e-5"]);
/// ```
pub fn chance(p_value: f64) -> String {
    if p_value < 0.01 { format!("{p_value:.1e}") } else { format!("{p_value:.2}") }
}

/// Below this p-value samples are taken to be nearer than reals.
const NEARER: f64 = 1e-3;

/// Below this p-value samples are taken to be copies: of one set in a hundred that copies nothing. Held-out
/// images are few, so that a smaller one would let copies pass.
const COPIES: f64 = 0.01;

impl MemorisationAudit {
    /// Whether samples are copies, at a p-value of 0.01: more of them single out one training image than
    /// reals do.
    pub fn copies(&self) -> bool {
        self.contrast.is_some_and(|contrast| contrast.p_value < COPIES)
    }

    /// Whether samples are nearer to training images than reals are, at a p-value of 0.001, on the whole or
    /// some of them: copies, or soft.
    pub fn is_nearer(&self) -> bool {
        self.copying.p_value.min(self.near.p_value) < NEARER
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
/// assert!(audit.copies() && audit.near.share > 0.9, "{audit}");
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
    let count = 1 + config.others;
    let all = [several(samples, train, count)?, several(held_out, train, count)?];
    let first = |all: &[Vec<Neighbour>]| all.iter().filter_map(|of| of.first().copied()).collect();
    let [mut near, near_held_out]: [Vec<Neighbour>; 2] = all.each_ref().map(|all| first(all));
    let copying = in_cells(samples, &near, held_out, &near_held_out, train, &config.copying)?;
    let sorted = |near: &[Neighbour]| {
        let distances: Vec<f64> = near.iter().map(|found| found.distance).collect();
        Sorted::new("distances", &distances)
    };
    let (distances, held_out) = (sorted(&near)?, sorted(&near_held_out)?);
    let contrast = match train.count() {
        1 => None,
        _ => {
            let [samples, reals] = all.map(|all| {
                let contrasts: Vec<f64> = all.iter().map(|of| contrast(of)).collect();
                Sorted::new("contrasts", &contrasts)
            });
            Some(LowShare::of(&samples?, &reals?, config.quantile))
        }
    };
    near.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    near.truncate(config.pairs);
    Ok(MemorisationAudit {
        near: LowShare::of(&distances, &held_out, config.quantile),
        contrast,
        median: distances.quantile(0.5),
        held_out_median: held_out.quantile(0.5),
        ks: distances.kolmogorov_smirnov(&held_out),
        copying,
        closest: near,
    })
}

/// How near the first of an image's neighbours is beside the others.
fn contrast(neighbours: &[Neighbour]) -> f64 {
    let Some((first, others)) = neighbours.split_first() else { return 1.0 };
    let mean = others.iter().map(|of| of.distance).sum::<f64>() / others.len() as f64;
    match mean > 0.0 {
        true => first.distance / mean,
        false => 1.0, // twins of one another stand out among none
    }
}
