//! One fully connected layer.

use std::ops::Range;

use tch::Tensor;

use super::Matrix;
use super::product::{End, Left, Start, product};
use crate::kernel::{memory, memory_mut};

/// `y = bend(x W^T + b)`: a fully connected layer and the leaky ReLU behind it, or ReLU (slope
/// 0), or nothing (slope 1).
#[derive(Debug)]
pub struct Dense {
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
    /// A layer of zeros, of so many inputs and outputs, and the slope below zero of the
    /// activation behind it.
    pub fn zeros([inputs, outputs]: [usize; 2], slope: f32) -> Self {
        let (weight, transposed) = (Matrix::zeros(outputs, inputs), Matrix::zeros(inputs, outputs));
        let bias = Matrix::zeros(1, outputs);
        Self { weight, transposed, bias, slope }
    }

    /// Takes the present values of a weight's columns, from one on, and of a bias: of
    /// `[out, all inputs]` those of the layer's own inputs, and `[out]`.
    ///
    /// # Panics
    /// Where they are not single precision on the CPU without gaps, have another number of
    /// outputs, or the weight fewer columns.
    pub fn set(&mut self, weight: &Tensor, column: usize, bias: &Tensor) {
        let (weight, bias) = (memory(weight), memory(bias));
        assert_eq!(bias.len(), self.bias.width(), "outputs of a layer");
        self.weight.fill(0, weight, weight.len() / bias.len(), column);
        self.transposed.transpose(&self.weight);
        self.bias.row_mut(0).copy_from_slice(bias);
    }

    /// How many inputs and outputs there are.
    pub fn widths(&self) -> [usize; 2] {
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

/// A layer's gradients from one block of rows.
#[derive(Debug)]
pub struct DenseGradient {
    /// `[out, in]`
    weight: Matrix,
    /// `[1, out]`
    bias: Matrix,
}

impl DenseGradient {
    /// `signals^T xs`, and the sum of signals of the first `plain` of sets of so many rows. Each
    /// set is summed by itself: signals that are equal but for their signs add up to zero.
    pub(super) fn compute(&mut self, signals: &Matrix, xs: &Matrix, rows: usize, plain: usize) {
        self.weight.resize(signals.width());
        self.bias.resize(1);
        let left = Left::rows(signals, 0..signals.rows()).transposed();
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

    /// Sums gradients of blocks of rows into those of a weight `[out, in]` and its bias `[out]`.
    ///
    /// The weight may be cut into layers side by side, each with the next columns: `blocks` has
    /// one item a layer, the layer's gradients from each block. The bias is the first layer's.
    /// Blocks are summed one after the other, so that the sums are the same bits at each call.
    ///
    /// # Panics
    /// Where weight or bias is not single precision on the CPU without gaps, or of another size
    /// than the layers.
    pub fn sum(blocks: &[Vec<&Self>], weight: &mut Tensor, bias: &mut Tensor) {
        let Some(first) = blocks.first() else { return };
        let (weight, bias) = (memory_mut(weight), memory_mut(bias));
        let step = weight.len() / bias.len();
        let layers = || blocks.iter().filter_map(|layer| layer.first());
        assert_eq!(layers().map(|block| block.weight.width()).sum::<usize>(), step, "columns");
        assert!(layers().all(|block| block.bias.width() == bias.len()), "outputs of a layer");
        for (row, weight) in weight.chunks_exact_mut(step).enumerate() {
            let mut rest = weight;
            for layer in blocks {
                let rows = layer.iter().map(|block| block.weight.row(row));
                let width = layer.first().map_or(0, |block| block.weight.width());
                let (here, others) = rest.split_at_mut(width);
                sum(here, rows);
                rest = others;
            }
        }
        sum(bias, first.iter().map(|block| block.bias.row(0)));
    }
}

/// Sums rows, one after the other.
fn sum<'a>(to: &mut [f32], mut rows: impl Iterator<Item = &'a [f32]>) {
    if let Some(first) = rows.next() {
        to.copy_from_slice(first);
    }
    rows.for_each(|row| to.iter_mut().zip(row).for_each(|(sum, value)| *sum += value));
}
