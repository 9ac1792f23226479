//! What a search is made with.

use std::path::PathBuf;

use astrogen_data::{Augment, BatchConfig};
use astrogen_images::FolderConfig;
use astrogen_models::AutoencoderConfig;
use astrogen_train::{AdamConfig, AutoencoderStepConfig, FitConfig, Schedule};
use serde::{Deserialize, Serialize};

use crate::{AnomalyError, InjectConfig, InversionConfig};

/// Everything a search for anomalies is made with: config.json in its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnomalyConfig {
    /// The run whose generator and opponent look at the images.
    pub run: PathBuf,
    /// The images that are looked at.
    pub data: FolderConfig,
    /// Images that are looked at, at most, 1 or more. Default 256.
    pub count: usize,
    /// How latents are found.
    pub inversion: InversionConfig,
    /// Which anomalies are put into images to try the scores.
    pub inject: InjectConfig,
    /// The autoencoder.
    pub model: AutoencoderConfig,
    /// How it is trained.
    pub algorithm: AutoencoderStepConfig,
    /// How its training images are dealt.
    pub batches: BatchConfig,
    /// How long it is trained.
    pub fit: FitConfig,
}

impl Default for AnomalyConfig {
    fn default() -> Self {
        Self::new([3, 64, 64], 1000, 0)
    }
}

impl AnomalyConfig {
    /// Settings for images `[C, H, W]`, with an autoencoder of as many halvings as leave it 4 pixels,
    /// that is trained for so many steps.
    pub fn new([channels, image_size, _]: [i64; 3], steps: u64, seed: u64) -> Self {
        let halvings = image_size.max(4).trailing_zeros().clamp(3, 8) - 2;
        let widths = (0..halvings).map(|level| (16 << level).min(128)).collect();
        let optimizer = AdamConfig {
            lr: 1e-3,
            schedule: Schedule::Linear { steps, end: 0.05 },
            ..AdamConfig::default()
        };
        Self {
            run: PathBuf::new(),
            data: FolderConfig::default(),
            count: 256,
            inversion: InversionConfig { seed, ..InversionConfig::default() },
            inject: InjectConfig { seed, ..InjectConfig::default() },
            model: AutoencoderConfig {
                image_size,
                channels,
                widths,
                latent_dim: 32,
                he_initialization: true,
                ..AutoencoderConfig::default()
            },
            algorithm: AutoencoderStepConfig { optimizer, ..AutoencoderStepConfig::default() },
            batches: BatchConfig {
                batch_size: 32,
                augment: Augment::Dihedral,
                seed,
                ..BatchConfig::default()
            },
            fit: FitConfig { steps, checkpoint_interval: steps, seed, ..FitConfig::default() },
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`AnomalyError::Setting`], [`AnomalyError::Model`], [`AnomalyError::Data`] and
    /// [`AnomalyError::Train`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), AnomalyError> {
        if self.count < 1 {
            let (name, rule) = ("count", "1 or more");
            return Err(AnomalyError::Setting { name, rule, got: self.count.to_string() });
        }
        self.inversion.validate()?;
        self.inject.validate()?;
        self.model.validate()?;
        self.algorithm.validate()?;
        self.batches.validate()?;
        Ok(self.fit.validate()?)
    }
}
