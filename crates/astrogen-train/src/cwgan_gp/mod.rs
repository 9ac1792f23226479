//! The step of a conditional Wasserstein GAN with gradient penalty for tables.
//!
//! A batch holds `N` rows of standardised values: conditions, true features and observed
//! features. Every step is one update of the critic, which scores observed features given
//! the rest:
//!
//! ```text
//! minimise   mean C(fake | context) - mean C(real | context) + weight mean (|grad C(points | context)| - 1)^2
//! ```
//!
//! the gradient being that by the features: the context is not interpolated. After every
//! `n_critic`-th one the generator is updated once, on fresh latents, to minimise
//! `-mean C(fake | context) + mse_weight mean (fake - real)^2`, and its average follows.
//!
//! # The squared error
//! Balrog's emulator was trained with the squared error at weight 1
//! ([`CwganGpStepConfig::original`]). It is least where every latent gives the mean of the
//! observed values, so it pulls the generator towards too little scatter, which is just what
//! an emulator is to reproduce; by default it is off. With
//! enough weight it makes the first epochs quicker.

mod gradients;
mod passes;

use std::path::Path;

use astrogen_data::Rows;
use astrogen_distributed::Group;
use astrogen_losses::{GradientPenaltyConfig, PenaltyDraw, penalty_points};
use astrogen_models::{TabularConfig, TabularCritic, TabularGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tch::{Device, Tensor, no_grad};

use self::passes::Passes;

use crate::TrainError;
use crate::against_critic::AgainstCritic;
use crate::critic::{CriticTerms, PenaltyTerm};
use crate::ema::check_decay;
use crate::optim::AdamConfig;
use crate::schedule::read_earlier;
use crate::state::State;
use crate::step::{Losses, Step, check_shape, check_size, check_unweighted};

/// Settings of [`CwganGpStep`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct CwganGpStepConfig {
    /// Adam of the generator. Default lr 1e-4, betas (0.5, 0.999). Where its learning rate falls
    /// while the critic's stays, the critic stays ahead of the generator.
    pub generator_optimizer: AdamConfig,
    /// Adam of the critic. Default lr 1e-4, betas (0.5, 0.999).
    pub critic_optimizer: AdamConfig,
    /// The gradient penalty. Default two-sided, weight 10.
    pub penalty: GradientPenaltyConfig,
    /// Critic updates per generator update, at least 1. Default 5.
    pub n_critic: u64,
    /// Weight of the squared error in the generator's loss, at least 0. Default 0.
    pub mse_weight: f64,
    /// Decay of the generator's average, in [0, 1). Default 0.999.
    pub ema_decay: f64,
}

impl Default for CwganGpStepConfig {
    fn default() -> Self {
        let adam = AdamConfig { lr: 1e-4, betas: [0.5, 0.999], ..AdamConfig::default() };
        Self {
            generator_optimizer: adam,
            critic_optimizer: adam,
            penalty: GradientPenaltyConfig::default(),
            n_critic: 5,
            mse_weight: 0.0,
            ema_decay: 0.999,
        }
    }
}

impl CwganGpStepConfig {
    /// The recipe of Balrog's emulator: the squared error at weight 1.
    pub fn original() -> Self {
        Self { mse_weight: 1.0, ..Self::default() }
    }

    /// Checks the settings, as [`CwganGpStep::new`] does.
    ///
    /// # Errors
    /// [`TrainError::Setting`] or [`TrainError::Loss`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.penalty.validate()?;
        let refuse = |name, rule, got: String| Err(TrainError::Setting { name, rule, got });
        if self.n_critic == 0 {
            return refuse("n_critic", "at least 1 critic update a generator update", "0".into());
        }
        if !(self.mse_weight >= 0.0 && self.mse_weight.is_finite()) {
            return refuse("mse_weight", "finite and at least 0", self.mse_weight.to_string());
        }
        self.generator_optimizer.validate()?;
        self.critic_optimizer.validate()?;
        check_decay(self.ema_decay)
    }
}

impl Serialize for CwganGpStepConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for CwganGpStepConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (mut config, schedule) =
            read_earlier(deserializer, &["cosine_steps"], Self::deserialize)?;
        if let Some(schedule) = schedule {
            config.generator_optimizer.schedule = schedule;
        }
        Ok(config)
    }
}

/// A generator and a critic of tables that train each other.
#[derive(Debug)]
pub struct CwganGpStep {
    config: CwganGpStepConfig,
    model: TabularConfig,
    networks: AgainstCritic<TabularGenerator, TabularCritic>,
    /// None where the networks have no passes of their own.
    passes: Option<Passes>,
}

impl CwganGpStep {
    /// Networks with fresh weights, drawn from libtorch's generator: seed it before.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(
        model: &TabularConfig,
        config: &CwganGpStepConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        let networks = AgainstCritic::new(
            device,
            |path| model.init_generator(path),
            |path| model.init_critic(path),
            [config.generator_optimizer, config.critic_optimizer],
            config.ema_decay,
        )?;
        let passes = Passes::new(
            (&networks.generator.module, &networks.generator_optimizer),
            (&networks.critic.module, &networks.critic_optimizer),
        );
        Ok(Self { networks, passes, model: model.clone(), config: config.clone() })
    }

    /// The averaged generator: the one to sample from.
    pub fn average(&self) -> &TabularGenerator {
        &self.networks.average.network.module
    }

    /// Updates the critic on observed features `[N, features]` and those generated from
    /// latents `[N, latent_dim]`, both for contexts `[N, conditions + true_features]`; the
    /// penalty, where one is due, lies between both by `draw`.
    ///
    /// # Errors
    /// [`astrogen_models::ModelError::Shape`] for tensors of another shape than the
    /// networks', or not of one length.
    pub fn update_critic(
        &mut self,
        context: &Tensor,
        real: &Tensor,
        latent: &Tensor,
        draw: &PenaltyDraw,
    ) -> Result<Losses, TrainError> {
        let n = self.check(context, real)?;
        check_size("latents", latent, &[n, self.model.latent_dim])?;
        check_size("interpolation weights", &draw.weights, &[n])?;
        let config = &self.config.penalty;
        let due = config.applies_at(self.networks.critic_optimizer.steps());
        let CriticTerms { loss, wasserstein, penalty, gradients } = match &mut self.passes {
            Some(passes) => {
                passes.of_critic([context, real, latent], due.then_some((config, draw)))?
            }
            None => {
                let fake = no_grad(|| self.networks.generator.module.forward(latent, context));
                let term = due.then(|| PenaltyTerm {
                    points: penalty_points(config.kind, real, &fake, draw),
                    config,
                });
                let (critic, optimizer) =
                    (&self.networks.critic.module, &self.networks.critic_optimizer);
                gradients::of_critic(critic, context, [real, &fake], term, optimizer)?
            }
        };
        self.networks.step_critic(&gradients)?;
        self.networks.keep(penalty);
        Ok(self.networks.losses(wasserstein, loss))
    }

    /// Updates the generator on latents `[N, latent_dim]` for contexts
    /// `[N, conditions + true_features]`, and its average after it; its loss. `real` are the
    /// features observed there, `[N, features]`.
    ///
    /// # Errors
    /// [`astrogen_models::ModelError::Shape`] as [`CwganGpStep::update_critic`].
    pub fn update_generator(
        &mut self,
        context: &Tensor,
        real: &Tensor,
        latent: &Tensor,
    ) -> Result<Tensor, TrainError> {
        let n = self.check(context, real)?;
        check_size("latents", latent, &[n, self.model.latent_dim])?;
        let (inputs, mse_weight) = ([context, real, latent], self.config.mse_weight);
        let loss = match &mut self.passes {
            Some(passes) => {
                let (loss, gradients) = passes.of_generator(inputs, mse_weight)?;
                self.networks.generator_optimizer.step(&gradients)?;
                loss
            }
            None => {
                let (generator, critic) =
                    (&self.networks.generator.module, &self.networks.critic.module);
                let loss = gradients::generator_loss(generator, critic, inputs, mse_weight);
                self.networks.generator_optimizer.minimize(&loss)?
            }
        };
        self.networks.follow_generator(&loss)?;
        Ok(loss)
    }

    /// Refuses contexts and observed features that are not those of one batch; how many there are.
    fn check(&self, context: &Tensor, real: &Tensor) -> Result<i64, TrainError> {
        check_shape("observed features", real, &[self.model.features])?;
        let n = real.size()[0];
        check_size("contexts", context, &[n, self.model.context_dim()])?;
        Ok(n)
    }
}

impl State for CwganGpStep {
    fn algorithm(&self) -> &'static str {
        "cwgan-gp"
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.networks.state()
    }
}

impl Step for CwganGpStep {
    type Batch = Rows;

    /// Contexts are conditions and then true features; features are the observed ones.
    fn step(&mut self, rows: &Rows) -> Result<Losses, TrainError> {
        check_unweighted(rows)?;
        let Rows { context, features: real, .. } = rows;
        let n = self.check(context, real)?;
        let latent = self.networks.generator.module.latent(n);
        let draw = PenaltyDraw::new(self.config.penalty.kind, real);
        let mut losses = self.update_critic(context, real, &latent, &draw)?;
        if self.networks.critic_optimizer.steps().is_multiple_of(self.config.n_critic) {
            let latent = self.networks.generator.module.latent(n);
            let _ = self.update_generator(context, real, &latent)?;
        }
        losses.push(("generator_loss", self.networks.last.generator_loss.copy()));
        Ok(losses)
    }

    fn join(&mut self, group: &Group) -> Result<(), TrainError> {
        self.networks.join(group);
        Ok(())
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        Ok(self.average().save(folder.join(TabularGenerator::FILE))?)
    }
}
