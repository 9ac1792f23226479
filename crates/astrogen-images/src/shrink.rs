//! When a frame larger than a sample is shrunk: before or after its pixels are stretched.

use std::fmt;
use std::str::FromStr;

use astrogen_preprocess::PreprocessError;
use astrogen_preprocess::cutout::{ResizeFilter, cutout, resize};
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
    /// units have it. The limits of the stretch are measured on the small image. The default.
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

    /// The square of `side` pixels whose first is `(y, x)`, as `size` by `size` pixels.
    pub(crate) fn square(
        self,
        frame: &Array3<f32>,
        (y, x): (usize, usize),
        side: usize,
        size: usize,
    ) -> Result<Array3<f32>, PreprocessError> {
        let filter = match self {
            Self::Light => ResizeFilter::Area,
            Self::Stretched => ResizeFilter::Box,
        };
        resize(&cutout(&frame.view(), y, x, side, side)?, size, size, filter)
    }
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
