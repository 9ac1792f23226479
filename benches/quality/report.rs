//! How good samples are, as lines of a table.

use std::fmt;

use anyhow::Result;
use astrogen::metrics::memorisation::{AuditConfig, MemorisationAudit, Points, memorisation_audit};
use astrogen::metrics::{
    FeatureNetwork, Quality, QualityConfig, RandomFeaturesConfig, image_quality,
    radial_power_spectrum,
};
use serde::Serialize;
use tch::Tensor;

/// Heads of the columns: the numbers of [`SHOWN`] between what was trained, and at how many of the reals'
/// scatters the mean power lies where it is farthest from theirs, and copies.
pub(crate) const HEAD: &str = "\
| trained | steps | minutes | sliced Wasserstein | power spectrum | Frechet | kernel | precision | recall | power, scatters | copies |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

const SHOWN: [&str; 6] =
    ["sliced_wasserstein", "power_spectrum", "frechet", "kernel", "precision", "recall"];

/// Pixels along the longer side of images whose neighbours are sought.
const SIDE: i64 = 32;

/// What samples are held against, `[N, C, H, W]`.
pub(crate) struct Judge<'a> {
    pub(crate) reals: &'a Tensor,
    /// Those of them that nothing was trained on.
    pub(crate) unseen: &'a Tensor,
    pub(crate) training: &'a Tensor,
}

/// What is found of samples.
#[derive(Serialize)]
pub(crate) struct Found {
    quality: Quality,
    /// Of the mean power at any scale, in units of the reals' scatter over images.
    power_deviation: Option<f64>,
    copies: MemorisationAudit,
}

impl Judge<'_> {
    pub(crate) fn of(&self, samples: &Tensor) -> Result<Found> {
        let network = FeatureNetwork::random(&RandomFeaturesConfig::default())?;
        let quality = image_quality(self.reals, samples, &network, &QualityConfig::default())?;
        let [real, fake] = [self.reals, samples].map(radial_power_spectrum);
        let power_deviation = real?.largest_deviation(&fake?);
        let points = |images: &Tensor| Points::images(images, Some(SIDE));
        let [samples, unseen, training] =
            [points(samples)?, points(self.unseen)?, points(self.training)?];
        let copies = memorisation_audit(&samples, &unseen, &training, &AuditConfig::default())?;
        Ok(Found { quality, power_deviation, copies })
    }
}

/// A generator and what is found of its samples.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) steps: u64,
    /// None where it was trained elsewhere.
    pub(crate) seconds: Option<f64>,
    pub(crate) found: Found,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, steps, seconds, found } = self;
        let minutes = seconds.map(|seconds| format!(" {:.1}", seconds / 60.0)).unwrap_or_default();
        write!(f, "| {name} | {steps} |{minutes} |")?;
        for number in SHOWN {
            match found.quality.get(number) {
                Some(estimate) => write!(f, " {estimate} |")?,
                None => write!(f, " |")?,
            }
        }
        match found.power_deviation {
            Some(worst) => write!(f, " {worst:.2} |")?,
            None => write!(f, " |")?,
        }
        write!(f, " {:.1} % (p {:.2}) |", 100.0 * found.copies.share, found.copies.copying.p_value)
    }
}
