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
use astrogen_distributed::Group;
use astrogen_losses::{Reconstruction, kl_divergence};
use astrogen_models::{Autoencoder, AutoencoderConfig, Passes, Tape};
use astrogen_runtime::draw_rows_like;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, no_grad};

use crate::TrainError;
use crate::optim::{Adam, AdamConfig};
use crate::pass::{signals, whole};
use crate::state::State;
use crate::step::{Losses, Step, check_shape, widened};
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

/// What the loss is made of.
struct Terms {
    /// Of the reconstruction.
    error: Tensor,
    /// The divergence, of a variational one.
    kl: Option<Tensor>,
}

impl Terms {
    fn loss(&self, config: &AutoencoderStepConfig) -> Tensor {
        match &self.kl {
            Some(kl) => &self.error + kl * config.kl_weight,
            None => self.error.shallow_clone(),
        }
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

    /// The terms of the loss, and the gradients of the parameters.
    fn by_autograd(&self, images: &Tensor) -> Result<(Terms, Vec<Tensor>), TrainError> {
        let network = self.autoencoder();
        let (latent, kl) = self.drawn(network.posterior(images));
        let reconstructed = widened(network.reconstruct(&latent));
        let error = self.config.reconstruction.loss(images, &reconstructed);
        let terms = Terms { error, kl };
        let gradients = self.optimizer.gradients(&terms.loss(&self.config))?;
        Ok((terms, gradients))
    }

    /// The same by the networks' own passes.
    fn by_passes(
        &self,
        [encoder, decoder]: &[Passes; 2],
        images: &Tensor,
    ) -> Result<(Terms, Vec<Tensor>), TrainError> {
        let leaf = |tape: &Tape| tape.outputs().detach().set_requires_grad(true);
        let encoding = encoder.forward(images);
        let encoded = leaf(&encoding);
        let (latent, kl) = self.drawn(self.autoencoder().moments(&encoded));
        let decoding = decoder.forward(&latent);
        let decoded = leaf(&decoding);
        let error = self.config.reconstruction.loss(images, &decoded);

        let [signal] = signals(&error, [&decoded])?;
        let back = decoder.backward(decoding, &signal, true, true);
        // They were asked for.
        let on_latent = back.inputs.expect("a gradient of the latents");
        let terms = Terms { error: (latent * on_latent).sum(Kind::Float), kl };
        let [signal] = signals(&terms.loss(&self.config), [&encoded])?;
        let front = encoder.backward(encoding, &signal, true, false);
        let named = back.weights.into_iter().chain(front.weights).collect();
        Ok((Terms { error: error.detach(), ..terms }, whole(&self.optimizer, named)?))
    }

    /// Latents of the encoder's moments, and the divergence of a variational one.
    fn drawn(&self, (mean, log_variance): (Tensor, Option<Tensor>)) -> (Tensor, Option<Tensor>) {
        let (mean, log_variance) = (widened(mean), log_variance.map(widened));
        let Some(log_variance) = log_variance else { return (mean, None) };
        let noise = draw_rows_like(&mean, Tensor::randn_like);
        let latent = &mean + noise * (&log_variance * 0.5).exp();
        (latent, Some(kl_divergence(&mean, &log_variance)))
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
        let (terms, gradients) = match self.autoencoder().passes() {
            Some(passes) => self.by_passes(&passes, &images)?,
            None => self.by_autograd(&images)?,
        };
        self.optimizer.step(&gradients)?;
        let Terms { error, kl } = terms;
        let kl = kl.map(|kl| ("kl", kl.detach()));
        Ok([("reconstruction", error.detach())].into_iter().chain(kl).collect())
    }

    fn join(&mut self, group: &Group) -> Result<(), TrainError> {
        self.optimizer.join(group);
        Ok(())
    }

    fn takes_bf16(&self) -> bool {
        true
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.autoencoder().save(folder.join(Autoencoder::FILE))?)
    }
}
