#![doc = include_str!("../README.md")]
//!
//! | module's concept | what it is |
//! | --- | --- |
//! | [`Recipe`] | what the networks learn, and how: makes an [`EmulatorConfig`] of a table |
//! | [`EmulatorConfig`] | everything a run is made with: config.json in its folder |
//! | [`train`] | a first half, a generator that completes it, a baseline to beat, the judgement |
//! | [`Emulator`] | a trained run: observed features of rows, or of a catalogue of any length |
//! | [`judge`](judge()) | a run's [`Judgement`]: reports, a summary in words, figures in its folder |
//! | [`search()`] | many settings, one table |
//! | [`Watch`] | who is told what happens: nothing here prints |
//!
//! # What an emulator is
//! Observed features are brought to units of their scatter near their true feature
//! ([`TableConfig::local_bins`](astrogen_tables::TableConfig::local_bins)); a Gaussian regression,
//! the first half, predicts mean and deviation of each; the generator learns what that leaves. At
//! the end each feature is brought to the quantiles of the training rows, along its true feature.
//! The best of the averaged generators is chosen by validation rows and reported on test rows.

mod catalog;
mod config;
mod emulator;
mod error;
mod figures;
mod held_out;
mod judge;
mod recipe;
mod regressions;
mod search;
mod sky;
mod train;
mod validation;
mod watch;

pub use catalog::{EmulateConfig, Emulated};
pub use config::{Compare, EmulatorConfig};
pub use emulator::Emulator;
pub use error::EmulatorError;
pub use judge::{Judgement, judge};
pub use recipe::{Length, Recipe};
pub use search::{SearchConfig, judge_best, search};
pub use train::train;
pub use validation::criteria;
pub use watch::Watch;
