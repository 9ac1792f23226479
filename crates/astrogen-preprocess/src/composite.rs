//! Bands to an eight-bit colour picture, `[H, W, 3]`.

use ndarray::{Array3, ArrayView2, ArrayView3};
use serde::{Deserialize, Serialize};

use crate::PreprocessError;
use crate::interval::{ZSCALE_CONTRAST, ZSCALE_SAMPLES, zscale};
use crate::range::signed_to_unit;
use crate::stretch::asinh_of_positive;

/// Parameters of [`lupton_rgb`], with the defaults of `astropy.visualization.make_lupton_rgb`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LuptonConfig {
    /// Physical value that becomes black, for red, green and blue. Default 0.
    pub minimum: [f64; 3],
    /// Linear stretch: the intensity over which the curve is linear for `q` near 0. Default 5.
    pub stretch: f64,
    /// Softening: the larger, the earlier the curve turns logarithmic. Default 8; 0 stands
    /// for 0.1, and values above 1e10 for 1e10.
    pub q: f64,
}

impl Default for LuptonConfig {
    fn default() -> Self {
        LuptonConfig { minimum: [0.0; 3], stretch: 5.0, q: 8.0 }
    }
}

impl LuptonConfig {
    /// Sets `stretch` to the width of the z-scale limits of the mean intensity above
    /// `minimum` (astropy's `LuptonAsinhZscaleStretch`).
    ///
    /// # Errors
    /// Shapes that differ, no finite pixel, or constant images.
    pub fn with_zscale(
        mut self,
        red: &ArrayView2<'_, f32>,
        green: &ArrayView2<'_, f32>,
        blue: &ArrayView2<'_, f32>,
    ) -> Result<Self, PreprocessError> {
        same_shape(red, green, blue)?;
        let bands = red.iter().zip(green).zip(blue);
        let intensities: Vec<f64> = bands
            .map(|((&r, &g), &b)| intensity(&self.above_minimum([r, g, b])))
            .filter(|value| value.is_finite())
            .collect();
        if intensities.is_empty() {
            return Err(PreprocessError::NoGoodPixels { band: 0 });
        }
        let [low, high] = zscale(&intensities, ZSCALE_SAMPLES, ZSCALE_CONTRAST);
        if low >= high {
            return Err(PreprocessError::Constant { value: low });
        }
        self.stretch = high - low;
        Ok(self)
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PreprocessError::Setting`] naming the rule that is broken.
    pub fn validate(&self) -> Result<(), PreprocessError> {
        let broken = |name, rule, got| Err(PreprocessError::Setting { name, rule, got });
        if !self.minimum.iter().all(|value| value.is_finite()) {
            return broken("lupton minimum", "finite numbers", format!("{:?}", self.minimum));
        }
        if !(self.stretch > 0.0 && self.stretch.is_finite()) {
            let got = self.stretch.to_string();
            return broken("lupton stretch", "a finite number greater than 0", got);
        }
        if !(self.q >= 0.0 && self.q.is_finite()) {
            return broken("lupton q", "a finite number, 0 or more", self.q.to_string());
        }
        Ok(())
    }

    fn above_minimum(&self, pixel: [f32; 3]) -> [f64; 3] {
        std::array::from_fn(|band| f64::from(pixel[band]) - self.minimum[band])
    }
}

/// A colour picture whose colours do not change with brightness (Lupton et al. 2004,
/// PASP 116, 133), byte for byte as `astropy.visualization.make_lupton_rgb`.
///
/// With `I = (r + g + b) / 3` above the minimum, each band is multiplied by `f(I) / I`, where
/// `f(I) = asinh(q I / stretch) 0.1 / asinh(0.1 q)` (black where `I <= 0`); negative bands
/// become 0, and where the largest exceeds 1 all three are divided by it. Unit values are
/// multiplied by 255 and truncated. Pixels that are not finite are black.
///
/// The bands are physical, `[H, W]` each; the picture is `[H, W, 3]`.
///
/// # Errors
/// Shapes that differ, or a parameter that breaks its rule.
pub fn lupton_rgb(
    red: &ArrayView2<'_, f32>,
    green: &ArrayView2<'_, f32>,
    blue: &ArrayView2<'_, f32>,
    config: &LuptonConfig,
) -> Result<Array3<u8>, PreprocessError> {
    config.validate()?;
    let (height, width) = same_shape(red, green, blue)?;
    let q = if config.q < f64::from(f32::EPSILON) { 0.1 } else { config.q.min(1e10) };
    let slope = 0.1 / asinh_of_positive(0.1 * q);
    let soften = q / config.stretch;

    let mut bytes = Vec::with_capacity(3 * red.len());
    for ((&r, &g), &b) in red.iter().zip(green).zip(blue) {
        let pixel = config.above_minimum([r, g, b]);
        let intensity = intensity(&pixel);
        if !(intensity > 0.0 && intensity.is_finite()) {
            bytes.extend([0; 3]);
            continue;
        }
        let gain = asinh_of_positive(intensity * soften) * slope / intensity;
        let unit = pixel.map(|value| (value * gain).max(0.0));
        let brightest = unit.into_iter().fold(1.0, f64::max);
        bytes.extend(unit.map(|value| (value / brightest * 255.0) as u8));
    }
    // Three bytes were pushed for each of the height * width pixels.
    Ok(Array3::from_shape_vec((height, width, 3), bytes).expect("three bytes per pixel"))
}

/// Signed bands `[C, H, W]` to a picture `[H, W, 3]` for the eye.
///
/// One band is grey. Two are red and blue with their mean as green. Three are red, green and
/// blue. More are shared out in order: the first third averages to red, the middle third to
/// green, the last third to blue. Values are clipped to `[-1, 1]` and rounded; NaN is black.
#[must_use]
pub fn bands_to_rgb(signed: &ArrayView3<'_, f32>) -> Array3<u8> {
    let (channels, height, width) = signed.dim();
    let mean = |from: usize, to: usize, y: usize, x: usize| {
        let sum: f64 = (from..to).map(|band| f64::from(signed[[band, y, x]])).sum();
        sum / (to - from) as f64
    };
    // The first and one past the last band of each colour.
    let shares = match channels {
        0 => return Array3::zeros((height, width, 3)),
        1 => [(0, 1); 3],
        2 => [(0, 1), (0, 2), (1, 2)],
        _ => [0, 1, 2].map(|colour| {
            let start = |colour: usize| (colour * channels).div_ceil(3);
            (start(colour), start(colour + 1))
        }),
    };
    Array3::from_shape_fn((height, width, 3), |(y, x, colour)| {
        let (from, to) = shares[colour];
        (signed_to_unit(mean(from, to, y, x)) * 255.0).round() as u8
    })
}

fn intensity(pixel: &[f64; 3]) -> f64 {
    (pixel[0] + pixel[1] + pixel[2]) / 3.0
}

fn same_shape(
    red: &ArrayView2<'_, f32>,
    green: &ArrayView2<'_, f32>,
    blue: &ArrayView2<'_, f32>,
) -> Result<(usize, usize), PreprocessError> {
    if red.dim() == green.dim() && red.dim() == blue.dim() {
        return Ok(red.dim());
    }
    Err(PreprocessError::Shape {
        what: "colour composite".to_owned(),
        expected: "three bands of one shape".to_owned(),
        got: format!("{:?}, {:?} and {:?}", red.dim(), green.dim(), blue.dim()),
    })
}
