//! Monotonic rational-quadratic splines (Durkan et al. 2019, *Neural Spline Flows*).
//!
//! Between knots `(x0, y0)` and `(x1, y1)` with slopes `d0` and `d1`, and with
//! `s = (y1 - y0) / (x1 - x0)` and `t = (x - x0) / (x1 - x0)`,
//!
//! ```text
//! y      = y0 + (y1 - y0) (s t^2 + d0 t (1 - t)) / (s + (d0 + d1 - 2 s) t (1 - t))
//! dy/dx  = s^2 (d1 t^2 + 2 s t (1 - t) + d0 (1 - t)^2) / (s + (d0 + d1 - 2 s) t (1 - t))^2
//! ```
//!
//! and outside the box `(-B, B]` the function is the identity. The inverse is the root
//! `t = 2 c / (-b - sqrt(b^2 - 4 a c))` of a quadratic, its discriminant never below 0.
//!
//! All of this is computed in double precision: in single, steep bins magnify the rounding of
//! their knots to a hundred times that of the features.
//!
//! A network's outputs become knots as in zuko: widths and heights by softmax after a soft limit
//! of `|ln slope| / 2`, slopes by `exp` after one of `|ln slope|`, 1 at the ends.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::{
    Elementwise, Univariate, UnivariateConfig, check_bound, check_count, check_slope, soft_limit,
};
use crate::FlowError;

/// A rational-quadratic spline; parameters: widths, heights, inner slopes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spline {
    /// Bins of the box, 2 to 1024. Default 8.
    pub bins: i64,
    /// The box is `[-bound, bound]`. Default 5.
    pub bound: f64,
    /// The least slope at a knot, between 0 and 1. Default 1e-3.
    pub slope: f64,
}

impl Default for Spline {
    fn default() -> Self {
        Self { bins: 8, bound: 5.0, slope: 1e-3 }
    }
}

impl Spline {
    pub(super) fn validate(&self) -> Result<(), FlowError> {
        check_count("bins", 2, self.bins)?;
        check_bound(self.bound)?;
        check_slope(self.slope)
    }
}

impl Univariate for Spline {
    fn shapes(&self) -> Vec<Vec<i64>> {
        vec![vec![self.bins], vec![self.bins], vec![self.bins - 1]]
    }

    fn given(&self, parameters: &Tensor) -> Box<dyn Elementwise> {
        let (k, limit) = (self.bins, self.slope.ln());
        let parameters = parameters.to_kind(Kind::Double);
        let part = |start, length| parameters.narrow(-1, start, length);
        let sides = |raw: Tensor| soft_limit(&raw, limit / 2.0).softmax(-1, None::<Kind>);
        let slopes = soft_limit(&part(2 * k, k - 1), limit).exp();
        Box::new(Knots::new(&sides(part(0, k)), &sides(part(k, k)), &slopes, self.bound))
    }

    fn config(&self) -> Option<UnivariateConfig> {
        Some(UnivariateConfig::Spline(*self))
    }
}

/// Splines with their knots, one for each element of `[N, D]`.
#[derive(Debug)]
pub struct Knots {
    /// `[N, D, bins + 1]` each.
    x: Tensor,
    y: Tensor,
    slopes: Tensor,
}

/// One bin for each element: what its formulas are made of.
struct Bin {
    /// Whether the element is inside the box.
    inside: Tensor,
    x0: Tensor,
    width: Tensor,
    y0: Tensor,
    height: Tensor,
    d0: Tensor,
    d1: Tensor,
    s: Tensor,
}

impl Knots {
    /// Splines on `[-bound, bound]` from shares of the box, `[N, D, bins]` each with sum 1, and
    /// the slopes at the inner knots, `[N, D, bins - 1]`, above 0.
    pub fn new(widths: &Tensor, heights: &Tensor, slopes: &Tensor, bound: f64) -> Self {
        let slopes = &slopes.to_kind(Kind::Double);
        let knots = |shares: &Tensor| {
            let shares = shares.to_kind(Kind::Double);
            let ends = shares.cumsum(-1, None::<Kind>).constant_pad_nd([1, 0]);
            (ends * 2.0 - 1.0) * bound
        };
        let ends = slopes.narrow(-1, 0, 1).ones_like();
        let slopes = Tensor::cat(&[&ends, slopes, &ends], -1);
        Self { x: knots(widths), y: knots(heights), slopes }
    }

    /// The bin of each value on the axis of `knots`.
    fn bin(&self, knots: &Tensor, values: &Tensor) -> Bin {
        let bins = knots.size().last().copied().unwrap_or(1) - 1;
        // Values that are no numbers are in no bin and stay what they are.
        let k = knots.lt_tensor(&values.unsqueeze(-1)).sum_dim_intlist(-1, false, Kind::Int64) - 1;
        let inside = k.ge(0).logical_and(&k.lt(bins));
        let k = k.clamp(0, bins - 1).unsqueeze(-1);
        let at = |of: &Tensor, k: &Tensor| of.gather(-1, k, false).squeeze_dim(-1);
        let next = &k + 1;
        let (x0, y0) = (at(&self.x, &k), at(&self.y, &k));
        // A bin that rounding closed is as wide as the least number.
        let width = (at(&self.x, &next) - &x0).clamp_min(f64::from(f32::MIN_POSITIVE));
        let height = at(&self.y, &next) - &y0;
        let s = &height / &width;
        Bin {
            inside,
            x0,
            width,
            y0,
            height,
            d0: at(&self.slopes, &k),
            d1: at(&self.slopes, &next),
            s,
        }
    }
}

impl Elementwise for Knots {
    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        let (kind, x) = (x.kind(), &x.to_kind(Kind::Double));
        let Bin { inside, x0, width, y0, height, d0, d1, s } = self.bin(&self.x, x);
        let t = ((x - x0) / width).where_self(&inside, &x.zeros_like()).clamp(0.0, 1.0);
        let u = 1.0 - &t;
        let tu = &t * &u;
        let denominator = &s + (&d0 + &d1 - &s * 2.0) * &tu;
        let y = y0 + height * (&s * t.square() + &d0 * &tu) / &denominator;
        let slope =
            s.square() * (&s * 2.0 * tu + d0 * u.square() + d1 * t.square()) / denominator.square();
        let ladj = slope.log().where_self(&inside, &x.zeros_like());
        (y.where_self(&inside, x).to_kind(kind), ladj.to_kind(kind))
    }

    fn inverse(&self, y: &Tensor) -> Tensor {
        let (kind, y) = (y.kind(), &y.to_kind(Kind::Double));
        let Bin { inside, x0, width, y0, height, d0, d1, s } = self.bin(&self.y, y);
        let above = (y - y0).where_self(&inside, &y.zeros_like());
        let curve = &d0 + d1 - &s * 2.0;
        let a = &height * (&s - &d0) + &above * &curve;
        let b = height * d0 - &above * curve;
        let c = -s * above;
        let root = (b.square() - a * &c * 4.0).clamp_min(0.0).sqrt();
        let t = (c * 2.0 / (-b - root)).clamp(0.0, 1.0);
        (x0 + t * width).where_self(&inside, y).to_kind(kind)
    }
}
