//! An autoencoder of images: what is alike in them as a few numbers.
//!
//! ```text
//! encoder   [N, C, S, S]  ->  convolutions of stride 2, ReLU  ->  [N, W, s, s]  ->  latent [N, L]
//! decoder   latent [N, L]  ->  [N, W, s, s]  ->  transposed convolutions  ->  sigmoid [N, C, S, S]
//! ```
//!
//! Each convolution (4 x 4, stride 2, padding 1) halves the size, each transposed one doubles it.
//! Images are unit values, in [0, 1]. The default is the network of GalacticForge: 448 x 448 pixels
//! in three bands, widths 64 to 2048, 16 latents; its variables have that program's names,
//! `encoder.0.weight` to `decoder.12.bias`.
//!
//! A [variational](AutoencoderConfig::variational) autoencoder (Kingma and Welling 2014) gives a mean
//! and the logarithm of a variance for each latent; training draws from that normal distribution and
//! holds it to a standard one, so that latents that were never seen mean something too.

mod config;
mod network;

pub use config::AutoencoderConfig;
pub use network::Autoencoder;
