//! What an astronomer reads off a galaxy's stars: its rotation, its surface density, its gradient.

use astrogen_metrics::{Profile, Sorted, profile};
use ndarray::Array2;
use serde::Serialize;

use crate::ForgeError;

/// Rings that a disc is cut into.
const RINGS: usize = 12;

/// The share of true stars that are within the outermost ring.
const WITHIN: f64 = 0.95;

/// Profiles along the distance from the axis, `R` in kpc, of the true stars and of sampled ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Physics {
    /// The mean of the azimuthal velocity in km/s, positive from x to y, and its dispersion; its
    /// weight over a ring's area is the surface density in stars per square kpc.
    pub rotation: [Profile; 2],
    /// The mean of \[Fe/H\] or, where that is no feature, of the logarithm of the metals; none
    /// where neither is.
    pub metallicity: Option<[Profile; 2]>,
    /// The same along the age in Gyr.
    pub age_metallicity: Option<[Profile; 2]>,
}

/// Features by their names.
pub(super) struct Named<'a> {
    pub(super) names: &'a [String],
    pub(super) stars: &'a Array2<f64>,
}

impl Named<'_> {
    /// The values of a feature, if it is one.
    pub(super) fn column(&self, name: &str) -> Option<Vec<f64>> {
        let place = self.names.iter().position(|known| known == name)?;
        Some(self.stars.column(place).to_vec())
    }

    /// Metallicities, and what they are called.
    pub(super) fn metallicity(&self) -> Option<(Vec<f64>, &'static str)> {
        let metals = || {
            let values = self.column("metals")?;
            Some((values.into_iter().map(|z| z.max(1e-12).log10()).collect(), "log10 Z"))
        };
        self.column("feh").map(|values| (values, "[Fe/H]")).or_else(metals)
    }

    /// The distance from the axis and the azimuthal velocity of each star.
    fn in_plane(&self) -> Option<[Vec<f64>; 2]> {
        let [x, y, vx, vy] = ["x", "y", "vx", "vy"].map(|name| self.column(name));
        let (x, y, vx, vy) = (x?, y?, vx?, vy?);
        let radius: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x.hypot(*y)).collect();
        let turning = (0..x.len()).map(|i| (x[i] * vy[i] - y[i] * vx[i]) / radius[i].max(1e-9));
        Some([turning.collect(), radius])
    }
}

impl Physics {
    /// Of true and of sampled stars; none where positions or velocities in the plane are no features.
    pub(super) fn of(truth: &Named, sampled: &Named) -> Result<Option<Self>, ForgeError> {
        let (Some(a), Some(b)) = (truth.in_plane(), sampled.in_plane()) else { return Ok(None) };
        let end = Sorted::new("distances from the axis", &a[1])?.quantile(WITHIN);
        let rings = edges(0.0, end);
        let rotation = [profile(&a[1], &a[0], None, &rings)?, profile(&b[1], &b[0], None, &rings)?];
        let (mut metallicity, mut age_metallicity) = (None, None);
        if let (Some((of_truth, _)), Some((of_sampled, _))) =
            (truth.metallicity(), sampled.metallicity())
        {
            let along = |x: [&[f64]; 2], edges: &[f64]| -> Result<_, ForgeError> {
                Ok(Some([
                    profile(x[0], &of_truth, None, edges)?,
                    profile(x[1], &of_sampled, None, edges)?,
                ]))
            };
            metallicity = along([&a[1], &b[1]], &rings)?;
            if let (Some(a), Some(b)) = (truth.column("age"), sampled.column("age")) {
                let ages = Sorted::new("ages", &a)?;
                let [young, old] = [ages.quantile(1.0 - WITHIN), ages.quantile(WITHIN)];
                if old > young {
                    age_metallicity = along([&a, &b], &edges(young, old))?;
                }
            }
        }
        Ok(Some(Self { rotation, metallicity, age_metallicity }))
    }

    /// The root mean square difference of a profile's means, weighted by the true stars in each bin.
    pub(super) fn difference([truth, sampled]: &[Profile; 2]) -> f64 {
        let mut sums = [0.0, 0.0];
        for bin in 0..truth.mean.len() {
            let square = (truth.mean[bin] - sampled.mean[bin]).powi(2);
            if square.is_finite() {
                sums[0] += truth.weight[bin] * square;
                sums[1] += truth.weight[bin];
            }
        }
        (sums[0] / sums[1]).sqrt()
    }
}

/// Ends of as many bins as a disc has rings.
fn edges(low: f64, high: f64) -> Vec<f64> {
    (0..=RINGS).map(|i| low + (high - low) * i as f64 / RINGS as f64).collect()
}
