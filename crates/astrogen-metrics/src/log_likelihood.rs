//! The mean log-likelihood of rows, and how well it is known.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// The mean log-likelihood of rows, in nats per row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogLikelihood {
    /// The mean.
    pub mean: f64,
    /// Its standard error, `deviation / sqrt(N)`.
    pub error: f64,
}

impl LogLikelihood {
    /// Of the log-likelihoods of rows, `[N]`.
    ///
    /// ```
    /// use astrogen_metrics::LogLikelihood;
    ///
    /// let rows = tch::Tensor::from_slice(&[-1.0, -3.0, -1.0, -3.0]);
    /// assert_eq!(LogLikelihood::of(&rows), LogLikelihood { mean: -2.0, error: 0.5 });
    /// ```
    pub fn of(rows: &Tensor) -> Self {
        let n = rows.numel().max(1) as f64;
        let mean = rows.mean(Kind::Double).double_value(&[]);
        let variance = (rows - mean).square().mean(Kind::Double).double_value(&[]);
        Self { mean, error: (variance / n).sqrt() }
    }
}
