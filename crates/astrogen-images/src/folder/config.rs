//! The settings of a folder.

use std::path::PathBuf;

use astrogen_data::split;
use astrogen_preprocess::{FrameOptions, PipelineConfig};
use serde::{Deserialize, Serialize};

use crate::{ImagesError, Shrink, Tiling};

/// What to read and what to make of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FolderConfig {
    /// The folder. Default: the current one.
    pub path: PathBuf,
    /// Side of a sample in pixels; smaller images are skipped. Default 64.
    pub image_size: usize,
    /// Bands of a sample. A file with as many is taken as it is, a file of one band gives
    /// three equal ones and a file of three gives their mean; others are skipped.
    /// Default 3.
    pub channels: usize,
    /// What of each file is the image.
    pub frame: FrameOptions,
    /// From physical values to signed range. Default: as for FITS frames in physical units.
    pub pipeline: PipelineConfig,
    /// Another way to signed range for PNG, JPEG and TIFF files, which most often were
    /// stretched already. Default [`PipelineConfig::picture`], a straight line; with None
    /// they go through [`FolderConfig::pipeline`] like all others.
    pub pictures: Option<PipelineConfig>,
    /// How frames become samples. Default [`Tiling::Auto`].
    pub tiling: Tiling,
    /// How a square larger than a sample is shrunk. Default [`Shrink::Light`]; settings read from a
    /// file that does not say it are from before there was a choice, and have [`Shrink::Stretched`].
    #[serde(default = "Shrink::unsaid")]
    pub shrink: Shrink,
    /// The share of files kept back for validation, see [`split::by_file`]. Default 0.
    pub validation_fraction: f64,
    /// Seed of the split. Default 0.
    pub seed: u64,
    /// Whether a bad file is an error instead of being skipped. Default false.
    pub strict: bool,
    /// Bytes of scaled pixels to keep in memory. The rest is read when it is asked for, from
    /// plain FITS files or from [`FolderConfig::scratch`]. The samples are the same whatever
    /// the number. Default 1 GiB.
    pub cache_bytes: u64,
    /// The folder for the scaled pixels beyond [`FolderConfig::cache_bytes`] of files that
    /// are slow to read in part (compressed or packed FITS, pictures), 4 bytes per value. It is
    /// made if it is not there; the file in it has no name and is gone with the process.
    /// Where it cannot be written, or less than 1 GiB would be left on the disk, such files are
    /// decoded again for every sample, and the report says so. Default: `astrogen` in the
    /// user's cache folder, or else the system's folder for temporary files, which may be
    /// memory itself.
    pub scratch: Option<PathBuf>,
}

impl Default for FolderConfig {
    fn default() -> Self {
        Self {
            path: ".".into(),
            image_size: 64,
            channels: 3,
            frame: FrameOptions::default(),
            pipeline: PipelineConfig::default(),
            pictures: Some(PipelineConfig::picture()),
            tiling: Tiling::default(),
            shrink: Shrink::default(),
            validation_fraction: 0.0,
            seed: 0,
            strict: false,
            cache_bytes: 1 << 30,
            scratch: None,
        }
    }
}

impl FolderConfig {
    /// Refuses what no folder could make possible.
    ///
    /// # Errors
    /// [`ImagesError::Setting`] where a size or the stride is 0, [`ImagesError::Data`] for a
    /// fraction outside its range, [`ImagesError::Pipeline`] for a pipeline's setting.
    pub fn validate(&self) -> Result<(), ImagesError> {
        let stride = match self.tiling {
            Tiling::Tiles { stride } => stride,
            _ => None,
        };
        let settings = [
            ("image_size", self.image_size),
            ("channels", self.channels),
            ("tiling", stride.unwrap_or(1)),
        ];
        match settings.into_iter().find(|&(_, value)| value == 0) {
            Some((name, _)) => {
                let rule = if name == "tiling" { "a stride of 1 or more" } else { "1 or more" };
                return Err(ImagesError::Setting { name, rule: rule.into(), got: "0".into() });
            }
            // The fraction too is refused before files are read.
            None => split::by_file(0, self.validation_fraction, self.seed).map(drop)?,
        }
        self.pipeline.validate()?;
        Ok(self.pictures.as_ref().map_or(Ok(()), PipelineConfig::validate)?)
    }
}
