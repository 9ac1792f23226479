//! Point estimates of photometric redshifts beside the true ones.
//!
//! ```text
//! dz = (z_phot - z_true) / (1 + z_true)
//! ```
//!
//! From it the bias (the median), the scatter (as a standard deviation by the median absolute
//! deviation or by the quartiles, both blind to outliers) and the part of outliers. References:
//! the LSST Science Book (2009) for the limit of outliers, which is used as in Schmidt et al. 2020
//! (*Evaluation of probabilistic photometric redshift estimation approaches for LSST*);
//! Hildebrandt et al. 2010 (*PHAT*) for the fixed limit of 0.15.

use crate::MetricsError;
use crate::one_dimensional::{Sorted, check_values};

/// The standard deviation of a normal distribution in its median absolute deviations.
const PER_MAD: f64 = 1.4826;

/// The distance of a normal distribution's quartiles in standard deviations.
const QUARTILES: f64 = 1.349;

/// The residuals `dz` of many objects, as parts of `1 + z`.
#[derive(Debug, Clone, PartialEq)]
pub struct RedshiftResiduals {
    sorted: Sorted,
}

impl RedshiftResiduals {
    /// Residuals of `estimated` redshifts `[N]` beside `truth` `[N]`.
    ///
    /// ```
    /// use astrogen_metrics::RedshiftResiduals;
    ///
    /// let truth = [0.5, 1.0, 1.0, 3.0];
    /// let residuals = RedshiftResiduals::new(&[0.5, 1.02, 0.98, 0.4], &truth)?;
    /// assert_eq!(residuals.outliers_beyond(0.15), 0.25); // 3.0 was taken for 0.4
    /// assert!(residuals.bias().abs() < 0.006);
    /// # Ok::<(), astrogen_metrics::MetricsError>(())
    /// ```
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for no object, other than equally many, values that are not
    /// finite, and true redshifts of -1 or less.
    pub fn new(estimated: &[f64], truth: &[f64]) -> Result<Self, MetricsError> {
        check_values("estimated redshifts", estimated)?;
        check_values("true redshifts", truth)?;
        let bad = |rule, got| Err(MetricsError::BadValues { set: "true redshifts", rule, got });
        if truth.len() != estimated.len() {
            let got = format!("{} for {} estimated ones", truth.len(), estimated.len());
            return bad("as many as the estimated ones", got);
        }
        if let Some(least) = truth.iter().find(|z| **z <= -1.0) {
            return bad("above -1", least.to_string());
        }
        let residual = |(estimated, truth): (&f64, &f64)| (estimated - truth) / (1.0 + truth);
        let values: Vec<f64> = estimated.iter().zip(truth).map(residual).collect();
        Ok(Self { sorted: Sorted::new("redshift residuals", &values)? })
    }

    /// All `dz` in ascending order.
    pub fn values(&self) -> &[f64] {
        self.sorted.values()
    }

    /// The median of `dz`.
    pub fn bias(&self) -> f64 {
        self.sorted.quantile(0.5)
    }

    /// `1.4826` times the median of `|dz - bias|`: the standard deviation of a normal
    /// distribution.
    pub fn scatter_mad(&self) -> f64 {
        let bias = self.bias();
        let mut away: Vec<f64> = self.values().iter().map(|dz| (dz - bias).abs()).collect();
        away.sort_unstable_by(f64::total_cmp);
        let (n, half) = (away.len(), away.len() / 2);
        let median = if n % 2 == 1 { away[half] } else { 0.5 * (away[half - 1] + away[half]) };
        PER_MAD * median
    }

    /// The distance of the quartiles of `dz` over `1.349`: the same of a normal distribution.
    pub fn scatter_iqr(&self) -> f64 {
        (self.sorted.quantile(0.75) - self.sorted.quantile(0.25)) / QUARTILES
    }

    /// The part of the objects with `|dz|` above 0.06 and above three times
    /// [`scatter_iqr`](Self::scatter_iqr), as LSST's requirements count outliers.
    pub fn outlier_fraction(&self) -> f64 {
        self.outliers_beyond((3.0 * self.scatter_iqr()).max(0.06))
    }

    /// The part of the objects with `|dz|` above a limit, often 0.15.
    pub fn outliers_beyond(&self, limit: f64) -> f64 {
        let beyond = self.values().iter().filter(|dz| dz.abs() > limit).count();
        beyond as f64 / self.values().len() as f64
    }
}
