//! Layers, and stacks of them named like PyTorch's `nn.Sequential`.
//!
//! | | |
//! | --- | --- |
//! | [`Sequential`], [`SequentialBuilder`] | layers run one after the other |
//! | [`Convolution`], [`ConvolutionConfig`], [`Direction`] | convolutions, plain and transposed, spectral normalisation as an option |
//! | [`Linear`] | fully connected |
//! | [`Interpolation`] | images of twice the size |
//! | [`leaky_relu`] | an activation that `tch` lacks |
//! | [`minibatch_deviation`] | a channel that tells how much the images of a batch differ |
//! | [`Resampling`] | images of half or twice the size, by a low-pass filter |
//! | [`Passes`], [`Tape`], [`Gradients`] | passes of a stack forward and back without a graph |
//! | [`StackTrace`], [`Piece`], [`Stage`], [`Affine`], [`Given`] | the passes of a gradient penalty in closed form |
//!
//! Layers are built without memory for their weights, see [`variables`](crate::variables), and
//! get it when first weights are drawn or a file is loaded.

mod activation;
mod affine;
mod builder;
mod convolution;
mod dense_trace;
mod given;
mod interpolation;
mod layer;
mod linear;
mod maps;
mod minibatch_deviation;
mod passes;
mod resampling;
mod sequential;
mod spectral_norm;
mod stages;
mod trace;

pub use activation::leaky_relu;
pub use affine::Affine;
pub use builder::SequentialBuilder;
pub use convolution::{Convolution, ConvolutionConfig, Direction, Kernels};
pub use given::Given;
pub use interpolation::Interpolation;
pub use linear::Linear;
pub use minibatch_deviation::minibatch_deviation;
pub use passes::{Gradients, Passes, Tape, Unit};
pub use resampling::Resampling;
pub use sequential::Sequential;
pub use trace::{Piece, StackTrace, Stage};
