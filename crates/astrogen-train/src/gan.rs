//! The step of a DCGAN (Radford, Metz and Chintala 2016).
//!
//! One step, on a batch of `N` real images:
//!
//! 1. `fake = G(z)` with `z ~ N(0, 1)`,
//! 2. the discriminator learns real from fake: `real_loss(D(real)) + fake_loss(D(fake))`,
//!    no gradient reaching `G`,
//! 3. the generator learns to have the same fakes taken for real by the updated `D`, no
//!    gradient being computed for the weights of `D`,
//! 4. the average of `G` follows.
//!
//! The history's `discriminator_loss` is errD_real + errD_fake and `generator_loss` is errG
//! of PyTorch's DCGAN example.
//!
//! # Instance noise
//! The discriminator has batch normalisation behind convolutions without bias, and sees reals
//! and fakes in batches of their own. So its logits do not change when all images of a batch
//! are made fainter by one factor: nothing tells a generator that its contrast is too low.
//! Images with flat black or clipped white areas force it to saturate all the same; noisy
//! telescope frames do not, and samples stay grey. Gaussian noise of one known strength on
//! everything the discriminator sees sets the scale. (Sønderby et al. 2017, *Amortised MAP
//! Inference for Image Super-resolution*, section 3.4, where it serves to let the two
//! distributions overlap.)

use std::path::Path;

use astrogen_data::Images;
use astrogen_losses::{AdversarialConfig, discriminator_loss, generator_loss};
use astrogen_models::{
    DcganConfig, DcganDiscriminator, DcganGenerator, Discriminator, Generator, ModelError, Network,
};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, nn};

use crate::TrainError;
use crate::ema::{Ema, check_decay};
use crate::optim::{Adam, AdamConfig};
use crate::state::State;
use crate::step::{FAKES, Losses, SCORES, Step, check_shape, check_size};
use crate::stored::{Stored, prefixed};

/// Settings of [`DcganStep`]; the defaults are those of the DCGAN paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DcganStepConfig {
    /// Adam of the generator. Default lr 2e-4, betas (0.5, 0.999).
    pub generator_optimizer: AdamConfig,
    /// Adam of the discriminator. Default lr 2e-4, betas (0.5, 0.999).
    pub discriminator_optimizer: AdamConfig,
    /// The losses. Default: non-saturating, no label smoothing.
    pub loss: AdversarialConfig,
    /// Noise on every image the discriminator sees. Default none. See the
    /// [module](self).
    pub instance_noise: InstanceNoise,
    /// Decay of the generator's average, in [0, 1). Default 0.999.
    pub ema_decay: f64,
}

impl Default for DcganStepConfig {
    fn default() -> Self {
        let adam = AdamConfig { lr: 2e-4, betas: [0.5, 0.999], ..AdamConfig::default() };
        Self {
            generator_optimizer: adam,
            discriminator_optimizer: adam,
            loss: AdversarialConfig::default(),
            instance_noise: InstanceNoise::default(),
            ema_decay: 0.999,
        }
    }
}

/// Gaussian noise whose deviation, in signed units, goes from `start` to `end` in `steps`
/// steps, linearly, and stays there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceNoise {
    /// Deviation at the first step, at least 0. Default 0.
    pub start: f64,
    /// Deviation from step `steps` on, at least 0. Default 0.
    pub end: f64,
    /// Steps from one to the other. Default 0.
    pub steps: u64,
}

impl DcganStepConfig {
    /// Checks the settings, as [`DcganStep::new`] does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] or [`TrainError::Loss`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.loss.validate()?;
        self.instance_noise.validate()?;
        self.generator_optimizer.validate()?;
        self.discriminator_optimizer.validate()?;
        check_decay(self.ema_decay)
    }
}

impl InstanceNoise {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for a deviation that is negative or not finite.
    pub fn validate(self) -> Result<(), TrainError> {
        for (name, deviation) in
            [("instance_noise start", self.start), ("instance_noise end", self.end)]
        {
            if !(deviation >= 0.0 && deviation.is_finite()) {
                return Err(TrainError::Setting {
                    name,
                    rule: "a finite deviation of at least 0",
                    got: deviation.to_string(),
                });
            }
        }
        Ok(())
    }

    /// The deviation at a step, counted from 0.
    fn at(self, step: u64) -> f64 {
        if step >= self.steps {
            return self.end;
        }
        self.start + (self.end - self.start) * step as f64 / self.steps as f64
    }
}

/// A generator and a discriminator that train each other: those of [`DcganConfig`], or
/// [anyone's](DcganStep::from_networks).
#[derive(Debug)]
pub struct DcganStep<G = DcganGenerator, D = DcganDiscriminator> {
    generator: Stored<G>,
    discriminator: Stored<D>,
    average: Ema<G>,
    generator_optimizer: Adam,
    discriminator_optimizer: Adam,
    loss: AdversarialConfig,
    instance_noise: InstanceNoise,
}

impl DcganStep {
    /// Networks with fresh weights, drawn from libtorch's generator: seed it before.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(
        model: &DcganConfig,
        config: &DcganStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        Self::from_networks(
            |path| model.init_generator(path),
            |path| model.init_discriminator(path),
            config,
            device,
        )
    }
}

impl<G: Generator + Network, D: Discriminator> DcganStep<G, D> {
    /// Anyone's networks, with the first weights that these functions give them, each below an
    /// empty variable path; the generator's is called a second time, for the average. What they
    /// draw comes from libtorch's generator: seed it before.
    ///
    /// For a network of `tch`'s layers the function is its [`Network::build`]; one of
    /// `astrogen-nn`'s layers is built and then drawn.
    ///
    /// # Errors
    /// When a setting is out of its range, those of the two functions, and
    /// [`TrainError::Network`] where the networks take images of two shapes, where a variable has
    /// no memory yet, or where the generator's variables are not its `named_tensors`.
    pub fn from_networks(
        init_generator: impl Fn(&nn::Path) -> Result<G, ModelError>,
        init_discriminator: impl Fn(&nn::Path) -> Result<D, ModelError>,
        config: &DcganStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        let generator = Stored::new(device, &init_generator)?;
        let discriminator = Stored::new(device, init_discriminator)?;
        let average = Stored::new(device, init_generator)?;
        generator.check_against("discriminator", discriminator.module.image_shape())?;
        Ok(Self {
            average: Ema::new(average, &generator, config.ema_decay)?,
            generator_optimizer: Adam::new(generator.parameters(), config.generator_optimizer)?,
            discriminator_optimizer: Adam::new(
                discriminator.parameters(),
                config.discriminator_optimizer,
            )?,
            generator,
            discriminator,
            loss: config.loss.clone(),
            instance_noise: config.instance_noise,
        })
    }

    /// The averaged generator: the one to sample from.
    pub fn average(&self) -> &G {
        &self.average.network.module
    }

    /// The generator's opponent, as it was left by the last step.
    pub fn discriminator(&self) -> &D {
        &self.discriminator.module
    }

    /// One step on images `[N, C, H, W]`, signed, with the latents given, `[N, latent_dim]`.
    ///
    /// # Errors
    /// [`astrogen_models::ModelError::Shape`] for images or latents of another shape than the
    /// networks', and where there is not one fake a latent and one logit an image.
    pub fn update(&mut self, real: &Tensor, latent: &Tensor) -> Result<Losses, TrainError> {
        let [c, h, w] = self.discriminator.module.image_shape();
        check_shape("images", real, &[c, h, w])?;
        check_shape("latents", latent, &[self.generator.module.latent_dim()])?;
        let (discriminator, noise) = (
            &self.discriminator.module,
            self.instance_noise.at(self.discriminator_optimizer.steps()),
        );
        let discriminate = |images: &Tensor| {
            let logits = discriminator.forward_t(&with_noise(images, noise), true);
            check_size(SCORES, &logits, &[images.size()[0]]).map(|()| logits)
        };
        let fake = self.generator.module.forward_t(latent, true);
        check_size(FAKES, &fake, &[latent.size()[0], c, h, w])?;

        let real_logits = discriminate(real)?;
        let fake_logits = discriminate(&fake.detach())?;
        let d_loss = discriminator_loss(&real_logits, &fake_logits, &self.loss);
        let d_total = self.discriminator_optimizer.minimize(&d_loss.total())?;

        let g_loss = generator_loss(&discriminate(&fake)?, &self.loss);
        let g_loss = self.generator_optimizer.minimize(&g_loss)?;
        self.average.update();

        Ok(vec![
            ("discriminator_loss", d_total),
            ("generator_loss", g_loss),
            ("real_score", real_logits.detach().sigmoid().mean(Kind::Float)),
            ("fake_score", fake_logits.detach().sigmoid().mean(Kind::Float)),
        ])
    }
}

/// The images as the discriminator sees them.
fn with_noise(images: &Tensor, deviation: f64) -> Tensor {
    match deviation {
        0.0 => images.shallow_clone(),
        _ => images + images.randn_like() * deviation,
    }
}

impl<G: Generator + Network, D: Discriminator> State for DcganStep<G, D> {
    fn algorithm(&self) -> &'static str {
        "dcgan"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let parts = [
            ("generator", self.generator.named_tensors()),
            ("discriminator", self.discriminator.named_tensors()),
            ("average", self.average.state()),
            ("optimizer.generator", self.generator_optimizer.state()),
            ("optimizer.discriminator", self.discriminator_optimizer.state()),
        ];
        parts.into_iter().flat_map(|(prefix, named)| prefixed(prefix, named)).collect()
    }
}

impl<G: Generator + Network, D: Discriminator> Step for DcganStep<G, D> {
    type Batch = Images;

    fn step(&mut self, Images(real): &Images) -> Result<Losses, TrainError> {
        let latent = self.generator.module.latent(real.size().first().copied().unwrap_or(0));
        self.update(real, &latent)
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.average().save(folder.join(G::FILE))?)
    }
}
