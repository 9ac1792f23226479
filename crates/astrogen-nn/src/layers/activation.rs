//! Activations that `tch` lacks.

use tch::Tensor;

/// `x` where it is positive, `slope * x` elsewhere.
///
/// ```
/// use astrogen_nn::layers::leaky_relu;
/// use tch::Tensor;
///
/// let xs = Tensor::from_slice(&[-2.0f32, 3.0]);
/// assert_eq!(leaky_relu(&xs, 0.25), Tensor::from_slice(&[-0.5f32, 3.0]));
/// ```
pub fn leaky_relu(xs: &Tensor, slope: f64) -> Tensor {
    // tch's `leaky_relu` has a fixed slope. The backward operator applied to its own input is
    // the same function in one pass, and is differentiable where it counts.
    xs.detach().leaky_relu_backward(xs, slope, false)
}
