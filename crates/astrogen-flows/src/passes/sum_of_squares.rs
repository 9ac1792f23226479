//! Sums of squares on a block of rows; see [`crate::univariate::SumOfSquares`] for the formulas.

use astrogen_nn::dense::Matrix;

use super::lanes::{Lane, ROWS, Row, ZERO, at_least, ln, row, row_mut, widest};
use super::newton::{Increasing, solve};
use crate::univariate::DOUBLINGS;

/// Where `|u|` is 1.
const SCALE: f64 = 10.0;

/// A family of polynomials.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Squares {
    /// The terms of each of them.
    pub(crate) terms: usize,
    pub(crate) polynomials: usize,
    pub(crate) least: f64,
}

/// The coefficients of the slope by powers of `u`, and the least slope.
struct Slope<'a> {
    coefficients: &'a [Lane],
    least: f64,
}

impl Squares {
    /// The terms `[polynomials, terms]` of all polynomials, and the coefficients of their squares'
    /// mean, in memory that is kept.
    #[inline(always)]
    fn coefficients<'a>(
        self,
        parameters: &Matrix,
        first: usize,
        memory: &'a mut Vec<Lane>,
    ) -> (&'a mut [Lane], &'a mut [Lane]) {
        let count = self.polynomials * self.terms;
        let powers = 2 * self.terms - 1;
        memory.resize((count + 2 * powers).max(memory.len()), ZERO);
        let (a, rest) = memory.split_at_mut(count);
        for (n, a) in a.iter_mut().enumerate() {
            let raw = row(parameters, first + n);
            let one = if n % self.terms == 0 { 1.0 } else { 0.0 };
            for i in 0..ROWS {
                a[i] = f64::from(raw[i]) + one;
            }
        }
        let share = 1.0 / self.polynomials as f64;
        let coefficients = &mut rest[..2 * powers];
        for (power, sum) in coefficients[..powers].iter_mut().enumerate() {
            *sum = [if power == 0 { self.least } else { 0.0 }; ROWS];
            for polynomial in a.chunks_exact(self.terms) {
                let least = (power + 1).saturating_sub(self.terms);
                for j in least..=power.min(self.terms - 1) {
                    let (one, other) = (&polynomial[j], &polynomial[power - j]);
                    for i in 0..ROWS {
                        sum[i] += share * one[i] * other[i];
                    }
                }
            }
        }
        (a, coefficients)
    }
}

/// Numbers between which a function that is 0 at 0 is `y`; see the tensor operations' `beyond`.
#[inline(always)]
fn bracket(function: &impl Increasing, y: &Lane) -> (Lane, Lane) {
    let (mut far, mut value, mut slope) = (ZERO, ZERO, ZERO);
    for i in 0..ROWS {
        far[i] = if y[i] < 0.0 { -1.0 } else { 1.0 };
    }
    for _ in 0..DOUBLINGS {
        function.value_and_slope(&far, &mut value, &mut slope);
        let mut any = 0.0;
        for i in 0..ROWS {
            // What is no number grows no bracket.
            let short = value[i].abs() < y[i].abs();
            far[i] *= if short { 2.0 } else { 1.0 };
            any += if short { 1.0 } else { 0.0 };
        }
        if any == 0.0 {
            break;
        }
    }
    (far.map(|far| far.min(0.0)), far.map(|far| far.max(0.0)))
}

impl Increasing for Slope<'_> {
    /// The function without its shift.
    #[inline(always)]
    fn value_and_slope(&self, x: &Lane, value: &mut Lane, slope: &mut Lane) {
        (*value, *slope) = (ZERO, ZERO);
        for (power, coefficient) in self.coefficients.iter().enumerate().rev() {
            let share = 1.0 / (power + 1) as f64;
            for i in 0..ROWS {
                let u = x[i] / SCALE;
                slope[i] = slope[i] * u + coefficient[i];
                value[i] = value[i] * u + coefficient[i] * share;
            }
        }
        for i in 0..ROWS {
            value[i] *= x[i];
            // Rounding does not take it below what it is at least.
            slope[i] = at_least(slope[i], self.least);
        }
    }
}

widest! {
    /// `y` from `x`, and what is added to `log |dy/dx|`.
    fn squares(
        family: Squares,
        parameters: &Matrix,
        first: usize,
        x: &Row,
        y: &mut Row,
        ladj: &mut Lane,
        memory: &mut Vec<Lane>,
    ) {
        let (a, coefficients) = family.coefficients(parameters, first, memory);
        let shift = row(parameters, first + a.len());
        let powers = coefficients.len() / 2;
        let slope = Slope { coefficients: &coefficients[..powers], least: family.least };
        let (mut at, mut value, mut by_x) = (ZERO, ZERO, ZERO);
        for i in 0..ROWS {
            at[i] = f64::from(x[i]);
        }
        slope.value_and_slope(&at, &mut value, &mut by_x);
        for i in 0..ROWS {
            y[i] = (value[i] + f64::from(shift[i])) as f32;
            ladj[i] += ln(by_x[i]);
        }
    }

    /// `x` from `y`.
    fn squares_inverse(
        family: Squares,
        parameters: &Matrix,
        first: usize,
        y: &Row,
        x: &mut Row,
        memory: &mut Vec<Lane>,
    ) {
        let (a, coefficients) = family.coefficients(parameters, first, memory);
        let shift = row(parameters, first + a.len());
        let powers = coefficients.len() / 2;
        let slope = Slope { coefficients: &coefficients[..powers], least: family.least };
        let mut value = ZERO;
        for i in 0..ROWS {
            value[i] = f64::from(y[i]) - f64::from(shift[i]);
        }
        let (low, high) = bracket(&slope, &value);
        let root = solve(&slope, &value, low, high);
        for i in 0..ROWS {
            x[i] = root[i] as f32;
        }
    }

    /// From signals at `y` and at the log-determinant to those at `x` and the parameters.
    fn squares_back(
        family: Squares,
        parameters: &Matrix,
        first: usize,
        x: &Row,
        by_y: &Row,
        by_ladj: &Row,
        by_x: &mut Row,
        by_parameters: &mut Matrix,
        memory: &mut Vec<Lane>,
    ) {
        let (a, coefficients) = family.coefficients(parameters, first, memory);
        let powers = coefficients.len() / 2;
        let (coefficients, by_coefficients) = coefficients.split_at_mut(powers);
        let slope = Slope { coefficients, least: family.least };
        let (mut at, mut value, mut first_slope) = (ZERO, ZERO, ZERO);
        for i in 0..ROWS {
            at[i] = f64::from(x[i]);
        }
        slope.value_and_slope(&at, &mut value, &mut first_slope);
        // dy/dx = sum c_m u^m: by c_m, y is x u^m / (m + 1), and log dy/dx is u^m / slope.
        let (mut by_log, mut power, mut second) = (ZERO, [1.0; ROWS], ZERO);
        for i in 0..ROWS {
            let held = first_slope[i] <= family.least;
            by_log[i] = if held { 0.0 } else { f64::from(by_ladj[i]) / first_slope[i] };
        }
        for (m, by) in by_coefficients.iter_mut().enumerate() {
            let share = 1.0 / (m + 1) as f64;
            let next = coefficients.get(m + 1).unwrap_or(&ZERO);
            let factor = (m + 1) as f64 / SCALE;
            for i in 0..ROWS {
                by[i] = power[i] * (f64::from(by_y[i]) * at[i] * share + by_log[i]);
                second[i] += factor * next[i] * power[i];
                power[i] *= at[i] / SCALE;
            }
        }
        for i in 0..ROWS {
            by_x[i] = (f64::from(by_y[i]) * first_slope[i] + by_log[i] * second[i]) as f32;
        }
        *row_mut(by_parameters, first + a.len()) = *by_y;
        let share = 2.0 / family.polynomials as f64;
        for (n, polynomial) in a.chunks_exact(family.terms).enumerate() {
            for term in 0..family.terms {
                let mut sum = ZERO;
                for (j, other) in polynomial.iter().enumerate() {
                    let by = &by_coefficients[term + j];
                    for i in 0..ROWS {
                        sum[i] += by[i] * other[i];
                    }
                }
                let to = row_mut(by_parameters, first + n * family.terms + term);
                for i in 0..ROWS {
                    to[i] = (share * sum[i]) as f32;
                }
            }
        }
    }
}
