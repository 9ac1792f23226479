//! Light of particles spread over the distance to their neighbours.

use crate::psf::Moffat;
use crate::stars::add_point;
use ndarray::{Array2, Array3, s};
use rayon::prelude::*;

/// Exponent of the profile that a particle is spread with: nearly a Gaussian.
const PROFILE: f64 = 5.0;

/// The least width, in pixels: what is narrower stays a point.
const NARROWEST: f64 = 1.5;

/// Widths double from level to level.
const LEVELS: usize = 6;

/// Width over which neighbours are counted, in pixels.
const COUNTED: f64 = 6.0;

/// A particle as it is seen.
pub(super) struct Point {
    /// Where, to the right and up, in kpc.
    pub(super) place: [f64; 2],
    /// Light in the three bands.
    pub(super) light: [f64; 3],
    /// How many particles lie within its width.
    pub(super) neighbours: f64,
}

/// A square frame with a margin, from which light may be blurred into the frame.
pub(super) struct Canvas {
    size: usize,
    margin: usize,
    pixel: f64,
}

impl Canvas {
    /// A frame of `size` pixels of `pixel` kpc a side, centred on the origin.
    pub(super) fn new(size: usize, pixel: f64) -> Self {
        Self { size, margin: size.div_ceil(8).max(8), pixel }
    }

    fn side(&self) -> usize {
        self.size + 2 * self.margin
    }

    /// The light `[3, side, side]` of the points.
    pub(super) fn spread(&self, points: &[Point]) -> Array3<f32> {
        let side = self.side();
        let centre = (side - 1) as f64 / 2.0;
        let place = |[right, up]: [f64; 2]| [centre - up / self.pixel, centre + right / self.pixel];
        let mut counts = Array3::zeros((1, side, side));
        for point in points {
            let [y, x] = place(point.place);
            add_point(&mut counts.index_axis_mut(ndarray::Axis(0), 0), y, x, 1.0);
        }
        Moffat { fwhm: COUNTED, beta: PROFILE }.blur(&mut counts);
        let counts: Array2<f32> = counts.index_axis_move(ndarray::Axis(0), 0);

        // Each level holds the light of particles of about one width.
        let mut levels = vec![Array3::zeros((3, side, side)); LEVELS];
        for point in points {
            let [y, x] = place(point.place);
            let Some(&count) = counts.get([y.round() as usize, x.round() as usize]) else {
                continue;
            };
            let width = 2.0
                * (point.neighbours / (std::f64::consts::PI * f64::from(count.max(1e-6)))).sqrt();
            let level = (width / NARROWEST).log2().clamp(0.0, LEVELS as f64 - 1.001);
            let (index, along) = (level as usize, level.fract());
            for (level, share) in [(index, 1.0 - along), (index + 1, along)] {
                for (mut plane, light) in levels[level].outer_iter_mut().zip(point.light) {
                    add_point(&mut plane, y, x, share * light);
                }
            }
        }
        levels.par_iter_mut().enumerate().skip(1).for_each(|(level, light)| {
            let fwhm = NARROWEST * 2.0_f64.powi(level as i32);
            Moffat { fwhm, beta: PROFILE }.blur(light);
        });
        levels.into_iter().fold(Array3::zeros((3, side, side)), |sum, level| sum + level)
    }

    /// The frame without its margin.
    pub(super) fn cut(&self, light: &Array3<f32>) -> Array3<f32> {
        let frame = self.margin..self.margin + self.size;
        light.slice(s![.., frame.clone(), frame]).to_owned()
    }
}
