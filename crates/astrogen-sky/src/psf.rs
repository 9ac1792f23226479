//! The point spread function: Moffat's profile, and the blur of an image by it.
//!
//! ```text
//! I(r) ~ (1 + r^2 / alpha^2)^-beta,      FWHM = 2 alpha sqrt(2^(1/beta) - 1)
//! ```
//!
//! Source: Moffat (1969), A&A 3, 455. A `beta` of 4.765 follows from turbulence theory
//! (Trujillo et al. 2001, MNRAS 328, 977); real telescopes have wider wings, 2.5 to 3.5.

use crate::fft;
use ndarray::{Array2, Array3};
use rustfft::FftDirection;
use rustfft::num_complex::Complex;

/// Moffat's profile, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moffat {
    /// Full width at half maximum, in pixels, above 0.
    pub fwhm: f64,
    /// The wing's exponent, above 1 (below, the total light is infinite).
    pub beta: f64,
}

impl Moffat {
    /// The scale radius `alpha`, in pixels.
    pub fn alpha(&self) -> f64 {
        self.fwhm / (2.0 * (2.0_f64.powf(1.0 / self.beta) - 1.0).sqrt())
    }

    /// The profile at radius `radius` (pixels) relative to its centre.
    pub fn profile(&self, radius: f64) -> f64 {
        (1.0 + (radius / self.alpha()).powi(2)).powf(-self.beta)
    }

    /// The kernel `[height, width]` with its centre at `(height / 2, width / 2)` and sum 1.
    pub fn kernel(&self, height: usize, width: usize) -> Array2<f64> {
        let offset = |index: usize, length: usize| index as f64 - (length / 2) as f64;
        let kernel = Array2::from_shape_fn((height, width), |(y, x)| {
            self.profile(offset(y, height).hypot(offset(x, width)))
        });
        let sum = kernel.sum();
        kernel / sum
    }

    /// Blurs every band of `[C, H, W]`, the edges wrapped around.
    ///
    /// The total light of a band does not change; no result is negative if no pixel was, and all
    /// of a band is NaN if one pixel was.
    pub fn blur(&self, bands: &mut Array3<f32>) {
        let (_, height, width) = bands.dim();
        let shape = [height, width];
        let kernel = self.kernel(height, width);
        let mut response = Vec::with_capacity(height * width);
        for y in 0..height {
            for x in 0..width {
                // The centre moves to index (0, 0), where it shifts nothing.
                let value = kernel[[(y + height / 2) % height, (x + width / 2) % width]];
                response.push(Complex::new((value / (height * width) as f64) as f32, 0.0));
            }
        }
        fft::transform(&mut response, &shape, FftDirection::Forward);
        for mut band in bands.outer_iter_mut() {
            let mut waves: Vec<_> = band.iter().map(|&v| Complex::new(v, 0.0)).collect();
            fft::transform(&mut waves, &shape, FftDirection::Forward);
            for (wave, factor) in waves.iter_mut().zip(&response) {
                *wave *= factor;
            }
            fft::transform(&mut waves, &shape, FftDirection::Inverse);
            for (pixel, wave) in band.iter_mut().zip(&waves) {
                *pixel = if wave.re < 0.0 { 0.0 } else { wave.re }; // or NaN
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Axis;

    #[test]
    fn the_kernel_sums_to_one_and_has_its_width() {
        for (fwhm, beta) in [(2.0, 2.5), (4.0, 3.5), (8.0, 4.765)] {
            let psf = Moffat { fwhm, beta };
            for (height, width) in [(32, 32), (33, 47)] {
                let kernel = psf.kernel(height, width);
                assert!((kernel.sum() - 1.0).abs() < 1e-12);
                let centre = [height / 2, width / 2];
                let half = (fwhm / 2.0) as usize;
                for off in [
                    [centre[0] + half, centre[1]],
                    [centre[0] - half, centre[1]],
                    [centre[0], centre[1] + half],
                ] {
                    assert!((kernel[off] / kernel[centre] - 0.5).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn a_blank_pixel_does_not_become_darkness() {
        let mut bands = Array3::from_elem((2, 8, 8), 1.0);
        bands[[1, 3, 4]] = f32::NAN;
        Moffat { fwhm: 2.0, beta: 3.0 }.blur(&mut bands);
        assert!(bands.index_axis(Axis(0), 0).iter().all(|value| value.is_finite()));
        assert!(bands.index_axis(Axis(0), 1).iter().all(|value| value.is_nan()));
    }

    #[test]
    fn almost_all_light_falls_within_the_analytic_radius() {
        // The light within r is 1 - (1 + r^2 / alpha^2)^(1 - beta) of the whole.
        let psf = Moffat { fwhm: 6.0, beta: 3.0 };
        let kernel = psf.kernel(401, 401);
        let within = |radius: f64| -> f64 {
            kernel
                .indexed_iter()
                .filter(|((y, x), _)| (*y as f64 - 200.0).hypot(*x as f64 - 200.0) <= radius)
                .map(|(_, light)| light)
                .sum()
        };
        for radius in [5.0, 10.0, 30.0] {
            let expected = 1.0 - (1.0 + (radius / psf.alpha()).powi(2)).powf(1.0 - psf.beta);
            assert!((within(radius) - expected).abs() < 0.01, "{radius}");
        }
    }

    #[test]
    fn a_blurred_point_is_the_kernel_where_the_point_was() {
        let psf = Moffat { fwhm: 3.0, beta: 3.0 };
        let mut bands = Array3::zeros((2, 24, 30));
        bands[[0, 12, 15]] = 1e6;
        bands[[1, 0, 0]] = 1e6;
        psf.blur(&mut bands);
        let kernel = psf.kernel(24, 30);
        let point = bands.index_axis(Axis(0), 0);
        for (got, expected) in point.iter().zip(&kernel) {
            assert!((f64::from(*got) - 1e6 * expected).abs() < 0.2, "{got} {expected}");
        }
        assert!((bands[[1, 0, 0]] - bands[[0, 12, 15]]).abs() < 0.2);
        assert!((bands[[1, 23, 1]] - bands[[0, 11, 16]]).abs() < 0.2);
        assert!((point.sum() - 1e6).abs() < 10.0);
    }
}
