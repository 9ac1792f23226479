//! How well a score finds what it should: the receiver operating characteristic.
//!
//! With scores `x_i` of `m` positives (injected anomalies, say) and `y_j` of `n` negatives, high where
//! a positive is suspected, a threshold `t` finds a share of the positives and takes a share of the
//! negatives for them:
//!
//! ```text
//! true positive rate   share of x_i >= t        false positive rate   share of y_j >= t
//! AUC                  mean over i and j of [x_i > y_j] + [x_i = y_j] / 2
//! ```
//!
//! The area under the curve is the chance that a positive has the higher score: 1/2 for a guess,
//! 1 where all are found first. Its standard error is that of DeLong, DeLong & Clarke-Pearson 1988,
//! *Comparing the Areas under Two or More Correlated Receiver Operating Characteristic Curves*:
//!
//! ```text
//! var = s^2 of the x_i's shares of negatives below / m  +  s^2 of the y_j's shares of positives above / n
//! ```
//!
//! It is 0 where all positives are found first, however few they are, so intervals are made otherwise
//! (Newcombe 2006, *Confidence intervals for an effect size measure based on the Mann-Whitney
//! statistic. Part 2*, his method 5, after Wilson's for shares): their ends are the `A` with
//!
//! ```text
//! (A - AUC)^2 = z^2 A (1 - A) (1 + ((m + n) / 2 - 1) ((1 - A) / (2 - A) + A / (1 + A))) / (m n)
//! ```
//!
//! AUC and curve are those of scikit-learn's `roc_auc_score` and `roc_curve`.

use serde::{Deserialize, Serialize};

use crate::{MetricsError, Sorted};

/// A receiver operating characteristic.
///
/// ```
/// use astrogen_metrics::Roc;
///
/// let roc = Roc::of(&[0.9, 0.8, 0.3], &[0.1, 0.2, 0.5])?;
/// assert!((roc.auc - 8.0 / 9.0).abs() < 1e-12);
/// assert_eq!(roc.points.last(), Some(&[1.0, 1.0]));
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Roc {
    /// False and true positive rate at each threshold, from the highest down: from `[0, 0]` to
    /// `[1, 1]`.
    pub points: Vec<[f64; 2]>,
    /// The area under the curve.
    pub auc: f64,
    /// Its standard error; not a number for a single positive or negative.
    pub error: f64,
    /// How many positives and negatives there were.
    pub counts: [usize; 2],
}

impl Roc {
    /// That of scores, high where a positive is suspected.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for no positives or negatives, and for scores that are not finite.
    pub fn of(positives: &[f64], negatives: &[f64]) -> Result<Self, MetricsError> {
        let positives = Sorted::new("positives' scores", positives)?;
        let negatives = Sorted::new("negatives' scores", negatives)?;
        let (x, y) = (positives.values(), negatives.values());
        // How many of the others lie below each, ties as halves.
        let shares = |of: &[f64], others: &[f64]| -> Vec<f64> {
            let share = |value: &f64| {
                let below = others.partition_point(|other| other < value);
                let at_most = others.partition_point(|other| other <= value);
                0.5 * (below + at_most) as f64 / others.len() as f64
            };
            of.iter().map(share).collect()
        };
        let (found, taken) = (shares(x, y), shares(y, x));
        let auc = mean(&found);
        let error = (variance(&found) / x.len() as f64 + variance(&taken) / y.len() as f64).sqrt();
        Ok(Self { points: curve(x, y), auc, error, counts: [x.len(), y.len()] })
    }

    /// An interval for the area, of `z` deviations of a normal distribution to either side: 1.645 for a
    /// level of 0.9. It is within 0 to 1, and wide where there are few scores.
    pub fn interval(&self, z: f64) -> [f64; 2] {
        let [m, n] = self.counts.map(|count| count as f64);
        let beyond = |area: f64| {
            let shared = (1.0 - area) / (2.0 - area) + area / (1.0 + area);
            let variance = area * (1.0 - area) * (1.0 + (0.5 * (m + n) - 1.0) * shared) / (m * n);
            (area - self.auc).powi(2) > z * z * variance
        };
        // From the area to the end of the range `beyond` is false, then true.
        [0.0, 1.0].map(|end| {
            let (mut within, mut outside) = (self.auc, end);
            if !beyond(end) {
                return end;
            }
            for _ in 0..60 {
                let middle = 0.5 * (within + outside);
                if beyond(middle) { outside = middle } else { within = middle }
            }
            within
        })
    }
}

/// The rates at every value that some score has, from the highest down.
fn curve(positives: &[f64], negatives: &[f64]) -> Vec<[f64; 2]> {
    let mut thresholds: Vec<f64> = positives.iter().chain(negatives).copied().collect();
    thresholds.sort_unstable_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    let rate = |scores: &[f64], threshold: f64| {
        let below = scores.partition_point(|score| *score < threshold);
        (scores.len() - below) as f64 / scores.len() as f64
    };
    let at = |threshold: f64| [rate(negatives, threshold), rate(positives, threshold)];
    [[0.0; 2]].into_iter().chain(thresholds.into_iter().map(at)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Of a sample, by one less than their number.
fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
}
