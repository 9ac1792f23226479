#![doc = include_str!("../README.md")]
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`GalaxyImages`], [`EncoderRecipe`], [`EncoderConfig`], [`train_encoder`] | an autoencoder of galaxy images |
//! | [`Encoder`], [`Latents`] | a trained one, and the latents of galaxies |
//! | [`galaxies`] | the galaxies of a folder: their stars, cleaned, in memory or streamed |
//! | [`Conditions`] | what is known of each galaxy |
//! | [`Recipe`], [`ForgeConfig`] | settings in few words, and all of them |
//! | [`train()`] | from galaxies to a judged flow over their stars |
//! | [`Forge`] | a trained one: stars of given, interpolated or pictured galaxies |
//! | [`judge()`] | how far it can be trusted |

mod conditions;
mod config;
mod encoder;
mod error;
mod forge;
pub mod galaxies;
mod judge;
mod recipe;
mod sample;
mod step;
mod train;

pub use conditions::{Conditions, GalaxyConditions, Outside, Part};
pub use config::ForgeConfig;
pub use encoder::{
    Encoder, EncoderConfig, EncoderRecipe, EncoderReport, GalaxyImages, GalaxyImagesSummary,
    Latents, Restricted, train_encoder,
};
pub use error::ForgeError;
pub use forge::{Forge, Wanted};
pub use galaxies::{Deal, Galaxies, GalaxiesConfig, GalaxiesReport};
pub use judge::{
    Comparison, ForgeReport, GalaxyReport, Judgement, Physics, SampleDistances, judge, judge_with,
};
pub use recipe::Recipe;
pub use step::StarStep;
pub use train::{criteria, train};
