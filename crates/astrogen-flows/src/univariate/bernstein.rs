//! Bernstein polynomials in a box (Sick et al. 2020; Arpogaus et al. 2022), as zuko has them.
//!
//! With `t = (x + B) / 2B` and coefficients `theta_0 = -B < ... < theta_n = B`,
//!
//! ```text
//! y = sum_i C(n, i) t^i (1 - t)^(n - i) theta_i
//! ```
//!
//! inside the box `[-B, B]`. The first and the last two differences of coefficients are `2B / n`,
//! so that slope and curvature at the ends are those of the identity, which the function is
//! outside; the others come from a network by softmax.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::newton::solve;
use super::{Elementwise, Univariate, UnivariateConfig, check_bound, check_count};
use crate::FlowError;

/// zuko leaves so much of `t` at both ends to the straight lines outside.
const EDGE: f64 = 1e-6;

/// A Bernstein polynomial in a box; parameters: what becomes differences of its coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bernstein {
    /// One less than the parameters, 1 to 1024; the polynomial's own degree is `degree + 5`.
    /// Default 16.
    pub degree: i64,
    /// The box is `[-bound, bound]`. Default 5.
    pub bound: f64,
}

impl Default for Bernstein {
    fn default() -> Self {
        Self { degree: 16, bound: 5.0 }
    }
}

impl Bernstein {
    pub(super) fn validate(&self) -> Result<(), FlowError> {
        check_count("degree", 1, self.degree)?;
        check_bound(self.bound)
    }
}

impl Univariate for Bernstein {
    fn shapes(&self) -> Vec<Vec<i64>> {
        vec![vec![self.degree + 1]]
    }

    fn given(&self, parameters: &Tensor) -> Box<dyn Elementwise> {
        let order = self.degree + 5;
        let step = 2.0 * self.bound / order as f64;
        let inner = parameters.softmax(-1, None::<Kind>) * (2.0 * self.bound - 4.0 * step);
        let ends = inner.narrow(-1, 0, 2).full_like(step);
        let differences = Tensor::cat(&[&ends, &inner, &ends], -1); // [N, D, order]
        let theta = differences.cumsum(-1, None::<Kind>).constant_pad_nd([1, 0]) - self.bound;
        Box::new(Polynomial { theta, differences, order, bound: self.bound })
    }

    fn config(&self) -> Option<UnivariateConfig> {
        Some(UnivariateConfig::Bernstein(*self))
    }
}

/// A polynomial for each element.
#[derive(Debug)]
struct Polynomial {
    /// `[N, D, order + 1]`
    theta: Tensor,
    /// `[N, D, order]`
    differences: Tensor,
    order: i64,
    bound: f64,
}

/// `sum_i C(n, i) t^i (1 - t)^(n - i) c_i` for `t` in (0, 1), with coefficients `[N, D, n + 1]`.
fn bernstein(t: &Tensor, coefficients: &Tensor) -> Tensor {
    let n = coefficients.size().last().copied().unwrap_or(1) - 1;
    // C(n, i), and its powers: exact in f64, and far from overflow for the degrees allowed.
    let mut log_binomial = vec![0.0; n as usize + 1];
    for i in 1..=n as usize {
        log_binomial[i] = log_binomial[i - 1] + ((n as usize + 1 - i) as f64 / i as f64).ln();
    }
    let options = (t.kind(), t.device());
    let log_binomial = Tensor::from_slice(&log_binomial).to_device(t.device()).to_kind(t.kind());
    let i = Tensor::arange(n + 1, options);
    let t = t.unsqueeze(-1);
    let logs = log_binomial + &i * t.log() + (n as f64 - &i) * (-t).log1p();
    (logs.exp() * coefficients).sum_dim_intlist(-1, false, None::<Kind>)
}

impl Polynomial {
    /// Function and slope inside the box.
    fn value_and_slope(&self, x: &Tensor) -> (Tensor, Tensor) {
        let t = ((x + self.bound) / (2.0 * self.bound)).clamp(EDGE, 1.0 - EDGE);
        let slope = bernstein(&t, &self.differences) * (self.order as f64 / (2.0 * self.bound));
        (bernstein(&t, &self.theta), slope)
    }
}

impl Elementwise for Polynomial {
    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let t = (x + self.bound) / (2.0 * self.bound);
        let (below, above) = (t.le(EDGE), t.ge(1.0 - EDGE));
        let outside = below.logical_or(&above);
        let inner = x.zeros_like().where_self(&outside, x);
        let (y, slope) = self.value_and_slope(&inner);
        let edge = 2.0 * self.bound * EDGE;
        let y = (x - edge).where_self(&below, &y);
        let y = (x + edge).where_self(&above, &y);
        (y, x.zeros_like().where_self(&outside, &slope.log()))
    }

    fn inverse(&self, y: &Tensor) -> Tensor {
        let edge = 2.0 * self.bound * EDGE;
        let (below, above) = (y.le(-self.bound), y.ge(self.bound));
        let inner = y.zeros_like().where_self(&below.logical_or(&above), y);
        let high = inner.full_like(self.bound);
        let x = solve(&inner, [&-&high, &high], |x| self.value_and_slope(x));
        let x = (y + edge).where_self(&below, &x);
        (y - edge).where_self(&above, &x)
    }
}
