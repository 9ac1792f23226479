#![doc = include_str!("../README.md")]
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`traits`] | [`Generator`], [`Discriminator`] and [`Critic`], what training and sampling need to know of a network |
//! | [`dcgan`] | the deep convolutional generative adversarial network |
//! | [`wgan`] | generator and critic of a Wasserstein GAN |
//! | [`sharp`] | a generator that keeps points and filaments sharp, and its critic |
//! | [`r3gan`] | the modern residual networks of R3GAN |
//! | [`tabular`] | generator and critic of a conditional WGAN for tables, and the Gaussian regression they have to beat |
//! | [`autoencoder`] | images as a few latents, and back |
//! | [`latent`] | paths through the space of latents |
//! | [`error`] | [`ModelError`] |
//!
//! What they are made of, [`astrogen_nn`] has: layers, [`weights`] as files, [`mlp`] and
//! [`batch_norm`], which stand here too.
//!
//! A config makes a network on a `tch` variable store; the names of its variables are
//! those of the same network in PyTorch. A trained generator comes back from its weights
//! file alone.

pub mod autoencoder;
mod config;
pub mod dcgan;
pub mod error;
pub mod latent;
pub mod r3gan;
pub mod sharp;
pub mod tabular;
pub mod traits;
mod upsampling;
pub mod wgan;

pub use astrogen_nn::layers::{Passes, Tape};
pub use astrogen_nn::{
    BatchNorm, Mlp, MlpConfig, Network, WeightFile, batch_norm, fingerprint, mlp, weights,
};
pub use autoencoder::{Autoencoder, AutoencoderConfig};
pub use dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
pub use error::ModelError;
pub use latent::slerp;
pub use r3gan::{R3ganConfig, R3ganDiscriminator, R3ganGenerator};
pub use sharp::{SharpConfig, SharpGenerator};
pub use tabular::{
    Activation, BlockRows, GaussianRegressor, GaussianRegressorConfig, TabularBlock, TabularConfig,
    TabularCritic, TabularGenerator, TabularPass,
};
pub use traits::{Critic, Discriminator, Generator};
pub use upsampling::Upsampling;
pub use wgan::{CriticNormalization, WganConfig, WganCritic, WganGenerator};
