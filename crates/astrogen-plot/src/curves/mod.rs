//! Loss curves and other histories, as PNG or SVG.
//!
//! A value that is not finite (or, on a logarithmic axis, not above 0) is a gap in its line. A
//! long history is thinned to the lowest and highest value of every two pixels, so that no spike
//! is lost and a hundred thousand points draw as fast as a hundred; over it, in full colour, lies
//! a running mean. Text in PNG comes from a font inside the program (Ubuntu Light, Ubuntu font
//! licence), so the picture is the same on every machine; SVG names the generic `sans-serif`.
//!
//! [`Profiles`] puts several panels of lines into one figure.

mod figure;
mod profiles;
mod trace;

use std::path::Path;

use figure::Figure;

pub use crate::axis::Scale;
pub use profiles::{ProfilePanel, Profiles, save_profiles};

use crate::error::PlotError;

/// One line of a figure: a name for the legend and points `(x, y)` in the order they are joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What the legend calls it.
    pub name: String,
    /// The points, usually (step, value).
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// A series from any points; whole numbers do as x.
    pub fn new<X: Into<f64>>(
        name: impl Into<String>,
        points: impl IntoIterator<Item = (X, f64)>,
    ) -> Self {
        let points = points.into_iter().map(|(x, y)| (x.into(), y)).collect();
        Self { name: name.into(), points }
    }
}

/// How much of a noisy history is averaged for the line in full colour. A series shorter than two
/// windows is drawn as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Smoothing {
    /// Nothing up to 500 points, a hundredth of the longest series above.
    #[default]
    Auto,
    /// Nothing: the values alone.
    Off,
    /// So many neighbouring points, centred, one more of an even number; 0 and 1 mean nothing.
    Window(usize),
}

/// A figure of curves: texts, axes, smoothing and size.
///
/// ```
/// use astrogen_plot::{Curves, Scale, Series};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("penalty.svg");
/// let penalty = Series::new("gradient penalty", [(0, 10.0), (1, 1.0), (2, f64::NAN), (3, 0.1)]);
/// Curves { title: "Penalty".into(), y_scale: Scale::Log, ..Curves::default() }
///     .save(&path, &[penalty])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// Above the figure; empty for none.
    pub title: String,
    /// Below the horizontal axis; empty for none.
    pub x_label: String,
    /// Beside the vertical axis; empty for none.
    pub y_label: String,
    /// The vertical axis; linear by default.
    pub y_scale: Scale,
    /// Automatic by default.
    pub smoothing: Smoothing,
    /// Width in pixels, 320..=8192; 1200 by default.
    pub width: u32,
    /// Height in pixels, 320..=8192; 675 by default.
    pub height: u32,
}

impl Default for Curves {
    fn default() -> Self {
        Self {
            title: String::new(),
            x_label: String::new(),
            y_label: String::new(),
            y_scale: Scale::Linear,
            smoothing: Smoothing::Auto,
            width: 1200,
            height: 675,
        }
    }
}

impl Curves {
    /// Draws the series and writes the figure, whole or not at all; `path` ends in `.png` or
    /// `.svg`. Up to seven series have a colour each, the next seven the same colours dashed, seven
    /// more the same dotted.
    ///
    /// # Errors
    /// [`PlotError::BadExtension`], [`PlotError::BadFigureSize`], [`PlotError::NothingToDraw`] if
    /// no series has a value that can be drawn, [`PlotError::Setting`] for more than 21 series,
    /// [`PlotError::Write`] if the disk refuses.
    pub fn save(&self, path: impl AsRef<Path>, series: &[Series]) -> Result<(), PlotError> {
        let drawing = Figure::new(self, series)?;
        crate::figure::save(path.as_ref(), self.width, self.height, &drawing)
    }
}

/// Draws series over linear axes with the defaults of [`Curves`].
///
/// # Errors
/// As [`Curves::save`].
pub fn save_curves(
    path: impl AsRef<Path>,
    title: &str,
    x_label: &str,
    y_label: &str,
    series: &[Series],
) -> Result<(), PlotError> {
    let (title, x_label, y_label) = (title.into(), x_label.into(), y_label.into());
    Curves { title, x_label, y_label, ..Curves::default() }.save(path, series)
}
