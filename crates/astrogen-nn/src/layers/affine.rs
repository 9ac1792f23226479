//! What the passes of a gradient penalty need to know of a layer.

use tch::Tensor;

/// An affine map `W x + b` as the passes need it; all run without a graph of their own.
///
/// # Panics
/// All methods, where tensors have another shape, element type or device than the map.
pub trait Affine {
    /// `W x + b`.
    fn forward(&self, xs: &Tensor) -> Tensor;

    /// [`forward`](Self::forward) with an activation behind it: what is not above zero is multiplied by its
    /// slope.
    fn forward_bent(&self, xs: &Tensor, slope: f64) -> Tensor {
        bend(self.forward(xs), slope)
    }

    /// `W^T signal`: from a signal at the output to one at the input, of that size. A convolution with a
    /// stride makes outputs of one size from inputs of several.
    fn adjoint(&self, signal: &Tensor, input: &[i64]) -> Tensor;

    /// `W tangent`, and the gradient of `<signal, W tangent>` with respect to `W`.
    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor);

    /// `W tangent`, and the gradient of `<signal, W point>` with respect to `W`: that of a score and
    /// that of a penalty in one product.
    fn tangent_at(&self, tangent: &Tensor, point: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        (self.tangent(tangent, signal).0, self.tangent(point, signal).1)
    }
}

/// What is not above zero times a slope, in place: the memory must be nobody else's.
pub(super) fn bend(mut xs: Tensor, slope: f64) -> Tensor {
    match slope {
        1.0 => xs,
        0.0 => xs.relu_(),
        slope => xs.leaky_relu_backward_grad_input(&xs, &xs, slope, false),
    }
}

impl<A: Affine + ?Sized> Affine for &A {
    fn forward(&self, xs: &Tensor) -> Tensor {
        (**self).forward(xs)
    }

    fn forward_bent(&self, xs: &Tensor, slope: f64) -> Tensor {
        (**self).forward_bent(xs, slope)
    }

    fn adjoint(&self, signal: &Tensor, input: &[i64]) -> Tensor {
        (**self).adjoint(signal, input)
    }

    fn tangent(&self, tangent: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        (**self).tangent(tangent, signal)
    }

    fn tangent_at(&self, tangent: &Tensor, point: &Tensor, signal: &Tensor) -> (Tensor, Tensor) {
        (**self).tangent_at(tangent, point, signal)
    }
}
