//! From latents to images.

use astrogen_nn::layers::{ConvolutionConfig, Direction, Sequential};
use astrogen_nn::{NamedTensors, Network, named, network_methods};
use tch::{Device, Kind, Tensor, nn};

use super::DcganConfig;
use crate::{Generator, ModelError};

/// A convolution that doubles the size.
const UP: ConvolutionConfig = ConvolutionConfig {
    direction: Direction::Up,
    kernel: 4,
    stride: 2,
    padding: 1,
    groups: 1,
    bias: false,
    spectral_norm: false,
};

/// From latents to images; see the [module](super).
#[derive(Debug)]
pub struct DcganGenerator {
    config: DcganConfig,
    pub(super) net: Sequential,
}

impl Generator for DcganGenerator {
    fn latent_dim(&self) -> i64 {
        self.config.latent_dim
    }

    fn image_shape(&self) -> [i64; 3] {
        self.config.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.net.options()
    }

    fn forward_t(&self, latent: &Tensor, train: bool) -> Tensor {
        // The batch size is spelt out: latents of another size must not become other samples.
        let latent = latent.reshape([latent.size()[0], self.config.latent_dim, 1, 1]);
        self.net.forward_t(&latent, train)
    }
}

impl NamedTensors for DcganGenerator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("net", &self.net)])
    }
}

impl Network for DcganGenerator {
    type Config = DcganConfig;
    const MODEL: &str = "dcgan.generator";
    const FILE: &str = "generator.safetensors";

    fn build(config: &DcganConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let mut net = Sequential::build(path / "net");
        let mut inputs = config.latent_dim;
        let mut convolution = ConvolutionConfig { stride: 1, padding: 0, ..UP };
        for width in config.widths(config.generator_features).into_iter().rev() {
            net = net.convolution([inputs, width], &convolution)?.batch_norm(width)?.relu();
            (inputs, convolution) = (width, UP);
        }
        let net = net.convolution([inputs, config.channels], &UP)?.tanh().finish();
        Ok(Self { config: config.clone(), net })
    }

    fn config(&self) -> &DcganConfig {
        &self.config
    }
}

network_methods!(DcganGenerator);
