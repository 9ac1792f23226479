//! A fully connected layer with a context.

use tch::Tensor;

use super::{Affine, Linear};

/// A fully connected layer whose last inputs are given: an affine map of the others.
///
/// With the weight's columns `W = [V | G]` and the context `c`,
///
/// ```text
/// y = V x + (G c + b)
/// ```
///
/// A conditional critic is one map of its features alone once the context is known, which is what
/// a gradient penalty asks about.
#[derive(Debug)]
pub struct Given<'a> {
    /// The layer.
    linear: &'a Linear,
    /// What the context adds to the outputs, the bias included: `[N, out]`.
    offset: Tensor,
    /// How many inputs vary.
    varying: i64,
}

impl<'a> Given<'a> {
    /// The layer, given its last inputs `[N, K]`, one row per sample.
    ///
    /// # Panics
    /// Where the layer has fewer inputs, or another element type or device.
    pub fn new(linear: &'a Linear, context: &Tensor) -> Self {
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

    fn adjoint(&self, signal: &Tensor, _input: &[i64]) -> Tensor {
        signal.mm(&self.weight())
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        // The tangent of the context is zero, and so are its columns of the gradient.
        let gradient = self.linear.weight.zeros_like();
        gradient.narrow(1, 0, self.varying).copy_(&signal.tr().mm(tangent));
        (tangent.mm(&self.weight().tr()), gradient)
    }
}
