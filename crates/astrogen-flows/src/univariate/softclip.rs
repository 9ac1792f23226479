//! `y = x / (1 + |x / B|)`: all numbers into the box `(-B, B)`.
//!
//! What a flow samples may ask for the inverse of a number outside the box, which is none's image:
//! it gets that of a number near the end, whose size is a thousand boxes.

use tch::Tensor;

use super::Elementwise;

/// `y = x / (1 + |x / B|)`, with `x = y / (1 - |y / B|)` and `log dy/dx = -2 log(1 + |x / B|)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Softclip {
    /// `B`, above 0.
    pub bound: f64,
}

impl Elementwise for Softclip {
    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let size = (x / self.bound).abs();
        (x / (&size + 1.0), size.log1p() * -2.0)
    }

    fn inverse(&self, y: &Tensor) -> Tensor {
        let end = self.bound * (1.0 - 1e-3);
        let y = y.clamp(-end, end);
        &y / (1.0 - (&y / self.bound).abs())
    }
}
