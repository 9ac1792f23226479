//! The mean of a few numbers with Student's interval: of scores over repeats, say, or of paired
//! differences between two ways to do something.
//!
//! ```text
//! mean +- t s / sqrt(n)        with s^2 the variance by n - 1, and t so that |T| < t as often as `level`
//! ```
//!
//! where `T` is Student's t of `n - 1` degrees of freedom. It holds the expected value as often as
//! `level` says where the numbers are independent and about normal; numbers that share something, such as
//! repeats on the same held-out images, scatter less than fresh ones would, and the interval does not
//! know that.

use std::f64::consts::FRAC_PI_2;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::MetricsError;

/// A mean with its interval; see the [module](self).
///
/// ```
/// use astrogen_metrics::MeanInterval;
///
/// let mean = MeanInterval::of(&[0.1, 0.2, 0.3], 0.95)?;
/// assert_eq!(mean.to_string(), "0.20 (-0.05 to 0.45)"); // t is 4.303 for three numbers
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanInterval {
    /// The mean.
    pub value: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

impl MeanInterval {
    /// That of two numbers or more; `level`, above 0 and below 1, is how often the interval holds
    /// what is expected.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for fewer numbers, and for some that are not finite;
    /// [`MetricsError::Setting`] for another level.
    pub fn of(values: &[f64], level: f64) -> Result<Self, MetricsError> {
        if !(level > 0.0 && level < 1.0) {
            let (name, rule) = ("level", "above 0 and below 1");
            return Err(MetricsError::Setting { name, rule, got: level.to_string() });
        }
        if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
            let (set, rule) = ("numbers of a mean", "two or more, all finite");
            return Err(MetricsError::BadValues { set, rule, got: format!("{values:?}") });
        }
        let count = values.len() as f64;
        let value = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|one| (one - value).powi(2)).sum();
        let error = (squares / (count - 1.0) / count).sqrt();
        let half = error * student_quantile(values.len() - 1, level);
        Ok(Self { value, low: value - half, high: value + half })
    }
}

/// `value (low to high)` with two digits of the interval's width, or with as many decimals as are
/// asked for.
impl fmt::Display for MeanInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, low, high } = self;
        let digits = (1.0 - (high - low).log10().floor()).clamp(0.0, 6.0); // endless for a width of 0
        let n = f.precision().unwrap_or(digits as usize);
        write!(f, "{value:.n$} ({low:.n$} to {high:.n$})")
    }
}

/// The `t` below which `|T|` stays as often as `level`, with 1 degree of freedom or more: with
/// `t = sqrt(freedom) tan(angle)`, half the interval of angles at a time.
fn student_quantile(freedom: usize, level: f64) -> f64 {
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        match within(freedom, middle) < level {
            true => low = middle,
            false => high = middle,
        }
    }
    (freedom as f64).sqrt() * (0.5 * (low + high)).tan()
}

/// How often `|T|` is below `sqrt(freedom) tan(angle)`: the finite sums of Abramowitz & Stegun 1964,
/// 26.7.3 and 26.7.4.
fn within(freedom: usize, angle: f64) -> f64 {
    let (sin, cos) = angle.sin_cos();
    let odd = freedom % 2;
    // Odd: cos + 2/3 cos^3 + (2 4)/(3 5) cos^5 + ...; even: 1 + 1/2 cos^2 + (1 3)/(2 4) cos^4 + ...
    let mut term = if odd == 1 { cos } else { 1.0 };
    let mut sum = 0.0;
    for power in (odd..freedom.saturating_sub(1)).step_by(2) {
        sum += term;
        term *= (power + 1) as f64 / (power + 2) as f64 * cos * cos;
    }
    if odd == 1 { (angle + sin * sum) / FRAC_PI_2 } else { sin * sum }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        // Two-sided, scipy.stats.t.ppf((1 + level) / 2, freedom).
        let table = [
            (1, 0.95, 12.706_204_736),
            (2, 0.95, 4.302_652_730),
            (3, 0.99, 5.840_909_310),
            (4, 0.95, 2.776_445_105),
            (9, 0.9, 1.833_112_933),
            (30, 0.95, 2.042_272_456),
            (1000, 0.95, 1.962_339_081),
        ];
        for (freedom, level, expected) in table {
            let got = student_quantile(freedom, level);
            assert!((got - expected).abs() < 1e-8, "{freedom}: {got} {expected}");
        }
    }

    #[test]
    fn an_interval_of_equal_numbers_has_no_width_and_bad_ones_are_refused() {
        let same = MeanInterval::of(&[0.25; 5], 0.95).unwrap();
        assert_eq!(same, MeanInterval { value: 0.25, low: 0.25, high: 0.25 });
        assert_eq!(same.to_string(), "0.250000 (0.250000 to 0.250000)");
        assert_eq!(format!("{same:.2}"), "0.25 (0.25 to 0.25)");
        for bad in [&[1.0][..], &[], &[1.0, f64::NAN]] {
            let message = MeanInterval::of(bad, 0.95).unwrap_err().to_string();
            assert!(message.contains("two or more, all finite"), "{message}");
        }
        let message = MeanInterval::of(&[1.0, 2.0], 1.0).unwrap_err().to_string();
        assert!(message.contains("above 0 and below 1, got 1"), "{message}");
    }
}
