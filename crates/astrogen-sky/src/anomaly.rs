//! Odd things in images of the sky, so that a search for anomalies can be tried where the truth is
//! known: companions with tidal tails, trails of satellites, cosmic rays, rings.
//!
//! Light is added to an image `[C, H, W]` in the unit that it has. In each band the brightest pixel
//! of what is added has
//!
//! ```text
//! contrast (99th percentile - median of the band's finite pixels)
//! ```
//!
//! so that one contrast is as easy to see in faint images as in bright ones. All but cosmic rays, which
//! never passed the telescope, are as wide as its point spread function at least.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;

use ndarray::{Array2, Array3, ArrayView2};
use rand::{Rng, RngExt};

use crate::error::SkyError;
use crate::random::stream;

/// A kind of odd thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anomaly {
    /// A companion galaxy with an exponential profile, and a tail of stars that the encounter drew out
    /// of it: a merger.
    Merger,
    /// The straight trail of a satellite across the whole image.
    Trail,
    /// Five hits of cosmic rays, sharp tracks of one to six pixels, each in one band.
    CosmicRays,
    /// A ring, as gravity lenses and planetary nebulae have it.
    Ring,
}

impl Anomaly {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Merger, Self::Trail, Self::CosmicRays, Self::Ring];

    /// Its name: merger, trail, cosmic_rays, ring.
    pub fn name(self) -> &'static str {
        match self {
            Self::Merger => "merger",
            Self::Trail => "trail",
            Self::CosmicRays => "cosmic_rays",
            Self::Ring => "ring",
        }
    }

    /// Adds one to an image `[C, H, W]`, of a contrast above 0, by a telescope whose point spread
    /// function has a full width at half maximum of `fwhm` pixels, above 0. The same seed puts the
    /// same thing to the same place. Pixels that are not finite stay so; a band without contrast, such
    /// as a constant one, stays as it is.
    ///
    /// ```
    /// use astrogen_sky::Anomaly;
    /// use ndarray::Array3;
    ///
    /// let sky = Array3::from_shape_fn((1, 32, 32), |(_, y, x)| ((7 * y + 3 * x) % 5) as f32);
    /// let mut odd = sky.clone();
    /// Anomaly::Ring.inject(&mut odd, 2.0, 2.0, 7)?;
    /// assert!(odd.iter().zip(&sky).all(|(odd, sky)| odd >= sky) && odd != sky);
    /// # Ok::<(), astrogen_sky::SkyError>(())
    /// ```
    ///
    /// # Errors
    /// [`SkyError::Setting`] for a contrast or a width out of its range.
    pub fn inject(
        self,
        image: &mut Array3<f32>,
        contrast: f64,
        fwhm: f64,
        seed: u64,
    ) -> Result<(), SkyError> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        SkyError::check("contrast", "above 0", contrast, positive(contrast))?;
        SkyError::check("fwhm", "above 0", fwhm, positive(fwhm))?;
        let (bands, height, width) = image.dim();
        let mut rng = stream(seed, self as u64);
        let light = match self {
            Self::Merger => vec![merger([height, width], fwhm, &mut rng); bands],
            Self::Trail => vec![trail([height, width], fwhm, &mut rng); bands],
            Self::Ring => vec![ring([height, width], fwhm, &mut rng); bands],
            Self::CosmicRays => cosmic_rays([bands, height, width], &mut rng),
        };
        for (mut band, light) in image.outer_iter_mut().zip(light) {
            let scale = contrast * spread(&band.view());
            band.zip_mut_with(&light, |pixel, light| *pixel += (scale * light) as f32);
        }
        Ok(())
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Anomaly {
    type Err = SkyError;

    fn from_str(text: &str) -> Result<Self, SkyError> {
        let rule = "merger, trail, cosmic_rays or ring";
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or(SkyError::Setting { name: "anomaly", rule, got: text.to_owned() })
    }
}

/// From the median to the 99th percentile of the finite pixels; 0 of none.
fn spread(band: &ArrayView2<'_, f32>) -> f64 {
    let mut pixels: Vec<f32> = band.iter().copied().filter(|pixel| pixel.is_finite()).collect();
    pixels.sort_unstable_by(f32::total_cmp);
    match pixels.len().checked_sub(1) {
        Some(last) => f64::from(pixels[last * 99 / 100]) - f64::from(pixels[last / 2]),
        None => 0.0,
    }
}

/// Light by the distance of a pixel from a line or point, its greatest 1.
fn painted([height, width]: [usize; 2], light: impl Fn(f64, f64) -> f64) -> Array2<f64> {
    let mut plane = Array2::from_shape_fn((height, width), |(y, x)| light(y as f64, x as f64));
    let greatest = plane.fold(0.0, |greatest: f64, &light| greatest.max(light));
    if greatest > 0.0 {
        plane /= greatest;
    }
    plane
}

/// A Gaussian of a full width at half maximum.
fn gaussian(distance: f64, fwhm: f64) -> f64 {
    (-4.0 * 2f64.ln() * (distance / fwhm).powi(2)).exp()
}

/// A place within the middle of the image, so far from each edge, in shares of its sides.
fn place<R: Rng>([height, width]: [usize; 2], margin: f64, rng: &mut R) -> [f64; 2] {
    [height, width].map(|side| rng.random_range(margin..1.0 - margin) * (side as f64 - 1.0))
}

fn trail<R: Rng>(size: [usize; 2], fwhm: f64, rng: &mut R) -> Array2<f64> {
    let [y0, x0] = place(size, 0.25, rng);
    let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
    painted(size, |y, x| gaussian((y - y0) * cos - (x - x0) * sin, fwhm))
}

fn ring<R: Rng>(size: [usize; 2], fwhm: f64, rng: &mut R) -> Array2<f64> {
    let [y0, x0] = place(size, 0.35, rng);
    let side = size[0].min(size[1]) as f64;
    let radius = (rng.random_range(0.12..0.25) * side).max(fwhm);
    painted(size, |y, x| gaussian((y - y0).hypot(x - x0) - radius, fwhm))
}

fn merger<R: Rng>(size: [usize; 2], fwhm: f64, rng: &mut R) -> Array2<f64> {
    let [y0, x0] = place(size, 0.3, rng);
    let side = size[0].min(size[1]) as f64;
    let length = (rng.random_range(0.04..0.08) * side).max(0.5 * fwhm);
    let flattening = rng.random_range(0.5..1.0);
    let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
    // A tail is half a turn of a spiral that grows from the companion to a third of the image.
    let start = rng.random_range(0.0..TAU);
    let tail: Vec<[f64; 2]> = (0..=200)
        .map(|step| {
            let share = f64::from(step) / 200.0;
            let (sin, cos) = (start + 0.5 * TAU * share).sin_cos();
            let radius = 2.0 * length + share * side / 3.0;
            [y0 + radius * sin, x0 + radius * cos]
        })
        .collect();
    painted(size, |y, x| {
        let (dy, dx) = (y - y0, x - x0);
        let along = (dx * cos + dy * sin).hypot((dy * cos - dx * sin) / flattening);
        let distance = tail.iter().map(|[ty, tx]| (y - ty).hypot(x - tx));
        let nearest = distance.fold(f64::INFINITY, f64::min);
        // The centre is blurred as far as the telescope does.
        (-along.hypot(0.5 * fwhm) / length).exp() + 0.25 * gaussian(nearest, 1.5 * fwhm)
    })
}

fn cosmic_rays<R: Rng>([bands, height, width]: [usize; 3], rng: &mut R) -> Vec<Array2<f64>> {
    let mut planes = vec![Array2::zeros((height, width)); bands];
    if bands * height * width == 0 {
        return planes;
    }
    for hit in 0..5 {
        let band = rng.random_range(0..bands);
        let [y, x] = place([height, width], 0.0, rng);
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        let pixels = rng.random_range(1..=6);
        // The first is the brightest.
        let light = if hit == 0 { 1.0 } else { rng.random_range(0.3..1.0) };
        for step in 0..pixels {
            let at = |start: f64, along: f64, side: usize| {
                let place = (start + f64::from(step) * along).round();
                (0.0..side as f64).contains(&place).then_some(place as usize)
            };
            if let (Some(y), Some(x)) = (at(y, sin, height), at(x, cos, width)) {
                planes[band][[y, x]] = light;
            }
        }
    }
    planes
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// A field with a median of 10 and a 99th percentile of 15 at least.
    fn sky() -> Array3<f32> {
        let mut rng = stream(3, 9);
        Array3::from_shape_fn((3, 48, 64), |_| 10.0 + rng.random_range(-5.1f32..5.1))
    }

    fn added(kind: Anomaly, contrast: f64, seed: u64) -> Array3<f32> {
        let mut odd = sky();
        kind.inject(&mut odd, contrast, 2.0, seed).unwrap();
        odd - sky()
    }

    #[test]
    fn light_has_the_contrast_that_was_asked_for() {
        for kind in Anomaly::ALL {
            for seed in 0..20 {
                let light = added(kind, 3.0, seed);
                let least = light.fold(0f32, |least, &light| least.min(light));
                let greatest = light.fold(0f32, |greatest, &light| greatest.max(light));
                assert!(least >= 0.0, "{kind}");
                // The spread is 5, of the 99th percentile of a uniform field.
                assert!((greatest / 15.0 - 1.0).abs() < 0.05, "{kind}: {greatest}");
                // Twice the contrast is twice the light.
                let twice = added(kind, 6.0, seed);
                assert!((twice - light * 2.0).iter().all(|rest| rest.abs() < 1e-4), "{kind}");
            }
        }
    }

    #[test]
    fn a_seed_puts_a_thing_to_one_place_and_another_elsewhere() {
        for kind in Anomaly::ALL {
            assert_eq!(added(kind, 1.0, 4), added(kind, 1.0, 4));
            assert_ne!(added(kind, 1.0, 4), added(kind, 1.0, 5));
            assert_eq!(kind.name().parse::<Anomaly>().unwrap(), kind);
        }
        let message = "comet".parse::<Anomaly>().unwrap_err().to_string();
        assert!(message.contains("merger, trail, cosmic_rays or ring, but got comet"), "{message}");
    }

    #[test]
    fn shapes_are_what_they_are_called() {
        let bright = |light: &Array3<f32>| light.iter().filter(|light| **light > 2.5).count();
        for seed in 0..10 {
            // A trail as wide as two pixels crosses the image: some hundred pixels in each band.
            let trail = bright(&added(Anomaly::Trail, 1.0, seed));
            assert!((3 * 60..3 * 240).contains(&trail), "{trail}");
            // Cosmic rays: at most five tracks of six pixels, in all bands together.
            let rays = bright(&added(Anomaly::CosmicRays, 1.0, seed));
            assert!((1..=30).contains(&rays), "{rays}");
            // A ring has its middle free.
            let ring = added(Anomaly::Ring, 1.0, seed);
            let of = |weigh: fn(usize, usize) -> usize| {
                let pixels = ring.indexed_iter().filter(|(_, light)| **light > 2.5);
                let places: Vec<f64> = pixels.map(|((_, y, x), _)| weigh(y, x) as f64).collect();
                places.iter().sum::<f64>() / places.len() as f64
            };
            let centre = [0, of(|y, _| y).round() as usize, of(|_, x| x).round() as usize];
            assert!(ring[centre] < 1.0, "{}", ring[centre]);
        }
    }

    #[test]
    fn blank_and_constant_bands_stay_and_settings_are_checked() {
        let mut image = sky();
        image.index_axis_mut(ndarray::Axis(0), 1).fill(7.0);
        image[[0, 3, 4]] = f32::NAN;
        let before = image.clone();
        Anomaly::Merger.inject(&mut image, 2.0, 2.0, 1).unwrap();
        assert!(image[[0, 3, 4]].is_nan());
        assert_eq!(image.index_axis(ndarray::Axis(0), 1), before.index_axis(ndarray::Axis(0), 1));
        assert_ne!(image.index_axis(ndarray::Axis(0), 2), before.index_axis(ndarray::Axis(0), 2));
        for (contrast, fwhm) in [(0.0, 2.0), (f64::NAN, 2.0), (1.0, 0.0), (1.0, f64::INFINITY)] {
            assert!(Anomaly::Ring.inject(&mut image, contrast, fwhm, 1).is_err());
        }
        for kind in Anomaly::ALL {
            kind.inject(&mut Array3::zeros((0, 4, 4)), 1.0, 1.0, 0).unwrap();
            kind.inject(&mut Array3::zeros((2, 1, 1)), 1.0, 1.0, 0).unwrap();
            kind.inject(&mut Array3::zeros((2, 0, 3)), 1.0, 1.0, 0).unwrap();
        }
    }
}
