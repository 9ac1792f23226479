#![doc = include_str!("../README.md")]
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`network`] | [`Network`]: what is saved, loaded and copied as a whole |
//! | [`mod@named`] | [`NamedTensors`]: tensors under PyTorch's names |
//! | [`weights`] | weights as safetensors files, the same ones PyTorch reads and writes, and those of `torch.save` |
//! | [`layers`] | convolutions, fully connected layers, and [`Sequential`] stacks of them |
//! | [`batch_norm`] | batch normalisation with PyTorch's defaults and buffers |
//! | [`mlp`] | a plain stack of fully connected layers |
//! | [`initialization`] | how first weights are drawn |
//! | [`variables`] | variables that take no memory before they are drawn or loaded |
//! | [`dense`] | fully connected layers in plain Rust, for small networks on the CPU |
//! | [`doubled`] | convolutions of 3x3 pixels behind bilinear doubling in plain Rust, on the CPU |
//! | [`strided`] | convolutions of 4x4 pixels at a stride of 2 in plain Rust, on the CPU |
//! | [`config`] | rules that the configs of networks share |
//! | [`error`] | [`NnError`] |

// What `network_methods!` writes names this crate by its name, in this crate too.
extern crate self as astrogen_nn;

pub mod batch_norm;
pub mod config;
pub mod dense;
pub mod doubled;
pub mod error;
pub mod initialization;
mod kernel;
pub mod layers;
pub mod mlp;
pub mod named;
pub mod network;
pub mod strided;
#[cfg(test)]
#[path = "../tests/turn/mod.rs"]
mod turn;
pub mod variables;
pub mod weights;

#[doc(hidden)]
pub use tch;

pub use batch_norm::BatchNorm;
pub use error::NnError;
pub use initialization::Initialization;
pub use layers::{Convolution, ConvolutionConfig, Linear, Sequential};
pub use mlp::{Mlp, MlpConfig};
pub use named::{NamedTensors, named};
pub use network::Network;
pub use weights::{WeightFile, fingerprint};
