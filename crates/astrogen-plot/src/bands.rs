//! Quantile bands: how a quantity scatters along another, the residual of a magnitude against the
//! true magnitude say, one panel a photometric band.
//!
//! The horizontal axis is cut into equal bins, and in each the median, the 16th to 84th and the
//! 2.5th to 97.5th percentile of the vertical values are drawn at the bin's middle. The first
//! sample is filled, the others are lines over it. A bin with too few points of a sample is a
//! gap in that sample.

use std::path::Path;

use plotters::backend::DrawingBackend;
use plotters::style::BLACK;

use crate::axis::{Axis, Scale};
use crate::error::PlotError;
use crate::figure;
use crate::figure::canvas::{Canvas, Drawing, Pixel};
use crate::figure::colour::{COLOURS, colour};
use crate::figure::frame::Frame;
use crate::figure::legend::{Entry, Mark, check_count, trace};
use crate::figure::row::Row;
use crate::sample::{Panel, Points, axis, bin_of, check_bins, empty, quantile, range};

/// The parts of the drawn quantiles: outer, inner, median, inner, outer.
const PARTS: [f64; 5] = [0.025, 0.16, 0.5, 0.84, 0.975];

/// How strong the filled areas are, alone and where the inner lies over the outer.
const OUTER: f64 = 0.18;
const INNER: f64 = 0.35;
const INNER_OVER_OUTER: f64 = 1.0 - (1.0 - OUTER) * (1.0 - INNER);

/// A figure of quantile bands: texts, ranges, bins and size.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantileBands {
    /// Above the figure; empty for none.
    pub title: String,
    /// Below the panels; empty for none.
    pub x_label: String,
    /// Beside the vertical axis; empty for none.
    pub y_label: String,
    /// The horizontal range of every panel; by default, each panel's own: all but the outermost
    /// quarter per cent at either end of its samples.
    pub x_range: Option<(f64, f64)>,
    /// The vertical range; by default all bands of all panels. Bands beyond it are cut.
    pub y_range: Option<(f64, f64)>,
    /// Bins along a panel, 1..=1000; 20 by default.
    pub bins: usize,
    /// The least number of points for a bin to be drawn; 40 by default, below which the outer
    /// band is a matter of single points.
    pub least: usize,
    /// Width in pixels, 320..=8192; 1400 by default, for three panels.
    pub width: u32,
    /// Height in pixels, 320..=8192; 560 by default.
    pub height: u32,
}

impl Default for QuantileBands {
    fn default() -> Self {
        Self {
            title: String::new(),
            x_label: String::new(),
            y_label: String::new(),
            x_range: None,
            y_range: None,
            bins: 20,
            least: 40,
            width: 1400,
            height: 560,
        }
    }
}

impl QuantileBands {
    /// Draws the panels and writes the figure, whole or not at all; `path` ends in `.png` or
    /// `.svg`. The legend takes the names of the first panel's samples.
    ///
    /// # Errors
    /// [`PlotError::NothingToDraw`] for no panel or one without samples, [`PlotError::EmptySample`]
    /// for a sample without a bin of `least` points, [`PlotError::DifferentLengths`],
    /// [`PlotError::Setting`], also for more than seven samples in a panel;
    /// [`PlotError::TooNarrow`], [`PlotError::BadExtension`], [`PlotError::BadFigureSize`],
    /// [`PlotError::Write`] if the disk refuses.
    pub fn save(
        &self,
        path: impl AsRef<Path>,
        panels: &[Panel<'_, Points<'_>>],
    ) -> Result<(), PlotError> {
        figure::save(path.as_ref(), self.width, self.height, &Bands::new(self, panels)?)
    }
}

/// Draws quantile bands with the defaults of [`QuantileBands`].
///
/// # Errors
/// As [`QuantileBands::save`].
pub fn save_bands(
    path: impl AsRef<Path>,
    title: &str,
    x_label: &str,
    y_label: &str,
    panels: &[Panel<'_, Points<'_>>],
) -> Result<(), PlotError> {
    let (title, x_label, y_label) = (title.into(), x_label.into(), y_label.into());
    QuantileBands { title, x_label, y_label, ..QuantileBands::default() }.save(path, panels)
}

/// A bin's middle and the quantiles in it.
type Column = (f64, [f64; 5]);

/// A sample's columns, in stretches without a gap.
type Runs = Vec<Vec<Column>>;

/// The quantiles of every sample of every panel, and the axes they are drawn over.
struct Bands<'a> {
    settings: &'a QuantileBands,
    panels: Vec<(&'a str, Axis)>,
    names: Vec<&'a str>,
    samples: Vec<Vec<Runs>>,
    y_axis: Axis,
}

impl<'a> Bands<'a> {
    fn new(
        settings: &'a QuantileBands,
        panels: &[Panel<'a, Points<'a>>],
    ) -> Result<Self, PlotError> {
        check_bins(settings.bins)?;
        if panels.is_empty() || panels.iter().any(|panel| panel.samples.is_empty()) {
            return Err(PlotError::NothingToDraw { series: 0, logarithmic: false });
        }
        let most = panels.iter().map(|panel| panel.samples.len()).max().unwrap_or(0);
        // Dashes mean something already.
        let rule = "7 at most, which are told apart";
        check_count("samples of a panel", most, COLOURS.len(), rule)?;
        let (mut axes, mut samples) = (Vec::new(), Vec::new());
        for panel in panels {
            let points: Result<Vec<_>, _> = panel.samples.iter().map(Points::finite).collect();
            let points = points?;
            let x = points.iter().map(|points| points.iter().map(|point| point.0).collect());
            let x_range = range("x_range", settings.x_range, x)?;
            axes.push((panel.title, axis(x_range, Scale::Linear)?));
            let runs = |(points, sample): (&Vec<(f64, f64)>, &Points<'_>)| {
                let runs = settings.runs(points, x_range);
                let wanted = || format!("bin of {} points or more", settings.least.max(1));
                if runs.is_empty() { Err(empty(sample.name, wanted())) } else { Ok(runs) }
            };
            let runs: Result<Vec<_>, _> = points.iter().zip(&panel.samples).map(runs).collect();
            samples.push(runs?);
        }
        let y_axis = match settings.y_range {
            Some(_) => {
                axis(range("y_range", settings.y_range, std::iter::empty())?, Scale::Linear)?
            }
            None => {
                let columns = samples.iter().flatten().flatten().flatten();
                let values = columns.flat_map(|(_, quantiles)| *quantiles);
                Axis::over(values, Scale::Linear, 0.05)
                    .ok_or_else(|| PlotError::Draw("no quantile is finite".into()))?
            }
        };
        let names = panels[0].samples.iter().map(|sample| sample.name).collect();
        Ok(Self { settings, panels: axes, names, samples, y_axis })
    }

    /// What the legend says.
    fn legend(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (index, name) in self.names.iter().enumerate() {
            entries.push(Entry::new(format!("{name}: median"), median(index)));
            let inner = match inner(index) {
                // Drawn over the outer area.
                Mark::Area { colour, .. } => Mark::Area { colour, opacity: INNER_OVER_OUTER },
                line => line,
            };
            entries.push(Entry::new("16\u{2013}84%", inner));
            entries.push(Entry::new("2.5\u{2013}97.5%", outer(index)));
        }
        entries
    }

    /// One sample in a panel.
    fn draw_sample<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: &Frame,
        (index, runs): (usize, &Runs),
    ) -> Result<(), PlotError> {
        let Frame { top, bottom, .. } = *frame;
        for run in runs {
            let along = |part: usize| -> Vec<Pixel> {
                let points = run.iter().map(|(x, quantiles)| frame.at((*x, quantiles[part])));
                points.map(|(x, y)| (x, y.clamp(top, bottom))).collect()
            };
            for (low, high, mark) in [(0, 4, outer(index)), (1, 3, inner(index))] {
                let (low, high) = (along(low), along(high));
                if matches!(mark, Mark::Area { .. }) {
                    trace(canvas, low.into_iter().chain(high.into_iter().rev()).collect(), mark)?;
                } else {
                    trace(canvas, low, mark)?;
                    trace(canvas, high, mark)?;
                }
            }
            let middle = along(2);
            match middle[..] {
                [alone] => canvas.dot(alone, colour(index))?,
                _ => trace(canvas, middle, median(index))?,
            }
        }
        Ok(())
    }
}

impl QuantileBands {
    /// The quantiles in every bin that holds enough points.
    fn runs(&self, points: &[(f64, f64)], (low, high): (f64, f64)) -> Runs {
        let mut bins = vec![Vec::new(); self.bins];
        for (x, y) in points {
            if let Some(bin) = bin_of(*x, (low, high), self.bins) {
                bins[bin].push(*y);
            }
        }
        let step = (high - low) / self.bins as f64;
        let columns: Vec<Option<Column>> = bins
            .into_iter()
            .enumerate()
            .map(|(index, mut values)| {
                values.sort_unstable_by(f64::total_cmp);
                let middle = low + (index as f64 + 0.5) * step;
                let enough = values.len() >= self.least.max(1);
                enough.then(|| (middle, PARTS.map(|part| quantile(&values, part))))
            })
            .collect();
        let runs = columns.split(Option::is_none).filter(|run| !run.is_empty());
        runs.map(|run| run.iter().flatten().copied().collect()).collect()
    }
}

// The first sample is filled, the others are lines; its median is seen beneath theirs.

fn outer(index: usize) -> Mark {
    match index {
        0 => Mark::Area { colour: colour(0), opacity: OUTER },
        _ => Mark::Dashes { colour: colour(index), width: 1.4 },
    }
}

fn inner(index: usize) -> Mark {
    match index {
        0 => Mark::Area { colour: colour(0), opacity: INNER },
        _ => Mark::Line { colour: colour(index), width: 1.4 },
    }
}

fn median(index: usize) -> Mark {
    Mark::Line { colour: colour(index), width: if index == 0 { 4.5 } else { 2.0 } }
}

impl Drawing for Bands<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let row = Row {
            title: &self.settings.title,
            x_label: &self.settings.x_label,
            y_label: &self.settings.y_label,
            panels: self.panels.clone(),
            y_axis: self.y_axis,
            legend: self.legend(),
        };
        row.draw(canvas, canvas.px(20.0), |panel, frame| {
            let zero = frame.y(0.0);
            if (frame.top..=frame.bottom).contains(&zero) {
                let line = vec![(frame.left, zero), (frame.right, zero)];
                canvas.line(line, canvas.stroke(BLACK, 0.45, 1.0))?;
            }
            let mut samples = self.samples[panel].iter().enumerate();
            samples.try_for_each(|sample| self.draw_sample(canvas, frame, sample))
        })?;
        Ok(())
    }
}
