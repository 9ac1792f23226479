//! Bad pixels: which they are, how many are too many, and what stands in for them.
//!
//! A pixel is bad when it is not finite (NaN where a file is blank, infinities) or saturated.
//! Bad pixels enter no statistic. A non-finite pixel is replaced by the [`Fill`] rule; a
//! saturated one keeps its value, which lies above every limit found from the good pixels and
//! so ends at the top of the range.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::PreprocessError;
use crate::notation::{Notation, serde_as_notation};
use crate::quantile::quantile;

/// What stands in for a pixel that is not finite, in physical units.
///
/// Written `median`, `vmin` or `value:NUMBER` on command lines and in configurations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Fill {
    /// The median of the band's good pixels: blank sky in most frames. The default.
    #[default]
    Median,
    /// The band's lower limit: the low end of the range.
    Vmin,
    /// A given value in the file's units.
    Value(f64),
}

/// Which pixels are bad and how many of them a frame may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaskConfig {
    /// Pixels at or above this physical value are saturated. Default: none are.
    pub saturation: Option<f64>,
    /// What stands in for pixels that are not finite. Default: the band's median.
    pub fill: Fill,
    /// A frame with a larger fraction of bad pixels is refused. Default 0.5.
    pub max_bad_fraction: f64,
}

impl Default for MaskConfig {
    fn default() -> Self {
        MaskConfig { saturation: None, fill: Fill::Median, max_bad_fraction: 0.5 }
    }
}

impl MaskConfig {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PreprocessError::Setting`] naming the first one that breaks its rule.
    pub fn validate(&self) -> Result<(), PreprocessError> {
        self.fill.validate()?;
        if let Some(value) = self.saturation
            && !value.is_finite()
        {
            return Err(PreprocessError::Setting {
                name: "mask saturation",
                rule: "a finite number, or none",
                got: value.to_string(),
            });
        }
        if !(0.0..=1.0).contains(&self.max_bad_fraction) {
            return Err(PreprocessError::Setting {
                name: "mask max_bad_fraction",
                rule: "a fraction from 0 to 1",
                got: self.max_bad_fraction.to_string(),
            });
        }
        Ok(())
    }

    /// Whether a pixel is finite and below saturation.
    #[must_use]
    #[inline]
    pub fn is_good(&self, value: f32) -> bool {
        value > f32::NEG_INFINITY && f64::from(value) < self.saturation.unwrap_or(f64::INFINITY)
    }

    /// The good values of `pixels`, in order; copied only where some are bad.
    #[must_use]
    pub fn good_values<'a>(&self, pixels: &'a [f32]) -> Cow<'a, [f32]> {
        if pixels.iter().all(|&value| self.is_good(value)) {
            return pixels.into();
        }
        let mut values = Vec::with_capacity(pixels.len());
        values.extend(pixels.iter().copied().filter(|&value| self.is_good(value)));
        values.into()
    }

    /// The fraction of bad pixels in a frame of `[C, H * W]` bands, refused where it is too
    /// large.
    ///
    /// # Errors
    /// [`PreprocessError::NoGoodPixels`] for a band without a single good pixel,
    /// [`PreprocessError::TooManyBadPixels`] above [`max_bad_fraction`](Self::max_bad_fraction).
    pub fn bad_fraction<'a>(
        &self,
        bands: impl IntoIterator<Item = &'a [f32]>,
    ) -> Result<f64, PreprocessError> {
        let (mut good, mut pixels, mut empty) = (0, 0, None);
        for (index, band) in bands.into_iter().enumerate() {
            let here = band.iter().filter(|&&value| self.is_good(value)).count();
            if here == 0 && empty.is_none() {
                empty = Some(index);
            }
            good += here;
            pixels += band.len();
        }
        if let Some(band) = empty {
            return Err(PreprocessError::NoGoodPixels { band });
        }
        let fraction = (pixels - good) as f64 / pixels.max(1) as f64;
        if fraction > self.max_bad_fraction {
            return Err(PreprocessError::TooManyBadPixels {
                fraction,
                limit: self.max_bad_fraction,
            });
        }
        Ok(fraction)
    }

    /// The physical value that replaces the non-finite pixels of a band whose lower limit
    /// is `vmin`; that limit also where the median of no good pixel is asked for.
    #[must_use]
    pub fn fill_value(&self, band: &[f32], vmin: f64) -> f64 {
        match self.fill {
            Fill::Median => match &*self.good_values(band) {
                [] => vmin,
                good => quantile(good, 0.5),
            },
            Fill::Vmin => vmin,
            Fill::Value(value) => value,
        }
    }
}

impl Fill {
    fn validate(self) -> Result<(), PreprocessError> {
        match self {
            Fill::Value(value) if !value.is_finite() => Err(PreprocessError::Setting {
                name: "mask fill value",
                rule: "a finite number",
                got: value.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fill::Median => f.write_str("median"),
            Fill::Vmin => f.write_str("vmin"),
            Fill::Value(value) => write!(f, "value:{value}"),
        }
    }
}

impl FromStr for Fill {
    type Err = PreprocessError;

    fn from_str(text: &str) -> Result<Self, PreprocessError> {
        let notation = Notation::read("fill", "median, vmin, value:NUMBER", text)?;
        let fill = match notation.name {
            "median" => notation.exactly::<0>().map(|[]| Fill::Median)?,
            "vmin" => notation.exactly::<0>().map(|[]| Fill::Vmin)?,
            "value" => notation.exactly().map(|[value]| Fill::Value(value))?,
            _ => return Err(notation.unknown()),
        };
        fill.validate()?;
        Ok(fill)
    }
}

serde_as_notation!(Fill);
