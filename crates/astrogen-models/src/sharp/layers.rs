//! What the generator is made of: its first layer, and the stage that doubles the images.

use astrogen_nn::layers::{Convolution, ConvolutionConfig, Interpolation, Unit, leaky_relu};
use astrogen_nn::variables::variable;
use astrogen_nn::{Initialization, NamedTensors, named};
use tch::nn::Path;
use tch::{Device, Kind, Tensor};

use crate::{BatchNorm, ModelError};

/// The slope of every LeakyReLU below zero.
const SLOPE: f64 = 0.2;
/// How first weights are drawn.
pub(super) const HE: Initialization = Initialization::He { slope: SLOPE };
/// The size of the first images.
const FIRST: i64 = 4;

/// From latents to images of 4x4 pixels.
#[derive(Debug)]
pub(super) struct Input {
    /// `[channels * 4 * 4, latent_dim]`
    weight: Tensor,
    norm: BatchNorm,
}

impl Input {
    pub(super) fn new(path: &Path, latent_dim: i64, channels: i64) -> Result<Self, ModelError> {
        let size = [channels * FIRST * FIRST, latent_dim];
        Ok(Self {
            weight: variable(&(path / "linear"), "weight", &size, 0.0, true)?,
            norm: BatchNorm::build(&(path / "norm"), channels)?,
        })
    }

    /// `[N, latent_dim]` -> `[N, C, 4, 4]`.
    pub(super) fn forward_t(&self, latent: &Tensor, train: bool) -> Tensor {
        let [channels, ..] = self.image();
        let images = latent.linear(&self.weight, None::<&Tensor>); // [N, C * 4 * 4]
        let images = channels_last(&images.view([-1, channels, FIRST, FIRST]));
        leaky_relu(&self.norm.forward_t(&images, train), SLOPE)
    }

    /// The same without a graph, in train mode, from latents of any axes.
    pub(super) fn unit(&self, name: &str) -> Unit<'_> {
        let unit = Unit::images(format!("{name}.linear"), &self.weight, self.image());
        unit.normalised(format!("{name}.norm"), &self.norm).bent(SLOPE)
    }

    /// The shape of the first images.
    fn image(&self) -> [i64; 3] {
        [self.weight.size()[0] / (FIRST * FIRST), FIRST, FIRST]
    }

    pub(super) fn init_weights(&self) {
        HE.draw(&self.weight, None);
    }

    pub(super) fn options(&self) -> (Kind, Device) {
        (self.weight.kind(), self.weight.device())
    }
}

impl NamedTensors for Input {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("linear.weight", &self.weight), ("norm", &self.norm)])
    }
}

/// From images to images of twice the size.
#[derive(Debug)]
pub(super) struct Stage {
    conv: Convolution,
    norm: BatchNorm,
    /// How strong the noise is in each channel, `[C]`, where there is noise.
    noise: Option<Tensor>,
}

impl Stage {
    pub(super) fn new(
        path: &Path,
        [inputs, outputs]: [i64; 2],
        noise: bool,
    ) -> Result<Self, ModelError> {
        let config = ConvolutionConfig { bias: false, ..Default::default() };
        let noise = noise.then(|| variable(&(path / "noise"), "weight", &[outputs], 0.0, true));
        Ok(Self {
            conv: Convolution::build(&(path / "conv"), [inputs, outputs], &config)?,
            norm: BatchNorm::build(&(path / "norm"), outputs)?,
            noise: noise.transpose()?,
        })
    }

    /// `[N, C, H, W]` and noise `[N, 1, 2H, 2W]`, which a stage without noise does not read, ->
    /// `[N, C', 2H, 2W]`.
    pub(super) fn forward_t(&self, images: &Tensor, noise: Option<&Tensor>, train: bool) -> Tensor {
        let images = Interpolation::Bilinear.double(images); // [N, C, 2H, 2W]
        let images = self.conv.forward_t(&images, train); // [N, C', 2H, 2W]
        let mut images = self.norm.forward_t(&images, train);
        // In place: the normalisation's backward pass needs its input, not its output.
        if let (Some(weight), Some(noise)) = (&self.noise, noise) {
            images = images.addcmul_(noise, &weight.view([1, -1, 1, 1]));
        }
        leaky_relu(&images, SLOPE)
    }

    /// The same without a graph, in train mode, with noise that it draws itself.
    pub(super) fn unit(&self, name: &str) -> Unit<'_> {
        let unit = Unit::doubled(format!("{name}.conv"), &self.conv);
        let unit = unit.normalised(format!("{name}.norm"), &self.norm).bent(SLOPE);
        match &self.noise {
            Some(weight) => unit.noisy(format!("{name}.noise"), weight),
            None => unit,
        }
    }

    pub(super) fn init(&self) -> Result<(), ModelError> {
        self.conv.init(HE)
    }
}

impl NamedTensors for Stage {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("conv", &self.conv), ("norm", &self.norm), ("noise.weight", &self.noise)])
    }
}

/// On the CPU the same images with the channels last in memory, as its convolutions want them.
fn channels_last(images: &Tensor) -> Tensor {
    match images.device() {
        Device::Cpu => images.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]),
        _ => images.shallow_clone(),
    }
}
