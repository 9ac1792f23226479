//! The settings of a pipeline.

use serde::{Deserialize, Serialize};

use crate::PreprocessError;
use crate::background::BackgroundConfig;
use crate::interval::Interval;
use crate::mask::MaskConfig;
use crate::stretch::Stretch;

/// The steps from physical to signed pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineConfig {
    /// Which pixels are bad and what replaces them.
    pub mask: MaskConfig,
    /// The sky level to subtract. Default: none.
    pub background: Option<BackgroundConfig>,
    /// Which physical values, above the background, become -1 and 1. Default
    /// `asymmetric:0.25,99.75`.
    pub interval: Interval,
    /// Whether all bands share one pair of limits, which keeps the ratios between bands.
    /// Default false: each band has its own.
    pub linked: bool,
    /// The curve between the limits. Default `asinh:0.1`.
    pub stretch: Stretch,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        PipelineConfig {
            mask: MaskConfig::default(),
            background: None,
            interval: Interval::AsymmetricPercentile(0.25, 99.75),
            linked: false,
            stretch: Stretch::Asinh { a: 0.1 },
        }
    }
}

impl PipelineConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`PreprocessError::Setting`] naming the first one that breaks its rule.
    pub fn validate(&self) -> Result<(), PreprocessError> {
        self.mask.validate()?;
        if let Some(background) = &self.background {
            background.validate()?;
        }
        self.interval.validate()?;
        self.stretch.validate()
    }

    /// For pictures that were stretched already and whose values are unit: `[0, 1]` to
    /// `[-1, 1]` by a straight line.
    #[must_use]
    pub fn picture() -> Self {
        PipelineConfig {
            interval: Interval::Manual { vmin: Some(0.0), vmax: Some(1.0) },
            linked: true,
            stretch: Stretch::Linear,
            ..PipelineConfig::default()
        }
    }
}
