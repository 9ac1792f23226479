//! From images to logits.

use astrogen_nn::layers::{ConvolutionConfig, Direction, Passes, Sequential};
use astrogen_nn::{NamedTensors, Network, named, network_methods};
use tch::{Device, Kind, Tensor, nn};

use super::DcganConfig;
use crate::traits::assert_images;
use crate::{Discriminator, ModelError};

/// The slope of LeakyReLU below zero.
const SLOPE: f64 = 0.2;

/// A convolution that halves the size.
const DOWN: ConvolutionConfig = ConvolutionConfig {
    direction: Direction::Down,
    kernel: 4,
    stride: 2,
    padding: 1,
    groups: 1,
    bias: false,
    spectral_norm: false,
};

/// From images to logits; see the [module](super).
#[derive(Debug)]
pub struct DcganDiscriminator {
    config: DcganConfig,
    pub(super) net: Sequential,
}

impl Discriminator for DcganDiscriminator {
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

    fn passes(&self) -> Option<Passes<'_>> {
        self.net.passes()
    }

    fn judges_alone(&self) -> bool {
        !self.config.minibatch_deviation
    }
}

impl NamedTensors for DcganDiscriminator {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("net", &self.net)])
    }
}

impl Network for DcganDiscriminator {
    type Config = DcganConfig;
    const MODEL: &str = "dcgan.discriminator";
    const FILE: &str = "discriminator.safetensors";

    fn build(config: &DcganConfig, path: &nn::Path) -> Result<Self, ModelError> {
        config.validate()?;
        let down = ConvolutionConfig { spectral_norm: config.spectral_norm, ..DOWN };
        let mut net = Sequential::build(path / "net");
        let mut inputs = config.channels;
        let widths = config.widths(config.discriminator_features);
        for (i, width) in widths.into_iter().enumerate() {
            net = net.convolution([inputs, width], &down)?;
            if i > 0 {
                net = net.batch_norm(width)?;
            }
            net = net.leaky_relu(SLOPE);
            inputs = width;
        }
        if config.minibatch_deviation {
            net = net.minibatch_deviation();
            inputs += 1;
        }
        let last = ConvolutionConfig { stride: 1, padding: 0, ..down };
        let net = net.convolution([inputs, 1], &last)?.finish();
        Ok(Self { config: config.clone(), net })
    }

    fn config(&self) -> &DcganConfig {
        &self.config
    }
}

network_methods!(DcganDiscriminator);
