//! The settings of a mock galaxy.

use crate::error::SkyError;
use serde::{Deserialize, Serialize};

/// The greatest age, in Gyr.
pub(super) const OLDEST: f64 = 13.7;

/// What a galaxy is made of. Masses are in solar masses, lengths in kpc, ages in Gyr, metals
/// in dex.
///
/// The four `share`s are weights: a component has its share of the star particles, all of the
/// same mass, over the sum of the shares. The defaults are those of the Milky Way (discs:
/// Bland-Hawthorn & Gerhard 2016, ARA&A 54, 529).
///
/// ```
/// use astrogen_sky::GalaxyConfig;
///
/// let config: GalaxyConfig = serde_json::from_str(r#"{"stellar_mass": 1e10}"#)?;
/// assert_eq!(config.thin.length, 2.6);
/// let message = GalaxyConfig { stellar_mass: -1.0, ..config }.validate().unwrap_err().to_string();
/// assert_eq!(message, "stellar_mass must be from 1e4 to 1e14 solar masses, but got -1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GalaxyConfig {
    /// Mass of all stars, 1e4 to 1e14. Default 5e10.
    pub stellar_mass: f64,
    /// Mass of the dark matter within the virial radius (200 times the critical density), 0 to
    /// 1e16: a sphere of Navarro, Frenk & White (1997, ApJ 490, 493). Default 1e12.
    pub dark_mass: f64,
    /// Virial radius over the dark matter's scale radius, 1 to 100. Default 13:
    /// simulated haloes without stars have 8.3 (Dutton & Maccio 2014, MNRAS 441, 3359), but the
    /// stars' mass draws the dark matter inwards.
    pub concentration: f64,
    /// Mass of the gas, 0 to 1e14: an exponential disc of twice the thin disc's length and half
    /// its height, felt by the stars and holding the dust of images. Default 1e10.
    pub gas_mass: f64,
    /// The thin disc. Default: share 0.75, 2.6 kpc long, 0.3 kpc high, ages 4.5 +- 3, \[Fe/H\]
    /// -0.05 +- 0.15, gradient -0.06 dex / kpc.
    pub thin: Disc,
    /// The thick disc. Default: share 0.1, 2 kpc long, 0.9 kpc high, ages 10 +- 1, \[Fe/H\]
    /// -0.55 +- 0.25, no gradient.
    pub thick: Disc,
    /// The bulge. Default: share 0.14, radius 0.9 kpc, axis ratios 0.7 and 0.6, spin 0.6, ages
    /// 10 +- 2, \[Fe/H\] 0 +- 0.35, gradient -0.1 dex / kpc.
    pub bulge: Spheroid,
    /// The stellar halo. Default: share 0.01, radius 12 kpc, axis ratios 1 and 0.7, spin 0.1,
    /// ages 12 +- 0.8, \[Fe/H\] -1.5 +- 0.4, no gradient.
    pub halo: Spheroid,
    /// The spiral arms of the thin disc.
    pub arms: Arms,
    /// \[O/Fe\] of stars that formed before iron from type Ia supernovae came in, -0.5 to 1.
    /// Default 0.35.
    pub alpha_plateau: f64,
    /// \[Fe/H\] at which \[O/Fe\] begins to fall, -4 to 1. Default -0.6.
    pub alpha_knee: f64,
}

/// A disc: surface density `~ exp(-R / length)`, density `~ sech^2(z / (2 height))`, which far
/// from the plane is `exp(-|z| / height)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disc {
    /// Weight among the components, 0 to 1e6.
    pub share: f64,
    /// Scale length, 1e-3 to 1e3 kpc.
    pub length: f64,
    /// Scale height, 1e-4 kpc to the length.
    pub height: f64,
    /// Ages and metals.
    pub population: Population,
}

/// A spheroid: the profile of Hernquist (1990, ApJ 356, 359), which looks like de
/// Vaucouleurs's law on the sky, cut at 32 of its scale radii and squeezed along y and z.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spheroid {
    /// Weight among the components, 0 to 1e6.
    pub share: f64,
    /// Radius that holds half of the projected mass (1.8153 scale radii) before the squeeze,
    /// 1e-3 to 1e3 kpc.
    pub radius: f64,
    /// Axis ratios b/a (along y) and c/a (along z), 0.05 to 1 each.
    pub axis_ratios: [f64; 2],
    /// Rotation in the plane over the velocity dispersion, -2 to 2.
    pub spin: f64,
    /// Ages and metals.
    pub population: Population,
}

/// Ages and metals of a component's stars.
///
/// Ages are normal, cut to 0 to 13.7 Gyr. `[Fe/H]` is normal about
/// `metallicity + gradient (R - R_half) - 0.03 (age - centre)`, where `R_half` is the radius that
/// holds half of the component (1.678 lengths of a disc): younger stars have more metals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Centre of the ages, 0.01 to 13.7 Gyr.
    pub age: f64,
    /// Their deviation before the cut, 0 to 10 Gyr.
    pub age_spread: f64,
    /// \[Fe/H\] at `R_half` and the centre of the ages, -4 to 1.
    pub metallicity: f64,
    /// Its deviation, 0 to 2 dex.
    pub metallicity_spread: f64,
    /// Change of \[Fe/H\] with the distance from the axis, -10 to 10 dex / kpc.
    pub gradient: f64,
}

/// Logarithmic spiral arms: trailing crests at `phi = phi_0 - ln(R / length) / tan(pitch)`.
///
/// The thin disc's density is multiplied by `exp(k cos(number (phi - crest))) / I_0(k)`, whose
/// mean over the azimuth is 1. `k` is `strength` for stars that were just born; it falls to
/// 0.3 of it over 1 Gyr of age, and to 0 within half a scale length of the centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arms {
    /// How many, 1 to 20.
    pub number: u32,
    /// Angle between arm and circle, 1 to 80 degrees.
    pub pitch: f64,
    /// Contrast, 0 (none) to 5.
    pub strength: f64,
}

impl Default for Arms {
    /// Two arms of 18 degrees and strength 2.
    fn default() -> Self {
        Self { number: 2, pitch: 18.0, strength: 2.0 }
    }
}

impl Default for GalaxyConfig {
    fn default() -> Self {
        let population = |[age, age_spread]: [f64; 2],
                          [metallicity, spread, gradient]: [f64; 3]| {
            Population { age, age_spread, metallicity, metallicity_spread: spread, gradient }
        };
        Self {
            stellar_mass: 5e10,
            dark_mass: 1e12,
            concentration: 13.0,
            gas_mass: 1e10,
            thin: Disc {
                share: 0.75,
                length: 2.6,
                height: 0.3,
                population: population([4.5, 3.0], [-0.05, 0.15, -0.06]),
            },
            thick: Disc {
                share: 0.1,
                length: 2.0,
                height: 0.9,
                population: population([10.0, 1.0], [-0.55, 0.25, 0.0]),
            },
            bulge: Spheroid {
                share: 0.14,
                radius: 0.9,
                axis_ratios: [0.7, 0.6],
                spin: 0.6,
                population: population([10.0, 2.0], [0.0, 0.35, -0.1]),
            },
            halo: Spheroid {
                share: 0.01,
                radius: 12.0,
                axis_ratios: [1.0, 0.7],
                spin: 0.1,
                population: population([12.0, 0.8], [-1.5, 0.4, 0.0]),
            },
            arms: Arms::default(),
            alpha_plateau: 0.35,
            alpha_knee: -0.6,
        }
    }
}

impl GalaxyConfig {
    /// Checks every setting against its rule.
    ///
    /// # Errors
    /// [`SkyError::Setting`] with the first setting that breaks its rule.
    pub fn validate(&self) -> Result<(), SkyError> {
        let rule = "from 1e4 to 1e14 solar masses";
        within("stellar_mass", rule, self.stellar_mass, 1e4, 1e14)?;
        within("dark_mass", "from 0 to 1e16 solar masses", self.dark_mass, 0.0, 1e16)?;
        within("concentration", "from 1 to 100", self.concentration, 1.0, 100.0)?;
        within("gas_mass", "from 0 to 1e14 solar masses", self.gas_mass, 0.0, 1e14)?;
        for disc in [&self.thin, &self.thick] {
            within("share", "from 0 to 1e6", disc.share, 0.0, 1e6)?;
            within("length", "from 1e-3 to 1e3 kpc", disc.length, 1e-3, 1e3)?;
            within("height", "from 1e-4 kpc to the length", disc.height, 1e-4, disc.length)?;
            disc.population.validate()?;
        }
        for spheroid in [&self.bulge, &self.halo] {
            within("share", "from 0 to 1e6", spheroid.share, 0.0, 1e6)?;
            within("radius", "from 1e-3 to 1e3 kpc", spheroid.radius, 1e-3, 1e3)?;
            for ratio in spheroid.axis_ratios {
                within("axis_ratios", "from 0.05 to 1", ratio, 0.05, 1.0)?;
            }
            within("spin", "from -2 to 2", spheroid.spin, -2.0, 2.0)?;
            spheroid.population.validate()?;
        }
        let shares = self.shares();
        let got = format!("{shares:?}");
        SkyError::check(
            "share",
            "above 0 for one component",
            got,
            shares.iter().sum::<f64>() > 0.0,
        )?;
        let number = self.arms.number;
        SkyError::check("number", "from 1 to 20 arms", number, (1..=20).contains(&number))?;
        within("pitch", "from 1 to 80 degrees", self.arms.pitch, 1.0, 80.0)?;
        within("strength", "from 0 to 5", self.arms.strength, 0.0, 5.0)?;
        within("alpha_plateau", "from -0.5 to 1", self.alpha_plateau, -0.5, 1.0)?;
        within("alpha_knee", "from -4 to 1", self.alpha_knee, -4.0, 1.0)
    }

    /// The weights of thin disc, thick disc, bulge and halo.
    pub(super) fn shares(&self) -> [f64; 4] {
        [self.thin.share, self.thick.share, self.bulge.share, self.halo.share]
    }
}

impl Population {
    fn validate(&self) -> Result<(), SkyError> {
        within("age", "from 0.01 to 13.7 Gyr", self.age, 0.01, OLDEST)?;
        within("age_spread", "from 0 to 10 Gyr", self.age_spread, 0.0, 10.0)?;
        within("metallicity", "from -4 to 1", self.metallicity, -4.0, 1.0)?;
        within("metallicity_spread", "from 0 to 2", self.metallicity_spread, 0.0, 2.0)?;
        within("gradient", "from -10 to 10 dex / kpc", self.gradient, -10.0, 10.0)
    }
}

/// Passes if the value lies between two limits.
pub(super) fn within(
    name: &'static str,
    rule: &'static str,
    value: f64,
    low: f64,
    high: f64,
) -> Result<(), SkyError> {
    SkyError::check(name, rule, value, (low..=high).contains(&value))
}
