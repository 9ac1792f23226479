//! From latents and contexts to observed features.

use astrogen_nn::layers::Sequential;
use astrogen_nn::{NamedTensors, Network, named, network_methods};
use astrogen_runtime::draw_rows;
use tch::{Device, Kind, Tensor, nn};

use super::blocks::check_sample;
use super::chains::Chains;
use super::{TabularConfig, TabularPass};
use crate::ModelError;
use crate::traits::bring;

/// From latents and contexts to observed features; see the [module](super).
#[derive(Debug)]
pub struct TabularGenerator {
    pub(super) config: TabularConfig,
    pub(super) noise: Sequential,
    pub(super) cond: Sequential,
    pub(super) truth: Sequential,
    pub(super) out: Sequential,
}

impl TabularGenerator {
    /// Features `[N, features]` of latents `[N, latent_dim]` and contexts
    /// `[N, conditions + true_features]`.
    ///
    /// # Panics
    /// Where they have other shapes, element types or devices than the network;
    /// [`TabularGenerator::sample`] checks them.
    pub fn forward(&self, latent: &Tensor, context: &Tensor) -> Tensor {
        let [conditions, truth] = self.config.parts(context);
        let joined = Tensor::cat(
            &[
                self.noise.forward_t(latent, false),
                self.cond.forward_t(&conditions, false),
                self.truth.forward_t(&truth, false),
            ],
            1,
        );
        self.out.forward_t(&joined, false)
    }

    /// Passes of latents `[N, latent_dim]` and contexts `[N, conditions + true_features]` to
    /// features `[N, features]`, without autograd; none where weights are not single precision
    /// on the CPU, or the activation is smooth.
    pub fn pass(&self) -> Option<TabularPass> {
        self.chains().map(TabularPass::new)
    }

    /// The network in plain Rust and its weights, if it can be.
    pub(super) fn chains(&self) -> Option<(Chains, Vec<(String, Tensor)>)> {
        let Self { config, noise, cond, truth, out } = self;
        Chains::new(config, [("noise", noise), ("cond", cond), ("true", truth)], out)
    }

    /// `n` latents `[n, latent_dim]` from the standard normal distribution, drawn from
    /// libtorch's generator of the weights' device.
    ///
    /// # Panics
    /// Where `n` is negative.
    pub fn latent(&self, n: i64) -> Tensor {
        draw_rows(n, |n| Tensor::randn([n, self.config.latent_dim], self.options()))
    }

    /// The element type and the device of the weights.
    pub fn options(&self) -> (Kind, Device) {
        self.out.options()
    }

    /// Features `[N, features]` without gradients, from latents and contexts of any device
    /// and float type.
    ///
    /// # Errors
    /// [`ModelError::Shape`] where latents or contexts have another shape, and
    /// [`ModelError::Torch`] where they cannot be brought to the weights' device.
    pub fn sample(&self, latent: &Tensor, context: &Tensor) -> Result<Tensor, ModelError> {
        check_sample(self.widths(), latent, context)?;
        let [latent, context] = [bring(latent, self.options())?, bring(context, self.options())?];
        Ok(tch::no_grad(|| self.forward(&latent, &context)))
    }
}

impl NamedTensors for TabularGenerator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let Self { noise, cond, truth, out, .. } = self;
        named(&[("noise", noise), ("cond", cond), ("true", truth), ("out", out)])
    }
}

impl Network for TabularGenerator {
    type Config = TabularConfig;
    const MODEL: &str = "tabular.generator";
    const FILE: &str = "generator.safetensors";

    fn build(config: &TabularConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        Ok(Self {
            noise: config.branch(path / "noise", config.latent_dim)?,
            cond: config.branch(path / "cond", config.conditions)?,
            truth: config.branch(path / "true", config.true_features)?,
            out: config.trunk(path / "out", config.features)?,
            config: config.clone(),
        })
    }

    fn config(&self) -> &TabularConfig {
        &self.config
    }
}

network_methods!(TabularGenerator);
