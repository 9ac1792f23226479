//! From images to latents and back.

use astrogen_nn::layers::{ConvolutionConfig, Direction, Passes, Sequential};
use astrogen_nn::{Initialization, NamedTensors, Network, named, network_methods};
use tch::{Device, Kind, Tensor, nn, no_grad};

use super::AutoencoderConfig;
use crate::ModelError;
use crate::traits::bring;

/// A convolution that halves the size.
const DOWN: ConvolutionConfig = ConvolutionConfig {
    direction: Direction::Down,
    kernel: 4,
    stride: 2,
    padding: 1,
    groups: 1,
    bias: true,
    spectral_norm: false,
};

/// One that doubles it.
const UP: ConvolutionConfig = ConvolutionConfig { direction: Direction::Up, ..DOWN };

/// Images that are encoded or decoded at a time, where no gradients are wanted.
const CHUNK: i64 = 16;

/// From images to latents and back; see the [module](super).
#[derive(Debug)]
pub struct Autoencoder {
    config: AutoencoderConfig,
    encoder: Sequential,
    decoder: Sequential,
}

impl Autoencoder {
    /// The latents of images `[N, C, H, W]` in [0, 1]: `[N, L]`; of a variational one their means.
    /// Without gradients, some images at a time.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for images of another shape, [`ModelError::Torch`] where they cannot be
    /// brought to the weights' device.
    pub fn encode(&self, images: &Tensor) -> Result<Tensor, ModelError> {
        self.check("images", images, &self.config.image_shape())?;
        self.chunks(images, |images| self.posterior(images).0)
    }

    /// The images of latents `[N, L]`: `[N, C, H, W]` in [0, 1]. Without gradients, some at a time.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for latents of another number, [`ModelError::Torch`] as
    /// [`encode`](Self::encode).
    pub fn decode(&self, latent: &Tensor) -> Result<Tensor, ModelError> {
        self.check("latents", latent, &[self.config.latent_dim])?;
        self.chunks(latent, |latent| self.reconstruct(latent))
    }

    /// What training needs of images: the means of their latents `[N, L]`, and the logarithms of the
    /// variances, if it is variational. With gradients; shapes are the caller's to check.
    pub fn posterior(&self, images: &Tensor) -> (Tensor, Option<Tensor>) {
        self.moments(&self.encoder.forward_t(images, true))
    }

    /// The parts of what the encoder makes of images, `[N, L]`, or `[N, 2 L]` if it is variational: the means
    /// of their latents `[N, L]`, and the logarithms of the variances `[N, L]` if it is.
    pub fn moments(&self, encoded: &Tensor) -> (Tensor, Option<Tensor>) {
        if !self.config.variational {
            return (encoded.shallow_clone(), None);
        }
        let half = self.config.latent_dim;
        (encoded.narrow(1, 0, half), Some(encoded.narrow(1, half, half)))
    }

    /// Forward and back through encoder and decoder without a graph, if they are of single precision on
    /// the CPU: the encoder's from images `[N, C, H, W]` in [0, 1] to what [`moments`](Self::moments) takes, the
    /// decoder's from latents `[N, L]` to images. None elsewhere.
    pub fn passes(&self) -> Option<[Passes<'_>; 2]> {
        Some([self.encoder.passes()?, self.decoder.passes()?])
    }

    /// The images of latents, with gradients; shapes are the caller's to check.
    pub fn reconstruct(&self, latent: &Tensor) -> Tensor {
        self.decoder.forward_t(latent, true)
    }

    /// The element type and the device of the weights.
    pub fn options(&self) -> (Kind, Device) {
        self.encoder.options()
    }

    /// Gives the weights memory of their own and draws their first values.
    pub(super) fn init(&self, initialization: Initialization) -> Result<(), ModelError> {
        self.encoder.init(initialization)?;
        self.decoder.init(initialization)
    }

    fn check(&self, what: &'static str, of: &Tensor, sample: &[i64]) -> Result<(), ModelError> {
        let got = of.size();
        if got.split_first().is_some_and(|(_, shape)| shape == sample) {
            return Ok(());
        }
        let sample: Vec<String> = sample.iter().map(i64::to_string).collect();
        Err(ModelError::Shape { what, expected: format!("[N, {}]", sample.join(", ")), got })
    }

    fn chunks(&self, all: &Tensor, of: impl Fn(&Tensor) -> Tensor) -> Result<Tensor, ModelError> {
        no_grad(|| {
            let parts = all.split(CHUNK, 0).into_iter();
            let parts = parts.map(|part| bring(&part, self.options()).map(|part| of(&part)));
            Ok(Tensor::cat(&parts.collect::<Result<Vec<_>, _>>()?, 0))
        })
    }
}

impl NamedTensors for Autoencoder {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("encoder", &self.encoder), ("decoder", &self.decoder)])
    }
}

impl Network for Autoencoder {
    type Config = AutoencoderConfig;
    const MODEL: &str = "autoencoder";
    const FILE: &str = "autoencoder.safetensors";

    fn build(config: &AutoencoderConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let (smallest, numbers) = (config.smallest(), config.smallest().iter().product());
        let mut encoder = Sequential::build(path / "encoder");
        let mut inputs = config.channels;
        for &width in &config.widths {
            encoder = encoder.convolution([inputs, width], &DOWN)?.relu();
            inputs = width;
        }
        let outputs = config.latent_dim * if config.variational { 2 } else { 1 };
        let encoder = encoder.flatten().linear(numbers, outputs)?.finish();

        let decoder = Sequential::build(path / "decoder");
        let mut decoder = decoder.linear(config.latent_dim, numbers)?.unflatten(smallest);
        for &width in config.widths.iter().rev().skip(1) {
            decoder = decoder.convolution([inputs, width], &UP)?.relu();
            inputs = width;
        }
        let decoder = decoder.convolution([inputs, config.channels], &UP)?.sigmoid().finish();
        Ok(Self { config: config.clone(), encoder, decoder })
    }

    fn config(&self) -> &AutoencoderConfig {
        &self.config
    }
}

network_methods!(Autoencoder);
