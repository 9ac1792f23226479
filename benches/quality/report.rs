//! How good samples are, as lines of a table.

use std::fmt;

use anyhow::{Result, bail};
use astrogen::metrics::memorisation::{
    AuditConfig, MemorisationAudit, Points, chance, memorisation_audit,
};
use astrogen::metrics::{
    FeatureNetwork, Quality, QualityConfig, RandomFeaturesConfig, image_quality,
};
use serde::Serialize;
use tch::Tensor;

/// Heads of the columns: the numbers of [`SHOWN`] between what was trained, and near samples and copies.
pub(crate) const HEAD: &str = "\
| trained | steps | minutes | sliced Wasserstein | power spectrum | in scatters | Frechet | kernel | precision | recall | near | copies |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

const SHOWN: [&str; 7] = [
    "sliced_wasserstein",
    "power_spectrum",
    "power_deviation",
    "frechet",
    "kernel",
    "precision",
    "recall",
];

/// Pixels along the longer side of images whose neighbours are sought.
const SIDE: i64 = 32;

/// Real images that nothing was trained on, for the audit.
const LEAST_UNSEEN: i64 = 20;

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
    /// Refuses images that cannot be judged, before anything is trained.
    pub(crate) fn check(&self) -> Result<()> {
        let (_, _, height, width) = self.reals.size4()?;
        let unseen = self.unseen.size()[0];
        if height.min(width) < 32 {
            bail!("images of 32 pixels a side or more are judged here, got {height} x {width}");
        }
        if unseen < LEAST_UNSEEN {
            bail!(
                "{LEAST_UNSEEN} images at least that nothing is trained on are needed to see copies, got \
                 {unseen}: give more images (a fifth is held out), or more --samples"
            );
        }
        Ok(())
    }

    pub(crate) fn of(&self, samples: &Tensor) -> Result<Found> {
        let channels = self.reals.size()[1];
        let config = RandomFeaturesConfig { channels, ..RandomFeaturesConfig::default() };
        let network = FeatureNetwork::random(&config)?;
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
        let MemorisationAudit { near, contrast, copying, .. } = &found.copies;
        write!(f, " {:.1} % (p {}) |", 100.0 * near.share, chance(copying.p_value))?;
        match contrast {
            Some(copies) => {
                write!(f, " {:.1} % (p {}) |", 100.0 * copies.share, chance(copies.p_value))
            }
            None => write!(f, " |"),
        }
    }
}
