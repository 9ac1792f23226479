//! A grid of images with names of its rows and columns: what changes along a row is read off, not
//! remembered.

use std::path::Path;

use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use tch::{Kind, Tensor};

use super::{PADDING, batch_size, lines, make_grid, square};
use crate::error::PlotError;
use crate::figure::canvas::{self, Canvas, Drawing, text_width};
use crate::png::{Picture, require_png};

/// Size of the labels' letters.
const LABEL: f64 = 17.0;

/// White pixels around everything.
const MARGIN: u32 = 10;

/// A grid of images with labels: title, names of rows and columns, size of an image.
///
/// ```
/// use astrogen_plot::LabelledGrid;
/// use tch::{Device, Kind, Tensor};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("latents.png");
/// let images = Tensor::rand([2 * 3, 3, 32, 32], (Kind::Float, Device::Cpu)) * 2 - 1;
/// LabelledGrid {
///     title: "What each latent changes".into(),
///     row_labels: vec!["latent 0".into(), "latent 1".into()],
///     column_labels: ["-3 σ", "mean", "+3 σ"].map(String::from).into(),
///     ..LabelledGrid::default()
/// }
/// .save(&images, &path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledGrid {
    /// Above the grid; empty for none.
    pub title: String,
    /// Left of the rows, one each; empty for none.
    pub row_labels: Vec<String>,
    /// Above the columns, one each; empty for none. Letters are smaller where one would not fit,
    /// and a label is cut where that does not do.
    pub column_labels: Vec<String>,
    /// Pixels along the longer side of an image, 8..=4096: larger images are averaged down, smaller
    /// ones are shown with larger pixels. 128 by default; `None` leaves images as they are.
    pub side: Option<u32>,
}

impl Default for LabelledGrid {
    fn default() -> Self {
        let none = Vec::new;
        Self { title: String::new(), row_labels: none(), column_labels: none(), side: Some(128) }
    }
}

impl LabelledGrid {
    /// Writes images `[N, C, H, W]` in signed range as one PNG, row by row, with the labels around.
    ///
    /// There are as many columns as column labels; without those, as many as make a row for every
    /// row label; without either, as [`save_grid`](super::save_grid) has them. Channels, values
    /// beyond the range and NaN are shown as by that.
    ///
    /// # Errors
    /// [`PlotError::Shape`] or [`PlotError::BadKind`] for a batch that cannot be shown,
    /// [`PlotError::Setting`] for labels that are not one per row or column, or a side out of
    /// range; [`PlotError::BadFigureSize`] for a picture of more than 8192 pixels along a side:
    /// lower `side`; [`PlotError::BadExtension`] unless `path` ends in `.png`, and
    /// [`PlotError::Write`] if the disk refuses.
    pub fn save(&self, images: &Tensor, path: impl AsRef<Path>) -> Result<(), PlotError> {
        require_png(path.as_ref())?;
        let [count, _, height, width] = batch_size(images)?;
        let columns = self.columns(count)?;
        let size = self.size([height, width])?;
        check(lines(count, columns) * (size[0] + PADDING), columns * (size[1] + PADDING))?;
        let images = resized(images, size)?;
        let grid = Picture::from_tensor(&make_grid(&images, Some(columns as usize))?)?;
        let layout = Layout::new(self, size.map(|side| side + PADDING), &grid)?;
        check(layout.height.into(), layout.width.into())?;
        let mut picture = canvas::png(layout.width, layout.height, &layout)?;
        paste(&grid, &mut picture, [layout.left as usize, layout.top as usize]);
        picture.save(path)
    }

    /// The columns of so many images.
    fn columns(&self, images: i64) -> Result<i64, PlotError> {
        let [rows, columns] =
            [&self.row_labels, &self.column_labels].map(|labels| labels.len() as i64);
        let setting = |name, rule, got| Err(PlotError::Setting { name, rule, got });
        if columns > images || (columns > 0 && rows > 0 && lines(images, columns) != rows) {
            let rule = "one per column, and row labels one per row";
            let got = format!("{columns} and {rows} row labels for {images} images");
            return setting("column_labels", rule, got);
        }
        if columns > 0 {
            return Ok(columns);
        }
        if rows > 0 && images % rows != 0 {
            let rule = "one per row, of equally many images";
            return setting("row_labels", rule, format!("{rows} for {images} images"));
        }
        Ok(if rows > 0 { images / rows } else { square(images) })
    }

    /// Height and width that images of these have in the picture.
    fn size(&self, image: [i64; 2]) -> Result<[i64; 2], PlotError> {
        let Some(side) = self.side else { return Ok(image) };
        if !(8..=4096).contains(&side) {
            let (name, rule) = ("side", "8 to 4096, or None");
            return Err(PlotError::Setting { name, rule, got: side.to_string() });
        }
        let part = f64::from(side) / image[0].max(image[1]) as f64;
        Ok(image.map(|side| (side as f64 * part).round().max(1.0) as i64))
    }
}

/// Refuses a picture that memory would not hold at all, or hardly.
fn check(height: i64, width: i64) -> Result<(), PlotError> {
    if height.max(width) <= 8192 {
        return Ok(());
    }
    let side = |side| u32::try_from(side).unwrap_or(u32::MAX);
    Err(PlotError::BadFigureSize { width: side(width), height: side(height) })
}

/// Images `[N, C, H, W]` of another height and width: averaged down or repeated up.
fn resized(images: &Tensor, size: [i64; 2]) -> Result<Tensor, PlotError> {
    let [_, _, height, width] = batch_size(images)?;
    let images = images.f_detach()?.f_to_kind(Kind::Float)?;
    Ok(match size {
        same if same == [height, width] => images,
        [high, wide] if high <= height && wide <= width => images.f_adaptive_avg_pool2d(size)?,
        _ => images.f_upsample_nearest2d(size, None, None)?,
    })
}

/// Writes images with the labels of their rows and columns, as [`LabelledGrid`] by default does.
///
/// # Errors
/// As [`LabelledGrid::save`].
pub fn save_labelled_grid(
    images: &Tensor,
    title: &str,
    row_labels: &[String],
    column_labels: &[String],
    path: impl AsRef<Path>,
) -> Result<(), PlotError> {
    let (row_labels, column_labels) = (row_labels.to_vec(), column_labels.to_vec());
    LabelledGrid { title: title.into(), row_labels, column_labels, ..LabelledGrid::default() }
        .save(images, path)
}

/// Where the grid and its labels stand, in pixels of the picture.
struct Layout<'a> {
    grid: &'a LabelledGrid,
    /// Distance of neighbouring images down and across.
    steps: [u32; 2],
    left: u32,
    top: u32,
    width: u32,
    height: u32,
    /// Size of the letters above the columns.
    column_size: f64,
}

impl<'a> Layout<'a> {
    fn new(grid: &'a LabelledGrid, steps: [i64; 2], picture: &Picture) -> Result<Self, PlotError> {
        // Sizes of a tensor that exists are small and not negative.
        let steps = steps.map(|step| step as u32);
        let [across, down] = [picture.width, picture.height].map(|side| side as u32);
        let widest = |labels: &[String]| -> Result<u32, PlotError> {
            let widths: Result<Vec<u32>, _> =
                labels.iter().map(|label| text_width(label, LABEL)).collect();
            Ok(widths?.into_iter().max().unwrap_or(0))
        };
        let rows = widest(&grid.row_labels)?.min(400);
        let left = MARGIN + if rows == 0 { 0 } else { rows + 10 };
        let room = f64::from(steps[1]) - 6.0;
        let columns = f64::from(widest(&grid.column_labels)?.max(1));
        let column_size = (LABEL * room / columns).clamp(9.0, LABEL);
        let titled = if grid.title.is_empty() { MARGIN } else { 46 };
        let top = titled + if grid.column_labels.is_empty() { 0 } else { 24 };
        let title = text_width(&grid.title, 25.0)? + 2 * MARGIN;
        let width = (left + across + MARGIN).max(title);
        Ok(Self { grid, steps, left, top, width, height: top + down + MARGIN, column_size })
    }
}

impl Drawing for Layout<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
        let place = |pixels: f64| canvas.px(pixels);
        let (left, top) = (f64::from(self.left), f64::from(self.top));
        let middle =
            |index: usize, step: u32| (index as f64 + 0.5) * f64::from(step) + 0.5 * PADDING as f64;
        let style = canvas.text(25.0, 1.0).pos(Pos::new(HPos::Left, VPos::Center));
        let start = f64::from(MARGIN);
        let room = canvas.width - place(start);
        canvas.write_within(room, &self.grid.title, &style, (place(start), place(25.0)))?;
        let above = Pos::new(HPos::Center, VPos::Center);
        let style = canvas.text(self.column_size, 0.9).pos(above);
        for (index, label) in self.grid.column_labels.iter().enumerate() {
            let at = (place(left + middle(index, self.steps[1])), place(top - 12.0));
            canvas.write_within(place(f64::from(self.steps[1])), label, &style, at)?;
        }
        let size = LABEL.min(f64::from(self.steps[0]));
        let style = canvas.text(size, 0.9).pos(Pos::new(HPos::Right, VPos::Center));
        for (index, label) in self.grid.row_labels.iter().enumerate() {
            let at = (place(left - 10.0), place(top + middle(index, self.steps[0])));
            canvas.write_within(place(left - 12.0), label, &style, at)?;
        }
        Ok(())
    }
}

/// Copies a grey or RGB picture into a larger RGB one, its upper left corner at a place.
fn paste(small: &Picture, large: &mut Picture, [left, top]: [usize; 2]) {
    let row = 3 * large.width;
    for (line, pixels) in small.bytes.chunks_exact(small.width * small.channels).enumerate() {
        let start = (top + line) * row + 3 * left;
        let target = &mut large.bytes[start..start + 3 * small.width];
        for (to, from) in target.chunks_exact_mut(3).zip(pixels.chunks_exact(small.channels)) {
            match from {
                [grey] => to.fill(*grey),
                colours => to.copy_from_slice(colours),
            }
        }
    }
}
