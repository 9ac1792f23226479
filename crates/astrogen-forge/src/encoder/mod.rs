//! From images of galaxies to latents: an autoencoder, trained, judged and used.
//!
//! ```text
//! images/g0007.png  ->  GalaxyImages  ->  train_encoder  ->  run folder  ->  Encoder  ->  Latents
//! ```
//!
//! A galaxy is known by its id, which is the name of its image without the ending. Its latents are
//! `g0007_latent.npy`, as GalacticForge names them: `[L]` numbers in single precision.

mod config;
mod images;
mod latents;
mod pictures;
mod train;
mod trained;

pub use config::{EncoderConfig, EncoderRecipe};
pub use images::{GalaxyImages, GalaxyImagesSummary, Restricted};
pub use latents::Latents;
pub use train::{EncoderReport, train_encoder};
pub use trained::Encoder;
