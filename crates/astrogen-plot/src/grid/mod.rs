//! Many sample images in one picture, for eyes.
//!
//! The layout is torchvision's `make_grid`: row by row, two black pixels around every image, none
//! around a single one. The range is fixed and the same for all: signed -1 is black, +1 is full,
//! `round(255 * (x + 1) / 2)`; values beyond are clamped, nothing is stretched, so that grids of
//! one run can be compared. [`LabelledGrid`] writes names beside rows and columns.

mod labelled;

pub use labelled::{LabelledGrid, save_labelled_grid};

use std::path::Path;

use tch::{Kind, Tensor};

use crate::error::PlotError;
use crate::png::{Picture, require_png};

/// Black pixels between images and around them.
pub const PADDING: i64 = 2;

/// What stands for a pixel in which any shown channel is not a number: magenta, which no sky
/// holds. A grey grid with such a pixel becomes an RGB picture.
pub const NAN_COLOUR: [u8; 3] = [255, 0, 255];

/// Writes a batch of images as one PNG.
///
/// `images` is `[N, C, H, W]` of any floating-point kind, on any device, in signed range;
/// `columns` defaults to `ceil(sqrt(N))` (64 images: 8 columns). Channels are shown as
///
/// | C | picture |
/// | --- | --- |
/// | 1 | grey |
/// | 2 | red = first, green = mean of both, blue = second |
/// | 3 | red, green, blue |
/// | 4 and more | the first three as red, green, blue |
///
/// # Errors
/// [`PlotError::Shape`], [`PlotError::BadKind`] or [`PlotError::NoColumns`] for a batch that
/// cannot be shown, [`PlotError::BadExtension`] unless `path` ends in `.png`, and
/// [`PlotError::Write`] if the disk refuses; what stood at `path` before is then untouched.
pub fn save_grid(
    images: &Tensor,
    columns: Option<usize>,
    path: impl AsRef<Path>,
) -> Result<(), PlotError> {
    require_png(path.as_ref())?;
    Picture::from_tensor(&make_grid(images, columns)?)?.save(path)
}

/// The grid that [`save_grid`] writes, as bytes `[H', W', 1 or 3]` on the images' device.
///
/// ```
/// use tch::{Device, Kind, Tensor};
///
/// let images = Tensor::zeros([5, 3, 8, 8], (Kind::Float, Device::Cpu));
/// let grid = astrogen_plot::make_grid(&images, None)?; // 3 columns, 2 rows, of 8 + 2 pixels each
/// assert_eq!(grid.size(), [2 * 10 + 2, 3 * 10 + 2, 3]);
/// # Ok::<(), astrogen_plot::PlotError>(())
/// ```
///
/// # Errors
/// As [`save_grid`], but for the file.
pub fn make_grid(images: &Tensor, columns: Option<usize>) -> Result<Tensor, PlotError> {
    let [count, _, height, width] = batch_size(images)?;
    let columns = match columns {
        Some(0) => return Err(PlotError::NoColumns),
        Some(columns) => i64::try_from(columns).unwrap_or(i64::MAX).min(count),
        None => square(count),
    };
    let tiles = to_bytes(&images.f_detach()?.f_to_kind(Kind::Float)?)?; // [N, 1 or 3, H, W]
    if count == 1 {
        return Ok(tiles.f_squeeze_dim(0)?.f_permute([1, 2, 0])?);
    }
    let channels = tiles.size()[1];
    let rows = lines(count, columns);
    let (high, wide) = (height + PADDING, width + PADDING);
    let blank = Tensor::f_zeros(
        [rows * columns - count, channels, height, width],
        (Kind::Uint8, tiles.device()),
    )?;
    let grid = Tensor::f_cat(&[tiles, blank], 0)?
        .f_constant_pad_nd([0, PADDING, 0, PADDING])?
        .f_view([rows, columns, channels, high, wide])?
        .f_permute([0, 3, 1, 4, 2])? // [rows, high, columns, wide, channels]
        .f_reshape([rows * high, columns * wide, channels])?;
    Ok(grid.f_constant_pad_nd([0, 0, PADDING, 0, PADDING, 0])?)
}

/// The columns of a grid of so many images that is as good as square.
fn square(count: i64) -> i64 {
    (1..count).find(|side| side * side >= count).unwrap_or(count)
}

/// The rows of a grid of so many images.
fn lines(count: i64, columns: i64) -> i64 {
    (count + columns - 1) / columns
}

/// The sizes of a batch of images `[N, C, H, W]` that can be shown.
fn batch_size(images: &Tensor) -> Result<[i64; 4], PlotError> {
    let size = images.size();
    let size = match size[..] {
        [n, c, h, w] if n > 0 && c > 0 && h > 0 && w > 0 => [n, c, h, w],
        _ => {
            return Err(PlotError::Shape {
                expected: "images [N, C, H, W] with every size 1 or more",
                got: size,
            });
        }
    };
    if !images.is_floating_point() {
        return Err(PlotError::BadKind {
            expected: "floating-point images in signed range",
            got: images.kind(),
        });
    }
    Ok(size)
}

/// Signed float images `[N, C, H, W]` -> bytes `[N, 1 or 3, H, W]`.
fn to_bytes(images: &Tensor) -> Result<Tensor, PlotError> {
    let band = |index| images.f_narrow(1, index, 1);
    let shown = match images.size()[1] {
        2 => Tensor::f_cat(
            &[band(0)?, images.f_mean_dim([1i64].as_slice(), true, None)?, band(1)?],
            1,
        )?,
        channels if channels > 3 => images.f_narrow(1, 0, 3)?,
        _ => images.shallow_clone(),
    };
    let invalid = shown.f_isnan()?.f_any_dim(1, true)?; // [N, 1, H, W]
    let bytes = shown
        .f_add_scalar(1.0)?
        .f_mul_scalar(127.5)?
        .f_add_scalar(0.5)?
        .f_clamp(0.0, 255.0)?
        .f_nan_to_num(0.0, None, None)?
        .f_to_kind(Kind::Uint8)?; // cuts off: with the half added, rounds
    if invalid.f_any()?.f_int64_value(&[])? == 0 {
        return Ok(bytes);
    }
    let colour = Tensor::f_from_slice(&NAN_COLOUR)?.f_view([1, 3, 1, 1])?;
    Ok(colour.f_to_device(bytes.device())?.f_where_self(&invalid, &bytes)?)
}
