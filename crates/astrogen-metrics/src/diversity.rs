//! Whether samples differ from each other as reals do, and the alarm when they cease to.
//!
//! A generator that collapses gives the same few images again and again. Two numbers fall then:
//!
//! ```text
//! distance  =  mean over i != j of |x_i - x_j|      of the samples, over that of the reals
//! coverage  =  share of the reals with a sample nearby, over that of one half of the reals by the other
//! ```
//!
//! The first sees a collapse to one image, the second a collapse to a few that are far apart.

use std::fmt;

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::MetricsError;
use crate::table::energy::sum_of_distances;
use crate::table::pairs::sum_within;

/// The mean Euclidean distance of two different members of a set `[N, ...]`: images
/// `[N, C, H, W]` by their pixels, rows `[N, D]` by their columns or features. 0 where all are the
/// same.
///
/// The work is on the set's device in float32, block by block, in time proportional to `N^2`: a few
/// hundred samples do.
///
/// ```
/// use tch::Tensor;
///
/// let corners = Tensor::from_slice(&[0.0, 0.0, 3.0, 0.0, 0.0, 4.0]).view([3, 2]);
/// let distance = astrogen_metrics::diversity::mean_pairwise_distance(&corners)?;
/// assert!((distance - 4.0).abs() < 1e-6); // 3, 4 and 5
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for fewer than two members, integers, and values that are not
/// finite; [`MetricsError::Torch`].
pub fn mean_pairwise_distance(set: &Tensor) -> Result<f64, MetricsError> {
    let count = set.size().first().copied().unwrap_or(0);
    if count < 2 || set.numel() == 0 || !set.is_floating_point() {
        let (name, rule) = ("samples", "floating-point, [N, ...] with N >= 2");
        let got = format!("{:?} {:?}", set.kind(), set.size());
        return Err(MetricsError::BadValues { set: name, rule, got });
    }
    let rows = set.f_detach()?.f_reshape([count, -1])?;
    let _ = crate::table::finite("samples", &rows)?;
    let mean = rows.f_mean_dim(&[0i64][..], true, Kind::Double)?;
    // About the mean, so that a collapsed set does not drown in the rounding of its brightness.
    let rows = rows.f_sub(&mean)?.f_to_kind(Kind::Float)?;
    Ok(sum_within(&rows, sum_of_distances)? / (count as f64 * (count - 1) as f64))
}

/// How diverse a set is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Diversity {
    /// The mean distance of two members ([`mean_pairwise_distance`]).
    pub distance: f64,
    /// The share of reals that have a member nearby, 0 to 1, where it was measured.
    pub coverage: Option<f64>,
}

/// When samples are called collapsed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollapseConfig {
    /// Below this part of the reals' mean distance, above 0 and below 1; 0.5 by default.
    pub distance: f64,
    /// Below this part of the reals' own coverage, above 0 and below 1; 0.25 by default: of
    /// generators that are not good yet it is low too.
    pub coverage: f64,
}

impl Default for CollapseConfig {
    fn default() -> Self {
        Self { distance: 0.5, coverage: 0.25 }
    }
}

impl CollapseConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let rules = [("distance", self.distance), ("coverage", self.coverage)];
        match rules.into_iter().find(|(_, part)| !(*part > 0.0 && *part < 1.0)) {
            Some((name, got)) => {
                let (rule, got) = ("above 0 and below 1", got.to_string());
                Err(MetricsError::Setting { name, rule, got })
            }
            None => Ok(()),
        }
    }
}

/// A collapse, and by what it shows. It prints as a sentence for a log.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Collapse {
    /// The samples' mean distance over the reals'; `None` where it is not small.
    pub distance: Option<f64>,
    /// The samples' coverage over the reals' own; `None` where it is not small.
    pub coverage: Option<f64>,
}

impl fmt::Display for Collapse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the generator has collapsed: samples ")?;
        if let Some(part) = self.distance {
            write!(f, "are only {part:.2} times as far from each other as reals are")?;
        }
        if let Some(part) = self.coverage {
            let and = if self.distance.is_some() { " and " } else { "" };
            write!(f, "{and}cover only {part:.2} of what reals cover of each other")?;
        }
        Ok(())
    }
}

/// Whether a generator whose samples are so diverse `now` has collapsed, beside the `reals` (the
/// distance between them, and the coverage of one half of them by the other).
///
/// ```
/// use astrogen_metrics::diversity::{CollapseConfig, Diversity, collapsed};
///
/// let reals = Diversity { distance: 20.0, coverage: Some(0.95) };
/// let config = CollapseConfig::default();
/// let healthy = Diversity { distance: 18.0, coverage: Some(0.7) };
/// assert!(collapsed(&healthy, &reals, &config)?.is_none());
/// let alike = Diversity { distance: 3.0, coverage: Some(0.5) };
/// assert_eq!(
///     collapsed(&alike, &reals, &config)?.map(|collapse| collapse.to_string()).as_deref(),
///     Some(
///         "the generator has collapsed: samples are only 0.15 times as far from each other as \
///          reals are"
///     )
/// );
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::BadValues`] for numbers that are not finite or below
/// 0, and for reals with a distance or coverage of 0, beside which nothing can be small.
pub fn collapsed(
    now: &Diversity,
    reals: &Diversity,
    config: &CollapseConfig,
) -> Result<Option<Collapse>, MetricsError> {
    config.validate()?;
    let part = |now: f64, reals: f64, least: f64| {
        if !(now >= 0.0 && now.is_finite() && reals > 0.0 && reals.is_finite()) {
            let (set, rule) =
                ("diversity", "finite, of the samples 0 or more, of the reals above 0");
            let got = format!("{now} and {reals}");
            return Err(MetricsError::BadValues { set, rule, got });
        }
        Ok(Some(now / reals).filter(|part| *part < least))
    };
    let distance = part(now.distance, reals.distance, config.distance)?;
    let coverage = match (now.coverage, reals.coverage) {
        (Some(now), Some(reals)) => part(now, reals, config.coverage)?,
        _ => None,
    };
    let found = distance.is_some() || coverage.is_some();
    Ok(found.then_some(Collapse { distance, coverage }))
}
