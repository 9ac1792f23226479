//! A linear map of all features on a block of rows; see [`crate::linear`].

use astrogen_nn::dense::Matrix;

use super::lanes::{Lane, ROWS, ZERO, widest};

/// `y = x W` with `W = P L (U + diag S)`, and its inverse, both in double precision.
#[derive(Debug)]
pub(crate) struct LinearMap {
    features: usize,
    /// Row by row, `[D, D]`; the inverse is empty where there is none.
    matrix: Vec<f64>,
    inverse: Vec<f64>,
    /// `log |det W|`
    ladj: f64,
    factors: Factors,
}

impl LinearMap {
    /// A map of so many features.
    pub(crate) fn new(features: usize) -> Self {
        let (matrix, inverse, factors) = (Vec::new(), Vec::new(), Factors::default());
        Self { features, matrix, inverse, ladj: 0.0, factors }
    }

    /// Takes the present values of `P`, `L`, `U` and `S`.
    pub(super) fn refresh(&mut self, tensors: &[Vec<f32>]) {
        let factors = Factors::new(tensors, self.features);
        self.matrix = multiply(&multiply(&factors.p, &factors.l), &factors.u);
        self.ladj = factors.s.iter().map(|s| s.abs().ln()).sum();
        self.inverse = factors.inverse();
        self.factors = factors;
    }

    /// `y` from `x`.
    pub(super) fn forward(&self, x: &Matrix, y: &mut Matrix, ladj: &mut Lane) {
        map(self.features, &self.matrix, [self.features, 1], x, y);
        ladj.iter_mut().for_each(|sum| *sum += self.ladj);
    }

    /// `x` from `y`.
    pub(super) fn inverse(&self, y: &Matrix, x: &mut Matrix) {
        map(self.features, &self.inverse, [self.features, 1], y, x);
    }

    /// From signals at `y` to those at `x`; adds what `count` rows make of `W`'s gradient, and last
    /// the sum of their signals at the log-determinant.
    pub(super) fn backward(
        &self,
        x: &Matrix,
        (by_y, by_ladj): (&Matrix, &[f32; ROWS]),
        by_x: &mut Matrix,
        gradient: &mut [f64],
        count: usize,
    ) {
        // W^T: the way from one number to the next is the other one.
        map(self.features, &self.matrix, [1, self.features], by_y, by_x);
        for i in 0..self.features {
            for j in 0..self.features {
                let products = x.row(i)[..count].iter().zip(by_y.row(j));
                gradient[i * self.features + j] +=
                    products.map(|(x, by)| f64::from(*x) * f64::from(*by)).sum::<f64>();
            }
        }
        gradient[self.features * self.features] +=
            by_ladj[..count].iter().map(|by| f64::from(*by)).sum::<f64>();
    }

    /// Numbers of a block's gradient.
    pub(super) fn gradients(&self) -> usize {
        self.features * self.features + 1
    }

    /// Sums gradients of blocks, and gives those of `P`, which has none, `L`, `U` and `S`.
    pub(super) fn sum(&self, blocks: &[&[f64]]) -> Vec<Vec<f32>> {
        let d = self.features;
        let mut sum = vec![0.0; self.gradients()];
        for block in blocks {
            sum.iter_mut().zip(*block).for_each(|(sum, value)| *sum += value);
        }
        let (by, by_ladj) = (&sum[..d * d], sum[d * d]);
        let factors = &self.factors;
        // W = P L U: by L, P^T by U^T; by U, (P L)^T by.
        let by_l = multiply(&multiply(&transpose(&factors.p), by), &transpose(&factors.u));
        let by_u = multiply(&transpose(&multiply(&factors.p, &factors.l)), by);
        let part = |of: &[f64], keep: fn(usize, usize) -> bool| {
            let number = |n: usize| if keep(n / d, n % d) { of[n] as f32 } else { 0.0 };
            (0..d * d).map(number).collect::<Vec<_>>()
        };
        let by_s = (0..d).map(|i| (by_u[i * d + i] + by_ladj / factors.s[i]) as f32);
        vec![Vec::new(), part(&by_l, |i, j| i > j), part(&by_u, |i, j| i < j), by_s.collect()]
    }
}

/// `P`, `L` with ones on its diagonal, `U + diag S`, and `S`.
#[derive(Debug, Default)]
struct Factors {
    p: Vec<f64>,
    l: Vec<f64>,
    u: Vec<f64>,
    s: Vec<f64>,
}

impl Factors {
    fn new(tensors: &[Vec<f32>], d: usize) -> Self {
        let s: Vec<f64> = tensors[3].iter().map(|s| f64::from(*s)).collect();
        let triangle = |of: &[f32], number: &dyn Fn(usize, usize, f64) -> f64| {
            (0..d * d).map(|n| number(n / d, n % d, f64::from(of[n]))).collect()
        };
        let lower = |i: usize, j: usize, x: f64| match i.cmp(&j) {
            std::cmp::Ordering::Greater => x,
            std::cmp::Ordering::Equal => 1.0,
            std::cmp::Ordering::Less => 0.0,
        };
        let upper = |i: usize, j: usize, x: f64| match i.cmp(&j) {
            std::cmp::Ordering::Less => x,
            std::cmp::Ordering::Equal => s[i],
            std::cmp::Ordering::Greater => 0.0,
        };
        Self {
            p: triangle(&tensors[0], &|_, _, x| x),
            l: triangle(&tensors[1], &lower),
            u: triangle(&tensors[2], &upper),
            s,
        }
    }

    /// `(U + diag S)^-1 L^-1 P^T`, by solving for each unit vector.
    fn inverse(&self) -> Vec<f64> {
        let d = self.s.len();
        let mut inverse = vec![0.0; d * d];
        for column in 0..d {
            // P^T e, then L a = that, then U b = a.
            let mut a: Vec<f64> = (0..d).map(|i| self.p[column * d + i]).collect();
            for i in 0..d {
                a[i] -= (0..i).map(|j| self.l[i * d + j] * a[j]).sum::<f64>();
            }
            for i in (0..d).rev() {
                let known: f64 = (i + 1..d).map(|j| self.u[i * d + j] * a[j]).sum();
                a[i] = (a[i] - known) / self.s[i];
            }
            for (i, a) in a.into_iter().enumerate() {
                inverse[i * d + column] = a;
            }
        }
        inverse
    }
}

fn multiply(a: &[f64], b: &[f64]) -> Vec<f64> {
    let d = a.len().isqrt();
    let number = |n: usize| (0..d).map(|k| a[n / d * d + k] * b[k * d + n % d]).sum();
    (0..d * d).map(number).collect()
}

fn transpose(a: &[f64]) -> Vec<f64> {
    let d = a.len().isqrt();
    (0..d * d).map(|n| a[n % d * d + n / d]).collect()
}

widest! {
    /// `y_j = sum_i x_i W_ij`, where `strides` lie between rows and columns of `W`.
    fn map(
        features: usize,
        matrix: &[f64],
        strides: [usize; 2],
        x: &Matrix,
        y: &mut Matrix,
    ) {
        for j in 0..features {
            let mut sum = ZERO;
            for k in 0..features {
                let factor = matrix[k * strides[0] + j * strides[1]];
                let x = super::lanes::row(x, k);
                for i in 0..ROWS {
                    sum[i] += factor * f64::from(x[i]);
                }
            }
            let y = super::lanes::row_mut(y, j);
            for i in 0..ROWS {
                y[i] = sum[i] as f32;
            }
        }
    }
}
