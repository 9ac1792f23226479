//! The functions of one feature, each with its passes.

use astrogen_nn::dense::Matrix;

use super::affine::{affine, affine_back, affine_inverse, shifted};
use super::bernstein::{Polynomials, bernstein, bernstein_back, bernstein_inverse};
use super::lanes::{Lane, Row, row, row_mut};
use super::spline::{Shaping, Splines, spline, spline_back, spline_inverse};
use super::sum_of_squares::{Squares, squares, squares_back, squares_inverse};
use crate::UnivariateConfig;

/// A family of increasing functions; see [`crate::univariate`].
#[derive(Debug, Clone)]
pub(crate) enum Function {
    Additive,
    /// With the limit of its log-scale.
    Affine(f64),
    Spline(Splines),
    SumOfSquares(Squares),
    Bernstein(Polynomials),
}

impl Function {
    /// The passes of a family, if it has them.
    pub(crate) fn new(config: &UnivariateConfig) -> Option<Self> {
        let spline = |bins: i64, bound, slope: f64, circular| {
            let (bins, shaping) = (bins as usize, Shaping::Soft(slope.ln()));
            Self::Spline(Splines { bins, bound, shaping, circular })
        };
        Some(match config {
            UnivariateConfig::Additive => Self::Additive,
            UnivariateConfig::Affine(affine) => Self::Affine(affine.slope.ln()),
            UnivariateConfig::Spline(of) => spline(of.bins, of.bound, of.slope, false),
            UnivariateConfig::CircularSpline(of) => {
                spline(of.bins, std::f64::consts::PI, of.slope, true)
            }
            UnivariateConfig::SumOfSquares(of) => Self::SumOfSquares(Squares {
                terms: of.degree as usize + 1,
                polynomials: of.polynomials as usize,
                least: of.slope,
            }),
            UnivariateConfig::Bernstein(of) => {
                Self::Bernstein(Polynomials::new(of.degree as usize + 1, of.bound)?)
            }
        })
    }

    /// Parameters of one function: so many rows of a matrix.
    pub(crate) fn parameters(&self) -> usize {
        match self {
            Self::Additive => 1,
            Self::Affine(_) => 2,
            Self::Spline(splines) => 3 * splines.bins - 1,
            Self::SumOfSquares(squares) => squares.polynomials * squares.terms + 1,
            Self::Bernstein(polynomials) => polynomials.parameters(),
        }
    }

    /// `y` from `x`, and what is added to `log |dy/dx|`, by the parameters in the rows from the
    /// `first` on.
    pub(super) fn forward(
        &self,
        (of, first): (&Matrix, usize),
        x: &Row,
        (y, ladj): (&mut Row, &mut Lane),
        memory: &mut Vec<Lane>,
    ) {
        match self {
            Self::Additive => shifted(1.0, row(of, first), x, y),
            Self::Affine(limit) => {
                affine(*limit, row(of, first), row(of, first + 1), x, y, ladj);
            }
            Self::Spline(splines) => spline(*splines, of, first, x, y, ladj, memory),
            Self::SumOfSquares(family) => squares(*family, of, first, x, y, ladj, memory),
            Self::Bernstein(family) => bernstein(family, of, first, x, y, ladj, memory),
        }
    }

    /// `x` from `y`.
    pub(super) fn inverse(
        &self,
        (of, first): (&Matrix, usize),
        y: &Row,
        x: &mut Row,
        memory: &mut Vec<Lane>,
    ) {
        match self {
            Self::Additive => shifted(-1.0, row(of, first), y, x),
            Self::Affine(limit) => {
                affine_inverse(*limit, row(of, first), row(of, first + 1), y, x);
            }
            Self::Spline(splines) => spline_inverse(*splines, of, first, y, x, memory),
            Self::SumOfSquares(family) => squares_inverse(*family, of, first, y, x, memory),
            Self::Bernstein(family) => bernstein_inverse(family, of, first, y, x, memory),
        }
    }

    /// From signals at `y` and at the log-determinant to those at `x` and the parameters.
    pub(super) fn backward(
        &self,
        (of, first): (&Matrix, usize),
        x: &Row,
        [by_y, by_ladj]: [&Row; 2],
        (by_x, to): (&mut Row, &mut Matrix),
        memory: &mut Vec<Lane>,
    ) {
        match self {
            Self::Additive => {
                (*by_x, *row_mut(to, first)) = (*by_y, *by_y);
            }
            Self::Affine(limit) => {
                *row_mut(to, first) = *by_y;
                let by_a = row_mut(to, first + 1);
                affine_back(*limit, row(of, first + 1), x, by_y, by_ladj, by_x, by_a);
            }
            Self::Spline(splines) => {
                spline_back(*splines, of, first, x, by_y, by_ladj, by_x, to, memory);
            }
            Self::SumOfSquares(family) => {
                squares_back(*family, of, first, x, by_y, by_ladj, by_x, to, memory);
            }
            Self::Bernstein(family) => {
                bernstein_back(family, of, first, x, by_y, by_ladj, by_x, to, memory);
            }
        }
    }
}
