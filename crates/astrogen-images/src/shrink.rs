//! When a frame larger than a sample is shrunk: before or after its pixels are stretched.

use std::fmt;
use std::str::FromStr;

use astrogen_preprocess::cutout::{ResizeFilter, resize};
use astrogen_preprocess::{MaskConfig, PreprocessError};
use ndarray::Array3;
use serde::{Deserialize, Serialize};

use crate::ImagesError;

/// How the square of a frame becomes a smaller sample.
///
/// Written `light` or `stretched` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Shrink {
    /// In physical units, before the stretch, by the mean over the area of each new pixel
    /// ([`ResizeFilter::Area`]): the light of every source stays, and samples taken back to physical
    /// units have it. Pixels that are not finite count as not there, and what a saturated one is part of
    /// is saturated. The limits of the stretch are measured on the small image. The default.
    #[default]
    Light,
    /// After the stretch, by [`ResizeFilter::Box`]. A mean of stretched pixels is not the stretched mean:
    /// small bright sources lose light. How runs from before there was a choice were made.
    Stretched,
}

impl Shrink {
    /// That of settings from before there was a choice.
    pub fn unsaid() -> Self {
        Self::Stretched
    }
}

/// A square of physical values as `size` by `size` pixels, unless it has too many bad ones.
pub(crate) fn in_light(
    square: &Array3<f32>,
    size: usize,
    mask: &MaskConfig,
) -> Result<Array3<f32>, PreprocessError> {
    // A whole picture may lie otherwise in memory; now each band is one slice.
    let in_rows = square.as_standard_layout();
    mask.bad_fraction(in_rows.outer_iter().filter_map(|band| band.to_slice()))?;
    let mut small = resize(square, size, size, ResizeFilter::Area)?;
    if let Some(level) = mask.saturation {
        let is_saturated = |value: f32| f64::from(value) >= level;
        let parts = square.mapv(|value| f32::from(u8::from(is_saturated(value))));
        let least = [level as f32, (level as f32).next_up()];
        let least = least.into_iter().find(|&value| is_saturated(value)).unwrap_or(f32::INFINITY);
        let parts = resize(&parts, size, size, ResizeFilter::Area)?;
        small.zip_mut_with(&parts, |value, &part| {
            if part > 0.0 {
                *value = value.max(least);
            }
        });
    }
    Ok(small)
}

/// A square in signed range as `size` by `size` pixels.
pub(crate) fn stretched(square: &Array3<f32>, size: usize) -> Result<Array3<f32>, PreprocessError> {
    resize(square, size, size, ResizeFilter::Box)
}

impl fmt::Display for Shrink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Light => "light",
            Self::Stretched => "stretched",
        })
    }
}

impl From<Shrink> for String {
    fn from(shrink: Shrink) -> Self {
        shrink.to_string()
    }
}

impl TryFrom<String> for Shrink {
    type Error = ImagesError;

    fn try_from(text: String) -> Result<Self, ImagesError> {
        text.parse()
    }
}

impl FromStr for Shrink {
    type Err = ImagesError;

    fn from_str(text: &str) -> Result<Self, ImagesError> {
        match text {
            "light" => Ok(Self::Light),
            "stretched" => Ok(Self::Stretched),
            _ => Err(ImagesError::Setting {
                name: "shrink",
                rule: "light or stretched".into(),
                got: format!("{text:?}"),
            }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn bad_pixels_are_counted_however_the_square_lies_in_memory() {
        let lines =
            Array3::from_shape_fn((8, 8, 1), |(y, x, _)| if x < 2 { f32::NAN } else { y as f32 });
        let mask = MaskConfig { max_bad_fraction: 0.2, ..MaskConfig::default() };
        for square in [lines.clone().permuted_axes([2, 0, 1]), lines.permuted_axes([2, 1, 0])] {
            let message = in_light(&square, 4, &mask).unwrap_err().to_string();
            assert!(message.contains("25.0 % of the pixels"), "{message}");
        }
    }
}
