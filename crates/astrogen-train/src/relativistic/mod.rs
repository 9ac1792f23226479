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
//! Reals and fakes may be [translated](Translation) before the critic sees them, both alike, in
//! both updates.

use std::path::Path;

use astrogen_data::Images;
use astrogen_data::augment::Translation;
use astrogen_losses::{AdversarialLoss, GradientPenaltyConfig};
use astrogen_models::{
    Critic, Generator, ModelError, Network, SharpConfig, SharpGenerator, WganCritic,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tch::{Device, Kind, Tensor, nn, no_grad};

use crate::TrainError;
use crate::against_critic::AgainstCritic;
use crate::critic::{CriticTerms, PenaltyTerm, Scores, differentiate};
use crate::ema::check_decay;
use crate::optim::AdamConfig;
use crate::schedule::read_earlier;
use crate::state::State;
use crate::step::{FAKES, Losses, SCORES, Step, check_shape, check_size};

/// The loss of both networks.
const LOSS: AdversarialLoss = AdversarialLoss::Relativistic;

/// Settings of [`RelativisticStep`]; the defaults are for [`SharpConfig`]'s networks in batches
/// of 16 and minutes of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct RelativisticStepConfig {
    /// Adam of the generator. Default lr 2e-3, betas (0, 0.99).
    pub generator_optimizer: AdamConfig,
    /// Adam of the critic. Default lr 2e-3, betas (0, 0.99).
    pub critic_optimizer: AdamConfig,
    /// The weight of R1 and of R2, finite and at least 0. Default 0.1.
    pub gamma: f64,
    /// The penalties are taken at every so many steps, with as many times the weight; at least
    /// 1. Default 2.
    pub penalty_interval: u64,
    /// Shifts of what the critic sees. Default none.
    pub translation: Translation,
    /// Decay of the generator's average, in [0, 1). Default 0.998.
    pub ema_decay: f64,
}

impl Default for RelativisticStepConfig {
    fn default() -> Self {
        let adam = AdamConfig { lr: 2e-3, betas: [0.0, 0.99], ..AdamConfig::default() };
        Self {
            generator_optimizer: adam,
            critic_optimizer: adam,
            gamma: 0.1,
            penalty_interval: 2,
            translation: Translation::default(),
            ema_decay: 0.998,
        }
    }
}

impl RelativisticStepConfig {
    /// R1 and R2, as one penalty on reals and fakes joined.
    fn penalty(&self) -> GradientPenaltyConfig {
        let interval = self.penalty_interval;
        GradientPenaltyConfig { interval, ..GradientPenaltyConfig::r1(2.0 * self.gamma) }
    }

    /// Checks the settings, as [`RelativisticStep::new`] does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let refuse = |name, rule, got: String| Err(TrainError::Setting { name, rule, got });
        if !(self.gamma >= 0.0 && self.gamma.is_finite()) {
            return refuse("gamma", "finite and at least 0", self.gamma.to_string());
        }
        if self.penalty_interval == 0 {
            return refuse("penalty_interval", "at least 1 (1 is every step)", "0".into());
        }
        self.generator_optimizer.validate()?;
        self.critic_optimizer.validate()?;
        check_decay(self.ema_decay)
    }
}

impl Serialize for RelativisticStepConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for RelativisticStepConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let earlier = ["linear_steps", "final_lr"];
        let (mut config, schedule) = read_earlier(deserializer, &earlier, Self::deserialize)?;
        if let Some(schedule) = schedule {
            config.generator_optimizer.schedule = schedule;
            config.critic_optimizer.schedule = schedule;
        }
        Ok(config)
    }
}

/// A generator and a critic that train each other: those of [`SharpConfig`], or
/// [anyone's](RelativisticStep::from_networks).
#[derive(Debug)]
pub struct RelativisticStep<G = SharpGenerator, C = WganCritic> {
    config: RelativisticStepConfig,
    penalty: GradientPenaltyConfig,
    networks: AgainstCritic<G, C>,
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
        let networks =
            AgainstCritic::new(device, init_generator, init_critic, optimizers, config.ema_decay)?;
        let [c, h, w] = networks.critic.module.image_shape();
        networks.generator.check_against("critic", [c, h, w])?;
        config.translation.validate(h.min(w))?;
        Ok(Self { networks, penalty: config.penalty(), config: config.clone() })
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
        let generator = &self.networks.generator.module;
        let [c, h, w] = self.networks.critic.module.image_shape();
        check_shape("images", real, &[c, h, w])?;
        let n = real.size()[0] / 2;
        check_size("images, half of them for the generator,", real, &[2 * n.max(1), c, h, w])?;
        check_size("latents", latent, &[n, generator.latent_dim()])?;
        let fake = self.networks.generator.module.forward_t(latent, true);
        check_size(FAKES, &fake, &[n, c, h, w])?;
        let mut losses = self.update_critic(&real.narrow(0, 0, n), &fake.detach())?;
        losses.push(("generator_loss", self.update_generator(&real.narrow(0, n, n), &fake)?));
        Ok(losses)
    }

    fn update_critic(&mut self, real: &Tensor, fake: &Tensor) -> Result<Losses, TrainError> {
        let (critic, translation) = (&self.networks.critic.module, self.config.translation);
        // Real and fake in one batch: the critic sees each image by itself.
        let points = Tensor::cat(&[translation.apply(real), translation.apply(fake)], 0);
        let scores = critic.forward_t(&points, true); // [2 N]
        let n = real.size()[0];
        check_size(SCORES, &scores, &[2 * n])?;
        let scores = Scores { real: scores.narrow(0, 0, n), fake: scores.narrow(0, n, n) };
        let due = self.penalty.applies_at(self.networks.critic_optimizer.steps());
        let CriticTerms { loss, penalty, gradients, .. } = differentiate(
            &scores,
            &LOSS,
            due.then_some(PenaltyTerm { points, config: &self.penalty }),
            critic.piecewise_linear(),
            |images| critic.forward_t(images, true),
            &self.networks.critic_optimizer,
        )?;
        self.networks.step_critic(&gradients);
        self.networks.keep(penalty);
        Ok(vec![
            ("critic_loss", loss),
            ("real_score", scores.real.detach().mean(Kind::Float)),
            ("fake_score", scores.fake.detach().mean(Kind::Float)),
            ("gradient_penalty", self.networks.last.penalty.copy()),
            ("gradient_norm", self.networks.last.gradient_norm.copy()),
        ])
    }

    /// `fake` has the graph to the generator's weights.
    fn update_generator(&mut self, real: &Tensor, fake: &Tensor) -> Result<Tensor, TrainError> {
        let (critic, translation) = (&self.networks.critic.module, self.config.translation);
        let score = |images: &Tensor| critic.forward_t(&translation.apply(images), true);
        let loss = LOSS.generator_loss(&score(fake), || no_grad(|| score(real)));
        let loss = self.networks.generator_optimizer.minimize(&loss)?;
        self.networks.follow_generator(&loss);
        Ok(loss)
    }
}

impl<G: Generator + Network, C: Critic> State for RelativisticStep<G, C> {
    fn algorithm(&self) -> &'static str {
        "relativistic"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.networks.state()
    }
}

impl<G: Generator + Network, C: Critic> Step for RelativisticStep<G, C> {
    type Batch = Images;

    fn step(&mut self, Images(real): &Images) -> Result<Losses, TrainError> {
        let n = real.size().first().copied().unwrap_or(0) / 2;
        let latent = self.networks.generator.module.latent(n);
        self.update(real, &latent)
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.average().save(folder.join(G::FILE))?)
    }
}
