//! Convolutions of 4x4 pixels at a stride of 2, with a border of 1, and their transposes, by minimal
//! filtering in plain Rust: single precision, on the CPU.
//!
//! ```text
//! y[r, s]  =  sum over k, l of w[k, l] x[2 r + k - 1, 2 s + l - 1]        k, l from 0 to 3
//! ```
//!
//! Rows of one parity see two of the four taps of an axis, so that on the four phases of a map, its
//! pixels by the parities of row and column, the convolution is a sum of four plain ones of 2x2 pixels; and
//! its transpose is four of them side by side, one for each phase of what comes out. These take fewer
//! products than they have taps (minimal filtering; Winograd 1980, Lavin and Gray 2016): 9 for 16, or 25 for 64. So the arithmetic
//! shrinks to 0.56 or 0.39 of what a convolution by its definition takes; what is left are products of
//! matrices, one a point of the transforms.
//!
//! Maps are channels last, `[N, H, W, C]`, with channels in sixteens; large maps of one to four channels, which
//! are too thin for transforms, have [products](ThinWeights) of their own. Which [`Variant`] is taken depends on
//! shapes alone, and sums are in one order on any number of threads.
//!
//! ```
//! use astrogen_nn::strided::{After, StridedShape, StridedWeights};
//!
//! let shape = StridedShape { images: 1, inputs: 16, outputs: 16, height: 4, width: 4 };
//! let weights = StridedWeights::forward(&shape, shape.forward_variant(), &vec![1.0; 16 * 16 * 16]);
//! let mut small = vec![0.0; 2 * 2 * 16];
//! weights.convolve(&shape, &vec![1.0; 4 * 4 * 16], After::NOTHING, &mut small);
//! // Nine pixels of sixteen channels lie below each corner's filter.
//! assert!(small.iter().all(|&sum| sum == 144.0));
//! ```

pub(crate) mod filter;
mod gradient;
mod pass;
mod shape;
mod thin;
mod tiles;
mod weights;

pub use pass::After;
pub use shape::{StridedShape, Variant};
pub(crate) use shape::{check_maps, transforms_pay};
pub use thin::ThinWeights;
pub use weights::StridedWeights;
