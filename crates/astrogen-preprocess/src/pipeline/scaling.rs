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
}

impl Scaling {
    /// The scaling of a typical frame: the median of every number over `many` frames.
    ///
    /// `None` for no scaling at all, or for scalings of different band counts or stretches.
    #[must_use]
    pub fn median(many: &[Scaling]) -> Option<Scaling> {
        let first = many.first()?;
        let tables = |scaling: &Scaling| -> Vec<usize> {
            let tables = scaling.equalization.iter();
            tables.map(|table| table.values().len()).collect()
        };
        let alike = many.iter().all(|scaling| {
            scaling.background.len() == first.background.len()
                && scaling.limits.len() == first.limits.len()
                && tables(scaling) == tables(first)
        });
        if !alike {
            return None;
        }
        let middle = |number: &dyn Fn(&Scaling) -> f64| {
            let mut numbers: Vec<f64> = many.iter().map(number).collect();
            numbers.sort_unstable_by(f64::total_cmp);
            0.5 * (numbers[(numbers.len() - 1) / 2] + numbers[numbers.len() / 2])
        };
        Some(Scaling {
            background: (0..first.background.len())
                .map(|band| middle(&|scaling| scaling.background[band]))
                .collect(),
            limits: (0..first.limits.len())
                .map(|band| [0, 1].map(|end| middle(&|scaling| scaling.limits[band][end])))
                .collect(),
            equalization: (0..first.equalization.len())
                .map(|band| {
                    let table = (0..first.equalization[band].values().len())
                        .map(|level| middle(&|scaling| scaling.equalization[band].values()[level]));
                    Equalization::try_from(table.collect::<Vec<_>>()).ok()
                })
                .collect::<Option<_>>()?,
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
        let lengths = [self.background.len(), self.limits.len(), self.equalization.len()];
        if lengths != [channels, channels, tables] {
            return Err(PreprocessError::Shape {
                what: "scaling".to_owned(),
                expected: format!(
                    "backgrounds, limits, equalizations: {:?}",
                    [channels, channels, tables]
                ),
                got: format!("{lengths:?}"),
            });
        }
        for ([vmin, vmax], background) in self.limits.iter().zip(&self.background) {
            if !(vmin <= vmax && (vmax - vmin).is_finite() && background.is_finite()) {
                return Err(PreprocessError::Parameter {
                    name: "scaling",
                    rule: "finite backgrounds and limits with vmin <= vmax",
                    got: format!("background {background}, limits {vmin},{vmax}"),
                });
            }
        }
        if equalized {
            return Ok(self.equalization.iter().cloned().map(Curve::from).collect());
        }
        Ok(vec![stretch.curve()?; channels])
    }
}
