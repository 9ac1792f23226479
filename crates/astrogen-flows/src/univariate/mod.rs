//! Increasing functions of one feature, whose parameters a network gives.
//!
//! | function | `y = f(x)` | parameters per feature |
//! | --- | --- | --- |
//! | [`Affine`] | `exp(a) x + b`, `a` softly limited | 2 |
//! | [`Additive`] | `x + b` | 1 |
//! | [`Spline`] | rational quadratic in bins, the identity outside its box | `3 bins - 1` |
//! | [`CircularSpline`] | a spline on angles, after half a turn | `3 bins - 1` |
//! | [`SumOfSquares`] | the integral of a mean of squared polynomials, shifted | `polynomials (degree + 1) + 1` |
//! | [`Bernstein`] | a Bernstein polynomial in a box, the identity outside | `degree + 1` |
//!
//! A function of your own is a type that says how many parameters it takes and what it is once it
//! has them:
//!
//! ```
//! use astrogen_flows::{Elementwise, Univariate};
//! use tch::Tensor;
//!
//! /// `y = sinh(asinh(x) + b)`.
//! #[derive(Debug)]
//! struct SinhShift;
//! #[derive(Debug)]
//! struct Shifted(Tensor);
//!
//! impl Univariate for SinhShift {
//!     fn shapes(&self) -> Vec<Vec<i64>> {
//!         vec![vec![]] // one number per feature
//!     }
//!     fn given(&self, parameters: &Tensor) -> Box<dyn Elementwise> {
//!         Box::new(Shifted(parameters.squeeze_dim(-1)))
//!     }
//! }
//!
//! impl Elementwise for Shifted {
//!     fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
//!         let y = (x.asinh() + &self.0).sinh();
//!         let ladj = (y.square() + 1.0).log() * 0.5 - (x.square() + 1.0).log() * 0.5;
//!         (y, ladj)
//!     }
//!     fn inverse(&self, y: &Tensor) -> Tensor {
//!         (y.asinh() - &self.0).sinh()
//!     }
//! }
//! ```

mod affine;
mod bernstein;
mod circular;
mod newton;
mod softclip;
mod spline;
mod sum_of_squares;

use std::fmt::Debug;

use serde::{Deserialize, Serialize};
use tch::Tensor;

pub use affine::{Additive, Affine};
pub use bernstein::Bernstein;
pub use circular::CircularSpline;
pub use softclip::Softclip;
pub use spline::{Knots, Spline};
pub(crate) use sum_of_squares::DOUBLINGS;
pub use sum_of_squares::SumOfSquares;

use crate::FlowError;

/// A family of increasing functions of one number.
pub trait Univariate: Debug + Send {
    /// The shapes of the parameters of one function, in the order in which they lie side by side.
    fn shapes(&self) -> Vec<Vec<i64>>;

    /// The functions with parameters `[N, D, P]`, unconstrained.
    fn given(&self, parameters: &Tensor) -> Box<dyn Elementwise>;

    /// Which of this crate's functions it is, if it is one: these have passes of their own.
    fn config(&self) -> Option<UnivariateConfig> {
        None
    }

    /// Parameters of one function, `P`.
    fn parameters(&self) -> i64 {
        self.shapes().iter().map(|shape| shape.iter().product::<i64>()).sum()
    }
}

/// Functions `y = f(x)`, one for each element of `[N, D]`.
pub trait Elementwise: Debug {
    /// `y` and `log |dy/dx|`, `[N, D]` both, from `x`, `[N, D]`.
    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor);

    /// `x` from `y`, `[N, D]` both.
    fn inverse(&self, y: &Tensor) -> Tensor;

    /// `y` from `x`, `[N, D]` both.
    fn call(&self, x: &Tensor) -> Tensor {
        self.call_and_ladj(x).0
    }
}

/// One of this crate's functions, as plain data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnivariateConfig {
    /// [`Additive`].
    Additive,
    /// [`Affine`].
    Affine(Affine),
    /// [`Spline`].
    Spline(Spline),
    /// [`CircularSpline`].
    CircularSpline(CircularSpline),
    /// [`SumOfSquares`].
    SumOfSquares(SumOfSquares),
    /// [`Bernstein`].
    Bernstein(Bernstein),
}

impl UnivariateConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where one is out of its range.
    pub fn validate(&self) -> Result<(), FlowError> {
        match self {
            Self::Additive => Ok(()),
            Self::Affine(affine) => affine.validate(),
            Self::Spline(spline) => spline.validate(),
            Self::CircularSpline(spline) => spline.validate(),
            Self::SumOfSquares(polynomials) => polynomials.validate(),
            Self::Bernstein(polynomial) => polynomial.validate(),
        }
    }

    /// The family of functions.
    pub fn init(&self) -> Box<dyn Univariate> {
        match *self {
            Self::Additive => Box::new(Additive),
            Self::Affine(affine) => Box::new(affine),
            Self::Spline(spline) => Box::new(spline),
            Self::CircularSpline(spline) => Box::new(spline),
            Self::SumOfSquares(polynomials) => Box::new(polynomials),
            Self::Bernstein(polynomial) => Box::new(polynomial),
        }
    }
}

/// Refuses a least slope that is not in (0, 1).
fn check_slope(slope: f64) -> Result<(), FlowError> {
    if slope > 0.0 && slope < 1.0 {
        return Ok(());
    }
    Err(FlowError::Setting {
        name: "slope",
        rule: "between 0 and 1".to_owned(),
        got: slope.to_string(),
    })
}

/// Refuses a bound of a box that is not finite and above 0.
fn check_bound(bound: f64) -> Result<(), FlowError> {
    if bound > 0.0 && bound.is_finite() {
        return Ok(());
    }
    let rule = "a finite number above 0".to_owned();
    Err(FlowError::Setting { name: "bound", rule, got: bound.to_string() })
}

/// Refuses a count that is not from `least` to 1024.
fn check_count(name: &'static str, least: i64, count: i64) -> Result<(), FlowError> {
    if (least..=1024).contains(&count) {
        return Ok(());
    }
    let rule = format!("from {least} to 1024");
    Err(FlowError::Setting { name, rule, got: count.to_string() })
}

/// `x / (1 + |x / limit|)`: the identity near 0, never beyond the limit.
fn soft_limit(x: &Tensor, limit: f64) -> Tensor {
    x / ((x / limit).abs() + 1.0)
}
