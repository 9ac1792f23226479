//! From one size of images to the next.

use astrogen_nn::layers::{Convolution, Direction, Piece, Resampling};
use astrogen_nn::variables::buffer;
use astrogen_nn::{NamedTensors, named};
use tch::Tensor;
use tch::nn::Path;

use super::block::{PLAIN, POINTWISE, draw, plain};
use crate::ModelError;

/// Resampling with, where the width changes, a 1x1 convolution at the smaller of both sizes.
#[derive(Debug)]
pub(super) struct Transition {
    resampling: Resampling,
    /// The filter, under the name that it has in PyTorch; [`Resampling`] has its numbers.
    kernel: Tensor,
    linear: Option<Convolution>,
}

impl Transition {
    pub(super) fn new(
        path: &Path,
        channels: [i64; 2],
        direction: Direction,
    ) -> Result<Self, ModelError> {
        let linear = (channels[0] != channels[1])
            .then(|| Convolution::build(&(path / "LinearLayer" / "Layer"), channels, &POINTWISE));
        Ok(Self {
            resampling: Resampling(direction),
            kernel: buffer(&(path / "Resampler"), "Kernel", Resampling::kernel())?,
            linear: linear.transpose()?,
        })
    }

    pub(super) fn forward(&self, images: &Tensor) -> Tensor {
        let linear = |images: &Tensor| match &self.linear {
            Some(linear) => linear.forward_t(images, true),
            None => images.shallow_clone(),
        };
        match self.resampling.0 {
            Direction::Up => self.resampling.forward(&linear(images)),
            Direction::Down => linear(&self.resampling.forward(images)),
        }
    }

    pub(super) fn draw(&self) {
        if let Some(linear) = &self.linear {
            draw(linear, PLAIN, 1.0);
        }
    }

    /// A halving as the passes of a gradient penalty take it.
    pub(super) fn pieces(&self, name: &str) -> Vec<Piece<'_>> {
        let linear = self.linear.as_ref();
        let linear = linear.map(|linear| plain(format!("{name}.LinearLayer.Layer"), linear));
        [Some(Piece::Resampling(self.resampling)), linear].into_iter().flatten().collect()
    }
}

impl NamedTensors for Transition {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("Resampler.Kernel", &self.kernel), ("LinearLayer.Layer", &self.linear)])
    }
}
