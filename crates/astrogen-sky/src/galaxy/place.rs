//! Where a component's stars are.
//!
//! The galaxy's plane is x-y, and it turns anticlockwise as seen from positive z.

use super::chemistry::normal;
use super::config::{Arms, Disc, Spheroid};
use super::gravity::{KEPT, scale_radius};
use rand::{Rng, RngExt};
use std::f64::consts::{PI, TAU};

/// Radius that holds half of an exponential disc, over its scale length.
pub(super) const HALF_DISC: f64 = 1.678_35;

/// Draws a star of a disc, in kpc; without arms the disc is round.
pub(super) fn in_disc<R: Rng>(disc: &Disc, arms: Option<&Crests>, rng: &mut R) -> [f64; 3] {
    // The radius of a point of an exponential disc is a sum of two exponential numbers.
    let [first, second] = [positive(rng), positive(rng)];
    let radius = -disc.length * (first * second).ln();
    let azimuth = match arms {
        Some(crests) => crests.draw(radius / disc.length, rng),
        None => rng.random_range(0.0..TAU),
    };
    // The inverse of the distribution function (1 + tanh(z / 2h)) / 2.
    let below = positive(rng);
    let height = disc.height * (below / (1.0 - below).max(f64::EPSILON)).ln();
    let (sin, cos) = azimuth.sin_cos();
    [radius * cos, radius * sin, height]
}

/// Draws a star of a spheroid, in kpc, and the radius it had before the squeeze.
pub(super) fn in_spheroid<R: Rng>(spheroid: &Spheroid, rng: &mut R) -> ([f64; 3], f64) {
    let root = (positive(rng) * KEPT).sqrt();
    let radius = scale_radius(spheroid) * root / (1.0 - root);
    let up = rng.random_range(-1.0..1.0_f64);
    let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
    let across = radius * (1.0 - up * up).sqrt();
    let [b, c] = spheroid.axis_ratios;
    ([across * cos, b * across * sin, c * radius * up], radius)
}

/// Spiral arms as stars of one age see them.
pub(super) struct Crests {
    number: f64,
    winding: f64,
    phase: f64,
    strength: f64,
}

impl Crests {
    /// Contrast of old stars over that of newborn ones, and the age in Gyr over which it falls.
    const OLD: f64 = 0.3;
    const FADING: f64 = 1.0;

    /// The arms with a phase in radians, for stars of an age in Gyr.
    pub(super) fn new(arms: &Arms, phase: f64, age: f64) -> Self {
        let kept = Self::OLD + (1.0 - Self::OLD) * (-age / Self::FADING).exp();
        Self {
            number: f64::from(arms.number),
            winding: 1.0 / (arms.pitch * PI / 180.0).tan(),
            phase,
            strength: arms.strength * kept,
        }
    }

    /// Draws an azimuth at a radius in scale lengths.
    fn draw<R: Rng>(&self, radius: f64, rng: &mut R) -> f64 {
        let strength = self.strength * -(-(radius / 0.5).powi(2)).exp_m1();
        let crest = self.phase - self.winding * radius.ln();
        // This ends soon: a fifth or more of the draws is kept, as the strength is at most 5.
        loop {
            let azimuth = rng.random_range(0.0..TAU);
            let height = (self.number * (azimuth - crest)).cos() - 1.0;
            if rng.random::<f64>() < (strength * height).exp() {
                return azimuth;
            }
        }
    }
}

/// A uniform number in (0, 1].
fn positive<R: Rng>(rng: &mut R) -> f64 {
    1.0 - rng.random::<f64>()
}

/// A star's place near another: where it was born, but for a Gaussian step of a deviation.
pub(super) fn near<R: Rng>(home: [f64; 3], deviation: f64, rng: &mut R) -> [f64; 3] {
    home.map(|coordinate| coordinate + deviation * normal(rng))
}
