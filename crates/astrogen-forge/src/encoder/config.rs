//! What an autoencoder of galaxies is made with, in few words and in full.

use std::path::PathBuf;

use astrogen_data::{Augment, BatchConfig};
use astrogen_images::Shrink;
use astrogen_models::AutoencoderConfig;
use astrogen_train::{AdamConfig, AutoencoderStepConfig, FitConfig, Schedule};
use serde::{Deserialize, Serialize};

use super::GalaxyImages;
use crate::ForgeError;

/// Everything an autoencoder was made with: config.json in the folder of its run. An
/// [`EncoderRecipe`] makes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The folder of the images.
    pub images: PathBuf,
    /// How images larger than the network's are shrunk; after the stretch in runs from before there was
    /// a choice.
    #[serde(default = "Shrink::unsaid")]
    pub shrink: Shrink,
    /// The network.
    pub model: AutoencoderConfig,
    /// Its optimiser and how images are compared.
    pub algorithm: AutoencoderStepConfig,
    /// How training images are dealt.
    pub batches: BatchConfig,
    /// How long it is trained; it is compared on held-out galaxies at every checkpoint.
    pub fit: FitConfig,
    /// Ids of galaxies that it is not trained on, one or more; they choose the step that is kept.
    pub held_out: Vec<String>,
    /// Ids of galaxies that it has not seen at all; none in runs from before this was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Vec<String>>,
}

impl EncoderConfig {
    /// Checks what needs no image.
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for no held-out galaxy, or one that is named twice; those of the
    /// settings in it.
    pub fn validate(&self) -> Result<(), ForgeError> {
        let refuse = |rule: &str, got: String| {
            Err(ForgeError::Setting { name: "held_out", rule: rule.to_owned(), got })
        };
        let mut sorted: Vec<&String> = self.held_out.iter().collect();
        sorted.sort_unstable();
        if sorted.is_empty() {
            return refuse("the ids of one galaxy or more", "none".to_owned());
        }
        if let Some(twice) = sorted.windows(2).find(|two| two[0] == two[1]) {
            return refuse("ids that differ", format!("{} twice", twice[0]));
        }
        self.model.validate()?;
        self.algorithm.validate()?;
        self.batches.validate()?;
        Ok(self.fit.validate()?)
    }
}

/// The settings that matter most; [`config`](Self::config) makes all of them. The default is
/// GalacticForge's, whose network has 95 million weights, and takes hours without a GPU;
/// [`quick`](Self::quick) takes minutes.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderRecipe {
    /// The network. Default 448 x 448 pixels, three bands, widths 64 to 2048, 16 latents.
    pub model: AutoencoderConfig,
    /// Adam's learning rate. Default 3e-5.
    pub lr: f64,
    /// How it changes. Default: it stays; a half cosine ends at 0 where the training does.
    pub cosine: bool,
    /// Images of a batch; all of them where there are fewer. Default 4.
    pub batch_size: usize,
    /// Whether images are turned and mirrored at random. Default none.
    pub augment: Augment,
    /// Passes over the training galaxies. Default 100.
    pub epochs: u64,
    /// Updates at least, where the passes are fewer. Default 1.
    pub steps: u64,
    /// The seed of everything. Default 0.
    pub seed: u64,
}

impl Default for EncoderRecipe {
    fn default() -> Self {
        Self {
            model: AutoencoderConfig::default(),
            lr: 3e-5,
            cosine: false,
            batch_size: 4,
            augment: Augment::None,
            epochs: 100,
            steps: 1,
            seed: 0,
        }
    }
}

impl EncoderRecipe {
    /// For two cores and a minute: 64 x 64 pixels, widths 32 to 256, 16 latents, first weights after
    /// He; learning rate 5e-4 along a half cosine, batches of 4 that are turned and mirrored, 40 passes
    /// and 2,400 updates at least.
    ///
    /// ```
    /// let recipe = astrogen_forge::EncoderRecipe::quick();
    /// assert_eq!(recipe.model.image_shape(), [3, 64, 64]);
    /// ```
    pub fn quick() -> Self {
        Self {
            model: AutoencoderConfig {
                image_size: 64,
                widths: vec![32, 64, 128, 256],
                he_initialization: true,
                ..AutoencoderConfig::default()
            },
            lr: 5e-4,
            cosine: true,
            batch_size: 4,
            augment: Augment::Dihedral,
            epochs: 40,
            steps: 2400,
            seed: 0,
        }
    }

    /// All settings for these images, some of which are held out. A checkpoint is written forty
    /// times; training ends early once a quarter of its length brought nothing better.
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for held-out ids without an image, and where no galaxy is left to
    /// train on; those of [`EncoderConfig::validate`].
    pub fn config(
        &self,
        images: &GalaxyImages,
        held_out: Vec<String>,
    ) -> Result<EncoderConfig, ForgeError> {
        let (train, _) = images.split(&held_out)?;
        let galaxies = train.ids().len();
        let batch_size = self.batch_size.min(galaxies);
        let epoch = (galaxies / batch_size.max(1)).max(1) as u64;
        let steps = self.epochs.saturating_mul(epoch).max(self.steps);
        let schedule =
            if self.cosine { Schedule::Cosine { steps, end: 0.0 } } else { Schedule::Constant };
        let config = EncoderConfig {
            images: images.folder().to_owned(),
            shrink: images.shrink(),
            model: self.model.clone(),
            algorithm: AutoencoderStepConfig {
                optimizer: AdamConfig { lr: self.lr, schedule, ..AdamConfig::default() },
                ..AutoencoderStepConfig::default()
            },
            batches: BatchConfig {
                batch_size,
                augment: self.augment,
                seed: self.seed,
                ..BatchConfig::default()
            },
            fit: FitConfig {
                steps,
                sample_interval: steps,
                checkpoint_interval: (steps / 40).max(1),
                patience: Some((steps / 4).max(1)),
                return_to_best: true,
                seed: self.seed,
                ..FitConfig::default()
            },
            held_out,
            left_out: None,
        };
        config.validate()?;
        Ok(config)
    }
}
