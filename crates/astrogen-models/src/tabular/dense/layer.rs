//! One fully connected layer.

use std::ops::Range;

use super::Matrix;
use super::product::{End, Left, Start, product};

/// `y = bend(x W^T + b)`: a fully connected layer and the leaky ReLU behind it, or ReLU (slope
/// 0), or nothing (slope 1).
#[derive(Debug)]
pub(in crate::tabular) struct Dense {
    /// `W`, `[out, in]`.
    weight: Matrix,
    /// `W^T`.
    transposed: Matrix,
    /// `[1, out]`
    bias: Matrix,
    /// The activation's slope below zero.
    slope: f32,
}

impl Dense {
    /// A layer of zeros.
    pub(in crate::tabular) fn zeros([inputs, outputs]: [usize; 2], slope: f32) -> Self {
        let (weight, transposed) = (Matrix::zeros(outputs, inputs), Matrix::zeros(inputs, outputs));
        let bias = Matrix::zeros(1, outputs);
        Self { weight, transposed, bias, slope }
    }

    /// Takes columns of a weight, from one on, and a bias.
    pub(in crate::tabular) fn set(&mut self, weight: &[f32], column: usize, bias: &[f32]) {
        self.weight.fill(0, weight, weight.len() / bias.len(), column);
        self.transposed.transpose(&self.weight);
        self.bias.row_mut(0).copy_from_slice(bias);
    }

    /// `[in, out]`
    pub(in crate::tabular) fn widths(&self) -> [usize; 2] {
        [self.weight.width(), self.weight.rows()]
    }

    /// Outputs of some rows; `base`, a row each from its first on, takes the bias's place.
    pub(super) fn forward(
        &self,
        xs: &Matrix,
        ys: &mut Matrix,
        rows: Range<usize>,
        base: Option<&Matrix>,
    ) {
        let start = base.map_or(Start::Bias(&self.bias), Start::Rows);
        let (first, xs) = (rows.start, Left::rows(xs, rows));
        product(xs, &self.transposed, start, End::Bend(self.slope), ys, first);
    }

    /// The tangent of the outputs takes their place: it is bent as they were.
    pub(super) fn tangent(&self, tangent: &Matrix, ys: &mut Matrix, rows: Range<usize>) {
        let (first, tangent) = (rows.start, Left::rows(tangent, rows));
        let end = End::BendByOwn(self.slope);
        product(tangent, &self.transposed, Start::Zero, end, ys, first);
    }

    /// From signals before the activation to those at the input: before the activation of the
    /// layer `below`, whose outputs are given, or at the input itself.
    pub(super) fn adjoint(
        &self,
        signals: &Matrix,
        to: &mut Matrix,
        rows: Range<usize>,
        below: Option<(&Self, &Matrix)>,
    ) {
        let end = below.map_or(End::Plain, |(layer, outputs)| End::BendBy(outputs, layer.slope));
        let (first, signals) = (rows.start, Left::rows(signals, rows));
        product(signals, &self.weight, Start::Zero, end, to, first);
    }
}

/// A layer's gradients.
#[derive(Debug)]
pub(in crate::tabular) struct DenseGradient {
    /// `[out, in]`
    pub(in crate::tabular) weight: Matrix,
    /// `[1, out]`
    pub(in crate::tabular) bias: Matrix,
}

impl DenseGradient {
    /// `signals^T xs`, and the sum of signals of the first `plain` of sets of so many rows. Each
    /// set is summed by itself: signals that are equal but for their signs add up to zero.
    pub(super) fn compute(&mut self, signals: &Matrix, xs: &Matrix, rows: usize, plain: usize) {
        self.weight.resize(signals.width());
        self.bias.resize(1);
        let left = Left::transposed(signals, 0..signals.rows());
        product(left, xs, Start::Zero, End::Plain, &mut self.weight, 0);
        let add = |sums: &mut [f32], values: &[f32]| {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        };
        let bias = self.bias.row_mut(0);
        bias.fill(0.0);
        for set in 0..plain {
            let mut sum = vec![0.0; bias.len()];
            (set * rows..(set + 1) * rows).for_each(|row| add(&mut sum, signals.row(row)));
            add(bias, &sum);
        }
    }

    pub(super) fn empty([inputs, outputs]: [usize; 2]) -> Self {
        Self { weight: Matrix::zeros(0, inputs), bias: Matrix::zeros(0, outputs) }
    }
}
