//! Generator and discriminator of R3GAN (Huang et al. 2024, *The GAN is dead; long live the GAN! A
//! Modern GAN Baseline*).
//!
//! ```text
//! generator       [N, 64] -> 768x4x4 -> 768x8x8 -> 768x16x16 -> 768x32x32 -> 384x64x64 -> 3x64x64
//! discriminator   the same way back, from 3x64x64 to [N]
//! ```
//!
//! Both are stages of residual blocks without normalisation, two a size of images:
//!
//! ```text
//! x + L3 act(L2 act(L1 x + b1) + b2)
//! ```
//!
//! with 1x1 convolutions `L1` and `L3` to twice as many channels and back, a 3x3 convolution `L2` in
//! groups of 16 channels, and LeakyReLU of slope 0.2. Images are halved and doubled by a fixed
//! [low-pass filter](astrogen_nn::layers::Resampling), beside a 1x1 convolution where the width
//! changes. The generator begins with a learnt 4x4 pattern per channel whose strength is linear in the
//! latent, and ends in a 1x1 convolution without tanh; the discriminator begins with one, and ends in
//! a pattern per channel and a weighted sum.
//!
//! So the discriminator is piecewise linear, R1 and R2 come in closed form, and a step on them takes
//! one trace for loss and penalties ([`astrogen_losses::piecewise_linear_loss`]). The step is
//! `RelativisticStep` of astrogen-train.
//!
//! First weights are He's for the slope, times the number of blocks to the power of -1/4, in `L1` and
//! `L2`, zero in `L3`, so that blocks begin as the identity; of unit gain elsewhere, and standard normal
//! in the generator's patterns. Biases begin at 0.
//!
//! Variables are named as in the authors' PyTorch code: `MainLayers.0.Layers.0.Basis`,
//! `MainLayers.0.Layers.1.LinearLayer1.Layer.weight`, `MainLayers.0.Layers.1.NonLinearity1.Bias`,
//! `MainLayers.1.Layers.0.Resampler.Kernel` (the filter, which is always [1, 2, 1] spread to even
//! length), `AggregationLayer.Layer.weight`, ...; `tests/golden/r3gan.py` has a module of these names.
//!
//! ```
//! use astrogen_models::{Critic, Generator, R3ganConfig};
//! use tch::{Device, nn};
//!
//! let config = R3ganConfig::new(32, 16);
//! let (g, d) = (nn::VarStore::new(Device::Cpu), nn::VarStore::new(Device::Cpu));
//! let generator = config.init_generator(&g.root())?;
//! let discriminator = config.init_discriminator(&d.root())?;
//!
//! let fake = generator.forward_t(&generator.latent(5), true);
//! assert_eq!(fake.size(), [5, 3, 32, 32]);
//! assert_eq!(discriminator.forward_t(&fake, true).size(), [5]);
//! assert!(discriminator.piecewise_linear().is_some());
//! # Ok::<(), astrogen_models::ModelError>(())
//! ```

mod basis;
mod block;
mod config;
mod discriminator;
mod generator;
mod transition;

pub use config::R3ganConfig;
pub use discriminator::R3ganDiscriminator;
pub use generator::R3ganGenerator;
