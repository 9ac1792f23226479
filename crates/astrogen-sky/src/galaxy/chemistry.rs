//! Ages and metals of stars.
//!
//! ```text
//! thick disc, bulge, halo:  [O/Fe] = plateau - 0.3 max(0, [Fe/H] - knee)
//! thin disc:                [O/Fe] = plateau - 0.2 - 0.2 ([Fe/H] - knee)
//! ```
//!
//! each within -0.3 and the plateau, with a scatter of 0.03 dex: the two sequences of the Milky
//! Way's disc (Bensby et al. 2014, A&A 562, A71; Hayden et al. 2015, ApJ 808, 132), which draw
//! near each other where metals abound. The metal mass fraction follows from iron and oxygen,
//! the latter standing for all alpha elements (Salaris, Chieffi & Straniero 1993, ApJ 414, 580):
//!
//! ```text
//! Z = Z_sun 10^[Fe/H] (0.638 10^[O/Fe] + 0.362),     Z_sun = 0.0134  (Asplund et al. 2009)
//! ```

use super::config::{GalaxyConfig, OLDEST, Population};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// The Sun's metal mass fraction (Asplund et al. 2009, ARA&A 47, 481).
pub const SOLAR_METALS: f64 = 0.0134;

/// How \[Fe/H\] falls with age, in dex / Gyr.
const ENRICHMENT: f64 = 0.03;

/// Scatter of \[O/Fe\] about its sequence, in dex.
const ALPHA_SCATTER: f64 = 0.03;

/// Bounds of \[Fe/H\]: the most metal-poor and the most metal-rich stars.
const IRON: [f64; 2] = [-5.0, 0.7];

/// Draws an age in Gyr, above 0.
pub(super) fn age<R: Rng>(population: &Population, rng: &mut R) -> f64 {
    // This ends soon: the centre lies between the limits, and the spread is at most 10.
    loop {
        let age = population.age + population.age_spread * normal(rng);
        if age > 0.0 && age <= OLDEST {
            return age;
        }
    }
}

/// Draws \[Fe/H\] of a star of some age, so far (kpc) beyond the radius that holds half of its
/// component.
pub(super) fn iron<R: Rng>(population: &Population, age: f64, beyond: f64, rng: &mut R) -> f64 {
    let mean =
        population.metallicity + population.gradient * beyond - ENRICHMENT * (age - population.age);
    (mean + population.metallicity_spread * normal(rng)).clamp(IRON[0], IRON[1])
}

/// Draws \[O/Fe\] of a star of the thin disc or of another component.
pub(super) fn oxygen<R: Rng>(config: &GalaxyConfig, thin: bool, iron: f64, rng: &mut R) -> f64 {
    let (plateau, beyond) = (config.alpha_plateau, iron - config.alpha_knee);
    let mean = if thin { plateau - 0.2 - 0.2 * beyond } else { plateau - 0.3 * beyond.max(0.0) };
    mean.clamp(plateau.min(-0.3), plateau) + ALPHA_SCATTER * normal(rng)
}

/// The metal mass fraction for \[Fe/H\] and \[O/Fe\].
///
/// ```
/// use astrogen_sky::galaxy::{SOLAR_METALS, metals};
///
/// assert!((metals(0.0, 0.0) - SOLAR_METALS).abs() < 1e-12);
/// assert!(metals(0.0, 0.3) > SOLAR_METALS);
/// ```
pub fn metals(iron: f64, oxygen: f64) -> f64 {
    let enhancement = 0.638 * 10.0_f64.powf(oxygen) + 0.362;
    SOLAR_METALS * 10.0_f64.powf(iron) * enhancement
}

/// A number of mean 0 and variance 1.
pub(super) fn normal<R: Rng>(rng: &mut R) -> f64 {
    StandardNormal.sample(rng)
}
