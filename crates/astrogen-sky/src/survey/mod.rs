//! A simulated survey whose true conditional distribution is known.
//!
//! Balrog puts galaxies of known magnitudes into the images of a survey and runs the survey's
//! own measurement on them (Suchyta et al. 2016, MNRAS 457, 786; Everett et al. 2022, ApJS 258,
//! 15). The pairs of true and observed magnitudes, with the observing conditions at each
//! galaxy's place, tell how the survey changes what it sees. Here the galaxies, the conditions
//! and the measurement are all made from stated formulas, so that
//! p(observed | true, conditions) can be sampled at will: an emulator that was trained on the
//! files of the survey can be held against the truth.
//!
//! 1. [`SurveyMaps`]: a footprint with foreground stars and bad regions, and smooth maps of the
//!    sky noise and the seeing in r, i, z;
//! 2. galaxies of two populations, red and blue, with counts that rise with the magnitude in
//!    i and correlated colours r-i and i-z, spread evenly over what was covered;
//! 3. [`Measurement`]: from true magnitudes and conditions to observed magnitudes.
//!
//! In pixels that the maps reject, the background is three times as rough as the noise maps
//! say: whoever forgets to select [clean](Survey::clean) galaxies sees it in the result.
//!
//! ```
//! use astrogen_sky::{Survey, SurveyConfig};
//!
//! let config = SurveyConfig { galaxies: 500, nside: 64, ..Default::default() };
//! let survey = Survey::simulate(&config, 7)?;
//! assert_eq!(survey.true_magnitudes().dim(), (500, 3)); // r, i, z
//! assert_eq!(survey.conditions().dim(), (500, 6)); // noise r, i, z, then seeing r, i, z
//!
//! // What the survey might as well have observed of the same galaxies:
//! let again = config.measurement.draw_many(
//!     survey.true_magnitudes().view(),
//!     survey.conditions().view(),
//!     8,
//! )?;
//! assert_eq!(again.dim(), survey.observed_magnitudes().dim());
//! # Ok::<(), astrogen_sky::SkyError>(())
//! ```

mod config;
mod field;
mod files;
mod galaxies;
mod maps;
mod measurement;
mod sphere;

pub use config::SurveyConfig;
pub(crate) use files::is_complete;
pub use files::{CATALOGUE, MANIFEST};
pub use maps::{CONDITIONS, SELECTION, SurveyMaps};
pub use measurement::{Measurement, ZERO_POINT};

use crate::error::SkyError;
use crate::random::{seed_of, stream};
use ndarray::Array2;
use rand::{Rng, RngExt};
use rayon::prelude::*;
use sphere::{Cap, ra_dec};

/// The bands, in order.
pub const BANDS: [&str; 3] = ["r", "i", "z"];

/// How much rougher the background is where the maps reject a pixel.
const SPOILED: f32 = 3.0;

/// A simulated survey: its maps and its catalogue.
#[derive(Clone, Debug)]
pub struct Survey {
    config: SurveyConfig,
    seed: u64,
    maps: SurveyMaps,
    ra: Vec<f64>,
    dec: Vec<f64>,
    clean: Vec<bool>,
    true_magnitudes: Array2<f32>,
    observed_magnitudes: Array2<f32>,
    conditions: Array2<f32>,
}

/// A galaxy before it is measured.
struct Galaxy {
    position: [f64; 2],
    pixel: usize,
    magnitudes: [f32; 3],
}

impl Survey {
    /// Simulates a survey on all threads of rayon's pool. The same settings and seed give the
    /// same survey, whatever the number of threads; a longer catalogue begins with the
    /// galaxies of a shorter one.
    ///
    /// # Errors
    /// [`SkyError::Setting`] if a setting breaks its rule.
    pub fn simulate(config: &SurveyConfig, seed: u64) -> Result<Self, SkyError> {
        config.validate()?;
        let [sky, galaxies, noise] = [0, 1, 2].map(|purpose| seed_of(seed, purpose));
        let maps = SurveyMaps::draw(config, sky)?;
        let patch = config.patch();
        let galaxies: Vec<Galaxy> = (0..config.galaxies)
            .into_par_iter()
            .map(|row| {
                let mut rng = stream(galaxies, row as u64);
                let (position, pixel) = place(&maps, patch, &mut rng);
                let magnitudes = galaxies::draw(config, &mut rng).map(|value| value as f32);
                Galaxy { position, pixel, magnitudes }
            })
            .collect();

        let clean: Vec<bool> = galaxies.iter().map(|galaxy| maps.is_clean(galaxy.pixel)).collect();
        let rows: Vec<_> = galaxies.iter().map(|galaxy| maps.conditions()[galaxy.pixel]).collect();
        let conditions = Array2::from(rows);
        let mut felt = conditions.clone();
        for (mut row, &clean) in felt.outer_iter_mut().zip(&clean) {
            if !clean {
                row.iter_mut().take(BANDS.len()).for_each(|noise| *noise *= SPOILED);
            }
        }
        let rows: Vec<_> = galaxies.iter().map(|galaxy| galaxy.magnitudes).collect();
        let true_magnitudes = Array2::from(rows);
        let observed_magnitudes =
            config.measurement.draw_many(true_magnitudes.view(), felt.view(), noise)?;
        let (ra, dec) = galaxies.iter().map(|galaxy| galaxy.position.into()).unzip();
        let config = config.clone();
        Ok(Self {
            config,
            seed,
            maps,
            ra,
            dec,
            clean,
            true_magnitudes,
            observed_magnitudes,
            conditions,
        })
    }

    /// The settings.
    pub fn config(&self) -> &SurveyConfig {
        &self.config
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The maps.
    pub fn maps(&self) -> &SurveyMaps {
        &self.maps
    }

    /// Right ascension of each galaxy in degrees, from 0 to 360.
    pub fn ra(&self) -> &[f64] {
        &self.ra
    }

    /// Declination of each galaxy in degrees.
    pub fn dec(&self) -> &[f64] {
        &self.dec
    }

    /// Whether each galaxy lies in a clean pixel: one for which
    /// [`observed_magnitudes`](Self::observed_magnitudes) follow
    /// [`Measurement::draw`] under the listed conditions.
    pub fn clean(&self) -> &[bool] {
        &self.clean
    }

    /// True magnitudes `[N, 3]` in r, i, z.
    pub fn true_magnitudes(&self) -> &Array2<f32> {
        &self.true_magnitudes
    }

    /// Observed asinh magnitudes `[N, 3]` in r, i, z.
    pub fn observed_magnitudes(&self) -> &Array2<f32> {
        &self.observed_magnitudes
    }

    /// Conditions `[N, 6]` in the order of [`CONDITIONS`], as the maps give them at each
    /// galaxy's pixel.
    pub fn conditions(&self) -> &Array2<f32> {
        &self.conditions
    }
}

/// Draws a galaxy's place, evenly over what was covered.
fn place<R: Rng>(maps: &SurveyMaps, patch: Cap, rng: &mut R) -> ([f64; 2], usize) {
    // This ends: the settings' rules leave pixels in the middle of the patch that are covered
    // fully, and they are a fifth of its area or more.
    loop {
        let position = ra_dec(patch.draw(rng));
        let kept: f32 = rng.random();
        if let Some(pixel) = maps.find(position)
            && kept < maps.selection()[pixel][0]
        {
            return (position, pixel);
        }
    }
}
