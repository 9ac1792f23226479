//! Rows of density maps, one above the other: a galaxy's stars face-on and edge-on, true beside
//! sampled.

use std::path::Path;

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Density;
use super::plane::{Plane, write_bar_label};
use crate::error::PlotError;
use crate::figure;
use crate::figure::canvas::{Canvas, Drawing};
use crate::figure::row::GAP;
use crate::sample::Points;

/// Height over width of panels whose axes have different units.
const SHAPE: f64 = 0.8;

/// Room beside the panels of all rows: labels left, the scale of colours right.
const BESIDE: f64 = 220.0;

/// One row of a figure of maps: samples in one plane, on one scale of colours.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRow<'a> {
    /// Below the panels, unit and all; empty for none.
    pub x_label: &'a str,
    /// Beside the vertical axis; empty for none.
    pub y_label: &'a str,
    /// The horizontal range; by default all but the outermost quarter per cent at either end of
    /// every sample. Points beyond it are not shown.
    pub x_range: Option<(f64, f64)>,
    /// The vertical range; by default as the horizontal one.
    pub y_range: Option<(f64, f64)>,
    /// Whether a unit is as long along both axes, as for places, with a range that is not given
    /// a quarter of the other at least; otherwise, for axes of different units, panels are 4 high
    /// for 5 wide. True from [`MapRow::new`].
    pub equal_aspect: bool,
    /// A panel each, with the sample's name above: as many in every row.
    pub samples: Vec<Points<'a>>,
}

impl<'a> MapRow<'a> {
    /// A row of equal aspect from its labels and samples.
    pub fn new(
        x_label: &'a str,
        y_label: &'a str,
        samples: impl IntoIterator<Item = Points<'a>>,
    ) -> Self {
        let samples = samples.into_iter().collect();
        Self { x_label, y_label, x_range: None, y_range: None, equal_aspect: true, samples }
    }
}

/// A figure of rows of density maps: title, cells and size. Its height comes from the rows.
///
/// ```
/// use astrogen_plot::{MapRow, Maps, Points};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("maps.png");
/// let angles = || (0..2000).map(|i| 2.4 * f64::from(i));
/// let x: Vec<f64> = angles().zip(1..).map(|(a, i)| 0.005 * f64::from(i) * a.cos()).collect(); // kpc
/// let y: Vec<f64> = angles().zip(1..).map(|(a, i)| 0.005 * f64::from(i) * a.sin()).collect();
/// let z: Vec<f64> = angles().map(|a| (7.0 * a).sin()).collect();
///
/// let face_on = MapRow::new("x [kpc]", "y [kpc]", [Points::new("true, face-on", &x, &y)]);
/// let edge_on = MapRow::new("x [kpc]", "z [kpc]", [Points::new("true, edge-on", &x, &z)]);
/// Maps { title: "Galaxy 7".into(), ..Maps::default() }.save(&path, &[face_on, edge_on])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Maps {
    /// Above the figure; empty for none.
    pub title: String,
    /// Cells along each axis, 1..=1000; 100 by default. In a row of equal aspect cells are square,
    /// and so many lie along the longer axis.
    pub bins: usize,
    /// Width of a panel in pixels, 64..=4096; 380 by default. Panels are a little narrower, and their
    /// rows lower, where labels are long.
    pub panel_width: u32,
}

impl Default for Maps {
    fn default() -> Self {
        Self { title: String::new(), bins: 100, panel_width: 380 }
    }
}

impl Maps {
    /// Draws the rows from above and writes the figure, whole or not at all; `path` ends in `.png`
    /// or `.svg`.
    ///
    /// # Errors
    /// [`PlotError::NothingToDraw`] for no row or one without samples, [`PlotError::EmptySample`]
    /// for a sample without a finite point within the ranges, [`PlotError::DifferentLengths`],
    /// [`PlotError::Setting`], also for rows of different numbers of samples, and for given ranges
    /// of which one is more than eight times the other where the aspect is equal;
    /// [`PlotError::TooNarrow`], [`PlotError::BadExtension`], [`PlotError::BadFigureSize`] for
    /// more panels than fit, [`PlotError::Write`] if the disk refuses.
    pub fn save(&self, path: impl AsRef<Path>, rows: &[MapRow<'_>]) -> Result<(), PlotError> {
        let columns = self.check(rows)?;
        let settings: Vec<Density> = rows.iter().map(|row| self.settings(row)).collect();
        let strips: Result<Vec<_>, _> =
            settings.iter().zip(rows).map(|(settings, row)| Strip::new(settings, row)).collect();
        let panel_width = f64::from(self.panel_width);
        let stack = Stack { title: &self.title, columns, panel_width, strips: strips? };
        let width = f64::from(columns) * (panel_width + GAP) - GAP + BESIDE;
        let height = stack.top() + stack.heights(panel_width).iter().sum::<f64>();
        // One flat row leaves some white below. Conversions of floats end at the largest number.
        let least = |side: f64| (side.ceil() as u32).max(320);
        figure::save(path.as_ref(), least(width), least(height), &stack)
    }

    /// The number of panels in a row.
    fn check(&self, rows: &[MapRow<'_>]) -> Result<u32, PlotError> {
        let columns = rows.first().map_or(0, |row| row.samples.len());
        if columns == 0 {
            return Err(PlotError::NothingToDraw { series: 0, logarithmic: false });
        }
        let setting = |name, rule, got| Err(PlotError::Setting { name, rule, got });
        if let Some(row) = rows.iter().find(|row| row.samples.len() != columns) {
            let got = format!("{columns} in the first and {} in another", row.samples.len());
            return setting("samples of a row of maps", "as many in every row", got);
        }
        if !(64..=4096).contains(&self.panel_width) {
            return setting("panel_width", "64 to 4096", self.panel_width.to_string());
        }
        Ok(u32::try_from(columns).unwrap_or(u32::MAX))
    }

    fn settings(&self, row: &MapRow<'_>) -> Density {
        Density {
            x_label: row.x_label.into(),
            y_label: row.y_label.into(),
            x_range: row.x_range,
            y_range: row.y_range,
            bins: self.bins,
            ..Density::default()
        }
    }
}

/// Draws rows of density maps with the defaults of [`Maps`].
///
/// # Errors
/// As [`Maps::save`].
pub fn save_maps(
    path: impl AsRef<Path>,
    title: &str,
    rows: &[MapRow<'_>],
) -> Result<(), PlotError> {
    Maps { title: title.into(), ..Maps::default() }.save(path, rows)
}

/// One row, and the shape of its panels.
struct Strip<'a> {
    plane: Plane<'a>,
    shape: f64,
}

impl<'a> Strip<'a> {
    fn new(settings: &'a Density, row: &MapRow<'a>) -> Result<Self, PlotError> {
        let plane = Plane::new(settings, &row.samples, row.equal_aspect)?;
        let shape = if row.equal_aspect { plane.ratio } else { SHAPE };
        if !(0.125..=8.0).contains(&shape) {
            let (name, rule) = ("ranges of equal aspect", "within eight times each other");
            let got = format!("a height of {shape:.3} for a width of 1");
            return Err(PlotError::Setting { name, rule, got });
        }
        Ok(Self { plane, shape })
    }

    /// Height in pixels of the finished figure, with panels of this width.
    fn height(&self, panel_width: f64) -> f64 {
        let (above, below) = self.plane.row().above_and_below();
        above + panel_width * self.shape + below
    }
}

/// All rows.
struct Stack<'a> {
    title: &'a str,
    columns: u32,
    /// That of the settings.
    panel_width: f64,
    strips: Vec<Strip<'a>>,
}

impl Stack<'_> {
    /// Room for the title.
    fn top(&self) -> f64 {
        if self.title.is_empty() { 0.0 } else { 40.0 }
    }

    fn heights(&self, panel_width: f64) -> Vec<f64> {
        self.strips.iter().map(|strip| strip.height(panel_width)).collect()
    }
}

impl Drawing for Stack<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        // What labels take differs from row to row: panels stand below each other all the same.
        let mut rooms = Vec::new();
        for strip in &self.strips {
            let height = canvas.px(strip.height(self.panel_width));
            canvas.part((0, 0), (canvas.width, height), |canvas| {
                rooms.push((strip.plane.row().left_room(canvas)?, strip.plane.bar_width(canvas)?));
                Ok(())
            })?;
        }
        let left = rooms.iter().map(|room| room.0).max().unwrap_or(0);
        let right = rooms.iter().map(|room| room.1).max().unwrap_or(0);
        let columns = f64::from(self.columns);
        let inner = canvas.finished(canvas.width - left - right) - (columns - 1.0) * GAP;
        // The height of the figure is that of panels of the settings' width.
        let panel_width = (inner / columns).clamp(0.0, self.panel_width);
        let heights = self.heights(panel_width);
        let row_end = left + canvas.px(columns * (panel_width + GAP) - GAP);

        let mut top = canvas.px(self.top());
        let style = canvas.text(25.0, 1.0).pos(Pos::new(HPos::Left, VPos::Center));
        let room = canvas.width - left - canvas.px(16.0);
        canvas.write_within(room, self.title, &style, (left, canvas.px(27.0)))?;
        let first = top;
        for ((strip, height), room) in self.strips.iter().zip(heights).zip(rooms) {
            let (from, to) = (left - room.0, row_end + room.1);
            let bottom = top + canvas.px(height);
            canvas.part((from, top), (to, bottom), |canvas| {
                strip.plane.draw_row(canvas)?;
                Ok(())
            })?;
            top = bottom;
        }
        let label = if self.strips.iter().any(|strip| strip.plane.scaled) {
            "points in a cell, scaled to the number in the first column"
        } else {
            "points in a cell"
        };
        write_bar_label(canvas, label, (first, top))
    }
}
