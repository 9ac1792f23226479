//! Three bands as a colour picture, and its PNG file.

use crate::claim::write_whole;
use crate::error::SkyError;
use image::{ExtendedColorType, ImageEncoder};
use ndarray::{Array3, ArrayView3};
use std::path::Path;

/// A picture `[H, W, 3]` of bands `[3, H, W]` (red, green, blue) whose colours do not change
/// with brightness (Lupton et al. 2004, PASP 116, 133), as
/// `astropy.visualization.make_lupton_rgb` makes it: each band is multiplied by `f(I) / I`, where
/// `I` is the mean of the three and `f(I) = asinh(q I / stretch) 0.1 / asinh(0.1 q)`.
pub(super) fn lupton_rgb(bands: &ArrayView3<f32>, stretch: f64, q: f64) -> Array3<u8> {
    let (_, height, width) = bands.dim();
    let slope = 0.1 / (0.1 * q).asinh();
    let mut picture = Array3::zeros((height, width, 3));
    for y in 0..height {
        for x in 0..width {
            let pixel = [0, 1, 2].map(|band| f64::from(bands[[band, y, x]]));
            let intensity = pixel.iter().sum::<f64>() / 3.0;
            if intensity > 0.0 && intensity.is_finite() {
                let gain = (q * intensity / stretch).asinh() * slope / intensity;
                let unit = pixel.map(|value| (value * gain).max(0.0));
                let brightest = unit.into_iter().fold(1.0, f64::max);
                for (colour, value) in unit.into_iter().enumerate() {
                    picture[[y, x, colour]] = (value / brightest * 255.0) as u8;
                }
            }
        }
    }
    picture
}

/// Writes a picture `[H, W, 3]` as PNG, whole or not at all.
///
/// # Errors
/// `Io` if the disk refuses.
pub(super) fn save_png(path: &Path, picture: &Array3<u8>) -> Result<(), SkyError> {
    let (height, width, _) = picture.dim();
    let pixels: Vec<u8> = picture.iter().copied().collect();
    let mut bytes = Vec::new();
    // A picture has at most 2048 pixels along a side.
    let encoded = image::codecs::png::PngEncoder::new(&mut bytes).write_image(
        &pixels,
        width as u32,
        height as u32,
        ExtendedColorType::Rgb8,
    );
    encoded.map_err(|error| SkyError::Io {
        action: "cannot encode",
        path: path.to_owned(),
        source: std::io::Error::other(error),
    })?;
    write_whole(path, &bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use astrogen_preprocess::{LuptonConfig, lupton_rgb as reference};
    use ndarray::Axis;

    #[test]
    fn the_picture_is_that_of_the_pipeline() {
        let bands = Array3::from_shape_fn((3, 20, 30), |(band, y, x)| {
            ((y * 31 + x * 17 + band * 13) % 97) as f32 - 5.0
        });
        let band = |index| bands.index_axis(Axis(0), index);
        for (stretch, q) in [(5.0, 8.0), (40.0, 2.0)] {
            let config = LuptonConfig { stretch, q, ..LuptonConfig::default() };
            let expected = reference(&band(0), &band(1), &band(2), &config).unwrap();
            let found = lupton_rgb(&bands.view(), stretch, q);
            let differ = expected.iter().zip(&found).filter(|(a, b)| a.abs_diff(**b) > 1).count();
            assert_eq!(differ, 0);
        }
    }
}
