//! Mock galaxies as star particles: an exponential thin disc with spiral arms, a thick disc, a
//! bulge and a halo.
//!
//! A star is drawn in five steps, each from a stated formula: its component, by the shares; its
//! age; its place; its velocity, from the rotation curve and the dispersions that hold the
//! component up; its \[Fe/H\] and \[O/Fe\]. It is a model of a galaxy's distribution of stars
//! for learning it and for judging what was learnt, not of a galaxy's history.
//!
//! Stars are `[11, n]` arrays, a row for each of [`COLUMNS`] in [`UNITS`]: the layout of
//! GalacticFlow (Wolf & Buck 2023, Machine Learning and the Physical Sciences, NeurIPS).
//!
//! ```
//! use astrogen_sky::{Galaxy, GalaxyConfig};
//!
//! let galaxy = Galaxy::new(&GalaxyConfig::default(), 7)?;
//! let stars = galaxy.stars(1000);
//! assert_eq!(stars.dim(), (11, 1000));
//! assert!((210.0..230.0).contains(&galaxy.circular_velocity(8.0))); // km/s
//! # Ok::<(), astrogen_sky::SkyError>(())
//! ```

mod chemistry;
mod config;
mod dust;
mod gravity;
mod image;
mod light;
mod motion;
mod place;
mod scaling;
mod smooth;
mod suite;
mod suite_folder;
mod table;

pub use chemistry::{SOLAR_METALS, metals};
pub use config::{Arms, Disc, GalaxyConfig, Population, Spheroid};
pub use image::{GalaxyImage, ViewConfig};
pub use light::{BANDS, luminosity};
pub use suite::{SuiteConfig, SuiteGalaxy};
pub(crate) use suite_folder::is_complete;
pub use suite_folder::{GALAXIES, MANIFEST, SuiteFiles, simulate_galaxies};
pub use table::save_stars;

pub use astrogen_stars::{COLUMNS, UNITS};

use crate::error::SkyError;
use crate::random::{seed_of, stream};
use motion::Motion;
use ndarray::Array2;
use place::{Crests, HALF_DISC};
use rand::{Rng, RngExt};
use rayon::prelude::*;
use std::f64::consts::TAU;

/// Associations that young stars belong to, the age in Gyr up to which they do, and the
/// deviation of their places in thin-disc lengths.
const ASSOCIATIONS: u64 = 400;
const YOUNG: f64 = 0.05;
const LOOSE: f64 = 0.03;

/// A mock galaxy, from which any number of stars can be drawn.
///
/// The centre lies at the origin and at rest; the disc lies in the x-y plane and turns from x
/// to y.
#[derive(Clone, Debug)]
pub struct Galaxy {
    config: GalaxyConfig,
    seed: u64,
    motion: Motion,
    /// Where the shares of thin disc, thick disc and bulge end, in (0, 1).
    ends: [f64; 3],
    /// Azimuth of the arms.
    phase: f64,
}

impl Galaxy {
    /// The galaxy of some settings; the seed gives its arms their place and draws its stars.
    ///
    /// # Errors
    /// [`SkyError::Setting`] if a setting breaks its rule.
    pub fn new(config: &GalaxyConfig, seed: u64) -> Result<Self, SkyError> {
        config.validate()?;
        let shares = config.shares();
        let sum: f64 = shares.iter().sum();
        let mut end = 0.0;
        let ends = [0, 1, 2].map(|component| {
            end += shares[component] / sum;
            end
        });
        let phase = stream(seed_of(seed, 1), 0).random_range(0.0..TAU);
        Ok(Self { config: config.clone(), seed, motion: Motion::new(config), ends, phase })
    }

    /// The settings.
    pub fn config(&self) -> &GalaxyConfig {
        &self.config
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The speed of a circular orbit of `radius` kpc in the plane, in km/s (0 at radius 0).
    pub fn circular_velocity(&self, radius: f64) -> f64 {
        self.motion.gravity.circular(radius)
    }

    /// The speed at which a star `radius` kpc from the centre leaves the galaxy, in km/s.
    pub fn escape_velocity(&self, radius: f64) -> f64 {
        self.motion.escape(radius)
    }

    /// Draws `n` stars `[11, n]` with the rows [`COLUMNS`], on all threads of rayon's pool.
    ///
    /// All have the same mass, `stellar_mass / n`. But for it, star `i` depends on the settings,
    /// the seed and `i` alone: more stars begin with the fewer ones.
    pub fn stars(&self, n: usize) -> Array2<f32> {
        let stars = seed_of(self.seed, 0);
        let rows: Vec<[f32; 11]> = (0..n)
            .into_par_iter()
            .map(|index| {
                let mut star = self.draw(&mut stream(stars, index as u64));
                star[9] = self.config.stellar_mass / n as f64;
                star.map(|value| value as f32)
            })
            .collect();
        Array2::from_shape_fn((COLUMNS.len(), n), |(column, star)| rows[star][column])
    }

    /// Draws a star; its mass is left at 0.
    fn draw<R: Rng>(&self, rng: &mut R) -> [f64; 11] {
        let share: f64 = rng.random();
        let config = &self.config;
        let (population, half, place, velocity, age) = if share < self.ends[1] {
            let thin = share < self.ends[0];
            let disc = if thin { &config.thin } else { &config.thick };
            let age = chemistry::age(&disc.population, rng);
            let place =
                if thin { self.in_thin_disc(age, rng) } else { place::in_disc(disc, None, rng) };
            let velocity = self.motion.in_disc(disc, place, rng);
            (&disc.population, HALF_DISC * disc.length, place, velocity, age)
        } else {
            let bulge = share < self.ends[2];
            let spheroid = if bulge { &config.bulge } else { &config.halo };
            let age = chemistry::age(&spheroid.population, rng);
            let place = place::in_spheroid(spheroid, rng);
            let velocity = self.motion.in_spheroid(spheroid, bulge, place, rng);
            (&spheroid.population, spheroid.radius, place.0, velocity, age)
        };
        let [x, y, z] = place;
        let [vx, vy, vz] = velocity;
        let iron = chemistry::iron(population, age, x.hypot(y) - half, rng);
        let oxygen = chemistry::oxygen(config, share < self.ends[0], iron, rng);
        [x, y, z, vx, vy, vz, metals(iron, oxygen), iron, oxygen, 0.0, age]
    }

    /// Draws a place in the thin disc: the youngest stars are still where they were born,
    /// together.
    fn in_thin_disc<R: Rng>(&self, age: f64, rng: &mut R) -> [f64; 3] {
        let disc = &self.config.thin;
        let arms = &self.config.arms;
        if age > YOUNG {
            return place::in_disc(disc, Some(&Crests::new(arms, self.phase, age)), rng);
        }
        let association = rng.random_range(0..ASSOCIATIONS);
        let mut home = stream(seed_of(self.seed, 2), association);
        let crests = Crests::new(arms, self.phase, 0.0);
        let home = place::in_disc(disc, Some(&crests), &mut home);
        place::near(home, LOOSE * disc.length.min(disc.height / LOOSE), rng)
    }
}
