//! The galaxy's gravity: its rotation curve, velocity dispersions and escape speed.
//!
//! Every component acts as a sphere that holds the component's mass within each radius, so that
//! `v_c^2 = G M(<r) / r`. For an exponential disc that is within 15% of the true curve of a
//! flat disc.
//!
//! ```text
//! disc            M (1 - (1 + x) exp(-x)),              x = r / length
//! spheroid        M (r / (r + a))^2,                    a = radius / 1.8153
//! dark matter     M m(x) / m(c),                        m(x) = ln(1 + x) - x / (1 + x)
//! ```
//!
//! A spheroid's stars move alike in all directions, with the dispersion that holds their
//! density `rho` up (Jeans's equation; Binney & Tremaine 2008, Galactic Dynamics, eq. 4.216):
//! `sigma^2 = 1 / rho int_r^inf rho G M(<s) / s^2 ds`.

use super::config::{GalaxyConfig, Spheroid};

/// The gravitational constant, in kpc (km/s)^2 per solar mass.
pub(super) const G: f64 = 4.300_917e-6;

/// Two hundred times the critical density for a Hubble constant of 67.7 km/s/Mpc, in solar
/// masses in a cubic kpc.
const VIRIAL_DENSITY: f64 = 200.0 * 127.2;

/// Projected half-mass radius of Hernquist's profile over its scale radius.
const HALF_PROJECTED: f64 = 1.8153;

/// Share of Hernquist's untruncated mass that a spheroid has: all within 32 scale radii.
pub(super) const KEPT: f64 = 0.940_3;

/// The gas disc's length over the thin disc's.
pub(super) const GAS_LENGTH: f64 = 2.0;

/// The masses that pull.
#[derive(Clone, Debug)]
pub(super) struct Gravity {
    /// Mass and scale length of thin disc, thick disc and gas.
    discs: [[f64; 2]; 3],
    /// Mass and scale radius of bulge and halo.
    spheroids: [[f64; 2]; 2],
    dark_mass: f64,
    concentration: f64,
    /// Scale radius of the dark matter.
    dark_radius: f64,
}

impl Gravity {
    pub(super) fn new(config: &GalaxyConfig) -> Self {
        let sum: f64 = config.shares().iter().sum();
        let [thin, thick, bulge, halo] =
            config.shares().map(|share| config.stellar_mass * share / sum);
        let volume = config.dark_mass / VIRIAL_DENSITY;
        let virial = (3.0 * volume / (4.0 * std::f64::consts::PI)).cbrt();
        Self {
            discs: [
                [thin, config.thin.length],
                [thick, config.thick.length],
                [config.gas_mass, GAS_LENGTH * config.thin.length],
            ],
            spheroids: [[bulge, scale_radius(&config.bulge)], [halo, scale_radius(&config.halo)]],
            dark_mass: config.dark_mass,
            concentration: config.concentration,
            dark_radius: virial / config.concentration,
        }
    }

    /// The mass within a radius, in solar masses.
    fn enclosed(&self, radius: f64) -> f64 {
        let discs = self.discs.iter().map(|[mass, length]| {
            let x = radius / length;
            // 1 - (1 + x) exp(-x), exact for small x too.
            mass * (-(-x).exp_m1() - x * (-x).exp()).max(0.0)
        });
        let spheroids = self.spheroids.iter().map(|[mass, scale]| {
            let share = (radius / (radius + scale)).powi(2) / KEPT;
            mass * share.min(1.0)
        });
        let within = |x: f64| x.ln_1p() - x / (1.0 + x);
        let dark = if self.dark_mass > 0.0 {
            let x = (radius / self.dark_radius).min(self.concentration);
            self.dark_mass * within(x) / within(self.concentration)
        } else {
            0.0
        };
        discs.sum::<f64>() + spheroids.sum::<f64>() + dark
    }

    /// The speed of a circular orbit, in km/s.
    pub(super) fn circular(&self, radius: f64) -> f64 {
        if radius > 0.0 { (G * self.enclosed(radius) / radius).sqrt() } else { 0.0 }
    }

    /// The slope `d ln v_c / d ln R` of the rotation curve.
    pub(super) fn slope(&self, radius: f64) -> f64 {
        const STEP: f64 = 0.02;
        let [inner, outer] = [-STEP, STEP].map(|step| self.circular(radius * (1.0 + step)));
        if inner > 0.0 { (outer / inner).ln() / ((1.0 + STEP) / (1.0 - STEP)).ln() } else { 1.0 }
    }

    /// Surface density of the discs and the gas, in solar masses in a square kpc.
    pub(super) fn surface_density(&self, radius: f64) -> f64 {
        let disc = |[mass, length]: [f64; 2]| {
            mass / (std::f64::consts::TAU * length * length) * (-radius / length).exp()
        };
        self.discs.map(disc).iter().sum()
    }
}

/// The scale radius `a` of a spheroid.
pub(super) fn scale_radius(spheroid: &Spheroid) -> f64 {
    spheroid.radius / HALF_PROJECTED
}

/// A function of the radius, known at points even in its logarithm.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    first: f64,
    step: f64,
    values: Vec<f64>,
}

impl Profile {
    const POINTS: usize = 256;

    /// Sums `weight(r) G M(<r) / r d ln r` from each radius outwards and divides by `weight`.
    fn jeans(gravity: &Gravity, from: f64, to: f64, weight: impl Fn(f64) -> f64) -> Self {
        let first = from.ln();
        let step = (to / from).ln() / (Self::POINTS - 1) as f64;
        let radius = |index: usize| (first + step * index as f64).exp();
        let term = |index: usize| weight(radius(index)) * gravity.circular(radius(index)).powi(2);
        // Beyond the last point all mass is inside, and the weight falls no more slowly.
        let mut sum = term(Self::POINTS - 1);
        let mut values = vec![gravity.circular(to).powi(2); Self::POINTS];
        for index in (0..Self::POINTS - 1).rev() {
            sum += 0.5 * step * (term(index) + term(index + 1));
            values[index] = sum / weight(radius(index));
        }
        Self { first, step, values }
    }

    /// The squared dispersion of a spheroid's stars along each axis, in (km/s)^2.
    pub(super) fn dispersion(gravity: &Gravity, spheroid: &Spheroid) -> Self {
        let scale = scale_radius(spheroid);
        let density = |radius: f64| 1.0 / (radius * (radius + scale).powi(3));
        Self::jeans(gravity, 1e-3 * scale, 1e3 * scale, density)
    }

    /// The squared escape speed over 2, in (km/s)^2, up to `farthest` kpc.
    pub(super) fn potential(gravity: &Gravity, nearest: f64, farthest: f64) -> Self {
        Self::jeans(gravity, nearest, farthest, |_| 1.0)
    }

    /// The function at a radius; beyond the points, at the nearest one.
    pub(super) fn at(&self, radius: f64) -> f64 {
        let place =
            ((radius.ln() - self.first) / self.step).clamp(0.0, Self::POINTS as f64 - 1.001);
        let (index, along) = (place as usize, place.fract());
        self.values[index] + along * (self.values[index + 1] - self.values[index])
    }
}
