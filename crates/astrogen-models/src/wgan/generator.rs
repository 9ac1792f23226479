//! From latents to images.

use astrogen_nn::layers::{ConvolutionConfig, Passes, Sequential};
use astrogen_nn::{NamedTensors, Network, named, network_methods};
use tch::{Device, Kind, Tensor, nn};

use super::WganConfig;
use crate::upsampling::UP;
use crate::{Generator, ModelError};

/// From latents to images; see the [module](super).
#[derive(Debug)]
pub struct WganGenerator {
    config: WganConfig,
    pub(super) net: Sequential,
}

impl Generator for WganGenerator {
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

    fn passes(&self) -> Option<Passes<'_>> {
        self.net.passes()
    }
}

impl NamedTensors for WganGenerator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("net", &self.net)])
    }
}

impl Network for WganGenerator {
    type Config = WganConfig;
    const MODEL: &str = "wgan.generator";
    const FILE: &str = "generator.safetensors";

    fn build(config: &WganConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let mut widths = config.widths(config.generator_features).into_iter().rev();
        // There are three widths at least: the least size is 32.
        let mut inputs = widths.next().unwrap_or(config.generator_features);
        let first = ConvolutionConfig { stride: 1, padding: 0, ..UP };
        let mut net = Sequential::build(path / "net")
            .convolution([config.latent_dim, inputs], &first)?
            .batch_norm(inputs)?
            .relu();
        for outputs in widths {
            net = config.upsampling.double(net, [inputs, outputs])?.batch_norm(outputs)?.relu();
            inputs = outputs;
        }
        let net = config.upsampling.double(net, [inputs, config.channels])?.tanh().finish();
        Ok(Self { config: config.clone(), net })
    }

    fn config(&self) -> &WganConfig {
        &self.config
    }
}

network_methods!(WganGenerator);
