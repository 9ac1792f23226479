//! How a component's stars move.
//!
//! A disc's stars lie in layers held up by their own weight, with the velocity dispersions
//!
//! ```text
//! sigma_z^2   = 2 pi G Sigma(R) height + (6 km/s)^2     (van der Kruit 1988, A&A 192, 117)
//! sigma_R     = sigma_z / 0.75                          (0.5 to 0.8 in spirals: Gerssen &
//!                                                        Shapiro Griffin 2012, MNRAS 423, 2726)
//! sigma_phi^2 = sigma_R^2 (1 + d ln v_c / d ln R) / 2    (epicycles)
//! ```
//!
//! and circle more slowly than gas does, by the asymmetric drift (Binney & Tremaine 2008,
//! Galactic Dynamics, eq. 4.228) of an exponential disc:
//!
//! ```text
//! <v_phi>^2 = v_c^2 + sigma_R^2 (1 - sigma_phi^2 / sigma_R^2 - R / length
//!                                + d ln sigma_R^2 / d ln R)       (0 if negative)
//! ```
//!
//! A spheroid's stars move alike in all directions, and turn by `spin sigma R / r` on top. No
//! star is faster than 0.95 of the escape speed.

use super::chemistry::normal;
use super::config::{Disc, GalaxyConfig, Spheroid};
use super::gravity::{G, Gravity, Profile};
use rand::Rng;
use std::f64::consts::TAU;

/// Dispersion of the gas that stars form from, in km/s.
const BIRTH: f64 = 6.0;

/// `sigma_z / sigma_R` of a disc.
const VERTICAL: f64 = 0.75;

/// Step of the radius for slopes, relative.
const STEP: f64 = 0.01;

/// The greatest speed over the escape speed.
const FASTEST: f64 = 0.95;

/// The galaxy's gravity and what follows from it for stars.
#[derive(Clone, Debug)]
pub(super) struct Motion {
    pub(super) gravity: Gravity,
    potential: Profile,
    bulge: Profile,
    halo: Profile,
}

impl Motion {
    pub(super) fn new(config: &GalaxyConfig) -> Self {
        let gravity = Gravity::new(config);
        let sizes =
            [config.thin.length, config.thick.length, config.bulge.radius, config.halo.radius];
        let nearest = 1e-4 * sizes.into_iter().fold(f64::MAX, f64::min);
        let farthest = 1e3 * sizes.into_iter().fold(0.0, f64::max);
        Self {
            potential: Profile::potential(&gravity, nearest, farthest),
            bulge: Profile::dispersion(&gravity, &config.bulge),
            halo: Profile::dispersion(&gravity, &config.halo),
            gravity,
        }
    }

    /// Mean rotation and the dispersions along R, phi and z of a disc's stars at a radius.
    pub(super) fn of_disc(&self, disc: &Disc, radius: f64) -> [f64; 4] {
        let circular = self.gravity.circular(radius);
        let vertical = |radius: f64| {
            TAU * G * self.gravity.surface_density(radius) * disc.height + BIRTH * BIRTH
        };
        let squared = vertical(radius) / (VERTICAL * VERTICAL);
        let [inner, outer] = [-STEP, STEP].map(|step| vertical(radius * (1.0 + step)));
        let slope = (outer / inner).ln() / (2.0 * STEP);
        let ratio = ((1.0 + self.gravity.slope(radius)) / 2.0).clamp(0.1, 1.0);
        let drift = squared * (1.0 - ratio - radius / disc.length + slope);
        let rotation = (circular * circular + drift).max(0.0).sqrt();
        [rotation, squared.sqrt(), (squared * ratio).sqrt(), vertical(radius).sqrt()]
    }

    /// Draws the velocity of a disc's star at a place, in km/s.
    pub(super) fn in_disc<R: Rng>(&self, disc: &Disc, place: [f64; 3], rng: &mut R) -> [f64; 3] {
        let radius = place[0].hypot(place[1]);
        let [rotation, radial, along, vertical] = self.of_disc(disc, radius);
        let out = radial * normal(rng);
        let turn = rotation + along * normal(rng);
        let up = vertical * normal(rng);
        self.bound(place, turned(place, out, turn, up))
    }

    /// Draws the velocity of a star of the bulge or the halo, in km/s; `radius` is the one
    /// before the squeeze.
    pub(super) fn in_spheroid<R: Rng>(
        &self,
        spheroid: &Spheroid,
        bulge: bool,
        (place, radius): ([f64; 3], f64),
        rng: &mut R,
    ) -> [f64; 3] {
        let dispersion = if bulge { self.bulge.at(radius) } else { self.halo.at(radius) }.sqrt();
        let spin = spheroid.spin * dispersion * place[0].hypot(place[1]) / radius;
        let [out, turn, up] = [0.0, spin, 0.0].map(|mean| mean + dispersion * normal(rng));
        self.bound(place, turned(place, out, turn, up))
    }

    /// The escape speed at a radius, in km/s.
    pub(super) fn escape(&self, radius: f64) -> f64 {
        (2.0 * self.potential.at(radius)).sqrt()
    }

    /// The velocity, slowed down where the star would leave the galaxy.
    fn bound(&self, place: [f64; 3], velocity: [f64; 3]) -> [f64; 3] {
        let norm = |[x, y, z]: [f64; 3]| x.hypot(y).hypot(z);
        let (speed, most) = (norm(velocity), FASTEST * self.escape(norm(place)));
        if speed > most { velocity.map(|component| component * most / speed) } else { velocity }
    }
}

/// A velocity along R, phi and z as one along x, y and z.
fn turned([x, y, _]: [f64; 3], out: f64, turn: f64, up: f64) -> [f64; 3] {
    let radius = x.hypot(y);
    let (cos, sin) = if radius > 0.0 { (x / radius, y / radius) } else { (1.0, 0.0) };
    [out * cos - turn * sin, out * sin + turn * cos, up]
}
