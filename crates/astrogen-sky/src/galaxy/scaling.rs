//! How the properties of galaxies go together.
//!
//! From the mass `M_h` of the dark matter follow, each with its scatter:
//!
#![doc = include_str!("scaling.md")]

use super::chemistry::normal;
use super::config::{Arms, Disc, GalaxyConfig, Population, Spheroid};
use super::place::HALF_DISC;
use rand::{Rng, RngExt};

/// A galaxy as the relations have it.
pub(super) struct Drawn {
    pub(super) config: GalaxyConfig,
    pub(super) early: bool,
    pub(super) half_mass_radius: f64,
    pub(super) dust: f64,
}

/// Mass at which Shen's size relation of late types bends.
const BEND: f64 = 3.98e10;

/// Draws the galaxy of a dark mass; `scatter` multiplies the scatter of every relation.
pub(super) fn draw<R: Rng>(dark_mass: f64, scatter: f64, rng: &mut R) -> Drawn {
    // Every galaxy takes the same numbers from the stream, whatever it becomes.
    let [mass, size, metals, age, gas, bulge, halo, height, concentration, first, second] =
        std::array::from_fn(|_| scatter * normal(rng));
    let [type_share, bulge_share, arm_share, pitch, strength] =
        std::array::from_fn(|_| rng.random::<f64>());

    let mass = (stellar_mass(dark_mass) * dex(0.15 * mass)).clamp(1e4, 1e14);
    let decades = (mass / 5e10).log10();
    let early = type_share < 1.0 / (1.0 + (mass / 4e10).powf(-0.8));
    let spread = 0.34 + 0.13 / (1.0 + (mass / BEND).powi(2));
    let radius = (half_mass_radius(mass, early) * (spread * size).exp()).clamp(0.05, 200.0);
    let metallicity = metallicity(mass) + 0.12 * metals - 0.03 * age;
    let gas_share = 1.36 * dex(3.75 - 0.43 * mass.log10() + 0.3 * gas);
    let gas_mass = (mass * gas_share * if early { 0.02 } else { 1.0 }).min(1e14);

    let length = radius / HALF_DISC;
    let flatness = (1.0 + 0.3 * (mass / 1e9).powf(-0.4)) / 7.3 * dex(0.1 * height);
    let height = length * flatness.clamp(0.05, 0.33);
    let young = if early { 9.0 } else { 4.5 } + 1.2 * decades + age;
    let young = young.clamp(1.5, 11.0);
    let old = (10.0 + 0.8 * decades + 0.7 * age).clamp(6.0, 12.5);
    let population = |age, age_spread, offset: f64, metallicity_spread, gradient| Population {
        age,
        age_spread,
        metallicity: (metallicity + offset).clamp(-3.5, 0.5),
        metallicity_spread,
        gradient,
    };
    let bulge_share = if early {
        0.6 + 0.35 * bulge_share
    } else {
        (0.12 * dex(0.3 * decades + 0.25 * bulge)).clamp(0.005, 0.45)
    };
    let halo_share = (0.01 * dex(0.4 * decades + 0.3 * halo)).clamp(1e-3, 0.2);
    let thick_share = (0.1 * dex(-0.15 * decades)).clamp(0.05, 0.35);
    let bulge_share = bulge_share * (1.0 - halo_share);
    let discs = 1.0 - bulge_share - halo_share;
    let number = [2, 2, 2, 3, 4][(arm_share * 5.0) as usize % 5];
    let contrast = if early { 0.0 } else { (1.0 + 1.8 * strength) * (mass / 3e9).min(1.0) };

    let config = GalaxyConfig {
        stellar_mass: mass,
        dark_mass,
        concentration: (1.4
            * dex(0.905)
            * (dark_mass / 1.5e12).powf(-0.101)
            * dex(0.11 * concentration))
        .clamp(2.0, 60.0),
        gas_mass,
        thin: Disc {
            share: discs * (1.0 - thick_share),
            length,
            height,
            population: population(
                young,
                if early { 2.0 } else { 3.0 },
                0.05,
                0.15,
                -0.12 / length,
            ),
        },
        thick: Disc {
            share: discs * thick_share,
            length: 0.9 * length,
            height: (3.0 * height).min(0.9 * length),
            population: population((young + 4.0).clamp(8.0, 11.5), 1.0, -0.45, 0.25, 0.0),
        },
        bulge: Spheroid {
            share: bulge_share,
            radius: if early { radius } else { 0.3 * length * dex(0.1 * bulge) },
            axis_ratios: [
                (0.85 + 0.08 * first).clamp(0.5, 1.0),
                (0.65 + 0.13 * second).clamp(0.3, 0.95),
            ],
            spin: 0.4,
            population: population(
                old,
                1.5,
                if early { 0.0 } else { 0.1 },
                0.3,
                if early { -0.05 / radius } else { 0.0 },
            ),
        },
        halo: Spheroid {
            share: halo_share,
            radius: 4.0 * radius,
            axis_ratios: [1.0, 0.7],
            spin: 0.1,
            population: population(12.0, 0.8, -1.3, 0.4, 0.0),
        },
        arms: Arms { number, pitch: 12.0 + 16.0 * pitch, strength: contrast },
        alpha_plateau: 0.35,
        alpha_knee: (-0.6 + 0.5 * metallicity).clamp(-2.5, -0.3),
    };
    // As the Milky Way's: gas over the disc's area, and metals in it.
    let column = gas_mass / length.powi(2) / (1e10 / 2.6_f64.powi(2));
    let dust = if early { 0.0 } else { (column * dex(metallicity)).clamp(0.0, 4.0) };
    Drawn { config, early, half_mass_radius: radius, dust }
}

fn dex(value: f64) -> f64 {
    10.0_f64.powf(value)
}

/// Median stellar mass in a halo.
fn stellar_mass(dark_mass: f64) -> f64 {
    let ratio = dark_mass / dex(11.59);
    2.0 * 0.0351 * dark_mass / (ratio.powf(-1.376) + ratio.powf(0.608))
}

/// Median projected half-mass radius in kpc of a stellar mass.
fn half_mass_radius(mass: f64, early: bool) -> f64 {
    if early {
        2.88e-6 * mass.max(2e10).powf(0.56)
    } else {
        0.1 * mass.powf(0.14) * (1.0 + mass / BEND).powf(0.25)
    }
}

/// Median `log10(Z / Z_sun)` of a stellar mass.
fn metallicity(mass: f64) -> f64 {
    let log = mass.log10();
    -0.24 + 0.38 * ((log.max(8.9) - 10.05) / 0.5).tanh() - 0.3 * (8.9 - log).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    #[test]
    fn the_medians_are_the_published_ones() {
        // Moster et al. 2013: a ratio of 0.034 at 1e12.
        assert!((stellar_mass(1e12) / 1e12 - 0.034).abs() < 0.001);
        assert!((stellar_mass(1e13) / 1e13 - 0.0096).abs() < 0.001);
        // Shen et al. 2003: late types of 5e10 have 3.9 kpc; early ones of 1e11 have 4.2 kpc.
        assert!((half_mass_radius(5e10, false) - 3.87).abs() < 0.05);
        assert!((half_mass_radius(1e11, true) - 4.16).abs() < 0.05);
        // Gallazzi et al. 2005: -0.60 at 10^8.91, 0.04 at 10^10.72.
        assert!((metallicity(dex(8.91)) + 0.60).abs() < 0.05);
        assert!((metallicity(dex(10.72)) - 0.04).abs() < 0.1);
    }

    #[test]
    fn every_dark_mass_gives_a_valid_galaxy() {
        for log in 0..=60 {
            for number in 0..20 {
                let mass = dex(8.0 + 0.1167 * f64::from(log));
                for scatter in [0.0, 1.0, 3.0] {
                    let drawn = draw(mass, scatter, &mut stream(log as u64, number));
                    let checked = drawn.config.validate();
                    assert!(checked.is_ok(), "{mass:e}: {checked:?}");
                    assert!(drawn.half_mass_radius > 0.0 && (0.0..=4.0).contains(&drawn.dust));
                }
            }
        }
    }
}
