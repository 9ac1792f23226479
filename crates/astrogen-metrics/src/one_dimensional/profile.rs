//! Profiles: how a quantity runs along a coordinate, bin by bin.
//!
//! With weights `w`, values `y` and the sums over the objects whose coordinate lies in a bin,
//!
//! ```text
//! mean        m = sum w y / sum w
//! dispersion  sqrt(sum w (y - m)^2 / sum w)
//! weight          sum w
//! ```
//!
//! Along a star's distance `R` from the axis of a disc, the mean of its azimuthal velocity is the
//! rotation curve, the mean of `[Fe/H]` the metallicity gradient, and the weight of mass in a ring
//! over the ring's area the surface density. With weights of 1 the numbers are those of
//! `scipy.stats.binned_statistic`.

use serde::Serialize;

use super::binned::{bin_of, check_edges};
use super::check_values;
use crate::MetricsError;

/// A profile of `B` bins. In JSON NaN is `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// The edges of the bins in ascending order, `B + 1` of them. An edge belongs to the bin above
    /// it, the last one to the last bin.
    pub edges: Vec<f64>,
    /// Objects in each bin.
    pub count: Vec<usize>,
    /// The sum of their weights; 0 in an empty bin.
    pub weight: Vec<f64>,
    /// The weighted mean of their values; NaN in a bin without weight, an empty one say.
    pub mean: Vec<f64>,
    /// The weighted standard deviation about the mean, 0 for one object; NaN in a bin without
    /// weight.
    pub dispersion: Vec<f64>,
}

impl Profile {
    /// The middles of the bins.
    pub fn middles(&self) -> Vec<f64> {
        self.edges.windows(2).map(|ends| 0.5 * (ends[0] + ends[1])).collect()
    }

    /// The weight over the area of the ring between a bin's edges, `pi (high^2 - low^2)`, in the
    /// weights' unit per square of the edges': a surface density where the coordinate is a distance
    /// in the plane. 0 in an empty bin.
    pub fn surface_density(&self) -> Vec<f64> {
        let area = |ends: &[f64]| std::f64::consts::PI * (ends[1] - ends[0]) * (ends[1] + ends[0]);
        self.edges.windows(2).zip(&self.weight).map(|(ends, weight)| weight / area(ends)).collect()
    }
}

/// The profile of values `[N]` along coordinates `[N]`, in bins between the edges; objects beyond
/// these are in no bin. Every object counts as its weight, or as 1.
///
/// ```
/// use astrogen_metrics::profile;
///
/// let radius = [0.5, 1.5, 1.7, 9.0];
/// let speed = [100.0, 180.0, 220.0, 0.0];
/// let mass = [1.0, 3.0, 1.0, 1.0];
///
/// let rotation = profile(&radius, &speed, Some(&mass), &[0.0, 1.0, 2.0, 3.0])?;
/// assert_eq!(rotation.count, [1, 2, 0]);
/// assert_eq!(rotation.mean[..2], [100.0, 190.0]);
/// assert!(rotation.mean[2].is_nan());
/// assert_eq!(rotation.surface_density()[1], 4.0 / (3.0 * std::f64::consts::PI));
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for no value, values that are not finite or not paired, weights
/// below 0, and edges that are not two or more finite numbers in ascending order.
pub fn profile(
    coordinate: &[f64],
    values: &[f64],
    weights: Option<&[f64]>,
    edges: &[f64],
) -> Result<Profile, MetricsError> {
    check_edges(edges)?;
    check_values("coordinates of the profile", coordinate)?;
    check_values("values of the profile", values)?;
    let objects = coordinate.len();
    let unpaired = |set, rule, got: usize| {
        let got = format!("{got} for {objects} coordinates");
        Err(MetricsError::BadValues { set, rule, got })
    };
    if values.len() != objects {
        return unpaired("values of the profile", "one per coordinate", values.len());
    }
    if let Some(weights) = weights {
        check_values("weights of the profile", weights)?;
        if weights.len() != objects {
            return unpaired("weights of the profile", "one per coordinate", weights.len());
        }
        if let Some(negative) = weights.iter().find(|weight| **weight < 0.0) {
            let (set, rule) = ("weights of the profile", "0 or more");
            return Err(MetricsError::BadValues { set, rule, got: negative.to_string() });
        }
    }
    let bins: Vec<Option<usize>> = coordinate.iter().map(|x| bin_of(*x, edges)).collect();
    let each = |add: &mut dyn FnMut(usize, f64, f64)| {
        for (index, bin) in bins.iter().enumerate() {
            if let Some(bin) = bin {
                add(*bin, weights.map_or(1.0, |weights| weights[index]), values[index]);
            }
        }
    };
    let zeros = vec![0.0; edges.len() - 1];
    let (mut count, mut weight) = (vec![0; zeros.len()], zeros.clone());
    let (mut mean, mut dispersion) = (zeros.clone(), zeros);
    each(&mut |bin, w, y| {
        count[bin] += 1;
        weight[bin] += w;
        mean[bin] += w * y;
    });
    mean.iter_mut().zip(&weight).for_each(|(mean, weight)| *mean /= weight); // NaN for 0 / 0
    each(&mut |bin, w, y| dispersion[bin] += w * (y - mean[bin]).powi(2));
    let variances = dispersion.iter_mut().zip(&weight);
    variances.for_each(|(variance, weight)| *variance = (*variance / weight).sqrt());
    Ok(Profile { edges: edges.to_vec(), count, weight, mean, dispersion })
}
