//! Masked networks, a stage at a time.
//!
//! A feature's parameters may depend on the features before it in the order. What can be computed
//! once the features of the first `s` places are known is stage `s`: masks say it of each unit.
//! Units are sorted by their stage, so that the masks of layers are block-triangular: a stage is a
//! range of rows of a weight, and what it depends on are the first columns. In the function all
//! stages are computed one after the other, in the inverse each once its features are known; each
//! unit once, and blocks that are zero not at all.
//!
//! Rows of a batch lie side by side: a unit is a row of a matrix. The first row of each is 1, and
//! the first column of each weight is the bias.

use std::ops::Range;

use astrogen_nn::dense::{End, Left, Matrix, Start, product_part};

use super::lanes::ROWS;

/// Layers, each with a leaky ReLU behind it (or ReLU, or nothing).
#[derive(Debug)]
pub(crate) struct Net {
    layers: Vec<Layer>,
    /// The features that go in, sorted: which rows of the input are known at each stage.
    known: Vec<Range<usize>>,
}

#[derive(Debug)]
struct Layer {
    /// `[units, 1 + inputs]`
    weight: Matrix,
    /// The number of each unit and of each input in the weights' own order.
    units: Vec<usize>,
    inputs: Vec<usize>,
    stages: Vec<Stage>,
    /// The activation's slope below zero.
    slope: f32,
    /// `[outputs, inputs]` of the weight's own order; none where nothing is hidden.
    mask: Option<Vec<bool>>,
    /// Inputs in the weight's own order, and those that are [folded](Net::refresh) into the bias.
    width: usize,
    folded: Range<usize>,
}

/// A stage's units, and how many inputs it depends on, the 1 with them.
#[derive(Debug, Clone)]
struct Stage {
    units: Range<usize>,
    depth: usize,
}

/// A layer's description.
pub(crate) struct LayerPlan {
    /// Outputs and inputs.
    pub(crate) size: [usize; 2],
    /// Row by row; none for a full layer.
    pub(crate) mask: Option<Vec<bool>>,
    pub(crate) slope: f32,
}

/// When the inputs of a network are known and its outputs are wanted.
pub(crate) struct Order {
    /// The inputs in the order in which they are to lie, and the first stage that knows each.
    pub(crate) inputs: Vec<(usize, usize)>,
    /// Inputs that go in ahead of the features: so many of the first.
    pub(crate) context: usize,
    /// Inputs that are the same for all rows.
    pub(crate) folded: Range<usize>,
    /// The outputs in the order in which they are to lie, and the stage that each is wanted in.
    pub(crate) outputs: Vec<(usize, usize)>,
    pub(crate) stages: usize,
}

impl Order {
    /// All inputs known and all outputs wanted at once.
    pub(crate) fn dense(inputs: usize, outputs: Vec<(usize, usize)>) -> Self {
        let inputs: Vec<_> = (0..inputs).map(|input| (input, 0)).collect();
        let outputs = outputs.into_iter().map(|(unit, _)| (unit, 0)).collect();
        Self { context: inputs.len(), inputs, folded: 0..0, outputs, stages: 1 }
    }
}

/// What a pass leaves: inputs and the outputs of each layer, `[1 + units, rows]`.
#[derive(Debug, Default)]
pub(super) struct Values(Vec<Matrix>);

/// What a pass back leaves.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// `[1 + units, rows]`, the first row empty.
    of: Vec<Matrix>,
    /// A layer's inputs with rows and columns exchanged.
    turned: Vec<Matrix>,
}

impl Net {
    /// Layers sorted by stages; none where an output depends on what is not known in its stage.
    pub(crate) fn new(plans: Vec<LayerPlan>, order: &Order) -> Option<Self> {
        let mut before = order.inputs.clone();
        let known = (0..=order.stages).map(|stage| {
            let place = |stage| order.inputs.partition_point(|(_, known)| *known < stage);
            1 + place(stage).max(order.context)..1 + place(stage + 1).max(order.context)
        });
        let known = known.collect();
        let count = plans.len();
        let mut layers = Vec::with_capacity(count);
        for (l, LayerPlan { size: [outputs, width], mask, slope }) in plans.into_iter().enumerate()
        {
            let folded = if l == 0 { order.folded.clone() } else { 0..0 };
            let needs = |unit: usize| {
                let seen = before.iter().filter(|(input, _)| {
                    mask.as_ref().is_none_or(|mask| mask[unit * width + input])
                });
                seen.map(|(_, stage)| *stage).max().unwrap_or(0)
            };
            let units: Vec<(usize, usize)> = if l + 1 == count {
                order.outputs.iter().all(|&(unit, stage)| needs(unit) <= stage).then_some(())?;
                order.outputs.clone()
            } else {
                let mut units: Vec<_> = (0..outputs).map(|unit| (unit, needs(unit))).collect();
                units.sort_by_key(|(_, stage)| *stage);
                units.iter().all(|(_, stage)| *stage < order.stages).then_some(())?;
                units
            };
            let stages = (0..order.stages).map(|stage| Stage {
                units: units.partition_point(|(_, other)| *other < stage)
                    ..units.partition_point(|(_, other)| *other <= stage),
                depth: 1 + before.partition_point(|(_, known)| *known <= stage),
            });
            layers.push(Layer {
                weight: Matrix::zeros(units.len(), 1 + before.len()),
                stages: stages.collect(),
                units: units.iter().map(|(unit, _)| *unit).collect(),
                inputs: before.iter().map(|(input, _)| *input).collect(),
                slope,
                mask,
                width,
                folded,
            });
            // What comes out lies in the new order.
            before = units;
        }
        Some(Self { layers, known })
    }

    /// The number of layers.
    pub(super) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Takes the present values of weights `[out, in]` and biases `[out]`, in turn, a layer each;
    /// what the folded inputs give is added to the first bias.
    pub(super) fn refresh(&mut self, tensors: &[Vec<f32>], folded: &[f32]) {
        for (layer, pair) in self.layers.iter_mut().zip(tensors.chunks_exact(2)) {
            let Layer { weight, units, inputs, mask, width, .. } = layer;
            for (row, &unit) in units.iter().enumerate() {
                let from = &pair[0][unit * *width..][..*width];
                let seen =
                    |input: usize| mask.as_ref().is_none_or(|mask| mask[unit * *width + input]);
                let fixed: f64 = layer
                    .folded
                    .clone()
                    .zip(folded)
                    .filter(|(input, _)| seen(*input))
                    .map(|(input, value)| f64::from(from[input]) * f64::from(*value))
                    .sum();
                let to = weight.row_mut(row);
                to[0] = (f64::from(pair[1][unit]) + fixed) as f32;
                for (to, &input) in to[1..].iter_mut().zip(inputs.iter()) {
                    *to = if seen(input) { from[input] } else { 0.0 };
                }
            }
        }
    }

    /// Gives a trail this network's shape.
    pub(super) fn fit(&self, values: &mut Values) {
        let inputs = self.layers.iter().map(|layer| layer.weight.width());
        let outputs = self.layers.last().map(|layer| 1 + layer.weight.rows());
        values.0.resize_with(self.layers.len() + 1, || Matrix::zeros(0, ROWS));
        for (values, rows) in values.0.iter_mut().zip(inputs.chain(outputs)) {
            values.resize(rows);
            values.row_mut(0).fill(1.0);
        }
    }

    /// The rows of the input whose features are known at a stage and not before it.
    pub(super) fn known(&self, stage: usize) -> Range<usize> {
        self.known[stage].clone()
    }

    /// Computes the units of a stage.
    pub(super) fn run(&self, stage: usize, values: &mut Values) {
        for (l, layer) in self.layers.iter().enumerate() {
            let Stage { units, depth } = layer.stages[stage].clone();
            let (before, after) = values.0.split_at_mut(l + 1);
            let first = 1 + units.start;
            let left = Left::part(&layer.weight, units, 0..depth);
            let end = End::Bend(layer.slope);
            product_part(left, (&before[l], 0), Start::Zero, end, (&mut after[0], first), ROWS);
        }
    }

    /// Gives signals this network's shape.
    pub(super) fn fit_signals(&self, signals: &mut Signals) {
        let inputs = self.layers.iter().map(|layer| layer.weight.width());
        let outputs = self.layers.last().map(|layer| 1 + layer.weight.rows());
        signals.of.resize_with(self.layers.len() + 1, || Matrix::zeros(0, ROWS));
        for (signals, rows) in signals.of.iter_mut().zip(inputs.clone().chain(outputs)) {
            signals.resize(rows);
        }
        let same = |(turned, width): (&Matrix, usize)| turned.width() == width;
        if signals.turned.len() != self.layers.len()
            || !signals.turned.iter().zip(inputs.clone()).all(same)
        {
            signals.turned = inputs.map(|width| Matrix::zeros(ROWS, width)).collect();
        }
    }

    /// Gradients, all zero.
    pub(super) fn gradients(&self) -> Vec<Matrix> {
        let of = |layer: &Layer| Matrix::zeros(layer.weight.rows(), layer.weight.width());
        self.layers.iter().map(of).collect()
    }

    /// Runs signals at the outputs, before the activation, back to the features that went in, and
    /// adds what they make of the first `count` rows to the gradients, or begins them.
    pub(super) fn backward(
        &self,
        values: &Values,
        signals: &mut Signals,
        gradients: &mut [Matrix],
        (count, begin): (usize, bool),
    ) {
        let start = if begin { Start::Zero } else { Start::Own };
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let (below, above) = signals.of.split_at_mut(l + 1);
            let (below, above) = (&mut below[l], &above[0]);
            let turned = &mut signals.turned[l];
            turned.transpose(&values.0[l]);
            for Stage { units, depth } in layer.stages.iter().cloned() {
                let first = units.start;
                let left = Left::part(above, 1 + units.start..1 + units.end, 0..count);
                let gradient = (&mut gradients[l], first);
                product_part(left, (turned, 0), start, End::Plain, gradient, depth);
            }
            // What was known from a stage on is in the units of that stage and later ones.
            let mut back = |rows: Range<usize>, stage: usize, end: End<'_>| {
                let units = layer.stages.get(stage).map_or(layer.weight.rows(), |s| s.units.start);
                let (first, from) = (rows.start, 1 + units);
                let left = Left::part(&layer.weight, units..layer.weight.rows(), rows).transposed();
                product_part(left, (above, from), Start::Zero, end, (below, first), ROWS);
            };
            if l == 0 {
                for (stage, rows) in self.known.iter().enumerate() {
                    back(rows.clone(), stage, End::Plain);
                }
            } else {
                let before = &self.layers[l - 1];
                for (stage, Stage { units, .. }) in before.stages.iter().enumerate() {
                    let rows = 1 + units.start..1 + units.end;
                    back(rows, stage, End::BendBy(&values.0[l], before.slope));
                }
            }
        }
    }

    /// Sums gradients of blocks, and gives those of weights and biases in their own order, in turn.
    pub(super) fn sum(&self, blocks: &[&[Matrix]]) -> Vec<Vec<f32>> {
        let mut all = Vec::with_capacity(2 * self.layers.len());
        for (l, layer) in self.layers.iter().enumerate() {
            let Layer { weight, units, inputs, mask, width, stages, .. } = layer;
            let mut by_weight = vec![0.0; units.len() * width];
            let mut by_bias = vec![0.0; units.len()];
            let mut sum = vec![0.0; weight.width()];
            for Stage { units: range, depth } in stages {
                for row in range.clone() {
                    let sum = &mut sum[..*depth];
                    sum.fill(0.0);
                    for block in blocks {
                        let from = &block[l].row(row)[..*depth];
                        sum.iter_mut().zip(from).for_each(|(sum, value)| *sum += value);
                    }
                    let unit = units[row];
                    by_bias[unit] = sum[0];
                    let to = &mut by_weight[unit * width..][..*width];
                    for (&value, &input) in sum[1..].iter().zip(inputs.iter()) {
                        let seen = mask.as_ref().is_none_or(|mask| mask[unit * width + input]);
                        to[input] = if seen { value } else { 0.0 };
                    }
                }
            }
            all.push(by_weight);
            all.push(by_bias);
        }
        all
    }

    /// The slope below zero of what is behind the last layer.
    pub(super) fn last_slope(&self) -> f32 {
        self.layers.last().map_or(1.0, |layer| layer.slope)
    }
}

impl Values {
    /// What goes in; the first row is 1.
    pub(super) fn inputs(&mut self) -> &mut Matrix {
        &mut self.0[0]
    }

    /// What came out; the first row is 1.
    pub(super) fn outputs(&self) -> &Matrix {
        &self.0[self.0.len() - 1]
    }
}

impl Signals {
    /// Those at the features that went in, where these stand.
    pub(super) fn inputs(&self) -> &Matrix {
        &self.of[0]
    }

    /// Those at the outputs, to be filled; the first row means nothing.
    pub(super) fn outputs(&mut self) -> &mut Matrix {
        let last = self.of.len() - 1;
        &mut self.of[last]
    }
}
