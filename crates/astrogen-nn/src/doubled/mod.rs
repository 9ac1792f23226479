//! Convolutions of 3x3 pixels, with a border of 1, behind bilinear doubling, by minimal filtering in plain Rust:
//! single precision, on the CPU.
//!
//! ```text
//! y[r, s]  =  sum over k, l of w[k, l] u[r + k - 1, s + l - 1]        k, l from 0 to 2
//! u[2 i]      =  1/4 x[i - 1] + 3/4 x[i]          along each axis, x continued by its border,
//! u[2 i + 1]  =  3/4 x[i] + 1/4 x[i + 1]          u by zeros
//! ```
//!
//! Four outputs of an axis see six of the doubled pixels, which are sums of four plain ones: the doubling is
//! part of the input's transform, and no doubled map is ever written. `F(4x4, 3x3)` takes 36
//! products for 144.
//!
//! Maps are channels last, `[N, H, W, C]`, with channels in sixteens and sides that are even; sums are in one
//! order on any number of threads.
//!
//! ```
//! use astrogen_nn::doubled::{DoubledShape, DoubledWeights};
//!
//! let shape = DoubledShape { images: 1, inputs: 16, outputs: 16, height: 4, width: 4 };
//! let weights = DoubledWeights::forward(&shape, &vec![1.0; 16 * 9 * 16]);
//! let mut large = vec![0.0; 8 * 8 * 16];
//! weights.convolve(&shape, &vec![1.0; 4 * 4 * 16], &mut large);
//! // Nine pixels of sixteen channels, but four at the corner.
//! assert!((large[9 * 16] - 144.0).abs() < 1e-3 && (large[0] - 64.0).abs() < 1e-3);
//! ```

mod adjoint;
mod filter;
mod gradient;
mod pass;
mod shape;
mod tiles;
mod weights;

pub use shape::DoubledShape;
pub use weights::DoubledWeights;
