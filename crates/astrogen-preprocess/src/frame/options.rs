//! Which part of a file becomes the frame.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::PreprocessError;
use astrogen_fits::{HduSelector, Planes};

/// Which part of a file becomes the frame. The default is the first HDU that holds an
/// image of two axes or more, with all its planes as bands, and of a TIFF the first page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrameOptions {
    /// The HDU of a FITS file; `None` is the first that holds an image of two axes or
    /// more. Other formats have none, and there it is not looked at.
    pub hdu: Option<HduSelector>,
    /// The page of a TIFF file, from 0; `None` is the first. Other formats have none, and
    /// there it is not looked at.
    pub page: Option<usize>,
    /// The planes of a cube, or the channels of a picture, that become bands.
    pub planes: Planes,
    /// The order of the axes of a FITS cube; `None` is [`AxisOrder::Chw`], but a cube that
    /// looks like the other order (`NAXIS1` of 3 or 4, the other axes longer) is refused.
    pub axis_order: Option<AxisOrder>,
}

/// The order of a FITS cube's axes, named as numpy's shape: the last one is `NAXIS1`.
///
/// On a command line and in a configuration file `chw` or `hwc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AxisOrder {
    /// `[C, H, W]`: one image after the other, as FITS cubes are.
    Chw,
    /// `[H, W, C]`: the colours of a pixel side by side, as in pictures.
    Hwc,
}

impl fmt::Display for AxisOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AxisOrder::Chw => "chw",
            AxisOrder::Hwc => "hwc",
        })
    }
}

impl FromStr for AxisOrder {
    type Err = PreprocessError;

    fn from_str(text: &str) -> Result<Self, PreprocessError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "chw" => Ok(AxisOrder::Chw),
            "hwc" => Ok(AxisOrder::Hwc),
            _ => Err(PreprocessError::Setting {
                name: "axis_order",
                rule: "chw (planes, as FITS cubes are) or hwc (colours on the first axis)",
                got: format!("{text:?}"),
            }),
        }
    }
}
