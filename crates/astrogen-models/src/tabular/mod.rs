//! Generator and critic of a conditional Wasserstein GAN for tables.
//!
//! A row has features that were observed, features that are true, and conditions of the
//! observation; the generator makes the first given the others, the critic scores how well
//! they go together. Each is three branches side by side and a trunk on what they give:
//!
//! ```text
//! generator   noise      8 -> 128 -> 64 \
//!             cond       6 -> 128 -> 64  | 192 -> 128 -> 128 -> 3     (out)
//!             true       3 -> 128 -> 64 /
//! critic      genout     3 -> 128 -> 64 \
//!             cond       6 -> 128 -> 64  | 192 -> 128 -> 128 -> 1     (out)
//!             true       3 -> 128 -> 64 /
//! ```
//!
//! with LeakyReLU of slope 0.2 behind every layer but the last. At these defaults they are
//! the networks that emulate Balrog, the Dark Energy Survey's injection of known galaxies:
//! true magnitudes and sky conditions in r, i and z to measured magnitudes. Variables are
//! named like those of PyTorch modules whose children are plain `nn.Sequential`s: `noise`,
//! `cond`, `true`, `out`, and `genout` in the place of `noise` in the critic
//! (`noise.0.weight`, ...). First weights are those of `nn.Linear`.
//!
//! The context is one tensor `[N, conditions + true_features]`, the conditions first. All
//! values should be standardised.
//!
//! ```
//! use astrogen_models::TabularConfig;
//! use tch::{Device, Kind, Tensor, nn};
//!
//! let config = TabularConfig::default();
//! let (g, c) = (nn::VarStore::new(Device::Cpu), nn::VarStore::new(Device::Cpu));
//! let generator = config.init_generator(&g.root())?;
//! let critic = config.init_critic(&c.root())?;
//!
//! let context = Tensor::zeros([5, 9], (Kind::Float, Device::Cpu));
//! let observed = generator.forward(&generator.latent(5), &context);
//! assert_eq!(observed.size(), [5, 3]);
//! let given = critic.given(&context);
//! assert_eq!(given.forward(&observed).size(), [5]);
//! # Ok::<(), astrogen_models::ModelError>(())
//! ```

mod blocks;
mod chains;
mod config;
mod critic;
mod emulate;
pub mod gaussian;
mod gaussian_rows;
mod generator;
mod pass;

pub use astrogen_nn::dense::BlockRows;
pub use config::{Activation, TabularConfig};
pub use critic::{GivenCritic, TabularCritic};
pub use gaussian::{GaussianRegressor, GaussianRegressorConfig};
pub use generator::TabularGenerator;
pub use pass::{TabularBlock, TabularPass};
