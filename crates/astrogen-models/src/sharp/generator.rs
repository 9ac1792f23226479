//! From latents and noise to images.

use tch::{Device, Kind, Tensor};

use super::SharpConfig;
use super::layers::{Input, SLOPE, Stage};
use crate::Generator;
use crate::layers::Convolution;
use crate::weights::saved_network;

/// From latents and noise to images; see the [module](super).
#[derive(Debug)]
pub struct SharpGenerator {
    pub(super) config: SharpConfig,
    pub(super) input: Input,
    pub(super) stages: Vec<Stage>,
    pub(super) output: Convolution,
}

impl SharpGenerator {
    /// Noise for `n` images, standard normal, one tensor `[n, 1, H, W]` a stage but the last (8x8,
    /// 16x16 and so on up to half size), from libtorch's generator of the weights' device.
    ///
    /// # Panics
    /// Where `n` is negative.
    pub fn noise(&self, n: i64) -> Vec<Tensor> {
        let sizes = (1..self.stages.len()).map(|stage| 4i64 << stage);
        sizes.map(|size| Tensor::randn([n, 1, size, size], self.input.options())).collect()
    }

    /// Images `[N, C, H, W]`, signed ([-1, 1]), from latents `[N, latent_dim]` and
    /// [noise](Self::noise): a function of both alone. [`Generator::forward_t`] draws the noise
    /// itself.
    ///
    /// # Panics
    /// Where latents or noise have another shape, element type or device than the network.
    pub fn forward_with(&self, latent: &Tensor, noise: &[Tensor], train: bool) -> Tensor {
        assert_eq!(noise.len() + 1, self.stages.len(), "one tensor of noise a stage but the last");
        let noise = noise.iter().map(Some).chain([None]);
        let first = self.input.forward_t(latent, train); // [N, C, 4, 4]
        let images = self.stages.iter().zip(noise).fold(first, |images, (stage, noise)| {
            stage.forward_t(&images, noise, train) // [N, C', 2H, 2W]
        });
        self.output.forward_t(&images, train).tanh_() // [N, bands, H, W]
    }

    /// Draws the first weights; see the [module](super).
    pub(super) fn init_weights(&self) {
        self.input.init_weights();
        self.stages.iter().for_each(Stage::init_weights);
        self.output.init_he(SLOPE);
        tch::no_grad(|| {
            let (_, weight) = self.output.named_tensors()[0];
            let _ = weight.shallow_clone().g_mul_scalar_(0.5);
        });
    }

    /// Every weight and buffer under its PyTorch name, wherever in a variable store the network
    /// stands. The tensors share the network's storage.
    pub fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let stages = self.stages.iter().enumerate();
        let output = self.output.named_tensors().into_iter();
        let output = output.map(|(name, tensor)| (name.to_owned(), tensor.shallow_clone()));
        let parts = [("input".to_owned(), self.input.named_tensors())]
            .into_iter()
            .chain(stages.map(|(i, stage)| (format!("stages.{i}"), stage.named_tensors())))
            .chain([("output".to_owned(), output.collect())]);
        parts
            .flat_map(|(part, tensors)| {
                tensors.into_iter().map(move |(name, tensor)| (format!("{part}.{name}"), tensor))
            })
            .collect()
    }
}

impl Generator for SharpGenerator {
    fn latent_dim(&self) -> i64 {
        self.config.latent_dim
    }

    fn image_shape(&self) -> [i64; 3] {
        self.config.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.input.options()
    }

    fn forward_t(&self, latent: &Tensor, train: bool) -> Tensor {
        let n = latent.size()[0];
        // The batch size is spelt out: latents of another size must not become other samples.
        let latent = latent.reshape([n, self.config.latent_dim]);
        self.forward_with(&latent, &self.noise(n), train)
    }
}

saved_network!(
    SharpGenerator,
    SharpConfig::build_generator,
    "sharp.generator",
    "generator",
    itself
);
