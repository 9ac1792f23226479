//! Turns tensors and histories into pictures on disk.
//!
//! - [`grid`]: sample images in signed range `[N, C, H, W]` -> one PNG. [`save_grid`]
//! - [`curves`]: loss curves as PNG or SVG, labels in an embedded font. [`save_curves`]
//! - [`png`]: finished 8-bit pictures, copied from a tensor once and written whole
//! - [`error`]: what can go wrong
//!
//! ```
//! use astrogen_plot::{Series, save_curves, save_grid};
//! use tch::{Device, Kind, Tensor};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let samples = Tensor::rand([16, 3, 64, 64], (Kind::Float, Device::Cpu)) * 2 - 1;
//! save_grid(&samples, None, folder.join("samples.png"))?;
//!
//! let generator = Series::new("generator", (0..100).map(|step| (step, 2.0 / (1.0 + step as f64))));
//! save_curves(folder.join("losses.svg"), "Losses", "step", "loss", &[generator])?;
//! # Ok(())
//! # }
//! ```

pub mod curves;
pub mod error;
mod file;
pub mod grid;
pub mod png;

pub use curves::{Curves, Scale, Series, Smoothing, save_curves};
pub use error::PlotError;
pub use grid::{make_grid, save_grid};
pub use png::Picture;
