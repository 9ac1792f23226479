//! A spline on angles (Rezende et al. 2020, *Normalizing Flows on Tori and Spheres*).
//!
//! Angles in `[-pi, pi)` are turned by half a turn, so that the point where the circle was cut
//! lies in the middle, and go through a [`Spline`] on `[-pi, pi]`.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::{Elementwise, Spline, Univariate, UnivariateConfig};
use crate::FlowError;

/// A spline on angles in `[-pi, pi)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CircularSpline {
    /// Bins of the box, 2 to 1024. Default 8.
    pub bins: i64,
    /// The least slope at a knot, between 0 and 1. Default 1e-3.
    pub slope: f64,
}

impl Default for CircularSpline {
    fn default() -> Self {
        Self { bins: 8, slope: 1e-3 }
    }
}

impl CircularSpline {
    fn spline(self) -> Spline {
        Spline { bins: self.bins, bound: PI, slope: self.slope }
    }

    pub(super) fn validate(&self) -> Result<(), FlowError> {
        self.spline().validate()
    }
}

impl Univariate for CircularSpline {
    fn shapes(&self) -> Vec<Vec<i64>> {
        self.spline().shapes()
    }

    fn given(&self, parameters: &Tensor) -> Box<dyn Elementwise> {
        Box::new(Turned { spline: self.spline().given(parameters) })
    }

    fn config(&self) -> Option<UnivariateConfig> {
        Some(UnivariateConfig::CircularSpline(*self))
    }
}

#[derive(Debug)]
struct Turned {
    spline: Box<dyn Elementwise>,
}

/// By half a turn, into `[-pi, pi)`: its own inverse.
fn turn(angle: &Tensor) -> Tensor {
    angle.remainder(2.0 * PI) - PI
}

impl Elementwise for Turned {
    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        self.spline.call_and_ladj(&turn(x))
    }

    fn inverse(&self, y: &Tensor) -> Tensor {
        turn(&self.spline.inverse(y))
    }
}
