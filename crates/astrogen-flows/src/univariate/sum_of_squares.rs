//! Sum-of-squares polynomials (Jaini et al. 2019), as zuko has them.
//!
//! With `u = x / 10`, `K` polynomials of degree `L` and the least slope `s`,
//!
//! ```text
//! dy/dx = 1/K sum_k (1 + sum_j a_kj u^j)^2 + s        y = integral of it from 0 to x, + b
//! ```
//!
//! The squares are multiplied out once per element: then function and slope are Horner's schemes,
//! and the inverse is a safeguarded Newton iteration on the coefficients. It is found wherever it
//! lies, not only in `[-10, 10]`.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor, no_grad};

use super::newton::solve;
use super::{Elementwise, Univariate, UnivariateConfig, check_count, check_slope};
use crate::FlowError;

/// Where `|u|` is 1.
const SCALE: f64 = 10.0;

/// Doublings of a bracket after which it is as wide as single precision allows.
pub(crate) const DOUBLINGS: usize = 126;

/// The integral of a mean of squared polynomials, shifted; parameters: `a`, `b`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SumOfSquares {
    /// Degree of each polynomial, 1 to 1024. Default 4.
    pub degree: i64,
    /// How many polynomials, 1 to 1024. Default 3.
    pub polynomials: i64,
    /// The least slope, between 0 and 1. Default 1e-3.
    pub slope: f64,
}

impl Default for SumOfSquares {
    fn default() -> Self {
        Self { degree: 4, polynomials: 3, slope: 1e-3 }
    }
}

impl SumOfSquares {
    pub(super) fn validate(&self) -> Result<(), FlowError> {
        check_count("degree", 1, self.degree)?;
        check_count("polynomials", 1, self.polynomials)?;
        check_slope(self.slope)
    }
}

impl Univariate for SumOfSquares {
    fn shapes(&self) -> Vec<Vec<i64>> {
        vec![vec![self.polynomials, self.degree + 1], vec![]]
    }

    fn given(&self, parameters: &Tensor) -> Box<dyn Elementwise> {
        let (k, terms) = (self.polynomials, self.degree + 1);
        let a = parameters.narrow(-1, 0, k * terms).unflatten(-1, [k, terms]);
        let a: Vec<Tensor> =
            (0..terms).map(|j| a.select(-1, j) + if j == 0 { 1.0 } else { 0.0 }).collect(); // [N, D, K] each
        // The coefficients of the squares' mean: of u^m, the sum of a_i a_j with i + j = m.
        let slope = (0..2 * terms - 1).map(|m| {
            let pairs = (0.max(m + 1 - terms)..=m.min(terms - 1))
                .map(|i| &a[i as usize] * &a[(m - i) as usize]);
            let sum = pairs.reduce(|sum, pair| sum + pair);
            let mean = sum.map(|sum| sum.mean_dim(-1, false, None::<Kind>));
            let mean = mean.unwrap_or_else(|| a[0].select(-1, 0).zeros_like());
            if m == 0 { mean + self.slope } else { mean }
        });
        Box::new(Polynomial {
            slope: slope.collect(),
            least: self.slope,
            shift: parameters.select(-1, k * terms),
        })
    }

    fn config(&self) -> Option<UnivariateConfig> {
        Some(UnivariateConfig::SumOfSquares(*self))
    }
}

/// An increasing polynomial for each element.
#[derive(Debug)]
struct Polynomial {
    /// The coefficients of the slope by powers of `u`, `[N, D]` each.
    slope: Vec<Tensor>,
    least: f64,
    shift: Tensor,
}

impl Polynomial {
    /// Numbers whose function, without its shift, is beyond `y` on both sides of 0. From much
    /// farther away Newton's steps on so high a power would be too short.
    fn beyond(&self, y: &Tensor) -> Tensor {
        no_grad(|| {
            let mut far = y.ones_like();
            for _ in 0..DOUBLINGS {
                // What is no number grows no bracket.
                let short = self.value_and_slope(&far).0.lt_tensor(y);
                let short = short.logical_or(&self.value_and_slope(&-&far).0.gt_tensor(y));
                if short.any().int64_value(&[]) == 0 {
                    break;
                }
                far = (&far * 2.0).where_self(&short, &far);
            }
            far
        })
    }

    /// The function without its shift, and its slope.
    fn value_and_slope(&self, x: &Tensor) -> (Tensor, Tensor) {
        let u = x / SCALE;
        let horner = |coefficient: &dyn Fn(usize) -> Tensor| {
            let last = self.slope.len() - 1;
            (0..last).rev().fold(coefficient(last), |sum, m| sum * &u + coefficient(m))
        };
        let slope = horner(&|m| self.slope[m].shallow_clone());
        let integral = horner(&|m| &self.slope[m] / (m + 1) as f64);
        (x * integral, slope)
    }
}

impl Elementwise for Polynomial {
    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let (value, slope) = self.value_and_slope(x);
        // Rounding does not take it below what it is at least.
        (value + &self.shift, slope.clamp_min(self.least).log())
    }

    fn inverse(&self, y: &Tensor) -> Tensor {
        let y = y - &self.shift;
        let far = self.beyond(&y);
        solve(&y, [&-&far, &far], |x| {
            let (value, slope) = self.value_and_slope(x);
            (value, slope.clamp_min(self.least))
        })
    }
}
