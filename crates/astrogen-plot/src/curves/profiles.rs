//! Several panels of curves in one figure: profiles of a galaxy, true beside sampled.

use std::path::Path;

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Series;
use super::trace::runs;
use crate::axis::{Axis, Scale};
use crate::error::PlotError;
use crate::figure;
use crate::figure::canvas::{BREADTH, Canvas, Drawing, text_width};
use crate::figure::colour::COLOURS;
use crate::figure::legend::{self, Entry, Mark, check_count, trace};
use crate::figure::row::Row;
use crate::sample::empty;

/// One panel of a figure of profiles, with axes of its own. A value that is not finite (or, on a
/// logarithmic axis, not above 0) is a gap in its line, a value between two gaps a dot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProfilePanel {
    /// Above the panel; empty for none.
    pub title: String,
    /// Below it, unit and all; empty for none.
    pub x_label: String,
    /// Beside its vertical axis; empty for none.
    pub y_label: String,
    /// The vertical axis; linear by default.
    pub y_scale: Scale,
    /// The lines. Those of one name look alike in all panels: the first name's are solid, the next
    /// six dashed, seven more dotted.
    pub series: Vec<Series>,
}

/// A figure of panels of lines: title, legend, layout and size.
///
/// ```
/// use astrogen_plot::{ProfilePanel, Profiles, Scale, Series};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("profiles.png");
/// let radii = (1..20).map(f64::from);
/// let curve = |name, height: f64| {
///     Series::new(name, radii.clone().map(|r| (r, height * (r / 3.0).tanh())))
/// };
/// let disc = |name, height: f64| {
///     Series::new(name, radii.clone().map(|r| (r, height * (-r / 3.0).exp())))
/// };
/// let rotation = ProfilePanel {
///     x_label: "R [kpc]".into(),
///     y_label: "mean rotation [km/s]".into(),
///     series: vec![curve("true", 220.0), curve("sampled", 210.0)],
///     ..ProfilePanel::default()
/// };
/// let density = ProfilePanel {
///     x_label: "R [kpc]".into(),
///     y_label: "surface density [Msun/pc²]".into(),
///     y_scale: Scale::Log,
///     series: vec![disc("true", 800.0), disc("sampled", 900.0)],
///     ..ProfilePanel::default()
/// };
/// Profiles { title: "Galaxy 7".into(), ..Profiles::default() }.save(&path, &[rotation, density])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Profiles {
    /// Above the figure; empty for none.
    pub title: String,
    /// Panels side by side, 1 or more; by default up to three.
    pub columns: Option<u32>,
    /// Width of a panel with its labels in pixels, 160 or more; 480 by default.
    pub panel_width: u32,
    /// Height of a panel with its labels in pixels, 160 or more; 420 by default.
    pub panel_height: u32,
}

impl Default for Profiles {
    fn default() -> Self {
        Self { title: String::new(), columns: None, panel_width: 480, panel_height: 420 }
    }
}

impl Profiles {
    /// Draws the panels row by row and writes the figure, whole or not at all; `path` ends in
    /// `.png` or `.svg`.
    ///
    /// # Errors
    /// [`PlotError::NothingToDraw`] for no panel, [`PlotError::EmptySample`] for one without a
    /// value that can be drawn, [`PlotError::Setting`], also for lines of more than 14 names;
    /// [`PlotError::TooNarrow`], [`PlotError::BadExtension`], [`PlotError::BadFigureSize`] for more
    /// panels than fit, [`PlotError::Write`] if the disk refuses.
    pub fn save(&self, path: impl AsRef<Path>, panels: &[ProfilePanel]) -> Result<(), PlotError> {
        let setting =
            |name, rule, got: u32| Err(PlotError::Setting { name, rule, got: got.to_string() });
        if self.columns == Some(0) {
            return setting("columns", "1 or more", 0);
        }
        for (name, side) in [("panel_width", self.panel_width), ("panel_height", self.panel_height)]
        {
            if side < 160 {
                return setting(name, "160 or more", side);
            }
        }
        let count = u32::try_from(panels.len()).unwrap_or(u32::MAX);
        let columns = self.columns.unwrap_or(3).min(count).max(1);
        let figure = Figure::new(self, panels, columns)?;
        let width = columns.saturating_mul(self.panel_width).max(320);
        let header = figure.header(figure.legend(f64::from(width))?.len()).ceil() as u32;
        let height = count.div_ceil(columns).saturating_mul(self.panel_height);
        let height = height.saturating_add(header).max(320);
        figure::save(path.as_ref(), width, height, &figure)
    }
}

/// Draws profiles with the defaults of [`Profiles`].
///
/// # Errors
/// As [`Profiles::save`].
pub fn save_profiles(
    path: impl AsRef<Path>,
    title: &str,
    panels: &[ProfilePanel],
) -> Result<(), PlotError> {
    Profiles { title: title.into(), ..Profiles::default() }.save(path, panels)
}

/// What is left free beside title and legend.
const LEFT: f64 = 24.0;
const RIGHT: f64 = 16.0;

/// How many names of lines are told apart.
const NAMES: usize = 2 * COLOURS.len();

/// The lines of a name: the first's solid, so that it is found at once.
fn mark(index: usize) -> Mark {
    match Mark::of(index, 2.2) {
        Mark::Line { colour, width } if index > 0 => Mark::Dashes { colour, width },
        Mark::Dashes { colour, width } => Mark::Dots { colour, width },
        mark => mark,
    }
}

/// The panels with their axes, and the names of the lines with their marks.
struct Figure<'a> {
    profiles: &'a Profiles,
    columns: i32,
    panels: Vec<(&'a ProfilePanel, Axis, Axis)>,
    entries: Vec<Entry>,
}

impl<'a> Figure<'a> {
    fn new(
        profiles: &'a Profiles,
        panels: &'a [ProfilePanel],
        columns: u32,
    ) -> Result<Self, PlotError> {
        if panels.is_empty() {
            return Err(PlotError::NothingToDraw { series: 0, logarithmic: false });
        }
        let with_axes = |panel: &'a ProfilePanel| {
            let shown = || {
                let runs = panel.series.iter().flat_map(|line| runs(&line.points, panel.y_scale));
                runs.flatten().copied()
            };
            let axes = (
                Axis::over(shown().map(|point| point.0), Scale::Linear, 0.02),
                Axis::over(shown().map(|point| point.1), panel.y_scale, 0.06),
            );
            let (Some(x_axis), Some(y_axis)) = axes else {
                let logarithmic = panel.y_scale == Scale::Log;
                let above = if logarithmic { " above 0, as a logarithmic axis needs" } else { "" };
                return Err(empty(&panel.title, format!("finite value{above}")));
            };
            Ok((panel, x_axis, y_axis))
        };
        let panels: Result<Vec<_>, _> = panels.iter().map(with_axes).collect();
        let panels = panels?;
        let mut entries: Vec<Entry> = Vec::new();
        for series in panels.iter().flat_map(|(panel, ..)| &panel.series) {
            if entries.iter().all(|entry| entry.name != series.name) {
                entries.push(Entry::new(&series.name, mark(entries.len())));
            }
        }
        check_count("names of series", entries.len(), NAMES, "14 at most, which are told apart")?;
        Ok(Self { profiles, columns: columns as i32, panels, entries })
    }

    /// The lines of the legend in a figure of this width, in the widest letters of a viewer.
    fn legend(&self, width: f64) -> Result<Vec<&[Entry]>, PlotError> {
        let width_of = |name: &str| Ok(BREADTH * f64::from(text_width(name, 17.0)?));
        legend::lines(&self.entries, width - LEFT - RIGHT, width_of)
    }

    /// Room for title and legend in pixels of the finished figure.
    fn header(&self, legend_lines: usize) -> f64 {
        let title = if self.profiles.title.is_empty() { 6.0 } else { 44.0 };
        title + 28.0 + legend::LINE * legend_lines.saturating_sub(1) as f64
    }

    fn mark(&self, name: &str) -> Mark {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        entry.map_or(mark(0), |entry| entry.mark)
    }

    fn draw_panel<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        (panel, x_axis, y_axis): &(&ProfilePanel, Axis, Axis),
    ) -> Result<(), PlotError> {
        let row = Row {
            title: "",
            x_label: &panel.x_label,
            y_label: &panel.y_label,
            panels: vec![(&panel.title, *x_axis)],
            y_axis: *y_axis,
            legend: Vec::new(),
        };
        row.draw(canvas, canvas.px(24.0), |_, frame| {
            for line in &panel.series {
                let mark = self.mark(&line.name);
                for run in runs(&line.points, panel.y_scale) {
                    let pixels: Vec<_> = run.iter().map(|point| frame.at(*point)).collect();
                    match (&pixels[..], mark) {
                        (
                            [alone],
                            Mark::Line { colour, .. }
                            | Mark::Dashes { colour, .. }
                            | Mark::Dots { colour, .. }
                            | Mark::Area { colour, .. },
                        ) => canvas.dot(*alone, colour)?,
                        _ => trace(canvas, pixels, mark)?,
                    }
                }
            }
            Ok(())
        })?;
        Ok(())
    }
}

impl Drawing for Figure<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let (left, right) = (canvas.px(LEFT), canvas.width - canvas.px(RIGHT));
        let style = canvas.text(25.0, 1.0).pos(Pos::new(HPos::Left, VPos::Center));
        let title = &self.profiles.title;
        canvas.write_within(right - left, title, &style, (left, canvas.px(27.0)))?;
        let legend = self.legend(canvas.finished(canvas.width))?;
        let first = canvas.px(self.header(1) - 12.0);
        legend::draw_lines(canvas, &legend, (left, right), first)?;
        let top = canvas.px(self.header(legend.len()));
        let wide = canvas.px(f64::from(self.profiles.panel_width));
        let high = canvas.px(f64::from(self.profiles.panel_height));
        for (panel, index) in self.panels.iter().zip(0..) {
            let from = (index % self.columns * wide, top + index / self.columns * high);
            let to = (from.0 + wide, from.1 + high);
            canvas.part(from, to, |canvas| self.draw_panel(canvas, panel))?;
        }
        Ok(())
    }
}
