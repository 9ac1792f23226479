//! The step of a Wasserstein GAN with gradient penalty (Gulrajani et al. 2017).
//!
//! Every step is one update of the critic, on a batch of `N` real images and as many fakes
//! made without a graph:
//!
//! ```text
//! minimise   mean C(fake) - mean C(real) + weight mean (|grad C(points)| - 1)^2
//! points     w real + (1 - w) fake, w ~ U(0, 1), one per sample
//! ```
//!
//! and after every `n_critic`-th one the generator is updated once, on fresh latents, to
//! minimise `-mean C(fake)`; no gradient is computed for the critic's weights then. The
//! average of the generator follows.
//!
//! The history's `wasserstein` is `mean C(real) - mean C(fake)`, which estimates the
//! Wasserstein-1 distance between images and samples while the critic's gradients have norms
//! near 1 (`gradient_norm`). With a `weight_clip` and no penalty this is the first
//! Wasserstein GAN (Arjovsky, Chintala and Bottou 2017; they used RMSprop with 5e-5 and
//! clipped at 0.01). Other families of losses may be chosen too.

use std::path::Path;

use astrogen_data::Images;
use astrogen_losses::{AdversarialLoss, GradientPenaltyConfig, PenaltyDraw, penalty_points};
use astrogen_models::{
    Critic, Generator, ModelError, Network, WganConfig, WganCritic, WganGenerator,
};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, nn, no_grad};

use crate::TrainError;
use crate::against_critic::AgainstCritic;
use crate::critic::{CriticTerms, PenaltyTerm, Scores, differentiate};
use crate::ema::check_decay;
use crate::optim::AdamConfig;
use crate::state::State;
use crate::step::{FAKES, Losses, SCORES, Step, check_shape, check_size};

/// Settings of [`WganGpStep`]; the defaults are those of the WGAN-GP paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WganGpStepConfig {
    /// Adam of the generator. Default lr 1e-4, betas (0, 0.9).
    pub generator_optimizer: AdamConfig,
    /// Adam of the critic. Default lr 1e-4, betas (0, 0.9).
    pub critic_optimizer: AdamConfig,
    /// The family of losses. Default Wasserstein.
    pub loss: AdversarialLoss,
    /// The gradient penalty. Default two-sided, weight 10.
    pub penalty: GradientPenaltyConfig,
    /// Critic updates per generator update, at least 1. Default 5.
    pub n_critic: u64,
    /// After each update the critic's weights are clipped to +- this, > 0. Default none.
    pub weight_clip: Option<f64>,
    /// Decay of the generator's average, in [0, 1). Default 0.999.
    pub ema_decay: f64,
}

impl Default for WganGpStepConfig {
    fn default() -> Self {
        let adam = AdamConfig { lr: 1e-4, betas: [0.0, 0.9], ..AdamConfig::default() };
        Self {
            generator_optimizer: adam,
            critic_optimizer: adam,
            loss: AdversarialLoss::Wasserstein,
            penalty: GradientPenaltyConfig::default(),
            n_critic: 5,
            weight_clip: None,
            ema_decay: 0.999,
        }
    }
}

impl WganGpStepConfig {
    /// Checks the settings, as [`WganGpStep::new`] does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] or [`TrainError::Loss`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.loss.validate()?;
        self.penalty.validate()?;
        self.generator_optimizer.validate()?;
        self.critic_optimizer.validate()?;
        check_decay(self.ema_decay)?;
        if self.n_critic == 0 {
            return Err(TrainError::Setting {
                name: "n_critic",
                rule: "at least 1 critic update a generator update",
                got: "0".to_owned(),
            });
        }
        match self.weight_clip {
            Some(limit) if !(limit > 0.0 && limit.is_finite()) => Err(TrainError::Setting {
                name: "weight_clip",
                rule: "a finite number above 0, or none",
                got: limit.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

/// A generator and a critic that train each other: those of [`WganConfig`], or
/// [anyone's](WganGpStep::from_networks).
#[derive(Debug)]
pub struct WganGpStep<G = WganGenerator, C = WganCritic> {
    config: WganGpStepConfig,
    networks: AgainstCritic<G, C>,
}

impl WganGpStep {
    /// Networks with fresh weights, drawn from libtorch's generator: seed it before.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(
        model: &WganConfig,
        config: &WganGpStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        Self::from_networks(
            |path| model.init_generator(path),
            |path| model.init_critic(path),
            config,
            device,
        )
    }
}

impl<G: Generator + Network, C: Critic> WganGpStep<G, C> {
    /// Anyone's networks, with the first weights that these functions give them, each below an
    /// empty variable path; the generator's is called a second time, for the average. What they
    /// draw comes from libtorch's generator: seed it before.
    ///
    /// For a network of `tch`'s layers the function is its [`Network::build`]; one of
    /// `astrogen-nn`'s layers is built and then drawn. The penalty takes its closed form where
    /// [`Critic::piecewise_linear`] has one.
    ///
    /// ```
    /// use astrogen_models::{SharpConfig, WganConfig};
    /// use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
    /// use tch::Device;
    ///
    /// let sharp = SharpConfig { image_size: 32, ..SharpConfig::default() };
    /// let wgan = WganConfig { image_size: 32, ..WganConfig::default() };
    /// let step = WganGpStep::from_networks(
    ///     |path| sharp.init_generator(path),
    ///     |path| wgan.init_critic(path),
    ///     &WganGpStepConfig::default(),
    ///     Device::Cpu,
    /// )?;
    /// assert_eq!(step.average().config(), &sharp);
    /// # Ok::<(), astrogen_train::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// When a setting is out of its range, those of the two functions, and
    /// [`TrainError::Network`] where the networks take images of two shapes, where a variable has
    /// no memory yet, or where the generator's variables are not its `named_tensors`.
    pub fn from_networks(
        init_generator: impl Fn(&nn::Path) -> Result<G, ModelError>,
        init_critic: impl Fn(&nn::Path) -> Result<C, ModelError>,
        config: &WganGpStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        let optimizers = [config.generator_optimizer, config.critic_optimizer];
        let networks =
            AgainstCritic::new(device, init_generator, init_critic, optimizers, config.ema_decay)?;
        networks.generator.check_against("critic", networks.critic.module.image_shape())?;
        Ok(Self { networks, config: config.clone() })
    }

    /// The averaged generator: the one to sample from.
    pub fn average(&self) -> &G {
        &self.networks.average.network.module
    }

    /// The generator's opponent, as it was left by the last step.
    pub fn critic(&self) -> &C {
        &self.networks.critic.module
    }

    /// Updates the critic on images `[N, C, H, W]`, signed, and the fakes of latents
    /// `[N, latent_dim]`; the penalty, where one is due, lies between both by `draw`.
    ///
    /// # Errors
    /// [`astrogen_models::ModelError::Shape`] for images of another shape than the
    /// networks', and where there is not one latent, one interpolation weight, one fake and one
    /// score an image.
    ///
    /// # Panics
    /// For DRAGAN, where the draw has no noise of the images' shape.
    pub fn update_critic(
        &mut self,
        real: &Tensor,
        latent: &Tensor,
        draw: &PenaltyDraw,
    ) -> Result<Losses, TrainError> {
        let critic = &self.networks.critic.module;
        check_shape("images", real, &critic.image_shape())?;
        let n = real.size()[0];
        check_size("latents", latent, &[n, self.networks.generator.module.latent_dim()])?;
        check_size("interpolation weights", &draw.weights, &[n])?;
        let fake = no_grad(|| self.networks.generator.module.forward_t(latent, true));
        check_size(FAKES, &fake, &real.size())?;

        // Real and fake in one batch: the critic sees each image by itself.
        let scores = critic.forward_t(&Tensor::cat(&[real, &fake], 0), true);
        check_size(SCORES, &scores, &[2 * n])?;
        let scores = Scores { real: scores.narrow(0, 0, n), fake: scores.narrow(0, n, n) };
        let penalty = &self.config.penalty;
        let term = penalty.applies_at(self.networks.critic_optimizer.steps()).then(|| {
            PenaltyTerm { points: penalty_points(penalty.kind, real, &fake, draw), config: penalty }
        });
        let CriticTerms { loss, wasserstein, penalty, gradients } = differentiate(
            &scores,
            &self.config.loss,
            term,
            critic.piecewise_linear(),
            |images| critic.forward_t(images, true),
            &self.networks.critic_optimizer,
        )?;
        self.networks.step_critic(&gradients);
        self.clip_weights();
        self.networks.keep(penalty);
        let mut losses = vec![
            ("real_score", scores.real.detach().mean(Kind::Float)),
            ("fake_score", scores.fake.detach().mean(Kind::Float)),
        ];
        losses.extend(self.networks.losses(wasserstein, loss));
        Ok(losses)
    }

    /// Updates the generator on latents `[N, latent_dim]`, and its average after it; its
    /// loss. `real` are as many images: only a relativistic loss looks at them.
    ///
    /// # Errors
    /// [`astrogen_models::ModelError::Shape`] for latents of another shape than the
    /// generator's, or, under a relativistic loss, images that are not as many or of another
    /// shape than the critic's.
    pub fn update_generator(
        &mut self,
        latent: &Tensor,
        real: &Tensor,
    ) -> Result<Tensor, TrainError> {
        check_shape("latents", latent, &[self.networks.generator.module.latent_dim()])?;
        let critic = &self.networks.critic.module;
        let (n, [c, h, w]) = (latent.size()[0], critic.image_shape());
        if self.config.loss == AdversarialLoss::Relativistic {
            check_size("images", real, &[n, c, h, w])?;
        }
        let fake = self.networks.generator.module.forward_t(latent, true);
        check_size(FAKES, &fake, &[n, c, h, w])?;
        let scores = critic.forward_t(&fake, true);
        check_size(SCORES, &scores, &[n])?;
        let real_scores = || no_grad(|| critic.forward_t(real, true));
        let loss = self.config.loss.generator_loss(&scores, real_scores);
        let loss = self.networks.generator_optimizer.minimize(&loss)?;
        self.networks.follow_generator(&loss);
        Ok(loss)
    }

    fn clip_weights(&self) {
        if let Some(limit) = self.config.weight_clip {
            no_grad(|| {
                for parameter in self.networks.critic_optimizer.parameters() {
                    let _ = parameter.shallow_clone().clamp_(-limit, limit);
                }
            });
        }
    }
}

impl<G: Generator + Network, C: Critic> State for WganGpStep<G, C> {
    fn algorithm(&self) -> &'static str {
        "wgan-gp"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.networks.state()
    }
}

impl<G: Generator + Network, C: Critic> Step for WganGpStep<G, C> {
    type Batch = Images;

    fn step(&mut self, Images(real): &Images) -> Result<Losses, TrainError> {
        let n = real.size().first().copied().unwrap_or(0);
        let latent = self.networks.generator.module.latent(n);
        let draw = PenaltyDraw::new(self.config.penalty.kind, real);
        let mut losses = self.update_critic(real, &latent, &draw)?;
        if self.networks.critic_optimizer.steps().is_multiple_of(self.config.n_critic) {
            let latent = self.networks.generator.module.latent(n);
            let _ = self.update_generator(&latent, real)?;
        }
        losses.push(("generator_loss", self.networks.last.generator_loss.copy()));
        Ok(losses)
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.average().save(folder.join(G::FILE))?)
    }
}
