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
//!
//! Reals and fakes may be [augmented](crate::augmentation) before the critic sees them; the penalty
//! lies between what it saw. A probability that adapts follows the
//! [margins](astrogen_losses::AdversarialLoss::margins) of reals. The critic's loss may have
//! [LeCam](astrogen_losses::regularizer) added.

mod config;

use std::path::Path;

use astrogen_data::Images;
use astrogen_distributed::Group;
use astrogen_losses::{AdversarialLoss, PenaltyDraw, penalty_points};
use astrogen_models::{
    Critic, Generator, ModelError, Network, Passes, WganConfig, WganCritic, WganGenerator,
};
use tch::{Device, Kind, Tensor, nn, no_grad};

use crate::TrainError;
use crate::against_critic::AgainstCritic;
use crate::augmentation::Augmenter;
use crate::critic::{CriticTerms, PenaltyTerm, Scores, differentiate_value, score};
use crate::generator::{self, generate};
use crate::lecam::Lecam;
use crate::pass::Pass;
use crate::state::State;
use crate::step::{FAKES, Losses, SCORES, Step, check_shape, check_size};

pub use config::WganGpStepConfig;

/// A generator and a critic that train each other: those of [`WganConfig`], or
/// [anyone's](WganGpStep::from_networks).
#[derive(Debug)]
pub struct WganGpStep<G = WganGenerator, C = WganCritic> {
    config: WganGpStepConfig,
    networks: AgainstCritic<G, C>,
    augment: Augmenter,
    lecam: Lecam,
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
        let mut networks =
            AgainstCritic::new(device, init_generator, init_critic, optimizers, config.ema_decay)?;
        networks.critic_optimizer.freeze_first(config.frozen_layers)?;
        let [c, h, w] = networks.critic.module.image_shape();
        networks.generator.check_against("critic", [c, h, w])?;
        let augment = Augmenter::new(config.augment, [h, w], device)?;
        let lecam = Lecam::new(config.lecam, device);
        Ok(Self { networks, augment, lecam, config: config.clone() })
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
        let seen = self.augment.apply(&Tensor::cat(&[real, &fake], 0));
        let passes = critic.passes();
        let own = passes.as_ref().filter(|passes| passes.piecewise_linear().is_some());
        let (scores, pass) = score(critic, own, &seen)?;
        let scores = Scores { real: scores.narrow(0, 0, n), fake: scores.narrow(0, n, n) };
        let done = self.networks.critic_optimizer.steps();
        let adversarial = self.config.loss.critic_loss(&scores.real, &scores.fake);
        let adversarial = match self.lecam.term(&scores.real, &scores.fake, done == 0)? {
            Some(lecam) => adversarial + lecam,
            None => adversarial,
        };
        let penalty = &self.config.penalty;
        let term = penalty.applies_at(done).then(|| {
            let [real, fake] = [0, n].map(|start| seen.narrow(0, start, n));
            PenaltyTerm {
                points: penalty_points(penalty.kind, &real, &fake, draw),
                config: penalty,
            }
        });
        let CriticTerms { loss, wasserstein, penalty, gradients } = differentiate_value(
            (adversarial, pass),
            &scores,
            term,
            own.and_then(Passes::piecewise_linear).or(critic.piecewise_linear()),
            |images| critic.forward_t(images, true),
            &self.networks.critic_optimizer,
        )?;
        drop(passes); // of weights that are no more
        self.networks.step_critic(&gradients)?;
        self.clip_weights();
        self.networks.keep(penalty);
        self.augment.observe(&self.config.loss.margins(&scores.real, &scores.fake))?;
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
        let generator = &self.networks.generator.module;
        let [generator_passes, passes] = [generator.passes(), critic.passes()];
        let generated = generate(generator, generator_passes.as_ref(), latent, [c, h, w])?;
        let see = |images: &Tensor| self.augment.apply(images);
        let loss = |scores: &Tensor| {
            let real_scores = || no_grad(|| critic.forward_t(&see(real), true));
            self.config.loss.generator_loss(scores, real_scores)
        };
        let judge = |seen: &Tensor| {
            let forward = |seen: &Tensor| critic.forward_t(seen, true);
            Pass::new(passes.as_ref(), seen, forward, (SCORES, &[n]))
        };
        let optimizer = &self.networks.generator_optimizer;
        let (loss, gradients) = generator::differentiate(generated, see, judge, loss, optimizer)?;
        drop(generator_passes);
        self.networks.generator_optimizer.step(&gradients)?;
        self.networks.follow_generator(&loss)?;
        Ok(loss)
    }

    fn clip_weights(&self) {
        if let Some(limit) = self.config.weight_clip {
            no_grad(|| {
                for parameter in self.networks.critic_optimizer.moving() {
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
        let networks = self.networks.state().into_iter();
        networks.chain(self.augment.state()).chain(self.lecam.state()).collect()
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
        losses.extend(self.augment.losses());
        Ok(losses)
    }

    fn join(&mut self, group: &Group) -> Result<(), TrainError> {
        self.networks.join(group);
        self.augment.join(group);
        self.lecam.join(group);
        Ok(())
    }

    fn takes_bf16(&self) -> bool {
        true
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.average().save(folder.join(G::FILE))?)
    }
}
