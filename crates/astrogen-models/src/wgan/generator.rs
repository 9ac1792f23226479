//! From latents to images.

use tch::{Device, Kind, Tensor};

use super::WganConfig;
use crate::Generator;
use crate::layers::Sequential;
use crate::weights::saved_network;

/// From latents to images; see the [module](super).
#[derive(Debug)]
pub struct WganGenerator {
    pub(super) config: WganConfig,
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
}

saved_network!(WganGenerator, WganConfig::build_generator, "wgan.generator", "generator");
