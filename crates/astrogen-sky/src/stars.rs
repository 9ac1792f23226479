//! A field of stars with a luminosity function and colours.
//!
//! The numbers of stars follow a power law in flux, cut at both ends:
//!
//! ```text
//! N(> F) ~ F^-slope        for faint <= F <= bright
//! ```
//!
//! A uniform, endless space of like stars has a slope of 3/2; towards the Galactic plane,
//! where dust and the disc's edge take far stars away, counts rise more slowly (0.6-1.0 in
//! this form; Bahcall & Soneira 1980, ApJS 44, 73). Colours are those of black bodies.

use crate::error::SkyError;
use ndarray::ArrayViewMut2;
use rand::{Rng, RngExt};

/// The distribution of the stars' fluxes, in electrons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LuminosityFunction {
    faint: f64,
    bright: f64,
    slope: f64,
}

impl LuminosityFunction {
    /// A power law `N(> F) ~ F^-slope` between two fluxes.
    ///
    /// # Errors
    /// A slope that is not above 0, or limits that are not `0 < faint < bright`.
    pub fn new(faint: f64, bright: f64, slope: f64) -> Result<Self, SkyError> {
        SkyError::check("star_slope", "> 0", slope, slope.is_finite() && slope > 0.0)?;
        SkyError::check("star_flux[0]", "> 0", faint, faint.is_finite() && faint > 0.0)?;
        let ordered = bright.is_finite() && bright > faint;
        SkyError::check("star_flux[1]", "above star_flux[0]", bright, ordered)?;
        Ok(Self { faint, bright, slope })
    }

    /// Draws one flux: the inverse of the cumulative law at a uniform number.
    pub fn sample<R: Rng>(&self, rng: &mut R) -> f64 {
        let [all, least] = [self.faint, self.bright].map(|flux| flux.powf(-self.slope));
        let share: f64 = rng.random();
        (all - share * (all - least)).powf(-1.0 / self.slope)
    }
}

/// The photons a black body of `temperature` (kelvin) sends at `wavelength` (nanometres),
/// relative to what it sends at `reference` (nanometres).
pub fn colour(temperature: f64, wavelength: f64, reference: f64) -> f64 {
    /// h c / k_B in nanometre kelvin.
    const SECOND_RADIATION: f64 = 1.438_776_877e7;
    let photons = |nm: f64| nm.powi(-4) / (SECOND_RADIATION / (nm * temperature)).exp_m1();
    photons(wavelength) / photons(reference)
}

/// Adds a point source of `flux` electrons at `(y, x)`, split over the four nearest pixels
/// by bilinear weights; what falls outside the image is lost.
///
/// Pixel `(i, j)` is centred at `(i, j)`. Blur the image afterwards.
pub fn add_point(image: &mut ArrayViewMut2<f32>, y: f64, x: f64, flux: f64) {
    let (top, left) = (y.floor(), x.floor());
    let (below, right) = (y - top, x - left);
    for (dy, share_y) in [(0.0, 1.0 - below), (1.0, below)] {
        for (dx, share_x) in [(0.0, 1.0 - right), (1.0, right)] {
            let (row, column) = (top + dy, left + dx);
            if row >= 0.0
                && column >= 0.0
                && let Some(pixel) = image.get_mut((row as usize, column as usize))
            {
                *pixel += (flux * share_y * share_x) as f32;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn counts_follow_the_slope() {
        for slope in [0.5, 0.8, 1.5] {
            // With no bright end the mean of ln(F / faint) is 1 / slope.
            let law = LuminosityFunction::new(10.0, 1e30, slope).unwrap();
            let mut rng = ChaCha8Rng::seed_from_u64(9);
            let count = 40_000;
            let logs: f64 = (0..count).map(|_| (law.sample(&mut rng) / 10.0).ln()).sum();
            let fitted = f64::from(count) / logs;
            assert!((fitted / slope - 1.0).abs() < 0.025, "{fitted}, not {slope}");
        }
    }

    #[test]
    fn fluxes_stay_between_the_ends_and_fill_them() {
        let law = LuminosityFunction::new(100.0, 1000.0, 1.0).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut fluxes: Vec<f64> = (0..20_001).map(|_| law.sample(&mut rng)).collect();
        fluxes.sort_by(f64::total_cmp);
        assert!(fluxes[0] >= 100.0 && fluxes[0] < 100.2);
        assert!(fluxes[20_000] <= 1000.0 + 1e-9 && fluxes[20_000] > 990.0);
        // 1 / F is uniform between 1/1000 and 1/100, so the median is 2 / 0.011.
        assert!((fluxes[10_000] / (2.0 / 0.011) - 1.0).abs() < 0.02);
    }

    #[test]
    fn a_bad_law_says_what_is_wrong() {
        for (faint, bright, slope, message) in [
            (1.0, 2.0, 0.0, "star_slope must be > 0, but got 0"),
            (0.0, 2.0, 1.0, "star_flux[0] must be > 0, but got 0"),
            (2.0, 2.0, 1.0, "star_flux[1] must be above star_flux[0], but got 2"),
            (2.0, f64::INFINITY, 1.0, "star_flux[1] must be above star_flux[0], but got inf"),
        ] {
            let error = LuminosityFunction::new(faint, bright, slope).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn hot_stars_are_blue_and_cool_stars_red() {
        assert_eq!(colour(6000.0, 656.3, 656.3), 1.0);
        assert!(colour(35_000.0, 500.7, 656.3) > 1.5);
        assert!(colour(3500.0, 500.7, 656.3) < 0.5);
        // Far in the red all photon rates go as 1 / wavelength^3 (Rayleigh and Jeans).
        assert!((colour(1e9, 500.0, 1000.0) - 8.0).abs() < 1e-3);
    }

    #[test]
    fn a_point_keeps_its_light_and_its_place() {
        let mut image = Array2::zeros((9, 9));
        add_point(&mut image.view_mut(), 3.25, 5.75, 800.0);
        assert!((image.sum() - 800.0).abs() < 1e-3);
        let centroid = image
            .indexed_iter()
            .fold((0.0, 0.0), |(y, x), ((i, j), &v)| (y + i as f32 * v, x + j as f32 * v));
        assert!((centroid.0 / 800.0 - 3.25).abs() < 1e-4);
        assert!((centroid.1 / 800.0 - 5.75).abs() < 1e-4);
        add_point(&mut image.view_mut(), -0.5, 8.5, 400.0); // only a quarter falls on the image
        assert!((image[[0, 8]] - 100.0).abs() < 1e-3);
        add_point(&mut image.view_mut(), -40.0, 1e9, 400.0);
        assert!((image.sum() - 900.0).abs() < 1e-3);
    }
}
