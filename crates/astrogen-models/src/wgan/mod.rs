//! Generator and critic of a Wasserstein GAN with gradient penalty, WGAN-GP.
//!
//! ```text
//! generator   [N, 128, 1, 1] -> 512x4x4 -> 256x8x8 -> 128x16x16 -> 64x32x32 -> 32x64x64 -> 3x128x128
//! critic      3x128x128 -> 32x64x64 -> 64x32x32 -> 128x16x16 -> 256x8x8 -> 512x4x4 -> [N]
//! ```
//!
//! The generator is that of the [DCGAN](crate::dcgan): 4x4 transposed convolutions without
//! bias (or nearest-neighbour or bilinear doubling and 3x3 convolutions, whose images have no
//! checker texture), batch normalisation and ReLU between them, tanh at the end. The critic has 4x4
//! convolutions of stride 2 with bias and LeakyReLU of slope 0.2; it ends in one score
//! without bounds. It has no normalisation by default: the gradient penalty is about each
//! image's own gradient, which batch normalisation would mix with the others'. Layer and
//! instance normalisation keep images apart and may be chosen, and so may spectral
//! normalisation; without any of them the critic is piecewise linear, and the penalty takes
//! its closed form. (Gulrajani et al. 2017, *Improved Training of Wasserstein GANs*.)
//!
//! Other sizes have one layer more or less a doubling; widths double with each halving of
//! the image up to 16 times the features. First weights are drawn as the DCGAN's, biases
//! are 0. Variables are named like those of a PyTorch module whose one child is the plain
//! `nn.Sequential` called `net`: `net.0.weight`, `net.0.bias`, ...; layer and instance
//! normalisation are `nn.GroupNorm` of one group and of one per channel, spectral
//! normalisation is `torch.nn.utils.parametrizations.spectral_norm`.
//!
//! ```
//! use astrogen_models::{Critic, Generator, WganConfig};
//! use tch::{Device, nn};
//!
//! let config = WganConfig { image_size: 64, generator_features: 4, ..Default::default() };
//! let (g, c) = (nn::VarStore::new(Device::Cpu), nn::VarStore::new(Device::Cpu));
//! let generator = config.init_generator(&g.root())?;
//! let critic = config.init_critic(&c.root())?;
//!
//! let fake = generator.forward_t(&generator.latent(5), true);
//! assert_eq!(fake.size(), [5, 3, 64, 64]);
//! assert_eq!(critic.forward_t(&fake, true).size(), [5]);
//! assert!(critic.piecewise_linear().is_some());
//! # Ok::<(), astrogen_models::ModelError>(())
//! ```

mod config;
mod critic;
mod generator;

pub use crate::upsampling::Upsampling;
pub use config::{CriticNormalization, WganConfig};
pub use critic::WganCritic;
pub use generator::WganGenerator;
