//! Corner plots: every column of some tables by itself and every pair of columns, data below
//! samples of a model.
//!
//! On the diagonal stand step histograms, as densities: the share of all finite rows in a bin
//! over the bin's width. Below it every pair of columns has a panel with the regions of highest
//! density that hold given shares of a table's rows, by default those within 1, 2 and 3 standard
//! deviations of a normal distribution of two columns, `1 - exp(-s^2 / 2)` or 39, 86 and 99 per
//! cent: filled for the first table, lines for the others. Regions are those of the axes and a margin
//! around them, so that what lies just outside counts, and are cut at the axes; one whose share is not
//! reached there is not drawn.
//!
//! The density is a count on a grid of 96 nodes along each axis, smoothed by a normal kernel of
//! the axis's length times `N^(-1/6) / 12`, one node at least: half of Scott's rule (Scott 1992,
//! *Multivariate Density Estimation*) for a normal distribution from end to end. `N` is that of
//! the smallest table for all of them, so that like distributions look alike.

mod contour;
mod density;
mod figure;
mod table;

use std::path::Path;

use crate::error::PlotError;
use crate::sample::Rows;

/// The most columns of a corner plot.
const COLUMNS: usize = 16;

/// A corner plot: texts, ranges, bins, shares and size.
///
/// ```
/// use astrogen_plot::{Corner, Rows};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("corner.png");
/// let angles = || (0..500).map(|i| 0.7 * f64::from(i));
/// let data: Vec<f64> = angles().flat_map(|a| [a.sin(), a.cos()]).collect(); // row by row
/// let samples: Vec<f64> = angles().flat_map(|a| [0.9 * a.sin(), a.cos()]).collect();
///
/// let labels = ["x".into(), "y".into()].into();
/// Corner { labels, bins: 30, ..Corner::default() }
///     .save(&path, &[Rows::new("data", &data), Rows::new("samples", &samples)])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Corner {
    /// Above the figure; empty for none.
    pub title: String,
    /// The names of the columns, 1 to 16 of them: as many as a row has values.
    pub labels: Vec<String>,
    /// The range of each column; empty, or `None` for a column, for all but the outermost quarter
    /// per cent at either end of the first table, with some room. Rows beyond it are not shown in
    /// the panels of that column.
    pub ranges: Vec<Option<(f64, f64)>>,
    /// Bins of each histogram, 1..=1000; 40 by default.
    pub bins: usize,
    /// The shares of the rows that the regions hold, 1 to 5 of them in (0, 1);
    /// 0.393, 0.865 and 0.989 by default.
    pub shares: Vec<f64>,
    /// Width and height in pixels, 320..=8192; by default what lets labels be read: 960 for two
    /// columns, 1300 for six, 2060 for ten.
    pub size: Option<u32>,
}

impl Default for Corner {
    fn default() -> Self {
        Self {
            title: String::new(),
            labels: Vec::new(),
            ranges: Vec::new(),
            bins: 40,
            shares: vec![0.393, 0.865, 0.989],
            size: None,
        }
    }
}

impl Corner {
    /// Draws the panels and writes the figure, whole or not at all; `path` ends in `.png` or
    /// `.svg`. Rows with a number that is not finite are left out; the legend counts them, and
    /// says which part of a table's rows lies outside the axes.
    ///
    /// # Errors
    /// [`PlotError::NothingToDraw`] for no table, [`PlotError::EmptySample`] for one without a
    /// finite row, [`PlotError::NoRows`] for values that do not make whole rows,
    /// [`PlotError::Setting`], also for more than 21 tables; [`PlotError::TooNarrow`],
    /// [`PlotError::BadExtension`], [`PlotError::BadFigureSize`], [`PlotError::Write`] if the disk
    /// refuses.
    pub fn save(&self, path: impl AsRef<Path>, tables: &[Rows<'_>]) -> Result<(), PlotError> {
        self.check()?;
        let columns = self.labels.len() as u32;
        let size = self.size.unwrap_or(160 + columns * (1200 / (columns + 1)).clamp(190, 400));
        crate::figure::save(path.as_ref(), size, size, &figure::Panels::new(self, tables)?)
    }

    fn check(&self) -> Result<(), PlotError> {
        let setting = |name, rule, got| Err(PlotError::Setting { name, rule, got });
        let columns = self.labels.len();
        if !(1..=COLUMNS).contains(&columns) {
            let rule = "1 to 16 names, one per column";
            return setting("labels", rule, format!("{columns}"));
        }
        if !self.ranges.is_empty() && self.ranges.len() != columns {
            let got = format!("{} for {columns} columns", self.ranges.len());
            return setting("ranges", "none at all or one per column", got);
        }
        let good = |share: &f64| *share > 0.0 && *share < 1.0;
        if !(1..=5).contains(&self.shares.len()) || !self.shares.iter().all(good) {
            let rule = "1 to 5 numbers between 0 and 1";
            return setting("shares", rule, format!("{:?}", self.shares));
        }
        crate::sample::check_bins(self.bins)
    }
}

/// Draws a corner plot with the defaults of [`Corner`].
///
/// # Errors
/// As [`Corner::save`].
pub fn save_corner(
    path: impl AsRef<Path>,
    title: &str,
    labels: &[&str],
    tables: &[Rows<'_>],
) -> Result<(), PlotError> {
    let labels = labels.iter().map(|label| (*label).into()).collect();
    Corner { title: title.into(), labels, ..Corner::default() }.save(path, tables)
}
