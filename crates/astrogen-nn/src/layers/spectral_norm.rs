//! A weight divided by its largest singular value.
//!
//! `W / sigma(W)` with `sigma = u^T W v`, the weight taken as a matrix of one row an output.
//! `u` and `v` follow the leading singular vectors by one power iteration a training pass,
//! so the largest singular value of that matrix is 1 at any time but for what they lag behind.
//! That bounds the layer's slopes, though not by 1: a pixel lies under up to `K / stride` places
//! of the kernel along an axis, and the layer may be so many times as steep. (Miyato et al. 2018,
//! *Spectral Normalization for Generative Adversarial Networks*; names and arithmetic are those of
//! `torch.nn.utils.parametrizations.spectral_norm`.)

use astrogen_runtime::in_full;
use tch::Tensor;
use tch::nn::Path;

use super::Direction;
use crate::variables::variable;
use crate::{NamedTensors, NnError, named};

/// Keeps the division by a vector's norm finite.
const EPS: f64 = 1e-12;
/// Power iterations after the weights were drawn.
const FIRST_ITERATIONS: usize = 15;

/// The vectors of the power iteration.
#[derive(Debug)]
pub(super) struct SpectralNorm {
    /// `[out]`
    u: Tensor,
    /// `[in * K * K]`
    v: Tensor,
    /// Which axis of the weight is that of the outputs.
    axis: i64,
}

impl SpectralNorm {
    /// The name of the weight before it is divided.
    pub(super) const WEIGHT: &str = "parametrizations.weight.original";

    /// Vectors for a weight `[out, in, K, K]`, or `[in, out, K, K]` of a transposed convolution; of one in
    /// groups these are the outputs of a group.
    pub(super) fn new(path: &Path, weight: &Tensor, direction: Direction) -> Result<Self, NnError> {
        let axis = match direction {
            Direction::Down => 0,
            Direction::Up => 1,
        };
        let outputs = weight.size()[axis];
        let inputs = weight.numel() as i64 / outputs;
        let vector = |name, length: i64| {
            variable(path, name, &[length], 1.0 / (length as f64).sqrt(), false)
        };
        Ok(Self {
            u: vector("parametrizations.weight.0._u", outputs)?,
            v: vector("parametrizations.weight.0._v", inputs)?,
            axis: axis as i64,
        })
    }

    /// The divided weight, after one power iteration in train mode.
    pub(super) fn apply(&self, weight: &Tensor, train: bool) -> Tensor {
        let matrix = self.matrix(weight);
        in_full(|| {
            if train {
                self.iterate(&matrix);
            }
            // Copies: a later pass must not change what this one's gradients need.
            let (u, v) = (self.u.copy(), self.v.copy());
            weight / u.dot(&matrix.mv(&v))
        })
    }

    /// Starts the vectors at random and brings them close to the singular vectors.
    pub(super) fn settle(&self, weight: &Tensor) {
        let matrix = self.matrix(weight);
        for vector in [&self.u, &self.v] {
            let mut vector = vector.shallow_clone();
            vector.copy_(&normalized(&vector.randn_like()));
        }
        (0..FIRST_ITERATIONS).for_each(|_| self.iterate(&matrix));
    }

    /// The weight with one row an output.
    fn matrix(&self, weight: &Tensor) -> Tensor {
        match self.axis {
            0 => weight.flatten(1, -1),
            axis => weight.transpose(0, axis).flatten(1, -1),
        }
    }

    fn iterate(&self, matrix: &Tensor) {
        tch::no_grad(|| {
            self.u.shallow_clone().copy_(&normalized(&matrix.mv(&self.v)));
            self.v.shallow_clone().copy_(&normalized(&matrix.tr().mv(&self.u)));
        });
    }
}

impl NamedTensors for SpectralNorm {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[
            ("parametrizations.weight.0._u", &self.u),
            ("parametrizations.weight.0._v", &self.v),
        ])
    }
}

fn normalized(vector: &Tensor) -> Tensor {
    vector / vector.norm_scalaropt_dtype(2.0, vector.kind()).clamp_min(EPS)
}
