//! Step histograms of samples over each other, one panel a band, and those of the probability
//! integral transform against the even line.
//!
//! Heights are densities: the share of all finite values of the sample that lie in a bin, over
//! the bin's width; the area under a histogram is the share that is shown. Over [0, 1] an even
//! distribution has the height 1.

use std::path::Path;

use plotters::backend::DrawingBackend;
use plotters::style::{BLACK, Color, RGBColor};

use crate::axis::{Axis, Scale};
use crate::error::PlotError;
use crate::figure;
use crate::figure::canvas::{Canvas, Drawing, Pixel};
use crate::figure::colour::colour;
use crate::figure::frame::Frame;
use crate::figure::legend::{Entry, LINES, Mark, check_count, trace};
use crate::figure::row::Row;
use crate::sample::{Panel, Values, axis, bin_of, check_bins, empty, range};

/// Standard deviations to either side that hold 95 of 100.
const NINETY_FIVE: f64 = 1.96;

/// A figure of histograms: texts, range, bins and size.
#[derive(Debug, Clone, PartialEq)]
pub struct Histograms {
    /// Above the figure; empty for none.
    pub title: String,
    /// Below the panels; empty for none.
    pub x_label: String,
    /// Beside the vertical axis; `density` by default.
    pub y_label: String,
    /// The horizontal range of every panel; by default, each panel's own: all but the outermost
    /// quarter per cent at either end of its samples. Values beyond it are not shown.
    pub range: Option<(f64, f64)>,
    /// Bins along a panel, 1..=1000; 60 by default.
    pub bins: usize,
    /// The vertical axis; linear by default, from 0. A logarithmic one shows the tails.
    pub y_scale: Scale,
    /// Whether to draw the height of an even distribution over the range, and the 95 per cent of
    /// heights about it that as many values as the first sample has scatter over; off by default.
    pub uniform: bool,
    /// Width in pixels, 320..=8192; 1400 by default, for three panels.
    pub width: u32,
    /// Height in pixels, 320..=8192; 520 by default.
    pub height: u32,
}

impl Default for Histograms {
    fn default() -> Self {
        Self {
            title: String::new(),
            x_label: String::new(),
            y_label: "density".into(),
            range: None,
            bins: 60,
            y_scale: Scale::Linear,
            uniform: false,
            width: 1400,
            height: 520,
        }
    }
}

impl Histograms {
    /// Histograms of the probability integral transform: 20 bins over [0, 1], with the even line.
    pub fn pit() -> Self {
        Self {
            x_label: "probability integral transform".into(),
            range: Some((0.0, 1.0)),
            bins: 20,
            uniform: true,
            ..Self::default()
        }
    }

    /// Draws the panels and writes the figure, whole or not at all; `path` ends in `.png` or
    /// `.svg`. The first sample is filled; the legend takes the names of the first panel's
    /// samples.
    ///
    /// # Errors
    /// [`PlotError::NothingToDraw`] for no panel or one without samples, [`PlotError::EmptySample`]
    /// for a sample without a finite value, or no value at all within the range;
    /// [`PlotError::Setting`], also for more than 21 samples in a panel; [`PlotError::TooNarrow`],
    /// [`PlotError::BadExtension`], [`PlotError::BadFigureSize`], [`PlotError::Write`] if the disk
    /// refuses.
    pub fn save(
        &self,
        path: impl AsRef<Path>,
        panels: &[Panel<'_, Values<'_>>],
    ) -> Result<(), PlotError> {
        figure::save(path.as_ref(), self.width, self.height, &Steps::new(self, panels)?)
    }
}

/// Draws histograms with the defaults of [`Histograms`].
///
/// # Errors
/// As [`Histograms::save`].
pub fn save_histograms(
    path: impl AsRef<Path>,
    title: &str,
    x_label: &str,
    panels: &[Panel<'_, Values<'_>>],
) -> Result<(), PlotError> {
    let (title, x_label) = (title.into(), x_label.into());
    Histograms { title, x_label, ..Histograms::default() }.save(path, panels)
}

/// Draws histograms of the probability integral transform as [`Histograms::pit`].
///
/// # Errors
/// As [`Histograms::save`].
pub fn save_pit(
    path: impl AsRef<Path>,
    title: &str,
    panels: &[Panel<'_, Values<'_>>],
) -> Result<(), PlotError> {
    Histograms { title: title.into(), ..Histograms::pit() }.save(path, panels)
}

/// One panel: its range, the densities of its samples and the number of values of the first.
struct Heights {
    range: (f64, f64),
    samples: Vec<Vec<f64>>,
    count: usize,
}

impl Heights {
    /// The height of an even distribution, and how far the 95 per cent reach about it.
    fn even(&self, bins: usize) -> (f64, f64) {
        let height = 1.0 / (self.range.1 - self.range.0);
        let part = 1.0 / bins as f64;
        let scatter = ((1.0 - part) / (part * self.count as f64)).sqrt();
        (height, NINETY_FIVE * scatter * height)
    }
}

/// All panels and the axes they are drawn over.
struct Steps<'a> {
    settings: &'a Histograms,
    panels: Vec<(&'a str, Axis)>,
    names: Vec<&'a str>,
    heights: Vec<Heights>,
    y_axis: Axis,
}

impl<'a> Steps<'a> {
    fn new(settings: &'a Histograms, panels: &[Panel<'a, Values<'a>>]) -> Result<Self, PlotError> {
        let bins = settings.bins;
        check_bins(bins)?;
        if panels.is_empty() || panels.iter().any(|panel| panel.samples.is_empty()) {
            return Err(PlotError::NothingToDraw { series: 0, logarithmic: false });
        }
        let most = panels.iter().map(|panel| panel.samples.len()).max().unwrap_or(0);
        check_count("samples of a panel", most, LINES, "21 at most, which are told apart")?;
        let (mut axes, mut heights) = (Vec::new(), Vec::new());
        for panel in panels {
            let values: Result<Vec<_>, _> = panel.samples.iter().map(Values::finite).collect();
            let values = values?;
            let range = range("range", settings.range, values.iter().cloned())?;
            axes.push((panel.title, axis(range, Scale::Linear)?));
            let density = |values: &Vec<f64>| {
                let each = bins as f64 / (values.len() as f64 * (range.1 - range.0));
                let mut density = vec![0.0; bins];
                for bin in values.iter().filter_map(|value| bin_of(*value, range, bins)) {
                    density[bin] += each;
                }
                density
            };
            let samples = values.iter().map(density).collect();
            heights.push(Heights { range, samples, count: values[0].len() });
        }
        let drawn = || heights.iter().flat_map(|panel| &panel.samples).flatten().copied();
        let mut highest = drawn().fold(0.0, f64::max);
        if highest == 0.0 {
            // Only a range that is given holds none.
            return Err(empty(panels[0].samples[0].name, "value within the range"));
        }
        if settings.uniform {
            let reach = heights.iter().map(|panel| panel.even(bins)).map(|(at, by)| at + by);
            highest = reach.fold(highest, f64::max);
        }
        let ends = match settings.y_scale {
            Scale::Linear => (0.0, 1.08 * highest),
            Scale::Log => {
                let lowest = drawn().filter(|height| *height > 0.0).fold(highest, f64::min);
                (0.7 * lowest, 1.5 * highest)
            }
        };
        let names = panels[0].samples.iter().map(|sample| sample.name).collect();
        let y_axis = axis(ends, settings.y_scale)?;
        Ok(Self { settings, panels: axes, names, heights, y_axis })
    }

    fn legend(&self) -> Vec<Entry> {
        let names = self.names.iter().enumerate();
        let mut entries: Vec<_> =
            names.map(|(index, name)| Entry::new(*name, Mark::of(index, 3.0))).collect();
        if self.settings.uniform {
            entries.push(Entry::new("even", Mark::Dashes { colour: BLACK, width: 1.4 }));
            let count = self.heights[0].count;
            let text = match self.heights.iter().all(|panel| panel.count == count) {
                true => format!("95% scatter of {count} values"),
                false => "95% scatter of as many values".into(),
            };
            entries.push(Entry::new(text, scatter()));
        }
        entries
    }

    /// The even line and its scatter.
    fn draw_even<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: &Frame,
        panel: &Heights,
    ) -> Result<(), PlotError> {
        let (height, reach) = panel.even(self.settings.bins);
        let Frame { left, right, top, bottom, .. } = *frame;
        let y = |height: f64| level(frame, self.settings.y_scale, height);
        let (low, high) = (y(height - reach).min(bottom), y(height + reach).max(top));
        trace(canvas, vec![(left, high), (right, high), (right, low), (left, low)], scatter())?;
        let middle = vec![(left, y(height)), (right, y(height))];
        trace(canvas, middle, Mark::Dashes { colour: BLACK, width: 1.4 })
    }

    /// One sample: its steps, from the bottom and back to it, and the area below the first.
    fn draw_sample<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: &Frame,
        range: (f64, f64),
        (index, heights): (usize, &Vec<f64>),
    ) -> Result<(), PlotError> {
        let (low, high) = range;
        let edge = |bin: usize| frame.x(low + (high - low) * bin as f64 / heights.len() as f64);
        let mut points: Vec<Pixel> = vec![(edge(0), frame.bottom)];
        for (bin, height) in heights.iter().enumerate() {
            let y = level(frame, self.settings.y_scale, *height);
            if index == 0 {
                let area = colour(0).mix(0.15);
                canvas.rectangle((edge(bin), y), (edge(bin + 1), frame.bottom), area)?;
            }
            points.extend([(edge(bin), y), (edge(bin + 1), y)]);
        }
        points.push((edge(heights.len()), frame.bottom));
        trace(canvas, points, Mark::of(index, 2.0))
    }
}

/// Where a height lies; one that a logarithmic axis cannot show lies at the bottom.
fn level(frame: &Frame, scale: Scale, height: f64) -> i32 {
    if scale.shows(height) { frame.y(height).min(frame.bottom) } else { frame.bottom }
}

fn scatter() -> Mark {
    Mark::Area { colour: RGBColor(90, 90, 90), opacity: 0.2 }
}

impl Drawing for Steps<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let row = Row {
            title: &self.settings.title,
            x_label: &self.settings.x_label,
            y_label: &self.settings.y_label,
            panels: self.panels.clone(),
            y_axis: self.y_axis,
            legend: self.legend(),
        };
        row.draw(canvas, canvas.px(20.0), |index, frame| {
            let panel = &self.heights[index];
            if self.settings.uniform {
                self.draw_even(canvas, frame, panel)?;
            }
            let mut samples = panel.samples.iter().enumerate();
            samples.try_for_each(|sample| self.draw_sample(canvas, frame, panel.range, sample))
        })?;
        Ok(())
    }
}
