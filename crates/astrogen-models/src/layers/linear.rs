//! A fully connected layer.

use tch::Tensor;
use tch::nn::Path;

use super::add;
use super::trace::Affine;
use crate::ModelError;

/// `xs W^T + b`, `weight` is `[out, in]`; zero until it is drawn or loaded.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
}

impl Linear {
    pub(crate) fn new(path: &Path, [inputs, outputs]: [i64; 2]) -> Result<Self, ModelError> {
        let options = (path.kind(), path.device());
        Ok(Self {
            weight: add(path, "weight", Tensor::f_zeros([outputs, inputs], options), true)?,
            bias: add(path, "bias", Tensor::f_zeros([outputs], options), true)?,
        })
    }

    /// Draws weight and bias as PyTorch's `nn.Linear` does: both from U(-k, k) with
    /// `k = 1 / sqrt(in)`.
    pub(crate) fn init_weights(&self) {
        let k = 1.0 / (self.weight.size()[1] as f64).sqrt();
        tch::no_grad(|| {
            for tensor in [&self.weight, &self.bias] {
                let _ = tensor.shallow_clone().uniform_(-k, k);
            }
        });
    }
}

impl Affine for Linear {
    fn forward(&self, xs: &Tensor) -> Tensor {
        xs.linear(&self.weight, Some(&self.bias))
    }

    fn adjoint(&self, signal: &Tensor) -> Tensor {
        signal.mm(&self.weight)
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        (tangent.mm(&self.weight.tr()), signal.tr().mm(tangent))
    }
}
