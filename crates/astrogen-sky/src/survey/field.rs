//! Smooth random fields on the sphere.
//!
//! A sum of `K` plane waves through space, looked at on the unit sphere:
//!
//! ```text
//! f(n) = sqrt(2 / K) sum_k cos(w_k . n + p_k),    w_k ~ N(0, 1 / L^2)^3,    p_k ~ U(0, 2 pi)
//! ```
//!
//! It has mean 0, variance 1 and the covariance `exp(-|n - n'|^2 / (2 L^2))`, the chord
//! `|n - n'|` being the angle in radians where that is small: random Fourier features of the
//! Gaussian kernel (Rahimi & Recht 2007, Advances in Neural Information Processing 20). No
//! transform is needed, and the field is known at every point, whatever the pixels.

use super::sphere::{Direction, dot};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::TAU;

/// Enough waves for a sum that is close to Gaussian.
const WAVES: usize = 64;

/// A field of mean 0 and variance 1 that changes over a length `L`.
#[derive(Clone, Debug)]
pub(super) struct SmoothField {
    waves: Vec<([f64; 3], f64)>,
}

impl SmoothField {
    /// Draws a field of the length `L` in radians.
    pub(super) fn draw<R: Rng>(length: f64, rng: &mut R) -> Self {
        let waves = (0..WAVES).map(|_| {
            let wave = std::array::from_fn(|_| {
                let normal: f64 = StandardNormal.sample(rng);
                normal / length
            });
            (wave, rng.random_range(0.0..TAU))
        });
        Self { waves: waves.collect() }
    }

    /// The field in a direction.
    pub(super) fn at(&self, direction: Direction) -> f64 {
        let sum: f64 =
            self.waves.iter().map(|&(wave, phase)| (dot(wave, direction) + phase).cos()).sum();
        sum * (2.0 / WAVES as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    #[test]
    fn the_covariance_is_gaussian() {
        let length = 0.05;
        let points: Vec<Direction> = [0.0, 0.5, 1.0, 2.0, 4.0]
            .into_iter()
            .map(|lengths: f64| {
                let (sin, cos) = (lengths * length).sin_cos();
                [cos, sin, 0.0]
            })
            .collect();
        let fields = 4000;
        let mut products = [0.0; 5];
        for number in 0..fields {
            let field = SmoothField::draw(length, &mut stream(3, number));
            let first = field.at(points[0]);
            for (sum, &point) in products.iter_mut().zip(&points) {
                *sum += first * field.at(point) / fields as f64;
            }
        }
        for (product, truth) in products.into_iter().zip([1.0, 0.882, 0.607, 0.135, 0.0]) {
            // Five standard errors.
            assert!((product - truth).abs() < 0.11, "{product} where {truth} was expected");
        }
    }
}
