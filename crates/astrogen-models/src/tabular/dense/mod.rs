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

mod chain;
mod lanes;
mod layer;
mod matrix;
mod product;
mod tile;

pub(super) use chain::{Chain, Trail};
pub(super) use layer::{Dense, DenseGradient};
pub(super) use matrix::Matrix;
