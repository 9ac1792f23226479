#![doc = include_str!("../README.md")]
//!
//! - [`grid`]: sample images in signed range `[N, C, H, W]` -> one PNG, with names of rows and
//!   columns if wanted. [`save_grid`], [`save_labelled_grid`]
//! - [`axis`]: where a value lies on an axis, and which round values are written beside it. [`Axis`]
//! - [`corner`]: every column of tables and every pair of columns, data below samples. [`save_corner`]
//! - [`curves`]: loss curves as PNG or SVG, labels in an embedded font; profiles in several panels.
//!   [`save_curves`], [`save_profiles`]
//! - [`density`]: maps of where points lie, true beside generated, on one scale; rows of them.
//!   [`save_density`], [`save_maps`]
//! - [`bands`]: median and percentiles of a residual along a magnitude. [`save_bands`]
//! - [`histogram`]: step histograms over each other, and the probability integral transform's
//!   against the even line. [`save_histograms`], [`save_pit`]
//! - [`intervals`]: numbers with their intervals, one below the other, beside what they are held
//!   against. [`Intervals`]
//! - [`sample`]: what these are drawn from, borrowed and named: [`Points`], [`Values`], [`Rows`],
//!   [`Panel`]
//! - [`png`]: finished 8-bit pictures, copied from a tensor once and written whole
//! - [`error`]: what can go wrong

pub mod axis;
pub mod bands;
pub mod corner;
pub mod curves;
pub mod density;
pub mod error;
mod figure;
mod file;
pub mod grid;
pub mod histogram;
pub mod intervals;
pub mod png;
pub mod sample;

pub use axis::{Axis, Scale, Tick};
pub use bands::{QuantileBands, save_bands};
pub use corner::{Corner, save_corner};
pub use curves::{Curves, ProfilePanel, Profiles, Series, Smoothing, save_curves, save_profiles};
pub use density::{Density, MapRow, Maps, save_density, save_maps};
pub use error::{PlotError, left_out};
pub use grid::{LabelledGrid, make_grid, save_grid, save_labelled_grid};
pub use histogram::{Histograms, save_histograms, save_pit};
pub use intervals::{Interval, Intervals};
pub use png::Picture;
pub use sample::{Panel, Points, Rows, Values};
