//! The deep convolutional generative adversarial network, DCGAN.
//!
//! A generator paints an image from a latent vector by transposed convolutions that double
//! the size from 4x4 on; a discriminator mirrors it down to one logit:
//!
//! ```text
//! generator       [N, 100, 1, 1] -> 512x4x4 -> 256x8x8 -> 128x16x16 -> 64x32x32 -> 3x64x64
//! discriminator   3x64x64 -> 64x32x32 -> 128x16x16 -> 256x8x8 -> 512x4x4 -> [N]
//! ```
//!
//! All kernels are 4x4 without bias, the one at the 1x1 end with stride 1 and no padding,
//! the others with stride 2 and padding 1. The generator has batch normalisation and ReLU
//! between its layers and tanh at the end; the discriminator LeakyReLU of slope 0.2 between
//! its layers, with batch normalisation but after the first. First weights are from
//! N(0, 0.02), normalisation gains from N(1, 0.02) with bias 0. (Radford, Metz & Chintala
//! 2016, *Unsupervised Representation Learning with Deep Convolutional Generative
//! Adversarial Networks*; the defaults are those of PyTorch's `dcgan` example.)
//!
//! As options, the generator doubles its images by nearest or bilinear
//! [upsampling](crate::Upsampling) and 3x3 convolutions, which leave no mesh; the discriminator's
//! weights have their spectral norm divided out, so that its slopes are bounded (Miyato et al. 2018);
//! and it is told at 4x4 pixels [how much](astrogen_nn::layers::minibatch_deviation) the images
//! of its batch differ, against a generator that always paints the same one.
//!
//! The discriminator gives logits, for a loss that is stable;
//! [`probability`](crate::Discriminator::probability) has the sigmoid. Other image sizes
//! have one layer more or less a doubling. Widths double with each halving of the image up
//! to 8 times the features, so that a 512x512 network stays of a size to train.
//!
//! Variables are named like those of a PyTorch module whose one child is the plain
//! `nn.Sequential` called `net`: `net.0.weight`, `net.1.weight`, `net.1.bias`,
//! `net.1.running_mean`, `net.1.running_var`, `net.1.num_batches_tracked`, ...
//!
//! ```
//! use astrogen_models::{DcganConfig, Discriminator, Generator};
//! use tch::{Device, nn};
//!
//! let config = DcganConfig { image_size: 32, generator_features: 8, ..Default::default() };
//! let (g, d) = (nn::VarStore::new(Device::Cpu), nn::VarStore::new(Device::Cpu));
//! let generator = config.init_generator(&g.root())?;
//! let discriminator = config.init_discriminator(&d.root())?;
//!
//! let fake = generator.forward_t(&generator.latent(5), true);
//! assert_eq!(fake.size(), [5, 3, 32, 32]);
//! assert_eq!(discriminator.forward_t(&fake, true).size(), [5]);
//! # Ok::<(), astrogen_models::ModelError>(())
//! ```

mod config;
mod discriminator;
mod generator;

pub use config::DcganConfig;
pub use discriminator::DcganDiscriminator;
pub use generator::DcganGenerator;
