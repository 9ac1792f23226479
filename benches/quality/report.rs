//! How good samples are, as lines of a table.

use std::fmt;

use anyhow::Result;
use astrogen::metrics::memorisation::{AuditConfig, MemorisationAudit, Points, memorisation_audit};
use astrogen::metrics::{
    FeatureNetwork, Quality, QualityConfig, RandomFeaturesConfig, image_quality,
};
use serde::Serialize;
use tch::Tensor;

/// Heads of the columns: the numbers of [`SHOWN`] between what was trained and copies.
pub(crate) const HEAD: &str = "\
| trained | steps | minutes | sliced Wasserstein | power spectrum | Frechet | kernel | precision | recall | copies |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

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
    copies: MemorisationAudit,
}

impl Judge<'_> {
    pub(crate) fn of(&self, samples: &Tensor) -> Result<Found> {
        let network = FeatureNetwork::random(&RandomFeaturesConfig::default())?;
        let quality = image_quality(self.reals, samples, &network, &QualityConfig::default())?;
        let points = |images: &Tensor| Points::images(images, Some(SIDE));
        let [samples, unseen, training] =
            [points(samples)?, points(self.unseen)?, points(self.training)?];
        let copies = memorisation_audit(&samples, &unseen, &training, &AuditConfig::default())?;
        Ok(Found { quality, copies })
    }
}

/// A generator and what is found of its samples.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) steps: u64,
    pub(crate) seconds: f64,
    pub(crate) found: Found,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, steps, seconds, found } = self;
        write!(f, "| {name} | {steps} | {:.1} |", seconds / 60.0)?;
        for number in SHOWN {
            match found.quality.get(number) {
                Some(estimate) => write!(f, " {estimate} |")?,
                None => write!(f, " |")?,
            }
        }
        write!(f, " {:.1} % (p {:.2}) |", 100.0 * found.copies.share, found.copies.copying.p_value)
    }
}
