//! One step of a flow in either direction, and back.

use astrogen_nn::dense::Matrix;

use super::conditioned::{Back, Conditioned, Trail};
use super::lanes::{Lane, Row, row, row_mut};
use super::linear::LinearMap;
use super::softclip::{softclip, softclip_back, softclip_inverse};

/// A step of a flow.
#[derive(Debug)]
pub(super) enum Step {
    Conditioned(Conditioned),
    Softclip(f64),
    Linear(LinearMap),
}

/// A step's gradients from some rows.
#[derive(Debug)]
pub(super) enum Gradient {
    Layers(Vec<Matrix>),
    Nothing,
    Linear(Vec<f64>),
}

impl Step {
    /// Takes the present weights, and the context that all rows have, where it is folded.
    pub(super) fn refresh(&mut self, weights: &[Vec<f32>], context: &[f32]) {
        match self {
            Self::Conditioned(step) => step.refresh(weights, context),
            Self::Softclip(_) => {}
            Self::Linear(map) => map.refresh(weights),
        }
    }

    /// `y` from `x`, and what is added to `log |det dy/dx|`.
    pub(super) fn forward(
        &self,
        trail: &mut Trail,
        context: &Matrix,
        x: &Matrix,
        (y, ladj): (&mut Matrix, &mut Lane),
        memory: &mut Vec<Lane>,
    ) {
        match self {
            Self::Conditioned(step) => {
                copy(x, y);
                step.forward(trail, context, x, (y, ladj), memory);
            }
            Self::Softclip(bound) => {
                for at in 0..x.rows() {
                    softclip(*bound, row(x, at), row_mut(y, at), ladj);
                }
            }
            Self::Linear(map) => map.forward(x, y, ladj),
        }
    }

    /// `x` from `y`.
    pub(super) fn inverse(
        &self,
        trail: &mut Trail,
        context: &Matrix,
        y: &Matrix,
        x: &mut Matrix,
        memory: &mut Vec<Lane>,
    ) {
        match self {
            Self::Conditioned(step) => {
                copy(y, x);
                step.inverse(trail, context, y, x, memory);
            }
            Self::Softclip(bound) => {
                for at in 0..y.rows() {
                    softclip_inverse(*bound, row(y, at), row_mut(x, at));
                }
            }
            Self::Linear(map) => map.inverse(y, x),
        }
    }

    /// From signals at `y` and at the log-determinant to those at `x`, by the trail that `x` left;
    /// the first `count` rows' gradients by weights are added to the others, or begin them.
    pub(super) fn backward(
        &self,
        (trail, back): (&Trail, &mut Back),
        x: &Matrix,
        (by_y, by_ladj): (&Matrix, &Row),
        by_x: &mut Matrix,
        (gradient, count, begin): (&mut Gradient, usize, bool),
        memory: &mut Vec<Lane>,
    ) {
        match (self, gradient) {
            (Self::Conditioned(step), Gradient::Layers(layers)) => {
                copy(by_y, by_x);
                let signals = (by_y, by_ladj);
                let gradients = (layers.as_mut_slice(), count, begin);
                step.backward((trail, back), x, signals, by_x, gradients, memory);
            }
            (Self::Linear(map), Gradient::Linear(gradient)) => {
                if begin {
                    gradient.fill(0.0);
                }
                map.backward(x, (by_y, by_ladj), by_x, gradient, count);
            }
            (Self::Softclip(bound), _) => {
                for at in 0..x.rows() {
                    softclip_back(*bound, row(x, at), row(by_y, at), by_ladj, row_mut(by_x, at));
                }
            }
            // Gradients are made by the steps themselves.
            _ => unreachable!("gradients of another step"),
        }
    }

    /// Gradients, all zero.
    pub(super) fn gradient(&self) -> Gradient {
        match self {
            Self::Conditioned(step) => Gradient::Layers(step.gradients()),
            Self::Softclip(_) => Gradient::Nothing,
            Self::Linear(map) => Gradient::Linear(vec![0.0; map.gradients()]),
        }
    }

    /// Sums gradients of blocks into those of the weights, each in its own order; those that are
    /// not learned have none.
    pub(super) fn sum(&self, blocks: &[&Gradient]) -> Vec<Vec<f32>> {
        match self {
            Self::Conditioned(step) => {
                let layers = blocks.iter().filter_map(|block| match block {
                    Gradient::Layers(layers) => Some(layers.as_slice()),
                    _ => None,
                });
                step.sum(&layers.collect::<Vec<_>>())
            }
            Self::Softclip(_) => Vec::new(),
            Self::Linear(map) => {
                let numbers = blocks.iter().filter_map(|block| match block {
                    Gradient::Linear(numbers) => Some(numbers.as_slice()),
                    _ => None,
                });
                map.sum(&numbers.collect::<Vec<_>>())
            }
        }
    }
}

impl Gradient {
    /// How many numbers there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Layers(layers) => layers.iter().map(|of| of.rows() * of.width()).sum(),
            Self::Nothing => 0,
            Self::Linear(numbers) => numbers.len(),
        }
    }
}

fn copy(from: &Matrix, to: &mut Matrix) {
    for at in 0..from.rows() {
        *row_mut(to, at) = *row(from, at);
    }
}
