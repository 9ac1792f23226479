//! Chains of fully connected layers in plain Rust: single precision, on the CPU.
//!
//! The layers of a table's networks are small. As tensor operations they spend most of their
//! time in calls, in graphs and in memory; here a block of rows goes through all layers while
//! it is in a core's cache, and bias and activation cost no pass of their own. With `D_l` the
//! slopes of layer `l` (of leaky ReLU, known from the sign of its outputs), `h` values,
//! `delta` signals and `t` tangents, rows standing one below the other,
//!
//! ```text
//! forward          h_l = D_l (h_{l-1} W_l^T + b_l)
//! backward         delta_{l-1} = D_{l-1} (delta_l W_l),  delta_L = dP/dh_L
//! gradients        dP/dW_l = delta_l^T h_{l-1},  dP/db_l = sum of delta_l
//! tangent          t_l = D_l (t_{l-1} W_l^T)
//! ```
//!
//! and, for the gradient penalty's rows, `dP/dW_l = delta_l^T t_{l-1}`: the same product with
//! tangents in the place of values, which is where [`Chain::tangent`] puts them.
//!
//! A [`Chain`] of [`Dense`] layers computes these on a block of rows, whose numbers are in a
//! [`Trail`]; [`in_blocks`] cuts a batch into blocks and runs them on threads. What other networks
//! are computed with are [`product_part`]s.
//!
//! ```
//! use astrogen_nn::dense::{Chain, Dense};
//! use tch::Tensor;
//!
//! // Two layers of one input, and one output: y = max(x, 0) + 2 max(1 - x, 0).
//! let tensor = |values: &[f32], size: [i64; 2]| Tensor::from_slice(values).view(size);
//! let mut hidden = Dense::zeros([1, 2], 0.0);
//! hidden.set(&tensor(&[1.0, -1.0], [2, 1]), 0, &Tensor::from_slice(&[0.0f32, 1.0]));
//! let mut last = Dense::zeros([2, 1], 1.0);
//! last.set(&tensor(&[1.0, 2.0], [1, 2]), 0, &Tensor::from_slice(&[0.0f32]));
//! let chain = Chain::new(vec![hidden, last]);
//!
//! let mut trail = chain.trail();
//! trail.input(3).fill(0, &[-1.0, 0.5, 2.0], 1, 0);
//! chain.forward(&mut trail, None);
//! assert!(trail.outputs().values(0..3).eq([4.0, 1.5, 2.0]));
//!
//! trail.output_signals().fill(0, &[1.0; 3], 1, 0);
//! chain.backward(&mut trail);
//! assert!(chain.input_gradient(&trail, 0..3).values(0..3).eq([-2.0, -1.0, 1.0]));
//! ```

mod blocks;
mod chain;
mod layer;
mod matrix;
mod product;
mod transpose;

pub use crate::kernel::on_threads;
pub use blocks::{BlockRows, block_count, in_blocks};
pub use chain::{Chain, Trail};
pub use layer::{Dense, DenseGradient};
pub use matrix::Matrix;
pub use product::{End, Left, Start, product_part};
