#![doc = include_str!("../README.md")]

mod encoder;
mod error;

pub use encoder::{
    Encoder, EncoderConfig, EncoderRecipe, EncoderReport, GalaxyImages, Latents, Restricted,
    train_encoder,
};
pub use error::ForgeError;
