#![doc = include_str!("../README.md")]
//!
//! Pixels are `ndarray` arrays of shape `[C, H, W]`, with no tensor library involved.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`frame`] | one door for every image file, its format told by content |
//! | [`raster`] | PNG, JPEG and TIFF files |
//! | [`mask`] | bad pixels: which, how many are too many, what replaces them |
//! | [`background`] | the sky level of a band, sigma-clipped |
//! | [`interval`] | which physical values become the ends of the unit range |
//! | [`stretch`] | invertible curves of the unit range: asinh, log, ... |
//! | [`range`] | unit `[0, 1]` to signed `[-1, 1]` and back |
//! | [`pipeline`] | all of these over one frame, and back to physical units |
//! | [`mod@cutout`] | centre crop, cutouts, tiles, resizing |
//! | [`composite`] | bands to colour pictures |
//! | [`error`] | the one error of this crate |

pub mod background;
pub mod composite;
pub mod cutout;
pub mod error;
pub mod frame;
pub mod interval;
pub mod mask;
pub mod pipeline;
pub mod range;
pub mod raster;
pub mod stretch;

mod area;
mod notation;
mod quantile;

pub use astrogen_fits::HduSelector;
pub use background::{BackgroundConfig, BackgroundMethod};
pub use composite::{LuptonConfig, bands_to_rgb, lupton_rgb};
pub use cutout::{ResizeFilter, centre_crop, cutout, resize, tiles};
pub use error::PreprocessError;
pub use frame::{Access, AxisOrder, Frame, FrameInfo, FrameOptions, Planes};
pub use interval::Interval;
pub use mask::{Fill, MaskConfig};
pub use pipeline::{Pipeline, PipelineConfig, Prepared, Scaling};
pub use range::{signed_to_unit, unit_to_signed};
pub use stretch::{Curve, Equalization, Stretch};
