//! The gradient penalties: both kernels against PyTorch's double backward, against finite
//! differences, against each other, and at the doors.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod config;
mod golden;
mod points;
mod properties;
mod shapes;
mod stack;
