//! What a pipeline measures on a frame.

use serde::{Deserialize, Serialize};

use crate::PreprocessError;
use crate::stretch::{Curve, Equalization, Stretch};

/// What was measured on one frame: with the [`PipelineConfig`](super::PipelineConfig), all that
/// [`Pipeline::inverse`](super::Pipeline::inverse) needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// The sky level of each band, physical; 0 where none is subtracted.
    pub background: Vec<f64>,
    /// `[vmin, vmax]` of each band, physical, above the background. A band whose limits
    /// coincide is constant: it becomes the low end of the stretch, -1, and the inverse gives
    /// the constant back.
    pub limits: Vec<[f64; 2]>,
    /// The fitted curve of each band for histogram equalization, empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equalization: Vec<Equalization>,
    /// The physical value that stands in for the blank pixels of each band, where
    /// [`Fill::Median`](crate::Fill::Median) found it from the frame; empty where another
    /// rule holds or the frame has no blank pixel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fill: Vec<f64>,
}

impl Scaling {
    /// The scaling of a typical frame: the median of every number over `many` frames, of the
    /// fill values over those that have them.
    ///
    /// `None` for no scaling at all, or for scalings of different band counts or stretches. Tables of
    /// equalisation of different lengths are compared at the levels of the longest.
    #[must_use]
    pub fn median(many: &[Scaling]) -> Option<Scaling> {
        let first = many.first()?;
        let filled: Vec<&Scaling> = many.iter().filter(|one| !one.fill.is_empty()).collect();
        let fills = filled.first().map_or(0, |one| one.fill.len());
        let alike = many.iter().all(|scaling| {
            scaling.background.len() == first.background.len()
                && scaling.limits.len() == first.limits.len()
                && scaling.equalization.len() == first.equalization.len()
                && [0, fills].contains(&scaling.fill.len())
        });
        if !alike {
            return None;
        }
        let median = |mut numbers: Vec<f64>| {
            numbers.sort_unstable_by(f64::total_cmp);
            0.5 * (numbers[(numbers.len() - 1) / 2] + numbers[numbers.len() / 2])
        };
        let middle = |number: &dyn Fn(&Scaling) -> f64| median(many.iter().map(number).collect());
        Some(Scaling {
            background: (0..first.background.len())
                .map(|band| middle(&|scaling| scaling.background[band]))
                .collect(),
            limits: (0..first.limits.len())
                .map(|band| [0, 1].map(|end| middle(&|scaling| scaling.limits[band][end])))
                .collect(),
            equalization: (0..first.equalization.len())
                .map(|band| {
                    let levels = |of: &Scaling| of.equalization[band].values().len();
                    let most = many.iter().map(levels).max()?;
                    let table = (0..most).map(|level| {
                        middle(&|scaling| {
                            let table = &scaling.equalization[band];
                            match table.values() {
                                values if values.len() == most => values[level],
                                _ => table.inverse(level as f64 / (most - 1) as f64),
                            }
                        })
                    });
                    Equalization::try_from(table.collect::<Vec<_>>()).ok()
                })
                .collect::<Option<_>>()?,
            fill: (0..fills)
                .map(|band| median(filled.iter().map(|scaling| scaling.fill[band]).collect()))
                .collect(),
        })
    }

    /// One curve a band, once the scaling is known to fit.
    pub(super) fn curves(
        &self,
        channels: usize,
        stretch: Stretch,
    ) -> Result<Vec<Curve>, PreprocessError> {
        let equalized = stretch == Stretch::HistogramEqualization;
        let tables = if equalized { channels } else { 0 };
        let fills = if self.fill.is_empty() { 0 } else { channels };
        let expected = [channels, channels, tables, fills];
        let Scaling { background, limits, equalization, fill } = self;
        let lengths = [background.len(), limits.len(), equalization.len(), fill.len()];
        if lengths != expected {
            return Err(PreprocessError::Shape {
                what: "scaling".to_owned(),
                expected: format!("backgrounds, limits, equalizations, fills: {expected:?}"),
                got: format!("{lengths:?}"),
            });
        }
        for ([vmin, vmax], background) in self.limits.iter().zip(&self.background) {
            if !(vmin <= vmax && (vmax - vmin).is_finite() && background.is_finite()) {
                return Err(PreprocessError::Setting {
                    name: "scaling",
                    rule: "finite backgrounds and limits with vmin <= vmax",
                    got: format!("background {background}, limits {vmin},{vmax}"),
                });
            }
        }
        if let Some(fill) = self.fill.iter().find(|fill| !fill.is_finite()) {
            return Err(PreprocessError::Setting {
                name: "scaling",
                rule: "finite fill values",
                got: fill.to_string(),
            });
        }
        if equalized {
            return Ok(self.equalization.iter().cloned().map(Curve::from).collect());
        }
        Ok(vec![stretch.curve()?; channels])
    }
}
