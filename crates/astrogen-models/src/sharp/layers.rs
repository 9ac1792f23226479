//! What the generator is made of: its first layer, and the stage that doubles the images.

use tch::nn::Path;
use tch::{Device, Kind, Tensor};

use crate::layers::{Convolution, Geometry, Interpolation, add, init_he, leaky_relu};
use crate::{BatchNorm, ModelError};

/// The slope of every LeakyReLU below zero.
pub(super) const SLOPE: f64 = 0.2;
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
            weight: add(&(path / "linear"), "weight", &size, 0.0, true)?,
            norm: BatchNorm::build(&(path / "norm"), channels)?,
        })
    }

    /// `[N, latent_dim]` -> `[N, C, 4, 4]`.
    pub(super) fn forward_t(&self, latent: &Tensor, train: bool) -> Tensor {
        let channels = self.weight.size()[0] / (FIRST * FIRST);
        let images = latent.linear(&self.weight, None::<&Tensor>); // [N, C * 4 * 4]
        let images = channels_last(&images.view([-1, channels, FIRST, FIRST]));
        leaky_relu(&self.norm.forward_t(&images, train), SLOPE)
    }

    pub(super) fn init_weights(&self) {
        init_he(&self.weight, SLOPE);
    }

    pub(super) fn options(&self) -> (Kind, Device) {
        (self.weight.kind(), self.weight.device())
    }

    pub(super) fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let weight = ("linear.weight".to_owned(), self.weight.shallow_clone());
        [weight].into_iter().chain(below("norm", self.norm.named_tensors())).collect()
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
        let conv = path / "conv";
        let noise = noise.then(|| add(&(path / "noise"), "weight", &[outputs], 0.0, true));
        Ok(Self {
            conv: Convolution::new(&conv, [inputs, outputs], Geometry::SAME, false, false)?,
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

    pub(super) fn init_weights(&self) {
        self.conv.init_he(SLOPE);
    }

    pub(super) fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let noise = self.noise.iter();
        let noise = noise.map(|weight| ("noise.weight".to_owned(), weight.shallow_clone()));
        let conv = below("conv", self.conv.named_tensors());
        conv.chain(below("norm", self.norm.named_tensors())).chain(noise).collect()
    }
}

/// Named tensors under the name of their layer.
fn below<'a>(
    layer: &'static str,
    tensors: impl IntoIterator<Item = (&'static str, &'a Tensor)>,
) -> impl Iterator<Item = (String, Tensor)> {
    tensors
        .into_iter()
        .map(move |(name, tensor)| (format!("{layer}.{name}"), tensor.shallow_clone()))
}

/// On the CPU the same images with the channels last in memory, as its convolutions want them.
fn channels_last(images: &Tensor) -> Tensor {
    match images.device() {
        Device::Cpu => images.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]),
        _ => images.shallow_clone(),
    }
}
