//! Parts of a frame, and frames of another size. All arrays are `[C, H, W]`.

use fast_image_resize::images::TypedImage;
use fast_image_resize::pixels::{F32, InnerPixel};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use ndarray::{Array3, ArrayView3, s};
use serde::{Deserialize, Serialize};

use crate::PreprocessError;
use crate::area::area_mean;

/// The rectangle of `height` by `width` pixels whose first pixel is `(y, x)`.
///
/// # Errors
/// [`PreprocessError::Shape`] if it is empty or reaches beyond the frame.
pub fn cutout(
    pixels: &ArrayView3<'_, f32>,
    y: usize,
    x: usize,
    height: usize,
    width: usize,
) -> Result<Array3<f32>, PreprocessError> {
    let (_, rows, columns) = pixels.dim();
    let inside = |start: usize, length: usize, limit: usize| {
        length > 0 && start.checked_add(length).is_some_and(|end| end <= limit)
    };
    if !inside(y, height, rows) || !inside(x, width, columns) {
        return Err(PreprocessError::Shape {
            what: "cutout".to_owned(),
            expected: format!("a rectangle inside a frame of {rows} x {columns} pixels"),
            got: format!("{height} x {width} from ({y}, {x})"),
        });
    }
    Ok(pixels.slice(s![.., y..y + height, x..x + width]).to_owned())
}

/// The largest square about the centre.
#[must_use]
pub fn centre_crop(pixels: &Array3<f32>) -> Array3<f32> {
    let (_, height, width) = pixels.dim();
    let side = height.min(width);
    let (y, x) = ((height - side) / 2, (width - side) / 2);
    pixels.slice(s![.., y..y + side, x..x + side]).to_owned()
}

/// First pixels `(y, x)` of the square tiles of `size` pixels that cover a frame, row by row.
///
/// Tiles start every `stride` pixels (0 counts as 1); where the last row or column would stop
/// short of the edge, one more is added that ends at it. A frame smaller than `size` has none.
///
/// ```
/// # use astrogen_preprocess::cutout::tiles;
/// assert_eq!(tiles(64, 100, 64, 64), [(0, 0), (0, 36)]);
/// ```
#[must_use]
pub fn tiles(height: usize, width: usize, size: usize, stride: usize) -> Vec<(usize, usize)> {
    if size == 0 || size > height || size > width {
        return Vec::new();
    }
    let starts = |length: usize| {
        let last = length - size;
        (0..last).step_by(stride.max(1)).chain([last])
    };
    starts(height).flat_map(|y| starts(width).map(move |x| (y, x))).collect()
}

/// How a pixel of the resized frame is made from those of the old one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeFilter {
    /// The mean of the area that it covers, in f64: pixels at its edge count by the part of them that it
    /// covers. The default: no ringing, and the light of a frame stays, wherever in it a source is and
    /// whatever the sides. A pixel that is not finite counts as not there; what less than half is left
    /// of is NaN.
    #[default]
    Area,
    /// The mean of the pixels whose centres it covers; enlarging repeats the nearest pixel. Where sides
    /// are no whole multiples, a pixel counts in full or not at all: from 96 to 64 pixels the light
    /// of a star changes with where it is.
    Box,
    /// The windowed sinc of three lobes: sharper, but it rings about stars, beyond the range
    /// of the values.
    Lanczos3,
    /// A triangle of the pixels that it covers.
    Bilinear,
}

/// Resamples every band to `height` by `width` pixels.
///
/// But for [`ResizeFilter::Area`], a pixel that is not finite would spread over its neighbours, so
/// fill bad pixels first (what the pipeline returns is finite).
///
/// # Errors
/// [`PreprocessError::Shape`] if either frame is empty or has a side over 2^32 - 1.
pub fn resize(
    pixels: &Array3<f32>,
    height: usize,
    width: usize,
    filter: ResizeFilter,
) -> Result<Array3<f32>, PreprocessError> {
    let (channels, rows, columns) = pixels.dim();
    let side = |length: usize| u32::try_from(length).ok().filter(|&length| length > 0);
    let sides = [rows, columns, height, width].map(side);
    let [Some(rows), Some(columns), Some(new_rows), Some(new_columns)] = sides else {
        return Err(PreprocessError::Shape {
            what: "resize".to_owned(),
            expected: "sides from 1 to 4294967295".to_owned(),
            got: format!("{rows} x {columns} to {height} x {width}"),
        });
    };
    if (rows, columns) == (new_rows, new_columns) {
        return Ok(pixels.clone());
    }
    let filter = match filter {
        ResizeFilter::Area => {
            let means = pixels.outer_iter().flat_map(|band| area_mean(&band, height, width));
            return Array3::from_shape_vec((channels, height, width), means.collect())
                .map_err(|error| broken_resize(&error));
        }
        ResizeFilter::Box => FilterType::Box,
        ResizeFilter::Lanczos3 => FilterType::Lanczos3,
        ResizeFilter::Bilinear => FilterType::Bilinear,
    };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    let mut resizer = Resizer::new();
    let mut source = TypedImage::<F32>::new(columns, rows);
    let mut target = TypedImage::<F32>::new(new_columns, new_rows);
    let mut resized = Vec::with_capacity(channels * height * width);
    for band in pixels.outer_iter() {
        let cells = F32::components_mut(source.pixels_mut());
        cells.iter_mut().zip(&band).for_each(|(to, from)| *to = *from);
        resizer
            .resize_typed(&source, &mut target, &options)
            .map_err(|error| broken_resize(&error))?;
        resized.extend_from_slice(F32::components(target.pixels()));
    }
    Array3::from_shape_vec((channels, height, width), resized)
        .map_err(|error| broken_resize(&error))
}

fn broken_resize(error: &dyn std::error::Error) -> PreprocessError {
    PreprocessError::Shape {
        what: "resize".to_owned(),
        expected: "a frame that can be resampled".to_owned(),
        got: error.to_string(),
    }
}
