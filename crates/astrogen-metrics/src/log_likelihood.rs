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

    /// Of the log-likelihoods of rows, `[N]`, that count by weights `[N]`, 0 or more and not all of them
    /// 0, with the error
    ///
    /// ```text
    /// sqrt(sum w^2 (l - mean)^2) / sum w
    /// ```
    ///
    /// which is that of [`of`](Self::of) where all count alike. A row that counts nothing may have none.
    ///
    /// ```
    /// use astrogen_metrics::LogLikelihood;
    ///
    /// let tensor = |values: &[f64]| tch::Tensor::from_slice(values);
    /// let rows = tensor(&[-1.0, -3.0, -1.0, -3.0, f64::NEG_INFINITY]);
    /// let found = LogLikelihood::weighted(&rows, &tensor(&[2.0, 2.0, 2.0, 2.0, 0.0]));
    /// assert_eq!(found, LogLikelihood { mean: -2.0, error: 0.5 });
    /// ```
    pub fn weighted(rows: &Tensor, weights: &Tensor) -> Self {
        let weights = weights.to_kind(Kind::Double);
        let counted = weights.gt(0.0);
        let rows = rows.to_kind(Kind::Double).where_scalarother(&counted, 0.0);
        let all = weights.sum(Kind::Double);
        let mean = (&rows * &weights).sum(Kind::Double) / &all;
        let squares = ((rows - &mean) * weights).square().sum(Kind::Double);
        Self { mean: mean.double_value(&[]), error: (squares.sqrt() / all).double_value(&[]) }
    }
}
