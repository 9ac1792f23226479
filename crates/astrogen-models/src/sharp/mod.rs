//! A convolutional generator and critic whose images keep points and filaments sharp, for sets
//! of a thousand images and minutes of training.
//!
//! ```text
//! generator   [N, 128] -> 128x4x4 -> 80x8x8 -> 48x16x16 -> 32x32x32 -> 16x64x64 -> 3x64x64
//! critic      3x64x64 -> 16x32x32 -> 32x16x16 -> 64x8x8 -> 128x4x4 -> [N]
//! ```
//!
//! The generator begins with a fully connected layer and batch normalisation. Each stage
//! doubles the images bilinearly, then has a 3x3 convolution without bias, batch normalisation,
//! noise and LeakyReLU of slope 0.2; a last 3x3 convolution with bias, at full size, and tanh
//! paint the bands. Two things differ from a [DCGAN](crate::dcgan) where it counts:
//!
//! - **No transposed convolution.** A 4x4 kernel of stride 2 reaches neighbouring pixels by
//!   different weights, which shows as a mesh of the Nyquist frequency (Odena, Dumoulin & Olah
//!   2016, *Deconvolution and Checkerboard Artifacts*).
//! - **Noise inputs.** Each stage but the last adds one Gaussian map per image, times a weight per
//!   channel that is learnt and starts at 0 (Karras et al. 2019, *A Style-Based Generator
//!   Architecture*, section 3.2). Faint stars need not be coded into the latent, whose 128
//!   numbers are left for the shapes. So an image is a function of latent and noise; in eval mode
//!   too. At full size noise would be white down to single pixels, which images behind a telescope
//!   are not: with it there, trained generators had three times the reals' power at the Nyquist
//!   frequency.
//!
//! The critic is that of the [WGAN](crate::wgan): the DCGAN's discriminator with biases and
//! without batch normalisation, so that it scores each image by itself and is piecewise linear,
//! and a gradient penalty takes its closed form.
//!
//! First weights are He's for the slope 0.2 (He et al. 2015, *Delving Deep into Rectifiers*), at
//! half the deviation in the generator's last layer; normalisations start as PyTorch's, biases
//! at 0. With `f` features the generator's stages have, from full size down, `f`, `2f`, `3f`,
//! `5f` and then `8f` channels, and the critic's, from half size down, `f`, `2f`, `4f`, ... up to
//! `16f`.
//!
//! Variables of the generator are named like those of a PyTorch module with the children
//! `input` (of `linear` and `norm`), `stages` (an `nn.ModuleList` of `conv`, `norm` and, but in the last, `noise`)
//! and `output`: `input.linear.weight`, `stages.0.conv.weight`, `stages.0.noise.weight`,
//! `output.bias`, ...; `tests/golden/sharp.py` has that module.
//!
//! ```
//! use astrogen_models::{Critic, Generator, SharpConfig};
//! use tch::{Device, nn};
//!
//! let config = SharpConfig { image_size: 32, generator_features: 4, ..Default::default() };
//! let (g, c) = (nn::VarStore::new(Device::Cpu), nn::VarStore::new(Device::Cpu));
//! let generator = config.init_generator(&g.root())?;
//! let critic = config.init_critic(&c.root())?;
//!
//! let fake = generator.forward_t(&generator.latent(5), true);
//! assert_eq!(fake.size(), [5, 3, 32, 32]);
//! assert_eq!(critic.forward_t(&fake, true).size(), [5]);
//! assert!(critic.piecewise_linear().is_some());
//! # Ok::<(), astrogen_models::ModelError>(())
//! ```

mod config;
mod generator;
mod layers;

pub use config::SharpConfig;
pub use generator::SharpGenerator;
