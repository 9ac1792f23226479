#![doc = include_str!("../README.md")]
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`look`] | the observer: grids, loss curves, and the score of samples beside real images |
//! | [`best`] | what is found of the best generator in the end |
//! | [`curves`] | the losses of a run as a picture |
//! | [`page`] | a run as one page for a browser |
//! | [`draw_quality`] | all numbers of two sets as a picture |
//! | [`skies`] | two sets of images, and in which numbers they differ |
//! | [`error`] | the one error of this crate |

pub mod best;
pub mod curves;
pub mod error;
pub mod look;
pub mod page;
mod physical;
mod quality;
mod real;
pub mod skies;

pub use best::{BestReport, RunReport};
pub use curves::draw_losses;
pub use error::ReportError;
pub use look::SampleLook;
pub use page::write_page;
pub use physical::PhysicalPixels;
pub use quality::draw_quality;
pub use skies::{Difference, SkyComparison};
