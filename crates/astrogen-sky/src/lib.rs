#![doc = include_str!("../README.md")]
//!
//! [`nebula`] makes emission nebulae in three bands; it is built from parts that stand on
//! their own: [`turbulence`] (random fields with a power-law spectrum), [`stars`] (a
//! luminosity function and colours), [`psf`] (Moffat's profile) and [`noise`] (photon and
//! read noise). Pixels are electrons, arrays are `[C, H, W]`.
//!
//! [`galaxy`] makes galaxies as star particles, pictures of them, and suites of galaxies that
//! follow the scaling relations of real ones.
//!
//! [`anomaly`] puts odd things into images: companions, trails, cosmic rays, rings.
//!
//! [`survey`] makes a survey's catalogue and sky maps: true magnitudes and observing
//! conditions, and the magnitudes observed under them. [`cache`] keeps them for programs that
//! have no data of their own. [`plane`] has plain sets of points to try a density model on.

pub mod anomaly;
pub mod cache;
mod claim;
pub mod error;
mod fft;
pub mod galaxy;
pub mod nebula;
pub mod noise;
pub mod plane;
pub mod psf;
mod random;
pub mod stars;
pub mod survey;
pub mod turbulence;

pub use anomaly::Anomaly;
pub use cache::{
    cached_galaxies, cached_nebulae, cached_spirals, cached_stars, cached_survey, cached_two_moons,
    nebulae_folder,
};
pub use error::SkyError;
pub use galaxy::{Galaxy, GalaxyConfig, SuiteConfig, simulate_galaxies};
pub use nebula::{Nebula, NebulaConfig, simulate_nebulae};
pub use survey::{Measurement, Survey, SurveyConfig};
