//! What a detector makes of the light that reaches it: photon noise and read noise.
//!
//! A pixel that expects `m` electrons counts a Poisson number of mean and variance `m`, and
//! reading it out adds a Gaussian number of deviation `read_noise`, so that its variance is
//! `m + read_noise^2` (Howell 2006, Handbook of CCD Astronomy).

use ndarray::Array3;
use rand::Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};

/// Draws the counted electrons of every pixel from the expected ones.
///
/// `expected` and the result are in electrons. A pixel that expects nothing (or less) gets read
/// noise alone, NaN stays NaN; beyond 1e19 electrons photon noise is left out. `read_noise` is in
/// electrons (root mean square).
pub fn expose<R: Rng>(expected: &Array3<f32>, read_noise: f64, rng: &mut R) -> Array3<f32> {
    expected.mapv(|mean| {
        let mean = f64::from(mean);
        let certain = if mean < 0.0 { 0.0 } else { mean };
        let electrons = Poisson::new(mean).map_or(certain, |counts| counts.sample(rng));
        let noise: f64 = StandardNormal.sample(rng);
        (electrons + read_noise * noise) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_variance_is_the_signal_plus_the_read_noise_squared() {
        for (seed, (signal, read_noise)) in
            [(0.0, 5.0), (3.0, 0.0), (100.0, 5.0), (2e5, 4.0)].into_iter().enumerate()
        {
            let expected = Array3::from_elem((1, 200, 250), signal);
            let mut rng = ChaCha8Rng::seed_from_u64(seed as u64);
            let frame = expose(&expected, read_noise, &mut rng);
            let count = frame.len() as f64;
            let mean = frame.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
            let square = |&v: &f32| (f64::from(v) - mean).powi(2);
            let variance = frame.iter().map(square).sum::<f64>() / count;
            let truth = f64::from(signal) + read_noise * read_noise;
            // Standard errors of mean and variance, times five.
            assert!((mean - f64::from(signal)).abs() < 5.0 * (truth / count).sqrt());
            assert!((variance / truth - 1.0).abs() < 5.0 * (2.4 / count).sqrt(), "{variance}");
        }
    }

    #[test]
    fn pixels_that_expect_nothing_get_read_noise_alone_and_nan_stays() {
        let expected = Array3::from_shape_fn((1, 1, 3), |(_, _, x)| [0.0, -7.0, f32::NAN][x]);
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let frame = expose(&expected, 1.0, &mut rng);
        assert!(frame.iter().take(2).all(|v| v.abs() < 6.0));
        assert!(frame[[0, 0, 2]].is_nan());
    }
}
