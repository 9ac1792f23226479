#![doc = include_str!("../README.md")]
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`step`] | the [`Step`] trait: from a batch to updated networks |
//! | [`state`] | the [`State`] trait: what of an algorithm a checkpoint holds |
//! | [`gan`] | the DCGAN step |
//! | [`wgan_gp`] | the WGAN-GP step |
//! | [`relativistic`] | the step of a relativistic GAN with R1 and R2 |
//! | [`cwgan_gp`] | the step of a conditional WGAN-GP for tables |
//! | [`augmentation`] | what a critic is shown in place of images |
//! | [`adaptive`] | how often |
//! | [`autoencoder`] | the step of an autoencoder |
//! | [`flow`] | the step of a normalizing flow |
//! | [`gaussian`] | the step of a Gaussian regression for tables |
//! | [`mod@fit`] | the loop: batches in, [`Event`]s out to observers, checkpoints, resume |
//! | [`stored`] | a module together with the variables it is made of |
//! | [`optim`] | optimisers whose moments can be saved |
//! | [`schedule`] | learning rates that change within a run |
//! | [`annealing`] | other settings that do |
//! | [`ema`] | the exponential moving average of a network |
//! | [`guard`] | finds the first tensor that is no longer finite |
//! | [`checkpoint`] | one file with everything a run needs to go on |
//! | [`run_dir`] | the folder of a run: config, checkpoints, samples, logs |
//! | [`transfer`] | a run that begins from another run's weights |
//! | [`search`] | search for better settings: spaces, trials, and the table of their scores |
//! | [`log`] | observers that write down a run: CSV, JSON lines, TensorBoard, progress bar |
//! | [`pace`] | how many steps fill a time |
//! | [`interrupt`] | Ctrl-C that finishes the step, saves and leaves |
//!
//! Data flows one way: `astrogen-data` deals a batch, a [`Step`] turns it into
//! new weights and a handful of scalars, observers are told. A step sees no file, an
//! observer changes no weight.
//!
//! # Resume is byte-exact on the CPU
//! Step `k` of a run depends on the state of its networks and on `(seed, k)` alone: the
//! batch is a function of them, and [`fit()`] seeds libtorch's generator anew
//! before each step. So there is no hidden state to save, and `n` steps in one go give
//! the same bytes as `k` steps, a kill, and `n - k` more with the same number of threads.

pub mod adaptive;
mod against_critic;
pub mod annealing;
pub mod augmentation;
pub mod autoencoder;
pub mod checkpoint;
mod critic;
pub mod cwgan_gp;
pub mod ema;
mod error;
pub mod fit;
pub mod flow;
pub mod gan;
mod gan_step;
pub mod gaussian;
mod generator;
pub mod guard;
pub mod interrupt;
mod lecam;
pub mod log;
pub mod optim;
pub mod pace;
mod pass;
pub mod relativistic;
pub mod run_dir;
pub mod schedule;
pub mod search;
pub mod state;
pub mod step;
pub mod stored;
pub mod transfer;
pub mod wgan_gp;

pub use astrogen_distributed::{Group, World};

pub use adaptive::{AdaptiveConfig, AugmentControl, AugmentProbability};
pub use augmentation::Augmentation;
pub use autoencoder::{AutoencoderStep, AutoencoderStepConfig};
pub use checkpoint::Checkpoint;
pub use cwgan_gp::{CwganGpStep, CwganGpStepConfig};
pub use ema::Ema;
pub use error::TrainError;
pub use fit::{
    Criterion, EvaluateBy, Evaluation, Event, FitConfig, Observer, Outcome, fit, fit_in_memory,
};
pub use flow::{FlowStep, FlowStepConfig};
pub use gan::{DcganStep, DcganStepConfig};
pub use gan_step::GanStep;
pub use gaussian::{GaussianStep, GaussianStepConfig};
pub use interrupt::StopSignal;
pub use log::{History, RunLog};
pub use optim::{Adam, AdamConfig};
pub use relativistic::{RelativisticStep, RelativisticStepConfig};
pub use run_dir::RunDir;
pub use schedule::Schedule;
pub use state::State;
pub use step::{Losses, Step, check_shape, check_size};
pub use stored::{Stored, prefixed};
pub use wgan_gp::{WganGpStep, WganGpStepConfig};
