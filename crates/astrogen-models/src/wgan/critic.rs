//! From images to scores.

use astrogen_losses::PiecewiseLinear;
use astrogen_nn::layers::{ConvolutionConfig, Direction, Passes, Sequential};
use astrogen_nn::{NamedTensors, Network, named, network_methods};
use tch::{Device, Kind, Tensor, nn};

use super::{CriticNormalization, WganConfig};
use crate::traits::assert_images;
use crate::{Critic, ModelError};

/// The slope of LeakyReLU below zero.
const SLOPE: f64 = 0.2;

/// From images to scores; see the [module](super).
#[derive(Debug)]
pub struct WganCritic {
    config: WganConfig,
    pub(crate) net: Sequential,
}

impl Critic for WganCritic {
    fn image_shape(&self) -> [i64; 3] {
        self.config.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.net.options()
    }

    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        assert_images(images, self.config.image_shape());
        // [N, 1, 1, 1] -> [N]
        self.net.forward_t(images, train).reshape([images.size()[0]])
    }

    fn features(&self, images: &Tensor) -> Option<Tensor> {
        assert_images(images, self.config.image_shape());
        Some(self.net.features(images))
    }

    fn piecewise_linear(&self) -> Option<&dyn PiecewiseLinear> {
        self.net.is_piecewise_linear().then_some(&self.net as _)
    }

    fn passes(&self) -> Option<Passes<'_>> {
        self.net.passes()
    }
}

impl NamedTensors for WganCritic {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("net", &self.net)])
    }
}

impl Network for WganCritic {
    type Config = WganConfig;
    const MODEL: &str = "wgan.critic";
    const FILE: &str = "critic.safetensors";

    fn build(config: &WganConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let halve = ConvolutionConfig {
            direction: Direction::Down,
            kernel: 4,
            stride: 2,
            padding: 1,
            groups: 1,
            bias: true,
            spectral_norm: config.spectral_norm,
        };
        let mut net = Sequential::build(path / "net");
        let mut inputs = config.channels;
        for (i, outputs) in config.widths(config.critic_features).into_iter().enumerate() {
            net = net.convolution([inputs, outputs], &halve)?;
            net = match config.critic_normalization {
                CriticNormalization::Layer if i > 0 => net.group_norm(1, outputs)?,
                CriticNormalization::Instance if i > 0 => net.group_norm(outputs, outputs)?,
                _ => net,
            };
            net = net.leaky_relu(SLOPE);
            inputs = outputs;
        }
        let last = ConvolutionConfig { stride: 1, padding: 0, ..halve };
        let net = net.convolution([inputs, 1], &last)?.finish();
        Ok(Self { config: config.clone(), net })
    }

    fn config(&self) -> &WganConfig {
        &self.config
    }
}

network_methods!(WganCritic);
