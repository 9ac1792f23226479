#![doc = include_str!("../README.md")]
//!
//! Every struct of options is a `clap` one for `#[command(flatten)]`, and becomes what the other
//! crates take: plain settings, a folder, a device.
//!
//! | options | what they become |
//! | --- | --- |
//! | [`RunArguments`] | the device, how long to train, and the folder of a run, new or to go on with |
//! | [`ImageArguments`] | a folder of images to train on, with [`FrameArguments`] |
//! | [`FrameArguments`] | which image of a file is taken, and which of its pixels are bad |
//! | [`DcganArguments`], [`WganArguments`] | networks and how they are trained |
//! | [`SampleArguments`] | samples of a run, as a grid and as FITS files |
//!
//! [`ImageConfig`] is the config.json of runs on images, with their [`Networks`]. [`say`] writes a program's lines.

mod dcgan;
mod error;
mod frame;
mod image_config;
mod images;
mod run;
mod sample;
mod say;
mod wgan;

pub use dcgan::{DcganArguments, DcganRecipe};
pub use error::CliError;
pub use frame::FrameArguments;
pub use image_config::{ImageConfig, Networks};
pub use images::ImageArguments;
pub use run::RunArguments;
pub use sample::SampleArguments;
pub use say::say;
pub use wgan::WganArguments;
