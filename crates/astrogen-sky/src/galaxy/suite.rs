//! A suite of galaxies that follow the scaling relations of real ones.

use super::config::within;
use super::scaling::{Drawn, draw};
use super::{Galaxy, GalaxyImage, ViewConfig};
use crate::error::SkyError;
use crate::random::{seed_of, stream};
use ndarray::Array2;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// What a suite is: how many galaxies, of which masses, and how they are looked at.
///
/// The masses of the dark matter are even in their logarithm; the rest follows from them, each
/// relation with its scatter:
///
#[doc = include_str!("scaling.md")]
///
/// ```
/// use astrogen_sky::SuiteConfig;
///
/// let suite = SuiteConfig { galaxies: 20, ..SuiteConfig::default() };
/// let member = suite.member(3, 7)?; // galaxy 3 of seed 7, whatever the number of galaxies
/// assert_eq!(member.id, "g0003");
/// assert_eq!(member.galaxy.stars(100).dim(), (11, 100));
/// # Ok::<(), astrogen_sky::SkyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuiteConfig {
    /// Galaxies, 1 to 1,000,000. Default 80.
    pub galaxies: usize,
    /// Star particles of each, up to 100,000,000. Default 20,000.
    pub stars: usize,
    /// Least and greatest mass of the dark matter, 1e8 to 1e15 solar masses. Default 5e10 and
    /// 5e12.
    pub dark_mass: [f64; 2],
    /// What the scatter of every relation is multiplied by, 0 (none, but for types, bulges of
    /// early types and arms) to 3. Default 1.
    pub scatter: f64,
    /// Least and greatest inclination, 0 to 180 degrees, drawn as for axes in random
    /// directions. Default 0 and 75.
    pub inclination: [f64; 2],
    /// Side of a frame in half-mass radii of its galaxy, 0.1 to 1000; early types, whose light
    /// reaches farther, have one and a half times as many. Default 9.
    pub frame: f64,
    /// How the galaxies are looked at; `field`, `inclination` and `position_angle` are each
    /// galaxy's own, and `dust` multiplies the galaxy's own.
    pub view: ViewConfig,
}

impl Default for SuiteConfig {
    fn default() -> Self {
        Self {
            galaxies: 80,
            stars: 20_000,
            dark_mass: [5e10, 5e12],
            scatter: 1.0,
            inclination: [0.0, 75.0],
            frame: 9.0,
            view: ViewConfig::default(),
        }
    }
}

/// A galaxy of a suite.
#[derive(Clone, Debug)]
pub struct SuiteGalaxy {
    /// `g` and the galaxy's number, with four digits or more.
    pub id: String,
    /// Whether it is of early type: a spheroid of old stars, with little gas and no arms.
    pub early: bool,
    /// Projected half-mass radius in kpc that the mass-size relation gave it.
    pub half_mass_radius: f64,
    /// The galaxy itself.
    pub galaxy: Galaxy,
    /// How it is looked at.
    pub view: ViewConfig,
}

impl SuiteConfig {
    /// Checks every setting against its rule.
    ///
    /// # Errors
    /// [`SkyError::Setting`] with the first setting that breaks its rule.
    pub fn validate(&self) -> Result<(), SkyError> {
        let count = |name, rule, value: usize, low, high| {
            SkyError::check(name, rule, value, (low..=high).contains(&value))
        };
        count("galaxies", "from 1 to 1,000,000", self.galaxies, 1, 1_000_000)?;
        count("stars", "from 0 to 100,000,000", self.stars, 0, 100_000_000)?;
        let ordered = |name, rule, [low, high]: [f64; 2], least: f64, most: f64| {
            let fine = least <= low && low <= high && high <= most;
            SkyError::check(name, rule, format!("[{low}, {high}]"), fine)
        };
        let rule = "[least, greatest] from 1e8 to 1e15 solar masses";
        ordered("dark_mass", rule, self.dark_mass, 1e8, 1e15)?;
        within("scatter", "from 0 to 3", self.scatter, 0.0, 3.0)?;
        let rule = "[least, greatest] from 0 to 180 degrees";
        ordered("inclination", rule, self.inclination, 0.0, 180.0)?;
        within("frame", "from 0.1 to 1000 half-mass radii", self.frame, 0.1, 1000.0)?;
        self.view.validate()
    }

    /// Galaxy `number` of a seed: it depends on the settings, the seed and its number alone,
    /// and on neither `galaxies` nor `stars`.
    ///
    /// # Errors
    /// [`SkyError::Setting`] if a setting breaks its rule.
    pub fn member(&self, number: usize, seed: u64) -> Result<SuiteGalaxy, SkyError> {
        self.validate()?;
        let seed = seed_of(seed, number as u64);
        let mut rng = stream(seed_of(seed, 4), 0); // 0 to 3 are the galaxy's own
        let [low, high] = self.dark_mass.map(f64::ln);
        let dark_mass = rounded((low + (high - low) * rng.random::<f64>()).exp());
        let [near, far] = self.inclination.map(|angle| angle.to_radians().cos());
        let inclination = (near + (far - near) * rng.random::<f64>()).acos().to_degrees();
        let position_angle = rng.random_range(0.0..360.0);
        let Drawn { config, early, half_mass_radius, dust } =
            draw(dark_mass, self.scatter, &mut rng);
        let reach = if early { 1.5 } else { 1.0 };
        let view = ViewConfig {
            field: (reach * self.frame * half_mass_radius).clamp(1e-3, 1e5),
            inclination,
            position_angle,
            dust: (self.view.dust * dust).min(100.0),
            ..self.view.clone()
        };
        let galaxy = Galaxy::new(&config, seed)?;
        Ok(SuiteGalaxy { id: format!("g{number:04}"), early, half_mass_radius, galaxy, view })
    }
}

impl SuiteGalaxy {
    /// Looks at `stars` `[11, n]` of the galaxy.
    ///
    /// # Errors
    /// [`SkyError::Setting`] for another number of rows.
    pub fn image(&self, stars: &Array2<f32>) -> Result<GalaxyImage, SkyError> {
        self.galaxy.image(stars, &self.view)
    }

    /// The mass of the dark matter as the names of files carry it: exact, as the suite's masses
    /// have five digits.
    pub(super) fn dark_mass(&self) -> String {
        digits(self.galaxy.config().dark_mass)
    }
}

fn digits(mass: f64) -> String {
    format!("{mass:.4e}")
}

/// A mass with five digits.
fn rounded(mass: f64) -> f64 {
    digits(mass).parse().unwrap_or(mass)
}
