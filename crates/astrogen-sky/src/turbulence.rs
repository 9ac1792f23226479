//! Random fields with a power-law spectrum, and the log-normal densities made of them.
//!
//! Supersonic turbulence leaves gas with a density whose logarithm is close to a Gaussian
//! random field. With the mean density as unit, `s = ln n` has the variance
//!
//! ```text
//! sigma^2 = ln(1 + b^2 M^2),        <s> = -sigma^2 / 2   (so that <n> = 1)
//! ```
//!
//! for the Mach number `M` and a forcing parameter `b` between 1/3 (solenoidal) and 1
//! (compressive), and a power spectrum `P(k) ~ k^-slope` per volume of wave numbers.
//! Kolmogorov's law is a slope of 11/3; Federrath et al. (2010) measure 3.56 (solenoidal)
//! to 4.32 (compressive) for `s`, their 1.56 and 2.32 being slopes of the spectrum summed
//! over shells, which is `k^2 P(k)`.
//!
//! Sources: Kolmogorov (1941), Dokl. Akad. Nauk SSSR 30, 301; Federrath et al. (2010),
//! A&A 512, A81, doi:10.1051/0004-6361/200912437.

use crate::fft;
use ndarray::Array3;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use rustfft::FftDirection;
use rustfft::num_complex::Complex;

/// A power spectrum `P(k) ~ k^-slope` for wave lengths below `outer_scale`, flat above it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerLaw {
    /// The exponent; 11/3 is Kolmogorov's in three dimensions.
    pub slope: f64,
    /// The longest wave length that follows the law, in the unit of the grid's spacing.
    pub outer_scale: f64,
}

impl PowerLaw {
    /// Draws two independent periodic Gaussian fields of mean 0 and variance 1 on a grid of
    /// `shape` cells (any axis may be 1) that lie `spacing` apart along each axis.
    ///
    /// White noise is drawn in Fourier space, weighted by `sqrt(P(k))` and transformed back
    /// once; the real and the imaginary part are the two fields.
    pub fn fields<R: Rng>(
        &self,
        shape: [usize; 3],
        spacing: [f64; 3],
        rng: &mut R,
    ) -> [Array3<f32>; 2] {
        let [depth, height, width] = shape;
        let squares = |axis: usize| -> Vec<f64> {
            (0..shape[axis])
                .map(|index| fft::frequency(index, shape[axis], spacing[axis]).powi(2))
                .collect()
        };
        let (z2, y2, x2) = (squares(0), squares(1), squares(2));
        let outer2 = self.outer_scale.powi(-2);
        let exponent = (-self.slope / 4.0) as f32; // of k^2, and for the amplitude
        let amplitude = |k2: f64| ((k2.max(outer2) / outer2) as f32).powf(exponent);
        let mut waves = Vec::with_capacity(depth * height * width);
        for z2 in &z2 {
            for y2 in &y2 {
                // Waves of opposite directions along x have the same power.
                let half = x2.iter().take(width / 2 + 1);
                let half: Vec<f32> = half.map(|x2| amplitude(z2 + y2 + x2)).collect();
                for x in 0..width {
                    let amplitude = half[x.min(width - x)];
                    let re: f32 = StandardNormal.sample(rng);
                    let im: f32 = StandardNormal.sample(rng);
                    waves.push(Complex::new(amplitude * re, amplitude * im));
                }
            }
        }
        fft::transform(&mut waves, &shape, FftDirection::Inverse);
        let real = waves.iter().map(|wave| wave.re).collect();
        let imaginary = waves.iter().map(|wave| wave.im).collect();
        [standardised(shape, real), standardised(shape, imaginary)]
    }
}

/// Shifts and scales values to mean 0 and variance 1 (all zero if they are all the same).
fn standardised(shape: [usize; 3], mut values: Vec<f32>) -> Array3<f32> {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    let scale = if variance > 0.0 { variance.sqrt().recip() } else { 0.0 };
    for value in &mut values {
        *value = ((f64::from(*value) - mean) * scale) as f32;
    }
    Array3::from_shape_vec(shape, values).unwrap_or_else(|_| Array3::zeros(shape))
}

/// The standard deviation `sigma` of `ln n` for a Mach number and a forcing parameter.
///
/// ```
/// let sigma = astrogen_sky::turbulence::log_deviation(5.0, 0.4);
/// assert!((sigma - 5.0_f64.ln().sqrt()).abs() < 1e-12); // ln(1 + 2^2)
/// ```
pub fn log_deviation(mach: f64, forcing: f64) -> f64 {
    (forcing * mach).powi(2).ln_1p().sqrt()
}

/// Turns a Gaussian field of mean 0 and variance 1 into the log-normal density
/// `exp(sigma g - sigma^2 / 2)`, whose mean is 1.
pub fn log_normal(gaussian: &Array3<f32>, sigma: f64) -> Array3<f32> {
    let (sigma, shift) = (sigma as f32, (sigma * sigma / 2.0) as f32);
    gaussian.mapv(|g| (sigma * g - shift).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// The slope of `ln |F|^2` against `ln k`, by least squares over all waves between two
    /// wave numbers. Each `ln |F|^2` scatters by the same amount about the law, so the fit
    /// is unbiased, with an error of about 1.3 / sqrt(waves) / deviation(ln k).
    fn fitted_slope(field: &Array3<f32>, spacing: [f64; 3], from: f64, to: f64) -> f64 {
        let (depth, height, width) = field.dim();
        let shape = [depth, height, width];
        let mut waves: Vec<_> = field.iter().map(|&v| Complex::new(v, 0.0)).collect();
        fft::transform(&mut waves, &shape, FftDirection::Forward);
        let mut points = Vec::new();
        for ((z, y, x), _) in field.indexed_iter() {
            let k = [z, y, x]
                .iter()
                .enumerate()
                .map(|(axis, &i)| fft::frequency(i, shape[axis], spacing[axis]).powi(2))
                .sum::<f64>()
                .sqrt();
            if (from..to).contains(&k) {
                let power = f64::from(waves[(z * height + y) * width + x].norm_sqr());
                points.push((k.ln(), power.ln()));
            }
        }
        let count = points.len() as f64;
        let mean_x = points.iter().map(|p| p.0).sum::<f64>() / count;
        let mean_y = points.iter().map(|p| p.1).sum::<f64>() / count;
        let covariance: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
        let variance: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
        -covariance / variance
    }

    #[test]
    fn the_fields_have_the_slope_asked_for() {
        for (seed, slope) in [0.0, 2.0, 11.0 / 3.0, 4.3].into_iter().enumerate() {
            for (shape, spacing) in [([1, 256, 240], [1.0; 3]), ([32, 64, 60], [2.0, 1.0, 0.5])] {
                let law = PowerLaw { slope, outer_scale: 60.0 };
                let mut rng = ChaCha8Rng::seed_from_u64(seed as u64);
                for field in law.fields(shape, spacing, &mut rng) {
                    let fitted = fitted_slope(&field, spacing, 1.0 / 20.0, 0.45);
                    assert!((fitted - slope).abs() < 0.08, "{shape:?}: {fitted}, not {slope}");
                }
            }
        }
    }

    #[test]
    fn the_spectrum_is_flat_beyond_the_outer_scale() {
        let law = PowerLaw { slope: 4.0, outer_scale: 8.0 };
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let [field, _] = law.fields([1, 256, 256], [1.0; 3], &mut rng);
        let below = fitted_slope(&field, [1.0; 3], 1.0 / 128.0, 1.0 / 8.1);
        let above = fitted_slope(&field, [1.0; 3], 1.0 / 8.0, 0.5);
        assert!(below.abs() < 0.15, "{below}");
        assert!((above - 4.0).abs() < 0.1, "{above}");
    }

    #[test]
    fn the_two_fields_are_standard_and_independent() {
        let law = PowerLaw { slope: 0.0, outer_scale: 10.0 };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let [a, b] = law.fields([4, 64, 64], [1.0; 3], &mut rng);
        let mean = |field: &Array3<f32>| field.iter().map(|&v| f64::from(v)).sum::<f64>() / 16384.0;
        for field in [&a, &b] {
            assert!(mean(field).abs() < 1e-5);
            assert!((mean(&(field * field)) - 1.0).abs() < 1e-5);
        }
        assert!(mean(&(&a * &b)).abs() < 0.03);
    }

    #[test]
    fn the_density_is_log_normal_with_mean_one() {
        let law = PowerLaw { slope: 0.0, outer_scale: 10.0 };
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let [gaussian, _] = law.fields([4, 128, 128], [1.0; 3], &mut rng);
        let sigma = log_deviation(5.0, 0.4);
        let density = log_normal(&gaussian, sigma);
        let count = density.len() as f64;
        let mean = density.iter().map(|&n| f64::from(n)).sum::<f64>() / count;
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
        let moment = |power: i32| {
            let centred = |&n: &f32| (f64::from(n).ln() + sigma * sigma / 2.0).powi(power);
            density.iter().map(centred).sum::<f64>() / count
        };
        assert!(moment(1).abs() < 1e-4);
        assert!((moment(2) - sigma * sigma).abs() < 1e-3);
        // A Gaussian's skewness is 0 and its kurtosis 3.
        assert!((moment(3) / sigma.powi(3)).abs() < 0.05);
        assert!((moment(4) / sigma.powi(4) - 3.0).abs() < 0.1);
    }

    #[test]
    fn a_single_cell_is_a_field_too() {
        let law = PowerLaw { slope: 4.0, outer_scale: 1.0 };
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let [field, _] = law.fields([1, 1, 1], [1.0; 3], &mut rng);
        assert_eq!(field.as_slice(), Some(&[0.0][..]));
    }
}
