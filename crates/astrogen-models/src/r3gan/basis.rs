//! Between vectors and images of 4x4 pixels: a learnt pattern for each channel.

use astrogen_nn::layers::{Affine, Piece};
use astrogen_nn::variables::variable;
use astrogen_nn::{NamedTensors, named};
use tch::nn::Path;
use tch::{Device, Kind, Tensor, no_grad};

use super::block::{PLAIN, draw, plain};
use crate::ModelError;

/// The side of the patterns.
const SIDE: i64 = 4;

/// From latents to images: `y[n, c] = (L z_n)_c B_c`, `[N, latent_dim] -> [N, C, 4, 4]`.
#[derive(Debug)]
pub(super) struct GenerativeBasis {
    /// `B`, `[C, 4, 4]`
    basis: Tensor,
    /// `L`, `[C, latent_dim]`
    linear: Tensor,
}

impl GenerativeBasis {
    pub(super) fn new(path: &Path, latent_dim: i64, channels: i64) -> Result<Self, ModelError> {
        let linear = path / "LinearLayer";
        Ok(Self {
            basis: variable(path, "Basis", &[channels, SIDE, SIDE], 0.0, true)?,
            linear: variable(&linear, "weight", &[channels, latent_dim], 0.0, true)?,
        })
    }

    pub(super) fn forward(&self, latent: &Tensor) -> Tensor {
        let strengths = latent.linear(&self.linear, None::<&Tensor>); // [N, C]
        if strengths.device() != Device::Cpu {
            return strengths.view([-1, strengths.size()[1], 1, 1]) * &self.basis;
        }
        // Channels last in memory, as what follows wants them on the CPU.
        let images =
            strengths.view([-1, 1, 1, strengths.size()[1]]) * self.basis.permute([1, 2, 0]);
        images.permute([0, 3, 1, 2])
    }

    pub(super) fn draw(&self) {
        let _ = no_grad(|| self.basis.shallow_clone().normal_(0.0, 1.0));
        draw(&self.linear, PLAIN, 1.0);
    }

    pub(super) fn options(&self) -> (Kind, Device) {
        (self.basis.kind(), self.basis.device())
    }
}

impl NamedTensors for GenerativeBasis {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("Basis", &self.basis), ("LinearLayer.weight", &self.linear)])
    }
}

/// From images to scores: `y_n = sum_c L_c <B_c, x[n, c]>`, `[N, C, 4, 4] -> [N, 1]`.
#[derive(Debug)]
pub(super) struct DiscriminativeBasis {
    patterns: Patterns,
    sum: WeightedSum,
}

/// `B`, `[C, 1, 4, 4]`: `y[n, c] = <B_c, x[n, c]>`, `[N, C, 4, 4] -> [N, C]`.
#[derive(Debug)]
struct Patterns(Tensor);

/// `L`, `[1, C]`: `[N, C] -> [N, 1]`.
#[derive(Debug)]
struct WeightedSum(Tensor);

impl DiscriminativeBasis {
    pub(super) fn new(path: &Path, channels: i64) -> Result<Self, ModelError> {
        let (basis, linear) = (path / "Basis", path / "LinearLayer");
        let size = [channels, 1, SIDE, SIDE];
        Ok(Self {
            patterns: Patterns(variable(&basis, "weight", &size, 0.0, true)?),
            sum: WeightedSum(variable(&linear, "weight", &[1, channels], 0.0, true)?),
        })
    }

    pub(super) fn forward(&self, images: &Tensor) -> Tensor {
        self.sum.forward(&self.features(images))
    }

    /// What the scores are sums of, `[N, C]`.
    pub(super) fn features(&self, images: &Tensor) -> Tensor {
        self.patterns.forward(images)
    }

    pub(super) fn draw(&self) {
        draw(&self.patterns.0, PLAIN, 1.0);
        draw(&self.sum.0, PLAIN, 1.0);
    }

    /// The basis as the passes of a gradient penalty take it.
    pub(super) fn pieces(&self, name: &str) -> [Piece<'_>; 2] {
        [
            plain(format!("{name}.Basis"), &self.patterns),
            plain(format!("{name}.LinearLayer"), &self.sum),
        ]
    }
}

impl NamedTensors for DiscriminativeBasis {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[("Basis.weight", &self.patterns.0), ("LinearLayer.weight", &self.sum.0)])
    }
}

impl Affine for Patterns {
    fn forward(&self, xs: &Tensor) -> Tensor {
        (xs * self.0.squeeze_dim(1)).sum_dim_intlist([2, 3].as_slice(), false, None::<Kind>)
    }

    fn adjoint(&self, signal: &Tensor, _input: &[i64]) -> Tensor {
        signal.view([-1, self.0.size()[0], 1, 1]) * self.0.squeeze_dim(1)
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        self.tangent_at(tangent, tangent, signal)
    }

    fn tangent_at(&self, tangent: &Tensor, point: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        let signal = signal.view([-1, self.0.size()[0], 1, 1]);
        let gradient = (point * signal).sum_dim_intlist(0, false, None::<Kind>);
        (self.forward(tangent), gradient.unsqueeze(1))
    }
}

impl Affine for WeightedSum {
    fn forward(&self, xs: &Tensor) -> Tensor {
        xs.linear(&self.0, None::<&Tensor>)
    }

    fn adjoint(&self, signal: &Tensor, _input: &[i64]) -> Tensor {
        signal.mm(&self.0)
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        self.tangent_at(tangent, tangent, signal)
    }

    fn tangent_at(&self, tangent: &Tensor, point: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        (self.forward(tangent), signal.tr().mm(point))
    }
}
