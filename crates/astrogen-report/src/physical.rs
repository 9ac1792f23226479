//! Pixels of samples beside those of reals in physical units.

use std::fmt;

use astrogen_metrics::{Estimate, EstimateConfig, estimate_all, pixel_intensities};
use astrogen_train::TrainError;
use serde::Serialize;
use tch::Tensor;

use crate::ReportError;

/// Pixels of a band that are compared, at most, of either set.
const PIXELS: i64 = 500_000;

/// How the values of pixels compare in physical units: `pixels_physical` of report.json.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhysicalPixels {
    /// The unit, if the training files name one.
    pub unit: Option<String>,
    /// The Wasserstein-1 distance of each band, in that unit.
    pub bands: Vec<Estimate>,
}

impl fmt::Display for PhysicalPixels {
    /// The bands, one after the other.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bands: Vec<String> = self.bands.iter().map(ToString::to_string).collect();
        let unit = self.unit.as_deref().unwrap_or("physical units");
        write!(f, "pixels in {unit}, band by band: {}", bands.join(", "))
    }
}

/// From images `[N, C, H, W]` in signed range to physical pixels of that shape.
type Convert<'a> = Box<dyn Fn(&Tensor) -> Result<Tensor, TrainError> + 'a>;

/// The way from images to physical units.
pub(crate) struct ToPhysical<'a> {
    pub(crate) unit: Option<String>,
    pub(crate) convert: Convert<'a>,
}

impl ToPhysical<'_> {
    /// Real and fake images `[N, C, H, W]` in signed range, compared in physical units.
    pub(crate) fn compare(
        &self,
        [real, fake]: [&Tensor; 2],
    ) -> Result<PhysicalPixels, ReportError> {
        let some = |images: &Tensor| -> Result<Tensor, ReportError> {
            let (count, _, height, width) = images.size4()?;
            // Every so many rows and columns.
            let every = ((count * height * width) as f64 / PIXELS as f64).sqrt().ceil() as i64;
            let every = every.clamp(1, height.min(width));
            let images = images.f_slice(2, None, None, every)?.f_slice(3, None, None, every)?;
            Ok((self.convert)(&images)?)
        };
        let (real, fake) = (some(real)?, some(fake)?);
        let config = EstimateConfig::default();
        let bands = estimate_all(&real, &fake, &config, |real, fake| {
            let bands = pixel_intensities(real, fake, config.seed)?.channels;
            Ok(bands.iter().map(|band| band.w1).collect())
        })?;
        Ok(PhysicalPixels { unit: self.unit.clone(), bands })
    }
}

impl fmt::Debug for ToPhysical<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToPhysical").field("unit", &self.unit).finish_non_exhaustive()
    }
}
