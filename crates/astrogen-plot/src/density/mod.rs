//! Maps of where points lie, one per sample, side by side: a colour against a magnitude, true beside
//! generated.
//!
//! The plane is cut into equal cells and the points in each are counted; the colour is the
//! logarithm of the count, on one scale for all panels, and a cell without points stays white. A
//! sample of another size than the first is scaled to the first one's, so that like
//! distributions look alike. Colours run evenly in a perceptual space.
//!
//! [`Maps`] stacks rows of such maps, a galaxy face-on above itself edge-on say.

mod maps;
mod plane;

pub use maps::{MapRow, Maps, save_maps};

use std::path::Path;

use plane::Plane;

use crate::error::PlotError;
use crate::figure;
use crate::sample::Points;

/// A figure of density maps: texts, ranges, cells and size.
///
/// ```
/// use astrogen_plot::{Density, Points};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("colours.png");
/// let magnitude: Vec<f64> = (0..500).map(|i| 18.0 + 0.01 * f64::from(i)).collect();
/// let colour: Vec<f64> = magnitude.iter().map(|m| 0.5 + 0.1 * (9.0 * m).sin()).collect();
/// let redder: Vec<f64> = colour.iter().map(|colour| colour + 0.1).collect();
///
/// Density { x_label: "i".into(), y_label: "r - i".into(), ..Density::default() }.save(
///     &path,
///     &[Points::new("true", &magnitude, &colour), Points::new("generated", &magnitude, &redder)],
/// )?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// Above the figure; empty for none.
    pub title: String,
    /// Below the panels; empty for none.
    pub x_label: String,
    /// Beside the vertical axis; empty for none.
    pub y_label: String,
    /// The horizontal range; by default all but the outermost quarter per cent at either end of
    /// every sample. Points beyond it are not shown.
    pub x_range: Option<(f64, f64)>,
    /// The vertical range; by default as the horizontal one.
    pub y_range: Option<(f64, f64)>,
    /// Cells along each axis, 1..=1000; 100 by default.
    pub bins: usize,
    /// Width in pixels, 320..=8192; 1200 by default, for two samples.
    pub width: u32,
    /// Height in pixels, 320..=8192; 640 by default.
    pub height: u32,
}

impl Default for Density {
    fn default() -> Self {
        Self {
            title: String::new(),
            x_label: String::new(),
            y_label: String::new(),
            x_range: None,
            y_range: None,
            bins: 100,
            width: 1200,
            height: 640,
        }
    }
}

impl Density {
    /// Draws a panel a sample and writes the figure, whole or not at all; `path` ends in `.png`
    /// or `.svg`.
    ///
    /// # Errors
    /// [`PlotError::NothingToDraw`] for no sample, [`PlotError::EmptySample`] for one without a
    /// finite point within the ranges, [`PlotError::DifferentLengths`], [`PlotError::Setting`],
    /// [`PlotError::TooNarrow`]; [`PlotError::BadExtension`], [`PlotError::BadFigureSize`],
    /// [`PlotError::Write`] if the disk refuses.
    pub fn save(&self, path: impl AsRef<Path>, samples: &[Points<'_>]) -> Result<(), PlotError> {
        figure::save(path.as_ref(), self.width, self.height, &Plane::new(self, samples, false)?)
    }
}

/// Draws density maps with the defaults of [`Density`].
///
/// # Errors
/// As [`Density::save`].
pub fn save_density(
    path: impl AsRef<Path>,
    title: &str,
    x_label: &str,
    y_label: &str,
    samples: &[Points<'_>],
) -> Result<(), PlotError> {
    let (title, x_label, y_label) = (title.into(), x_label.into(), y_label.into());
    Density { title, x_label, y_label, ..Density::default() }.save(path, samples)
}
