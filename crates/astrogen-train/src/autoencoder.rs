//! The step of an autoencoder.
//!
//! A batch holds images in [-1, 1], which the network sees as unit values. Every step is one update by
//! Adam, to minimise
//!
//! ```text
//! reconstruction(images, decoder(latent)) + kl_weight KL(latents || N(0, 1))
//! ```
//!
//! The second term is there for variational autoencoders alone; their latents are drawn anew, from the
//! normal distributions that the encoder gives.

use std::path::Path;

use astrogen_data::{Batches, Images};
use astrogen_losses::{Reconstruction, kl_divergence};
use astrogen_models::{Autoencoder, AutoencoderConfig};
use serde::{Deserialize, Serialize};
use tch::{Device, Tensor, no_grad};

use crate::TrainError;
use crate::optim::{Adam, AdamConfig};
use crate::state::State;
use crate::step::{Losses, Step, check_shape};
use crate::stored::{Stored, prefixed};

/// Settings of [`AutoencoderStep`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoencoderStepConfig {
    /// Adam. Default lr 3e-5, betas (0.9, 0.999), GalacticForge's.
    pub optimizer: AdamConfig,
    /// How images are compared. Default the mean squared error.
    pub reconstruction: Reconstruction,
    /// Weight of the divergence, in units of the mean error of a pixel; 0 or more. Default 1e-4.
    pub kl_weight: f64,
}

impl Default for AutoencoderStepConfig {
    fn default() -> Self {
        Self {
            optimizer: AdamConfig { lr: 3e-5, ..AdamConfig::default() },
            reconstruction: Reconstruction::default(),
            kl_weight: 1e-4,
        }
    }
}

impl AutoencoderStepConfig {
    /// Checks the settings, as [`AutoencoderStep::new`] does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.optimizer.validate()?;
        if self.kl_weight >= 0.0 && self.kl_weight.is_finite() {
            return Ok(());
        }
        Err(TrainError::Setting {
            name: "kl_weight",
            rule: "a finite number, 0 or more",
            got: self.kl_weight.to_string(),
        })
    }
}

/// An autoencoder that learns from images.
#[derive(Debug)]
pub struct AutoencoderStep {
    config: AutoencoderStepConfig,
    shape: [i64; 3],
    autoencoder: Stored<Autoencoder>,
    optimizer: Adam,
}

impl AutoencoderStep {
    /// A network with fresh weights, drawn from libtorch's generator: seed it before.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(
        model: &AutoencoderConfig,
        config: &AutoencoderStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        let autoencoder = Stored::new(device, |path| model.init(path))?;
        let optimizer = Adam::new(autoencoder.parameters(), config.optimizer)?;
        let shape = model.image_shape();
        Ok(Self { config: config.clone(), shape, autoencoder, optimizer })
    }

    /// The network.
    pub fn autoencoder(&self) -> &Autoencoder {
        &self.autoencoder.module
    }

    /// The mean error of reconstructions of images that it is not trained on, one epoch of them.
    ///
    /// # Errors
    /// [`TrainError::Model`] for images of another shape than the network's; what the data reports.
    pub fn reconstruction_error(&self, batches: &mut Batches<Images>) -> Result<f64, TrainError> {
        let (mut sum, mut images) = (0.0, 0.0);
        for _ in 0..batches.steps_per_epoch() {
            let batch = self.unit(&batches.next_batch()?.0)?;
            let rows = batch.size()[0] as f64;
            let error = no_grad(|| {
                let (latent, _) = self.autoencoder().posterior(&batch);
                self.config.reconstruction.loss(&batch, &self.autoencoder().reconstruct(&latent))
            });
            sum += rows * error.double_value(&[]);
            images += rows;
        }
        Ok(sum / images)
    }

    /// Images in [-1, 1] as unit values.
    fn unit(&self, images: &Tensor) -> Result<Tensor, TrainError> {
        check_shape("images", images, &self.shape)?;
        Ok((images + 1.0) * 0.5)
    }
}

impl State for AutoencoderStep {
    fn algorithm(&self) -> &'static str {
        "autoencoder"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let parts = [
            ("autoencoder", self.autoencoder.named_tensors()),
            ("optimizer", self.optimizer.state()),
        ];
        parts.into_iter().flat_map(|(prefix, named)| prefixed(prefix, named)).collect()
    }
}

impl Step for AutoencoderStep {
    type Batch = Images;

    fn step(&mut self, Images(images): &Images) -> Result<Losses, TrainError> {
        let images = self.unit(images)?;
        let network = self.autoencoder();
        let (mean, log_variance) = network.posterior(&images);
        let latent = match &log_variance {
            Some(log_variance) => &mean + mean.randn_like() * (log_variance * 0.5).exp(),
            None => mean.shallow_clone(),
        };
        let error = self.config.reconstruction.loss(&images, &network.reconstruct(&latent));
        let Some(log_variance) = log_variance else {
            return Ok(vec![("reconstruction", self.optimizer.minimize(&error)?)]);
        };
        let kl = kl_divergence(&mean, &log_variance);
        let loss = &error + &kl * self.config.kl_weight;
        let _ = self.optimizer.minimize(&loss)?;
        Ok(vec![("reconstruction", error.detach()), ("kl", kl.detach())])
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.autoencoder().save(folder.join(Autoencoder::FILE))?)
    }
}
