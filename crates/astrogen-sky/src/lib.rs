#![doc = include_str!("../README.md")]
//!
//! [`nebula`] makes emission nebulae in three bands; it is built from parts that stand on
//! their own: [`turbulence`] (random fields with a power-law spectrum), [`stars`] (a
//! luminosity function and colours), [`psf`] (Moffat's profile) and [`noise`] (photon and
//! read noise). Pixels are electrons, arrays are `[C, H, W]`.
//!
//! [`survey`] makes a survey's catalogue and sky maps: true magnitudes and observing
//! conditions, and the magnitudes observed under them. [`cache`] keeps both for programs that
//! have no data of their own.

pub mod cache;
mod claim;
pub mod error;
mod fft;
pub mod nebula;
pub mod noise;
pub mod psf;
mod random;
pub mod stars;
pub mod survey;
pub mod turbulence;

pub use cache::{cached_nebulae, cached_survey};
pub use error::SkyError;
pub use nebula::{Nebula, NebulaConfig, simulate_nebulae};
pub use survey::{Measurement, Survey, SurveyConfig};
