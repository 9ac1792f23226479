//! Which squares of a frame become samples.
//!
//! A photograph of a nebula is one sample: its largest centred square, shrunk to the
//! sample's size. A telescope frame is many: shrinking 2000 pixels to 64 would lose all
//! but the brightest stars, so squares of the sample's size are cut from it at the
//! frame's own scale. [`Tiling::Auto`] chooses between the two.

use std::fmt;
use std::str::FromStr;

use astrogen_preprocess::cutout::tiles;
use ndarray::{Array3, ArrayView3, s};
use serde::{Deserialize, Serialize};

use crate::ImagesError;

/// The largest factor by which [`Tiling::Auto`] shrinks a FITS frame.
pub const AUTO_SHRINK: usize = 4;

/// The share of blank pixels from which on a square is dropped.
pub const MAX_BLANK: f64 = 0.25;

/// The least difference between a square's darkest and brightest pixel, in signed range:
/// two steps of an 8-bit picture. A square below it in all bands is dropped as constant.
pub const MIN_CONTRAST: f32 = 4.0 / 255.0;

/// How a frame becomes samples of `size` by `size` pixels.
///
/// Written `auto`, `whole`, `tiles` or `tiles:STRIDE` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Tiling {
    /// `Whole` for PNG, JPEG and TIFF pictures of any size and for FITS frames whose
    /// shorter side is at most [`AUTO_SHRINK`] samples long; `Tiles` at the default
    /// stride for larger FITS frames.
    #[default]
    Auto,
    /// The largest centred square, shrunk to the sample.
    Whole,
    /// Squares at the frame's own scale.
    Tiles {
        /// Pixels from one square to the next; half a sample where not given. The last
        /// row and column are shifted inwards so that every pixel is covered.
        stride: Option<usize>,
    },
}

impl fmt::Display for Tiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Whole => f.write_str("whole"),
            Self::Tiles { stride: None } => f.write_str("tiles"),
            Self::Tiles { stride: Some(stride) } => write!(f, "tiles:{stride}"),
        }
    }
}

impl From<Tiling> for String {
    fn from(tiling: Tiling) -> Self {
        tiling.to_string()
    }
}

impl TryFrom<String> for Tiling {
    type Error = ImagesError;

    fn try_from(text: String) -> Result<Self, ImagesError> {
        text.parse()
    }
}

impl FromStr for Tiling {
    type Err = ImagesError;

    fn from_str(text: &str) -> Result<Self, ImagesError> {
        let stride = |text: &str| text.parse().ok().filter(|&stride: &usize| stride > 0);
        match text.split_once(':') {
            None if text == "auto" => Some(Self::Auto),
            None if text == "whole" => Some(Self::Whole),
            None if text == "tiles" => Some(Self::Tiles { stride: None }),
            Some(("tiles", after)) => stride(after).map(|s| Self::Tiles { stride: Some(s) }),
            _ => None,
        }
        .ok_or_else(|| ImagesError::Setting {
            name: "tiling",
            rule: "auto, whole, tiles or tiles:STRIDE with a stride of 1 or more".into(),
            got: format!("{text:?}"),
        })
    }
}

/// Equal squares of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Squares {
    /// The side of each square in pixels of the frame; at least the sample's.
    pub side: usize,
    /// Upper left corners (y, x), row by row.
    pub origins: Vec<(usize, usize)>,
}

impl Tiling {
    /// The squares of a frame of `height` by `width` pixels for samples of side `size`;
    /// `is_fits` tells a telescope frame from a picture. None where the frame is smaller
    /// than one sample.
    pub fn squares(
        &self,
        height: usize,
        width: usize,
        size: usize,
        is_fits: bool,
    ) -> Option<Squares> {
        let shorter = height.min(width);
        if shorter < size {
            return None;
        }
        let stride = match *self {
            Self::Tiles { stride } => stride,
            Self::Auto if is_fits && shorter > AUTO_SHRINK * size => None,
            Self::Auto | Self::Whole => {
                let origin = ((height - shorter) / 2, (width - shorter) / 2);
                return Some(Squares { side: shorter, origins: vec![origin] });
            }
        };
        let stride = stride.unwrap_or(size / 2).max(1);
        Some(Squares { side: size, origins: tiles(height, width, size, stride) })
    }
}

impl Squares {
    /// Drops the squares with more than [`MAX_BLANK`] blank (non-finite) pixels in the frame `[C, H, W]`
    /// of physical values, and returns how many there were.
    pub fn drop_blank(&mut self, physical: &Array3<f32>) -> usize {
        self.keep(physical, |square| {
            let blank = square.iter().filter(|value| !value.is_finite()).count();
            blank as f64 <= MAX_BLANK * square.len() as f64
        })
    }

    /// Drops the squares below [`MIN_CONTRAST`] in every band of the frame `[C, H, W]` in signed range,
    /// and returns how many there were.
    pub fn drop_flat(&mut self, signed: &Array3<f32>) -> usize {
        self.keep(signed, |square| {
            square.outer_iter().any(|band| {
                let (low, high) = band.iter().fold((f32::MAX, f32::MIN), |(low, high), &value| {
                    (low.min(value), high.max(value))
                });
                high - low >= MIN_CONTRAST
            })
        })
    }

    /// The same on a frame that was one square and is shrunk to `size` pixels: it begins at (0, 0).
    pub(crate) fn shrunk(mut self, size: usize) -> Self {
        self.origins.fill((0, 0));
        Self { side: size, ..self }
    }

    fn keep(&mut self, frame: &Array3<f32>, has: impl Fn(ArrayView3<'_, f32>) -> bool) -> usize {
        let (side, before) = (self.side, self.origins.len());
        self.origins.retain(|&(y, x)| has(frame.slice(s![.., y..y + side, x..x + side])));
        before - self.origins.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn pictures_stay_whole_and_large_frames_are_tiled() {
        let squares = |height, width, is_fits| {
            Tiling::Auto.squares(height, width, 64, is_fits).map(|s| (s.side, s.origins.len()))
        };
        assert_eq!(squares(256, 256, false), Some((256, 1)));
        assert_eq!(squares(2000, 3000, false), Some((2000, 1)));
        assert_eq!(squares(81, 81, true), Some((81, 1)));
        assert_eq!(squares(256, 1000, true), Some((256, 1)));
        // (257 - 64) / 32 rounded up, and one: 8 squares per side
        assert_eq!(squares(257, 257, true), Some((64, 64)));
        assert_eq!(squares(63, 1000, true), None);
    }

    #[test]
    fn the_whole_is_the_largest_centred_square() {
        let squares = Tiling::Whole.squares(100, 161, 64, true).unwrap();
        assert_eq!(squares, Squares { side: 100, origins: vec![(0, 30)] });
    }

    #[test]
    fn tiles_cover_every_pixel_and_stay_inside() {
        for (height, width, size, stride) in [
            (64, 64, 64, None),
            (65, 200, 64, None),
            (100, 130, 32, Some(32)),
            (50, 70, 16, Some(7)),
        ] {
            let squares = Tiling::Tiles { stride }.squares(height, width, size, false).unwrap();
            let mut covered = ndarray::Array2::<bool>::default((height, width));
            for &(y, x) in &squares.origins {
                covered.slice_mut(s![y..y + size, x..x + size]).fill(true);
            }
            assert!(covered.iter().all(|&pixel| pixel), "{height}x{width}, {size}, {stride:?}");
            let mut distinct = squares.origins.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), squares.origins.len());
        }
    }

    #[test]
    fn blank_and_constant_squares_are_dropped() {
        let mut physical = Array3::from_shape_fn((2, 8, 32), |(_, y, x)| (y * 32 + x) as f32);
        let mut signed = physical.mapv(|value| value / 256.0);
        signed.slice_mut(s![.., .., 8..16]).fill(-1.0); // second: constant in both bands
        signed.slice_mut(s![1, .., 16..24]).fill(-1.0); // third: in one band only
        physical.slice_mut(s![.., ..3, 24..32]).fill(f32::NAN); // fourth: 3 of 8 rows blank
        physical.slice_mut(s![.., ..2, 16..24]).fill(f32::NAN); // third: 2 of 8 rows blank
        let tiling = Tiling::Tiles { stride: Some(8) };
        let mut squares = tiling.squares(8, 32, 8, true).unwrap();
        assert_eq!((squares.drop_blank(&physical), squares.drop_flat(&signed)), (1, 1));
        assert_eq!(squares.origins, [(0, 0), (0, 16)]);
    }

    #[test]
    fn tilings_are_written_and_read() {
        for text in ["auto", "whole", "tiles", "tiles:48"] {
            assert_eq!(text.parse::<Tiling>().unwrap().to_string(), text);
        }
        for text in ["", "Tiles", "tiles:", "tiles:0", "tiles:-1", "whole:3"] {
            let message = text.parse::<Tiling>().unwrap_err().to_string();
            assert!(message.contains("tiles:STRIDE") && message.contains(text), "{message}");
        }
    }
}
