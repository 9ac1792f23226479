//! A fully connected layer.

use tch::Tensor;
use tch::nn::Path;

use super::add;
use super::trace::Affine;
use crate::ModelError;

/// `xs W^T + b`, `weight` is `[out, in]`; zero until it is drawn or loaded.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) weight: Tensor,
    pub(crate) bias: Tensor,
}

impl Linear {
    pub(crate) fn new(path: &Path, [inputs, outputs]: [i64; 2]) -> Result<Self, ModelError> {
        Ok(Self {
            weight: add(path, "weight", &[outputs, inputs], 0.0, true)?,
            bias: add(path, "bias", &[outputs], 0.0, true)?,
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

/// A fully connected layer whose first inputs vary and whose last ones, the context, are
/// given: an affine map of the first.
pub(crate) struct Given<'a> {
    /// The layer.
    pub(crate) linear: &'a Linear,
    /// What the context adds to the outputs, the bias included: `[N, out]`.
    pub(crate) offset: Tensor,
    /// How many inputs vary.
    pub(crate) varying: i64,
}

impl<'a> Given<'a> {
    /// The layer, given its last inputs `[N, K]`.
    pub(crate) fn new(linear: &'a Linear, context: &Tensor) -> Self {
        let given = context.size()[1];
        let varying = linear.weight.size()[1] - given;
        let weight = linear.weight.narrow(1, varying, given);
        Self { linear, offset: context.linear(&weight, Some(&linear.bias)), varying }
    }

    fn weight(&self) -> Tensor {
        self.linear.weight.narrow(1, 0, self.varying)
    }
}

impl Affine for Given<'_> {
    fn forward(&self, xs: &Tensor) -> Tensor {
        self.offset.addmm(xs, &self.weight().tr())
    }

    fn adjoint(&self, signal: &Tensor) -> Tensor {
        signal.mm(&self.weight())
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        // The tangent of the context is zero, and so are its columns of the gradient.
        let gradient = self.linear.weight.zeros_like();
        gradient.narrow(1, 0, self.varying).copy_(&signal.tr().mm(tangent));
        (tangent.mm(&self.weight().tr()), gradient)
    }
}
