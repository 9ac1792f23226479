#![doc = include_str!("../README.md")]
//!
//! Every struct of options is a `clap` one for `#[command(flatten)]`, and becomes what the other
//! crates take: plain settings, a folder, a device.
//!
//! | options | what they become |
//! | --- | --- |
//! | [`RunArguments`] | the device, how long to train, and the folder of a run, new or to go on with |
//! | [`Fitting`] | how often what is trained is evaluated, and what the best checkpoint is best in |
//! | [`ImageArguments`] | a folder of images to train on, with [`FrameArguments`] |
//! | [`FrameArguments`] | which image of a file is taken, and which of its pixels are bad |
//! | [`DcganArguments`], [`WganArguments`] | networks and how they are trained |
//! | [`TableArguments`] | a catalogue and sky maps to train on, with [`CatalogArguments`] |
//! | [`CatalogArguments`] | how catalogues and sky maps are read where their files leave it open |
//! | [`EmulatorArguments`], [`SearchArguments`] | an emulator of a survey, or a search for a better one |
//! | [`EvaluateArguments`], [`EmulateArguments`] | a trained emulator, and the catalogue that it makes |
//! | [`DensityArguments`] | a density to learn of a catalogue's columns, with [`FileArguments`] |
//! | [`DensitySampleArguments`], [`LogProbArguments`], [`PosteriorArguments`] | what a trained density is asked for |
//! | [`ForgeArguments`], [`ForgeSampleArguments`] | galaxies to learn from their stars and images, and stars of a galaxy |
//! | [`CompareArguments`] | two skies to hold against each other, with [`ReadingArguments`] and [`NetworkArguments`] |
//! | [`ScarceArguments`] | few labelled images, and what generated ones are to be held against, with [`ReadingArguments`] |
//! | [`AnomalyArguments`] | a trained run, and images to be searched by it |
//! | [`SampleArguments`] | samples of a run, as a grid and as FITS files |
//!
//! [`ImageConfig`] is the config.json of runs on images, with their [`Networks`]. [`parse`] reads a program's arguments
//! and refuses those that `--resume` would ignore. [`say`] writes a program's lines, and a [`Console`] shows a training.
//! [`group`] has the processes that a program was started as, the first of which talks; [`ended`] tells the others of an
//! error.

mod anomaly;
mod augment;
mod catalog;
mod compare;
mod console;
mod dcgan;
mod density;
mod emulate;
mod emulator;
mod error;
mod forge;
mod frame;
mod group;
mod image_config;
mod images;
mod network;
mod pace;
mod parse;
mod run;
mod sample;
mod say;
mod scarce;
mod search;
mod survey;
mod table;
mod transfer;
mod upsampling;
mod wgan;

pub use anomaly::{AnomalyArguments, AnomalySearch, ImageRecipe};
pub use catalog::{CatalogArguments, FileArguments};
pub use compare::{CompareArguments, Sky};
pub use console::Console;
pub use dcgan::{DcganArguments, DcganRecipe};
pub use density::{
    DensityArguments, DensitySampleArguments, LogProbArguments, PosteriorArguments, Posteriors,
};
pub use emulate::EmulateArguments;
pub use emulator::{EmulatorArguments, EvaluateArguments};
pub use error::CliError;
pub use forge::{EncoderJob, ForgeArguments, ForgeSampleArguments};
pub use frame::FrameArguments;
pub use group::{by_the_first, ended, group};
pub use image_config::{ImageConfig, Networks};
pub use images::{ImageArguments, ReadingArguments, nebula_size};
pub use network::NetworkArguments;
pub use parse::parse;
pub use run::{Fitting, RunArguments};
pub use sample::SampleArguments;
pub use say::say;
pub use scarce::{Scarce, ScarceArguments};
pub use search::SearchArguments;
pub use table::TableArguments;
pub use wgan::WganArguments;
