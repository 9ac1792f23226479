#![doc = include_str!("../README.md")]
//!
//! | module's concept | what it is |
//! | --- | --- |
//! | [`AnomalyConfig`] | everything a search is made with: config.json in its folder |
//! | [`train_autoencoder`] | the autoencoder of the images that the generator was trained on |
//! | [`invert`] | latents whose images are nearest to given ones |
//! | [`Finder`] | a generator, its opponent and an autoencoder: scores of images |
//! | [`inject`] | images with an anomaly each, in linear light |
//! | [`Trial`] | how well each score finds those |
//! | [`Finds`] | what was found in a folder of images, written into the search's folder |

mod autoencoder;
mod config;
mod error;
mod figures;
mod finder;
mod finds;
mod inject;
mod invert;
mod trial;

pub use autoencoder::train_autoencoder;
pub use config::AnomalyConfig;
pub use error::AnomalyError;
pub use finder::{Finder, Look, Method, Scores};
pub use finds::{Find, Finds};
pub use inject::{InjectConfig, inject};
pub use invert::{InversionConfig, Inverted, invert};
pub use trial::{Trial, TrialRow};
