//! Layers one after the other.

use std::ops::Range;

use super::{Dense, DenseGradient, Matrix};

/// Layers run one after the other. They keep nothing of a pass: that is in its [`Trail`].
#[derive(Debug)]
pub struct Chain {
    layers: Vec<Dense>,
}

/// What a pass through a chain leaves: the numbers of the formulas in the [module](super).
#[derive(Debug)]
pub struct Trail {
    /// What goes into each layer, and what comes out of the last: `h_0 ... h_L`.
    values: Vec<Matrix>,
    /// Before the activation of each layer: `delta_1 ... delta_L`.
    signals: Vec<Matrix>,
    gradients: Vec<DenseGradient>,
}

impl Chain {
    /// A chain of at least one layer, each of as many inputs as the one before has outputs.
    ///
    /// # Panics
    /// Where it has no layer, or layers do not fit each other.
    pub fn new(layers: Vec<Dense>) -> Self {
        assert!(!layers.is_empty(), "a chain has a layer");
        let fit = |pair: &[Dense]| pair[0].widths()[1] == pair[1].widths()[0];
        assert!(layers.windows(2).all(fit), "outputs of a layer and inputs of the next");
        Self { layers }
    }

    /// A trail without rows. What it needs of memory it keeps from pass to pass.
    pub fn trail(&self) -> Trail {
        let widths: Vec<_> = self.layers.iter().map(Dense::widths).collect();
        let outputs = || widths.iter().map(|[_, outputs]| Matrix::zeros(0, *outputs));
        Trail {
            values: [Matrix::zeros(0, widths[0][0])].into_iter().chain(outputs()).collect(),
            signals: outputs().collect(),
            gradients: widths.iter().map(|&widths| DenseGradient::empty(widths)).collect(),
        }
    }

    /// The layers.
    pub fn layers(&self) -> &[Dense] {
        &self.layers
    }

    /// The layers, to be changed.
    pub fn layers_mut(&mut self) -> &mut [Dense] {
        &mut self.layers
    }

    /// Runs the input. At layer `base.0`, the rows of `base.1` take the bias's place, in every
    /// set of so many rows.
    ///
    /// # Panics
    /// Where the trail is another chain's, or `base` does not fit its layer.
    pub fn forward(&self, trail: &mut Trail, base: Option<(usize, &Matrix)>) {
        for (l, layer) in self.layers.iter().enumerate() {
            let base = base.filter(|(at, _)| *at == l).map(|(_, base)| base);
            let (xs, ys) = trail.step(l);
            let rows = base.map_or(xs.rows(), Matrix::rows);
            for first in (0..xs.rows()).step_by(rows.max(1)) {
                layer.forward(xs, ys, first..first + rows, base);
            }
        }
    }

    /// Runs the signals of all rows back, from those [given](Trail::output_signals) at the
    /// outputs to those of the first layer.
    ///
    /// # Panics
    /// Where nothing was run forward, or there are no signals.
    pub fn backward(&self, trail: &mut Trail) {
        let rows = trail.values[0].rows();
        for l in (1..self.layers.len()).rev() {
            let below = (&self.layers[l - 1], &trail.values[l]);
            let (to, from) = trail.signals.split_at_mut(l);
            to[l - 1].resize(rows);
            self.layers[l].adjoint(&from[0], &mut to[l - 1], 0..rows, Some(below));
        }
    }

    /// The gradient at the input of some rows, `[rows, in]`, which stand from the first on.
    ///
    /// # Panics
    /// Where no signals were run back to these rows.
    pub fn input_gradient(&self, trail: &Trail, rows: Range<usize>) -> Matrix {
        let mut gradient = Matrix::zeros(rows.end, trail.values[0].width());
        self.layers[0].adjoint(&trail.signals[0], &mut gradient, rows, None);
        gradient
    }

    /// Runs a tangent, which stands in some rows of the input, forward; the tangents take the
    /// place of the rows' values.
    ///
    /// # Panics
    /// Where there are no such rows.
    pub fn tangent(&self, trail: &mut Trail, rows: Range<usize>) {
        // The tangent of the outputs is in no gradient.
        for (l, layer) in self.layers.iter().enumerate().take(self.layers.len() - 1) {
            let (xs, ys) = trail.step(l);
            layer.tangent(xs, ys, rows.clone());
        }
    }

    /// The gradients of all layers: of weights from all rows, of biases from the first `plain`
    /// sets of so many rows.
    ///
    /// # Panics
    /// Where no signals were run back.
    pub fn gradients(&self, trail: &mut Trail, rows: usize, plain: usize) {
        let Trail { values, signals, gradients } = trail;
        for ((signals, xs), gradient) in signals.iter().zip(values).zip(gradients) {
            gradient.compute(signals, xs, rows, plain);
        }
    }
}

impl Trail {
    /// The input and the outputs of a layer.
    fn step(&mut self, layer: usize) -> (&Matrix, &mut Matrix) {
        let (before, after) = self.values.split_at_mut(layer + 1);
        after[0].resize(before[layer].rows());
        (&before[layer], &mut after[0])
    }

    /// What goes into the chain, `[rows, in]`, to be filled.
    pub fn input(&mut self, rows: usize) -> &mut Matrix {
        self.values[0].resize(rows);
        &mut self.values[0]
    }

    /// What came out of the chain, `[rows, out]`.
    pub fn outputs(&self) -> &Matrix {
        &self.values[self.values.len() - 1]
    }

    /// `[rows, out]`, to be filled: the gradients of outputs that no activation follows.
    pub fn output_signals(&mut self) -> &mut Matrix {
        let (rows, last) = (self.values[0].rows(), self.signals.len() - 1);
        self.signals[last].resize(rows);
        &mut self.signals[last]
    }

    /// The signals of a layer, `[rows, out]`, before its activation.
    ///
    /// # Panics
    /// Where there is no such layer.
    pub fn signals(&self, layer: usize) -> &Matrix {
        &self.signals[layer]
    }

    /// Those that [`Chain::gradients`] computed, one per layer.
    pub fn gradients(&self) -> &[DenseGradient] {
        &self.gradients
    }
}
