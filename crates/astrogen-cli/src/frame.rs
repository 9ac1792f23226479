//! Which image of a file is taken, and which of its pixels are bad.

use astrogen_fits::HduSelector;
use astrogen_preprocess::frame::{AxisOrder, Planes};
use astrogen_preprocess::{FrameOptions, MaskConfig};
use clap::Args;

/// The options of every program that opens images.
#[derive(Debug, Args)]
pub struct FrameArguments {
    /// The HDU of FITS files: a number (0 is the primary), an EXTNAME, or EXTNAME,EXTVER; the
    /// first with an image if left out.
    #[arg(long)]
    hdu: Option<HduSelector>,
    /// The page of TIFF files, from 0; the first if left out.
    #[arg(long)]
    page: Option<usize>,
    /// The planes of cubes, or channels of pictures, that are taken: bands (all), one as 3, or
    /// a range as 0..3.
    #[arg(long, default_value_t = Planes::Bands)]
    planes: Planes,
    /// The order of the axes of FITS cubes, the last one being NAXIS1: chw (planes) or hwc
    /// (colours side by side); chw if left out, but cubes that look like hwc are refused.
    #[arg(long)]
    axis_order: Option<AxisOrder>,
    /// Pixels at or above this value are saturated; none if left out.
    #[arg(long, allow_negative_numbers = true)]
    saturation: Option<f64>,
    /// A frame with a larger part of bad pixels (blank or saturated) is not taken.
    #[arg(long, default_value_t = MaskConfig::default().max_bad_fraction)]
    #[arg(allow_negative_numbers = true)]
    max_bad_fraction: f64,
}

impl FrameArguments {
    /// What of each file is the image.
    pub fn options(&self) -> FrameOptions {
        FrameOptions {
            hdu: self.hdu.clone(),
            page: self.page,
            planes: self.planes.clone(),
            axis_order: self.axis_order,
        }
    }

    /// Which of its pixels are bad.
    pub fn mask(&self) -> MaskConfig {
        MaskConfig {
            saturation: self.saturation,
            max_bad_fraction: self.max_bad_fraction,
            ..MaskConfig::default()
        }
    }
}
