//! The step of a relativistic GAN with zero-centred gradient penalties.
//!
//! One step, on `2 N` real images:
//!
//! 1. `fake = G(z)`, `N` of them, with `z ~ N(0, 1)`,
//! 2. the critic learns, on the first `N` reals and the fakes, no gradient reaching `G`, to
//!    minimise
//!
//!    ```text
//!    mean softplus(-(C(real) - C(fake))) + gamma/2 mean |grad C(real)|^2 + gamma/2 mean |grad C(fake)|^2
//!    ```
//!
//!    the penalties, R1 and R2, only at every `penalty_interval`-th step, with as many times the
//!    weight,
//! 3. the generator learns, on the same fakes and the other `N` reals, to minimise
//!    `mean softplus(-(C(fake) - C(real)))` under the updated critic; no gradient is computed for
//!    the weights of `C`,
//! 4. the average of `G` follows.
//!
//! Scores are compared in pairs of a real and a fake image, so the critic cannot win by pushing
//! all fakes far away at once, and modes are not dropped; without the penalties the game does not
//! converge (Huang et al. 2024, *The GAN is dead; long live the GAN!*). A critic that is piecewise
//! linear takes both penalties in closed form and in one pass, since together they are R1 of
//! twice the weight on reals and fakes joined.
//!
//! Reals and fakes may be [translated](astrogen_data::augment::Translation) and
//! [augmented](crate::augmentation) before the critic sees them, both alike, in both updates; a
//! probability that adapts follows the differences of scores in pairs.

mod config;

use std::path::Path;

use astrogen_data::Images;
use astrogen_distributed::Group;
use astrogen_losses::AdversarialLoss;
use astrogen_models::{
    Critic, Generator, ModelError, Network, Passes, R3ganConfig, R3ganDiscriminator,
    R3ganGenerator, SharpConfig, SharpGenerator, WganCritic,
};
use tch::{Device, Kind, Tensor, nn, no_grad};

use crate::TrainError;
use crate::against_critic::AgainstCritic;
use crate::augmentation::Augmenter;
use crate::critic::{
    CriticTerms, PenaltyTerm, Scores, differentiate_together, differentiate_value, score,
};
use crate::generator::{self, generate};
use crate::pass::{Pass, PassAside};
use crate::state::State;
use crate::step::{FAKES, Losses, SCORES, Step, check_shape, check_size};

pub use config::RelativisticStepConfig;

/// The loss of both networks.
const LOSS: AdversarialLoss = AdversarialLoss::Relativistic;

/// A generator and a critic that train each other: those of [`SharpConfig`], of
/// [R3GAN](RelativisticStep::r3gan), or [anyone's](RelativisticStep::from_networks).
#[derive(Debug)]
pub struct RelativisticStep<G = SharpGenerator, C = WganCritic> {
    config: RelativisticStepConfig,
    networks: AgainstCritic<G, C>,
    augment: Augmenter,
}

impl RelativisticStep {
    /// Networks with fresh weights, drawn from libtorch's generator: seed it before.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(
        model: &SharpConfig,
        config: &RelativisticStepConfig,
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

impl RelativisticStep<R3ganGenerator, R3ganDiscriminator> {
    /// R3GAN's networks with fresh weights, as [`RelativisticStep::new`];
    /// [`RelativisticStepConfig::r3gan`] has the settings.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn r3gan(
        model: &R3ganConfig,
        config: &RelativisticStepConfig,
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

impl<G: Generator + Network, C: Critic> RelativisticStep<G, C> {
    /// Anyone's networks, with the first weights that these functions give them, as
    /// [`WganGpStep::from_networks`](crate::wgan_gp::WganGpStep::from_networks) has them.
    ///
    /// # Errors
    /// When a setting is out of its range, those of the two functions, and
    /// [`TrainError::Network`] where the networks take images of two shapes, where a variable has
    /// no memory yet, or where the generator's variables are not its `named_tensors`.
    pub fn from_networks(
        init_generator: impl Fn(&nn::Path) -> Result<G, ModelError>,
        init_critic: impl Fn(&nn::Path) -> Result<C, ModelError>,
        config: &RelativisticStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        let optimizers = [config.generator_optimizer, config.critic_optimizer];
        let mut networks =
            AgainstCritic::new(device, init_generator, init_critic, optimizers, config.ema_decay)?;
        networks.critic_optimizer.freeze_first(config.frozen_layers)?;
        let [c, h, w] = networks.critic.module.image_shape();
        networks.generator.check_against("critic", [c, h, w])?;
        config.translation.validate(h.min(w))?;
        let augment = Augmenter::new(config.augment, [h, w], device)?;
        Ok(Self { networks, augment, config: config.clone() })
    }

    /// The averaged generator: the one to sample from.
    pub fn average(&self) -> &G {
        &self.networks.average.network.module
    }

    /// The generator's opponent, as it was left by the last step.
    pub fn critic(&self) -> &C {
        &self.networks.critic.module
    }

    /// One step on images `[2 N, C, H, W]`, signed, the first half for the critic and the second
    /// for the generator, and the fakes of latents `[N, latent_dim]`.
    ///
    /// # Errors
    /// [`astrogen_models::ModelError::Shape`] for images or latents of other shapes, and
    /// where there is not one fake a latent and one score an image.
    pub fn update(&mut self, real: &Tensor, latent: &Tensor) -> Result<Losses, TrainError> {
        let [c, h, w] = self.networks.critic.module.image_shape();
        check_shape("images", real, &[c, h, w])?;
        let n = real.size()[0] / 2;
        check_size("images, half of them for the generator,", real, &[2 * n.max(1), c, h, w])?;
        let fake = self.fakes(latent, n)?;
        let mut losses = self.update_critic(&real.narrow(0, 0, n), &fake.outputs().detach())?;
        losses.push(("generator_loss", self.follow_critic(&real.narrow(0, n, n), fake)?));
        losses.extend(self.augment.losses());
        Ok(losses)
    }

    /// Fakes of latents `[n, latent_dim]`: the critic is updated before they go back.
    fn fakes(&self, latent: &Tensor, n: i64) -> Result<PassAside, TrainError> {
        let generator = &self.networks.generator.module;
        check_size("latents", latent, &[n, generator.latent_dim()])?;
        let passes = generator.passes();
        let shape = self.networks.critic.module.image_shape();
        Ok(generate(generator, passes.as_ref(), latent, shape)?.put_aside())
    }

    /// One update of the generator, on the fakes of latents `[N, latent_dim]` beside images
    /// `[N, C, H, W]`, signed; its loss.
    ///
    /// # Errors
    /// Those of [`update`](Self::update).
    pub fn update_generator(
        &mut self,
        real: &Tensor,
        latent: &Tensor,
    ) -> Result<Tensor, TrainError> {
        let [c, h, w] = self.networks.critic.module.image_shape();
        check_shape("images", real, &[c, h, w])?;
        let fake = self.fakes(latent, real.size()[0])?;
        self.follow_critic(real, fake)
    }

    /// One update of the critic, on images and fakes `[N, C, H, W]`, signed; no gradient reaches what
    /// fakes were made of.
    ///
    /// # Errors
    /// Those of [`update`](Self::update).
    pub fn update_critic(&mut self, real: &Tensor, fake: &Tensor) -> Result<Losses, TrainError> {
        let [c, h, w] = self.networks.critic.module.image_shape();
        check_shape("images", real, &[c, h, w])?;
        check_size(FAKES, fake, &real.size())?;
        self.anneal();
        let (critic, translation) = (&self.networks.critic.module, self.config.translation);
        // Real and fake in one batch: the critic sees each image by itself.
        let seen = Tensor::cat(&[translation.apply(real), translation.apply(&fake.detach())], 0);
        let (n, points) = (real.size()[0], self.augment.apply(&seen));
        let optimizer = &self.networks.critic_optimizer;
        let penalty = self.config.penalty(optimizer.steps());
        let due = penalty.applies_at(optimizer.steps());
        // A penalty in closed form has everything that the loss needs.
        let passes = critic.passes();
        let own = passes.as_ref().filter(|passes| passes.piecewise_linear().is_some());
        let linear = own.and_then(Passes::piecewise_linear).or(critic.piecewise_linear());
        let together = match linear.filter(|_| due) {
            Some(critic) => {
                let [real, fake] = [points.narrow(0, 0, n), points.narrow(0, n, n)];
                differentiate_together(critic, &real, &fake, &LOSS, &penalty, optimizer)?
            }
            None => None,
        };
        let (scores, terms) = match together {
            Some(found) => found,
            None => {
                let (scores, pass) = score(critic, own, &points)?; // [2 N]
                let scores = Scores { real: scores.narrow(0, 0, n), fake: scores.narrow(0, n, n) };
                let terms = differentiate_value(
                    (LOSS.critic_loss(&scores.real, &scores.fake), pass),
                    &scores,
                    due.then_some(PenaltyTerm { points, config: &penalty }),
                    linear,
                    |images| critic.forward_t(images, true),
                    optimizer,
                )?;
                (scores, terms)
            }
        };
        let CriticTerms { loss, penalty, gradients, .. } = terms;
        drop(passes); // of weights that are no more
        self.networks.step_critic(&gradients)?;
        self.networks.keep(penalty);
        self.augment.observe(&AdversarialLoss::Relativistic.margins(&scores.real, &scores.fake))?;
        Ok(vec![
            ("critic_loss", loss),
            ("real_score", scores.real.detach().mean(Kind::Float)),
            ("fake_score", scores.fake.detach().mean(Kind::Float)),
            ("gradient_penalty", self.networks.last.penalty.copy()),
            ("gradient_norm", self.networks.last.gradient_norm.copy()),
        ])
    }

    /// Brings what changes within a run to its value of this step.
    fn anneal(&mut self) {
        let Some(annealing) = self.config.annealing else { return };
        let done = self.networks.critic_optimizer.steps();
        let optimizers =
            [&mut self.networks.generator_optimizer, &mut self.networks.critic_optimizer];
        let first = [self.config.generator_optimizer, self.config.critic_optimizer];
        for (optimizer, config) in optimizers.into_iter().zip(first) {
            optimizer.set_beta2(annealing.beta2(config.betas[1], done));
        }
        self.networks.average.set_decay(annealing.ema_decay(self.config.ema_decay, done));
        self.augment.anneal(&annealing, done);
    }

    fn follow_critic(&mut self, real: &Tensor, fake: PassAside) -> Result<Tensor, TrainError> {
        let (critic, translation) = (&self.networks.critic.module, self.config.translation);
        let generator_passes = self.networks.generator.module.passes();
        let fake = fake.take_up(generator_passes.as_ref());
        let passes = critic.passes();
        let see = |images: &Tensor| self.augment.apply(&translation.apply(images));
        let judge = |seen: &Tensor| {
            let forward = |seen: &Tensor| critic.forward_t(seen, true);
            Pass::new(passes.as_ref(), seen, forward, (SCORES, &[seen.size()[0]]))
        };
        let loss = |scores: &Tensor| {
            LOSS.generator_loss(scores, || no_grad(|| critic.forward_t(&see(real), true)))
        };
        let optimizer = &self.networks.generator_optimizer;
        let (loss, gradients) = generator::differentiate(fake, see, judge, loss, optimizer)?;
        drop((passes, generator_passes));
        self.networks.generator_optimizer.step(&gradients)?;
        self.networks.follow_generator(&loss)?;
        Ok(loss)
    }
}

impl<G: Generator + Network, C: Critic> State for RelativisticStep<G, C> {
    fn algorithm(&self) -> &'static str {
        "relativistic"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.networks.state().into_iter().chain(self.augment.state()).collect()
    }
}

impl<G: Generator + Network, C: Critic> Step for RelativisticStep<G, C> {
    type Batch = Images;

    fn step(&mut self, Images(real): &Images) -> Result<Losses, TrainError> {
        let n = real.size().first().copied().unwrap_or(0) / 2;
        let latent = self.networks.generator.module.latent(n);
        self.update(real, &latent)
    }

    fn join(&mut self, group: &Group) -> Result<(), TrainError> {
        self.networks.join(group);
        self.augment.join(group);
        Ok(())
    }

    fn takes_bf16(&self) -> bool {
        true
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.average().save(folder.join(G::FILE))?)
    }
}
