//! A fixed linear transform that takes the correlations out of features, before any that is learnt.
//!
//! ```text
//! y = L^-1 (x - mean),    covariance of x = L L^T,  L lower triangular
//! ```
//!
//! Feature `i` becomes what is left of it when it is regressed on those before it, in units of what
//! is left. Of features that are nearly a function of others (a star's metals, of its iron and its
//! oxygen) the networks need not learn a width that is a small part of the whole.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::FlowError;
use crate::transform::Transform;

/// What is left of a feature counts as at least this part of the whole: single precision has no more
/// to tell of it.
const LEAST: f64 = 1e-3;

/// A linear transform that takes the correlations out of features; see the [module](self).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whitening {
    /// What is subtracted, `[D]`.
    pub mean: Vec<f64>,
    /// `L`, row by row, `[D, D]`: zeros above the diagonal, numbers above 0 on it.
    pub factor: Vec<Vec<f64>>,
}

impl Whitening {
    /// That of rows of features `[N, D]`, in the units that the transform gets them in.
    ///
    /// ```
    /// use astrogen_flows::{Transform, Whitening};
    /// use tch::{Device, Kind, Tensor};
    ///
    /// tch::manual_seed(1);
    /// let x = Tensor::randn([1000, 1], (Kind::Double, Device::Cpu));
    /// let near = &x * 3.0 + 0.1 * x.randn_like(); // nearly a function of the other
    /// let rows = Tensor::cat(&[x, near], 1);
    /// let white = Whitening::of(&rows)?.call_and_ladj(&rows).0;
    /// let product = white.tr().matmul(&white) / 1000.0;
    /// assert!((product - Tensor::eye(2, (Kind::Double, Device::Cpu))).abs().max().double_value(&[]) < 1e-9);
    /// # Ok::<(), astrogen_flows::FlowError>(())
    /// ```
    ///
    /// # Errors
    /// [`FlowError::Shape`] for fewer than two rows, [`FlowError::Setting`] for rows that are not
    /// finite.
    pub fn of(rows: &Tensor) -> Result<Self, FlowError> {
        let size = rows.size();
        let [n, features] = size[..] else {
            let expected = "[N, D]".to_owned();
            return Err(FlowError::Shape { what: "rows to whiten", expected, got: size });
        };
        if n < 2 {
            let expected = format!("[2 or more, {features}]");
            return Err(FlowError::Shape { what: "rows to whiten", expected, got: size });
        }
        let rows = rows.f_to_kind(Kind::Double)?;
        let mean = rows.f_mean_dim(&[0i64][..], true, None)?;
        let centred = rows.f_sub(&mean)?;
        let covariance = centred.f_tr()?.f_matmul(&centred)?.f_div_scalar(n as f64)?;
        let covariance: Vec<Vec<f64>> = Vec::try_from(&covariance)?;
        let whitening =
            Self { mean: Vec::try_from(&mean.f_flatten(0, 1)?)?, factor: factor(&covariance) };
        whitening.validate(features)?;
        Ok(whitening)
    }

    /// Checks the transform of so many features.
    ///
    /// # Errors
    /// [`FlowError::Setting`] for another number of them, numbers that are not finite, numbers above
    /// the diagonal, and a diagonal that is not above 0.
    pub fn validate(&self, features: i64) -> Result<(), FlowError> {
        let d = features as usize;
        let row = |(i, row): (usize, &Vec<f64>)| {
            let finite = row.iter().all(|value| value.is_finite());
            row.len() == d
                && finite
                && row[i] > 0.0
                && row[i + 1..].iter().all(|&value| value == 0.0)
        };
        let fits = self.mean.len() == d && self.mean.iter().all(|value| value.is_finite());
        if fits && self.factor.len() == d && self.factor.iter().enumerate().all(row) {
            return Ok(());
        }
        Err(FlowError::Setting {
            name: "whitening",
            rule: format!(
                "a mean of {d} numbers and a lower triangular matrix of {d} rows, finite and above 0 \
                 on its diagonal"
            ),
            got: format!("{self:?}"),
        })
    }

    /// The mean `[D]` and the factor `[D, D]`, of a tensor's type and on its device.
    fn tensors(&self, like: &Tensor) -> (Tensor, Tensor) {
        let d = self.mean.len() as i64;
        let factor = Tensor::from_slice(&self.factor.concat()).view([d, d]);
        let to = |tensor: Tensor| tensor.to_device(like.device()).to_kind(like.kind());
        (to(Tensor::from_slice(&self.mean)), to(factor))
    }
}

/// `L` of a covariance, column by column (Cholesky), what is left of a feature floored.
fn factor(covariance: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let d = covariance.len();
    let mut factor = vec![vec![0.0; d]; d];
    for j in 0..d {
        let dot = |a: &[f64], b: &[f64]| -> f64 { a[..j].iter().zip(b).map(|(a, b)| a * b).sum() };
        let whole = covariance[j][j].sqrt();
        let left = (covariance[j][j] - dot(&factor[j], &factor[j])).max(0.0).sqrt();
        factor[j][j] = left.max(LEAST * whole).max(f64::MIN_POSITIVE);
        for i in j + 1..d {
            factor[i][j] = (covariance[i][j] - dot(&factor[i], &factor[j])) / factor[j][j];
        }
    }
    factor
}

impl Transform for Whitening {
    fn inverse(&self, y: &Tensor) -> Tensor {
        let (mean, factor) = self.tensors(y);
        y.matmul(&factor.tr()) + mean
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let (mean, factor) = self.tensors(x);
        // (x - mean) = y L^T, from the right.
        let y = Tensor::linalg_solve_triangular(&factor.tr(), &(x - mean), true, false, false);
        let ladj: f64 = -self.factor.iter().enumerate().map(|(i, row)| row[i].ln()).sum::<f64>();
        (y, x.select(-1, 0).full_like(ladj))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn there_and_back_and_the_determinant_of_the_jacobian() {
        tch::manual_seed(3);
        let options = (Kind::Double, Device::Cpu);
        let mixed = Tensor::randn([500, 4], options).matmul(&Tensor::randn([4, 4], options)) + 7.0;
        let whitening = Whitening::of(&mixed).unwrap();
        let (y, ladj) = whitening.call_and_ladj(&mixed);
        assert!((whitening.inverse(&y) - &mixed).abs().max().double_value(&[]) < 1e-10);
        let (_, factor) = whitening.tensors(&mixed);
        let expected = -factor.det().abs().log().double_value(&[]);
        assert!((ladj.double_value(&[0]) - expected).abs() < 1e-10);
        let product = y.tr().matmul(&y) / 500.0;
        assert!((product - Tensor::eye(4, options)).abs().max().double_value(&[]) < 1e-9);
    }

    #[test]
    fn a_feature_that_is_a_function_of_others_stays_finite() {
        let x = Tensor::arange(50, (Kind::Double, Device::Cpu)).unsqueeze(1);
        let whitening = Whitening::of(&Tensor::cat(&[&x, &(&x * 2.0), &x.ones_like()], 1)).unwrap();
        whitening.validate(3).unwrap();
        let (y, ladj) =
            whitening.call_and_ladj(&Tensor::cat(&[&x, &(&x * 2.0), &x.ones_like()], 1));
        assert!(y.isfinite().all().int64_value(&[]) == 1 && ladj.double_value(&[0]).is_finite());
    }

    #[test]
    fn what_is_no_whitening_is_refused() {
        let good = Whitening { mean: vec![0.0; 2], factor: vec![vec![1.0, 0.0], vec![0.5, 2.0]] };
        good.validate(2).unwrap();
        assert!(good.validate(3).is_err());
        let upper = Whitening { factor: vec![vec![1.0, 0.1], vec![0.5, 2.0]], ..good.clone() };
        let message = upper.validate(2).unwrap_err().to_string();
        assert!(message.starts_with("whitening must be a mean of 2 numbers"), "{message}");
        let nan = Tensor::from_slice(&[f64::NAN, 1.0, 2.0, 3.0]).view([2, 2]);
        assert!(Whitening::of(&nan).is_err() && Whitening::of(&nan.narrow(0, 0, 1)).is_err());
    }
}
