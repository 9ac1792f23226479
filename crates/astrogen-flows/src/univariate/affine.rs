//! `y = exp(a) x + b`, and `y = x + b` (Dinh et al. 2014 and 2016).
//!
//! With a least slope `s`, `a` is limited softly: `a <- a / (1 + |a / ln s|)`, so that the factor
//! stays between `s` and `1 / s`.

use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::{Elementwise, Univariate, UnivariateConfig, check_slope, soft_limit};
use crate::FlowError;

/// `y = exp(a) x + b`; parameters `b`, `a`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Affine {
    /// The least slope, between 0 and 1; the greatest is its inverse. Default 1e-3.
    pub slope: f64,
}

impl Default for Affine {
    fn default() -> Self {
        Self { slope: 1e-3 }
    }
}

impl Affine {
    pub(super) fn validate(&self) -> Result<(), FlowError> {
        check_slope(self.slope)
    }
}

impl Univariate for Affine {
    fn shapes(&self) -> Vec<Vec<i64>> {
        vec![vec![], vec![]]
    }

    fn given(&self, parameters: &Tensor) -> Box<dyn Elementwise> {
        let log_scale = soft_limit(&parameters.select(-1, 1), self.slope.ln());
        Box::new(Scaled { shift: parameters.select(-1, 0), scale: log_scale.exp(), log_scale })
    }

    fn config(&self) -> Option<UnivariateConfig> {
        Some(UnivariateConfig::Affine(*self))
    }
}

#[derive(Debug)]
struct Scaled {
    shift: Tensor,
    log_scale: Tensor,
    scale: Tensor,
}

impl Elementwise for Scaled {
    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        (x * &self.scale + &self.shift, self.log_scale.expand_as(x))
    }

    fn inverse(&self, y: &Tensor) -> Tensor {
        (y - &self.shift) / &self.scale
    }
}

/// `y = x + b`; parameter `b`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Additive;

impl Univariate for Additive {
    fn shapes(&self) -> Vec<Vec<i64>> {
        vec![vec![]]
    }

    fn given(&self, parameters: &Tensor) -> Box<dyn Elementwise> {
        Box::new(Shifted { shift: parameters.select(-1, 0) })
    }

    fn config(&self) -> Option<UnivariateConfig> {
        Some(UnivariateConfig::Additive)
    }
}

#[derive(Debug)]
struct Shifted {
    shift: Tensor,
}

impl Elementwise for Shifted {
    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        (x + &self.shift, x.zeros_like())
    }

    fn inverse(&self, y: &Tensor) -> Tensor {
        y - &self.shift
    }
}
