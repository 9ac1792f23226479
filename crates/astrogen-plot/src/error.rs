//! What can go wrong when a picture is made, sorted by who can mend it.

use std::io;
use std::path::PathBuf;

/// Why a picture could not be made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The caller: a tensor that is not a batch of images.
    #[error("expected {expected}, got a tensor of shape {got:?}")]
    Shape {
        /// The shape that is wanted.
        expected: &'static str,
        /// The shape that came.
        got: Vec<i64>,
    },

    /// The caller: numbers of the wrong kind.
    #[error("expected {expected}, got a tensor of kind {got:?}")]
    BadKind {
        /// The kind that is wanted.
        expected: &'static str,
        /// The kind that came.
        got: tch::Kind,
    },

    /// The caller: a grid without columns.
    #[error("a grid needs at least 1 column, got 0: give None for a grid as good as square")]
    NoColumns,

    /// The caller: bytes that do not fill the picture.
    #[error(
        "a picture of {width} x {height} pixels with {channels} channels (1: grey, 3: RGB) cannot be made of {bytes} bytes"
    )]
    BadPicture {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Bytes per pixel.
        channels: usize,
        /// Bytes that came.
        bytes: usize,
    },

    /// The caller: a figure too small for its labels or too large for memory.
    #[error(
        "a picture of {width} x {height} pixels: {wanted}",
        wanted = if *width.max(height) > 8192 {
            "neither side may be above 8192"
        } else {
            "both sides of a figure have to be within 320..=8192"
        }
    )]
    BadFigureSize {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },

    /// The caller: a history without a single value that can be drawn.
    #[error(
        "there is nothing to draw: none of the {series} series holds a finite value{wanted}",
        wanted = if *logarithmic { " above 0, as a logarithmic axis needs" } else { "" }
    )]
    NothingToDraw {
        /// How many series came.
        series: usize,
        /// Whether the axis was logarithmic.
        logarithmic: bool,
    },

    /// The caller: more panels than the figure is wide for.
    #[error("the figure is too narrow for {panels} panels and their labels: raise its width")]
    TooNarrow {
        /// How many panels came.
        panels: usize,
    },

    /// The caller: a sample of which nothing can be drawn.
    #[error("there is nothing to draw of {name:?}: it holds no {wanted}")]
    EmptySample {
        /// What the sample is called.
        name: String,
        /// What is missing.
        wanted: String,
    },

    /// The caller: points that lack a coordinate.
    #[error("{name:?} has {x} horizontal and {y} vertical values: every point needs both")]
    DifferentLengths {
        /// What the sample is called.
        name: String,
        /// How many horizontal values came.
        x: usize,
        /// How many vertical ones.
        y: usize,
    },

    /// The caller: values that do not make whole rows.
    #[error(
        "{name:?} has {values} values, which make no rows of {columns} columns: every row needs one \
         value per column"
    )]
    NoRows {
        /// What the table is called.
        name: String,
        /// How many values came.
        values: usize,
        /// How many a row has.
        columns: usize,
    },

    /// The caller: a setting outside its range; the message says the rule and what was got.
    #[error("{name} must be {rule}, got {got}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// What is allowed.
        rule: &'static str,
        /// What was given.
        got: String,
    },

    /// The caller: a file name that does not say a format known here.
    #[error("{path}: the name has to end in {expected}", path = path.display())]
    BadExtension {
        /// The name that came.
        path: PathBuf,
        /// The endings that are known.
        expected: &'static str,
    },

    /// The machine: the file could not be written. Whatever stood there before is untouched.
    #[error("cannot write {path}: {source}{hint}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What to do, where that is known.
        hint: &'static str,
    },

    /// The machine: libtorch failed, most likely for want of memory.
    #[error("libtorch could not prepare the picture: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(tch::TchError),

    /// This crate: the drawing or encoding library refused.
    #[error("the picture could not be drawn: {0}")]
    Draw(String),
}

// No `source`: its first line is in the message, and the rest is a C++ stack.
impl From<tch::TchError> for PlotError {
    fn from(error: tch::TchError) -> Self {
        Self::Torch(error)
    }
}

/// For a figure that a program can go on without: a line that says why it is left out, if it could
/// not be drawn; a file that cannot be written stays an error.
///
/// ```
/// use astrogen_plot::{left_out, save_curves};
/// let nothing = save_curves("losses.png", "Losses", "step", "loss", &[]);
/// let line = left_out("losses.png", nothing)?.unwrap_or_default();
/// assert!(line.starts_with("losses.png is left out: there is nothing to draw"));
/// # Ok::<(), astrogen_plot::PlotError>(())
/// ```
///
/// # Errors
/// [`PlotError::Write`], as it came.
pub fn left_out(file: &str, drawn: Result<(), PlotError>) -> Result<Option<String>, PlotError> {
    match drawn {
        Err(error @ PlotError::Write { .. }) => Err(error),
        Err(error) => Ok(Some(format!("{file} is left out: {error}"))),
        Ok(()) => Ok(None),
    }
}
