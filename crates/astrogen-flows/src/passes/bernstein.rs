//! Bernstein polynomials on a block of rows; see [`crate::univariate::Bernstein`] for the formulas.

use astrogen_nn::dense::Matrix;

use super::lanes::{Lane, ROWS, Row, ZERO, at_least, exp, ln, row, row_mut, widest};
use super::newton::{Increasing, solve};

/// So much of `t` at both ends is left to the straight lines outside.
const EDGE: f64 = 1e-6;

/// A family of polynomials.
#[derive(Debug, Clone)]
pub(crate) struct Polynomials {
    bound: f64,
    /// `C(n, i)` for `n` the order of the polynomials, and one and two less.
    binomials: [Vec<f64>; 3],
}

/// The polynomials of a block: coefficients, and their differences.
struct Polynomial<'a> {
    family: &'a Polynomials,
    theta: &'a [Lane],
    differences: &'a [Lane],
}

impl Polynomials {
    /// Polynomials in the box `[-bound, bound]` of so many parameters; none where binomials leave
    /// the range of numbers.
    pub(crate) fn new(parameters: usize, bound: f64) -> Option<Self> {
        let order = parameters + 4;
        let row = |n: usize| {
            let next = |c: &mut f64, i: usize| {
                let now = *c;
                *c = *c * (n - i) as f64 / (i + 1) as f64;
                Some(now)
            };
            (0..=n).scan(1.0, next).collect::<Vec<_>>()
        };
        (order < 500).then(|| Self { bound, binomials: [0, 1, 2].map(|less| row(order - less)) })
    }

    /// How many parameters there are.
    pub(crate) fn parameters(&self) -> usize {
        self.order() - 4
    }

    fn order(&self) -> usize {
        self.binomials[0].len() - 1
    }

    /// The step of the first and the last two coefficients.
    fn step(&self) -> f64 {
        2.0 * self.bound / self.order() as f64
    }

    /// The polynomials of a block, in memory that is kept.
    #[inline(always)]
    fn given<'a>(
        &'a self,
        parameters: &Matrix,
        first: usize,
        memory: &'a mut Vec<Lane>,
    ) -> Polynomial<'a> {
        let (order, step) = (self.order(), self.step());
        memory.resize((2 * order + 1).max(memory.len()), ZERO);
        let (differences, rest) = memory.split_at_mut(order);
        let theta = &mut rest[..=order];
        let inner = 2..order - 2;
        let mut most = [f32::NEG_INFINITY; ROWS];
        for k in 0..inner.len() {
            let raw = row(parameters, first + k);
            for i in 0..ROWS {
                most[i] = if raw[i] > most[i] { raw[i] } else { most[i] };
            }
        }
        let mut sum = ZERO;
        for (k, share) in differences[inner.clone()].iter_mut().enumerate() {
            let raw = row(parameters, first + k);
            for i in 0..ROWS {
                share[i] = exp(f64::from(raw[i]) - f64::from(most[i]));
                sum[i] += share[i];
            }
        }
        let whole = 2.0 * self.bound - 4.0 * step;
        for share in &mut differences[inner] {
            for i in 0..ROWS {
                share[i] *= whole / sum[i];
            }
        }
        for end in [0, 1, order - 2, order - 1] {
            differences[end] = [step; ROWS];
        }
        theta[0] = [-self.bound; ROWS];
        for (k, difference) in differences.iter().enumerate() {
            let before = theta[k];
            for i in 0..ROWS {
                theta[k + 1][i] = before[i] + difference[i];
            }
        }
        Polynomial { family: self, theta, differences }
    }
}

/// `t` of each row, and of the two powers of a term's base the lesser by the larger, so that sums
/// stay in range: where it is turned round, coefficients are taken from the last on.
struct Base {
    turned: [bool; ROWS],
    ratio: Lane,
    /// `ln` of the larger.
    log: Lane,
}

impl Base {
    #[inline(always)]
    fn new(bound: f64, x: &Lane) -> Self {
        let mut base = Self { turned: [false; ROWS], ratio: ZERO, log: ZERO };
        for i in 0..ROWS {
            let t = (x[i] + bound) / (2.0 * bound);
            let t = if t > 1.0 - EDGE { 1.0 - EDGE } else { at_least(t, EDGE) };
            base.turned[i] = t > 0.5;
            let least = if t > 0.5 { 1.0 - t } else { t };
            base.ratio[i] = least / (1.0 - least);
            base.log[i] = ln(1.0 - least);
        }
        base
    }

    /// `sum_i C(n, i) t^i (1 - t)^(n - i) c_i`
    #[inline(always)]
    fn sum(&self, binomials: &[f64], coefficients: &[Lane], to: &mut Lane) {
        let n = binomials.len() - 1;
        *to = ZERO;
        for (k, binomial) in binomials.iter().enumerate().rev() {
            let (forth, back) = (&coefficients[k], &coefficients[n - k]);
            for i in 0..ROWS {
                let coefficient = if self.turned[i] { back[i] } else { forth[i] };
                to[i] = to[i] * self.ratio[i] + binomial * coefficient;
            }
        }
        for i in 0..ROWS {
            to[i] *= exp(n as f64 * self.log[i]);
        }
    }
}

impl Increasing for Polynomial<'_> {
    /// Function and slope inside the box.
    #[inline(always)]
    fn value_and_slope(&self, x: &Lane, value: &mut Lane, slope: &mut Lane) {
        let Polynomials { bound, binomials } = self.family;
        let base = Base::new(*bound, x);
        base.sum(&binomials[0], self.theta, value);
        base.sum(&binomials[1], self.differences, slope);
        let factor = self.family.order() as f64 / (2.0 * bound);
        for i in 0..ROWS {
            slope[i] *= factor;
        }
    }
}

widest! {
    /// `y` from `x`, and what is added to `log |dy/dx|`.
    fn bernstein(
        family: &Polynomials,
        parameters: &Matrix,
        first: usize,
        x: &Row,
        y: &mut Row,
        ladj: &mut Lane,
        memory: &mut Vec<Lane>,
    ) {
        let polynomial = family.given(parameters, first, memory);
        let (mut at, mut value, mut slope) = (ZERO, ZERO, ZERO);
        for i in 0..ROWS {
            at[i] = f64::from(x[i]);
        }
        polynomial.value_and_slope(&at, &mut value, &mut slope);
        let edge = 2.0 * family.bound * EDGE;
        for i in 0..ROWS {
            let t = (at[i] + family.bound) / (2.0 * family.bound);
            let inside = t > EDGE && t < 1.0 - EDGE;
            let line = if t <= EDGE { at[i] - edge } else { at[i] + edge };
            y[i] = (if inside { value[i] } else { line }) as f32;
            ladj[i] += if inside { ln(slope[i]) } else { 0.0 };
        }
    }

    /// `x` from `y`.
    fn bernstein_inverse(
        family: &Polynomials,
        parameters: &Matrix,
        first: usize,
        y: &Row,
        x: &mut Row,
        memory: &mut Vec<Lane>,
    ) {
        let polynomial = family.given(parameters, first, memory);
        let mut inner = ZERO;
        for i in 0..ROWS {
            let y = f64::from(y[i]);
            inner[i] = if y > -family.bound && y < family.bound { y } else { 0.0 };
        }
        let ends = [-family.bound, family.bound].map(|end| [end; ROWS]);
        let root = solve(&polynomial, &inner, ends[0], ends[1]);
        let edge = 2.0 * family.bound * EDGE;
        for i in 0..ROWS {
            let y = f64::from(y[i]);
            let inside = y > -family.bound && y < family.bound;
            let line = if y <= -family.bound { y + edge } else { y - edge };
            x[i] = (if inside { root[i] } else { line }) as f32;
        }
    }

    /// From signals at `y` and at the log-determinant to those at `x` and the parameters.
    fn bernstein_back(
        family: &Polynomials,
        parameters: &Matrix,
        first: usize,
        x: &Row,
        by_y: &Row,
        by_ladj: &Row,
        by_x: &mut Row,
        by_parameters: &mut Matrix,
        memory: &mut Vec<Lane>,
    ) {
        let order = family.order();
        let polynomial = family.given(parameters, first, memory);
        let (mut at, mut value, mut slope) = (ZERO, ZERO, ZERO);
        for i in 0..ROWS {
            at[i] = f64::from(x[i]);
        }
        polynomial.value_and_slope(&at, &mut value, &mut slope);
        let base = Base::new(family.bound, &at);
        let factor = order as f64 / (2.0 * family.bound);
        let (mut by_value, mut by_slope, mut by_at) = (ZERO, ZERO, ZERO);
        let mut second = vec![ZERO; order - 1];
        for (k, second) in second.iter_mut().enumerate() {
            let (one, next) = (&polynomial.differences[k], &polynomial.differences[k + 1]);
            for i in 0..ROWS {
                second[i] = next[i] - one[i];
            }
        }
        let mut curve = ZERO;
        base.sum(&family.binomials[2], &second, &mut curve);
        let bend = factor * (order - 1) as f64 / (2.0 * family.bound);
        for i in 0..ROWS {
            let t = (at[i] + family.bound) / (2.0 * family.bound);
            let inside = t > EDGE && t < 1.0 - EDGE;
            let (signal, by_log) = (f64::from(by_y[i]), f64::from(by_ladj[i]));
            by_value[i] = if inside { signal } else { 0.0 };
            by_slope[i] = if inside { by_log / slope[i] } else { 0.0 };
            by_at[i] = if inside { slope[i] } else { 1.0 };
            by_x[i] = (signal * by_at[i] + by_slope[i] * curve[i] * bend) as f32;
        }
        // By a difference the function is the sum of all terms from its own on, and the slope one
        // term. Terms one after the other, from the last coefficient to the first.
        let term = |binomials: &[f64], k: usize, i: usize| {
            let n = binomials.len() - 1;
            let [up, down] = [k as f64, (n - k) as f64];
            let power = if base.turned[i] { down } else { up };
            binomials[k] * exp(n as f64 * base.log[i] + power * ln(base.ratio[i]))
        };
        let mut by = vec![ZERO; order];
        let mut after = ZERO;
        for k in (0..order).rev() {
            for i in 0..ROWS {
                after[i] += term(&family.binomials[0], k + 1, i);
                by[k][i] = by_value[i] * after[i]
                    + by_slope[i] * factor * term(&family.binomials[1], k, i);
            }
        }
        let mut mean = ZERO;
        let whole = 1.0 / (2.0 * family.bound - 4.0 * family.step());
        let inner = 2..order - 2;
        for k in inner.clone() {
            for i in 0..ROWS {
                mean[i] += by[k][i] * polynomial.differences[k][i] * whole;
            }
        }
        for k in inner {
            let to = row_mut(by_parameters, first + k - 2);
            for i in 0..ROWS {
                to[i] = (polynomial.differences[k][i] * (by[k][i] - mean[i])) as f32;
            }
        }
    }
}
