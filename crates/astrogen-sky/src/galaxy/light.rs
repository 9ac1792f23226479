//! The light of stars of one age and metallicity, in three bands.
//!
//! ```text
//! L_r / M = 2.4 t^-0.72 10^(-0.1 m)        (Sun's own luminosity in r and mass; t in Gyr)
//! g - r   = table(log t) + 0.15 m
//! r - i   = table(log t) + 0.06 m          m = log10(Z / Z_sun), cut to -1.5 to 0.4
//! ```
//!
//! Populations fade as a power of their age (Tinsley 1980, Fundamentals of Cosmic Physics 5,
//! 287), and those younger than 20 Myr shine as if they were as old: a particle stands for many
//! stars, whose birth takes about as long. The numbers are round ones after the models of Bruzual
//! & Charlot (2003, MNRAS 344, 1000) with a Chabrier initial mass function: enough for pictures,
//! too little for photometry. The Sun has the absolute AB magnitudes g 5.11, r 4.65, i 4.53
//! (Willmer 2018, ApJS 236, 47).

use super::chemistry::SOLAR_METALS;

/// The bands in order: red, green and blue of a picture.
pub const BANDS: [&str; 3] = ["i", "r", "g"];

/// Extinction in the bands over that in V (Schlafly & Finkbeiner 2011, ApJ 737, 103, for
/// `R_V = 3.1`).
pub(super) const EXTINCTION: [f64; 3] = [0.619, 0.833, 1.205];

/// `log10` of the age in Gyr, g - r and r - i at the Sun's metallicity.
const COLOURS: [[f64; 3]; 7] = [
    [-1.7, -0.10, -0.07],
    [-1.0, 0.02, 0.00],
    [-0.5, 0.13, 0.06],
    [0.0, 0.38, 0.18],
    [0.5, 0.60, 0.27],
    [1.0, 0.75, 0.34],
    [1.14, 0.78, 0.36],
];

/// The Sun's colours g - r and r - i.
const SOLAR: [f64; 2] = [5.11 - 4.65, 4.65 - 4.53];

/// Luminosity of a solar mass of stars in each of [`BANDS`], in the Sun's luminosities in the
/// band, for an age in Gyr and a metal mass fraction.
///
/// ```
/// use astrogen_sky::galaxy::luminosity;
///
/// let [old, young] = [10.0, 0.01].map(|age| luminosity(age, 0.0134));
/// assert!(young[1] > 50.0 * old[1]);
/// assert!(young[2] > young[0] && old[2] < old[0]); // blue and red
/// ```
pub fn luminosity(age: f64, metals: f64) -> [f64; 3] {
    let log = age.log10().clamp(COLOURS[0][0], COLOURS[COLOURS.len() - 1][0]);
    let metallicity = (metals / SOLAR_METALS).log10().clamp(-1.5, 0.4);
    let next = COLOURS.iter().position(|row| row[0] > log).unwrap_or(COLOURS.len() - 1);
    let [before, after] = [COLOURS[next - 1], COLOURS[next]];
    let along = (log - before[0]) / (after[0] - before[0]);
    let colour = |index: usize, slope: f64| {
        before[index] + along * (after[index] - before[index]) + slope * metallicity
    };
    let r = 2.4 * 10.0_f64.powf(-0.72 * log - 0.1 * metallicity);
    let bluer = 10.0_f64.powf(-0.4 * (colour(1, 0.15) - SOLAR[0]));
    let redder = 10.0_f64.powf(0.4 * (colour(2, 0.06) - SOLAR[1]));
    [r * redder, r, r * bluer]
}
