//! How well scores tell images with anomalies from those without.

use std::fmt;

use astrogen_metrics::Roc;
use astrogen_preprocess::{Pipeline, Scaling};
use astrogen_sky::Anomaly;
use astrogen_train::GanStep;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{AnomalyError, Finder, InjectConfig, Look, Method, Scores, inject};

/// One score and one kind of anomaly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialRow {
    /// The score.
    pub method: Method,
    /// The kind, by its [name](Anomaly::name), or `all`.
    pub anomaly: String,
    /// Images with it.
    pub images: usize,
    /// The area under the curve of [`roc`](Self::roc): the chance that an image with an anomaly has the
    /// higher score of it and one without, 0.5 for a guess.
    pub auc: f64,
    /// Its interval at a level of 0.9.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Rates of false and true alarms. Not in report.json.
    #[serde(skip)]
    pub roc: Vec<[f64; 2]>,
}

/// All scores and all kinds of anomalies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Images without an anomaly.
    pub plain: usize,
    /// A row for each kind, and one for all, by each score.
    pub rows: Vec<TrialRow>,
}

/// Half the width of a normal distribution's interval at a level of 0.9, in deviations.
const LEVEL: f64 = 1.645;

impl Trial {
    /// The fewest images that scores are tried on.
    pub const LEAST: usize = 16;

    /// Tries a finder on images `[N, C, H, W]`, signed, that it has looked at: every other one is given
    /// an anomaly ([`inject`]) and told from the rest. The trial and its images with anomalies; none of
    /// fewer than [`LEAST`](Self::LEAST) images.
    ///
    /// # Errors
    /// Those of [`inject`] and [`Finder::look`].
    pub fn run<S: GanStep>(
        finder: &Finder<'_, S>,
        images: &Tensor,
        look: &Look,
        (pipeline, scaling): (&Pipeline, &Scaling),
        config: &InjectConfig,
    ) -> Result<Option<(Self, Tensor)>, AnomalyError> {
        let n = images.size().first().copied().unwrap_or(0) as usize;
        if n < Self::LEAST {
            return Ok(None);
        }
        let (odd, kinds) = inject(&images.f_slice(0, 1, None, 2)?, pipeline, scaling, config)?;
        let seen = finder.look(&odd)?;
        let plain = look.scores.iter().map(|(method, scores)| {
            (*method, scores.iter().step_by(2).copied().collect::<Vec<f64>>())
        });
        Ok(Some((Self::of(&plain.collect::<Vec<_>>(), &seen.scores, &kinds)?, odd)))
    }

    /// Of scores of images without an anomaly, and others with one, of kinds in the order of the images.
    ///
    /// # Errors
    /// [`AnomalyError::Metrics`] for no images, and scores that are not finite.
    pub fn of(plain: &Scores, odd: &Scores, kinds: &[Anomaly]) -> Result<Self, AnomalyError> {
        let mut rows = Vec::new();
        for of in Anomaly::ALL.into_iter().map(Some).chain([None]) {
            for ((method, negatives), (_, positives)) in plain.iter().zip(odd) {
                let found = positives.iter().zip(kinds);
                let found = found.filter(|(_, kind)| of.is_none_or(|of| of == **kind));
                let found: Vec<f64> = found.map(|(score, _)| *score).collect();
                if found.is_empty() {
                    continue;
                }
                let roc = Roc::of(&found, negatives)?;
                let [low, high] = roc.interval(LEVEL);
                rows.push(TrialRow {
                    method: *method,
                    anomaly: of.map_or("all", Anomaly::name).to_owned(),
                    images: found.len(),
                    auc: roc.auc,
                    low,
                    high,
                    roc: roc.points,
                });
            }
        }
        let images = plain.first().map_or(0, |(_, scores)| scores.len());
        Ok(Self { plain: images, rows })
    }

    /// The kinds that were tried, and all of them together.
    pub(crate) fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !kinds.contains(&&*row.anomaly) {
                kinds.push(&row.anomaly);
            }
        }
        kinds
    }
}

impl TrialRow {
    /// What the kind is called.
    pub(crate) fn kind(&self) -> String {
        self.anomaly.replace('_', " ")
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.plain;
        write!(
            f,
            "chance to tell an image with an anomaly from one of {plain} without (0.5: a guess)"
        )?;
        for kind in self.kinds() {
            let of: Vec<&TrialRow> = self.rows.iter().filter(|row| row.anomaly == kind).collect();
            let Some(first) = of.first() else { continue };
            write!(f, "\n  {:<12} {:>4}", first.kind(), first.images)?;
            for row in of {
                write!(f, "  {} {:.2} ({:.2} to {:.2})", row.method, row.auc, row.low, row.high)?;
            }
        }
        Ok(())
    }
}
