//! Functions of single features, whose parameters a network gives: autoregressive transforms,
//! couplings, GalacticFlow's couplings, and functions given the context alone.

use std::ops::Range;

use astrogen_nn::dense::Matrix;

use super::function::Function;
use super::lanes::{Lane, ROWS, Row, row, row_mut};
use super::net::{LayerPlan, Net, Order, Signals, Values};

/// `y_i = f(x_i; parameters_i(what is known, context))`, stage by stage.
#[derive(Debug)]
pub(crate) struct Conditioned {
    function: Function,
    net: Net,
    /// What parameters are multiplied by: a network of the context alone.
    factor: Option<Net>,
    /// The features that go into the network, in the order of its inputs.
    seen: Vec<usize>,
    /// The features that are transformed, in the order of the parameters, and each stage's.
    changed: Vec<usize>,
    stages: Vec<Range<usize>>,
    /// Whether the context goes into the network, and whether it is folded into biases.
    context: bool,
    folded: bool,
    /// The factors of a folded context.
    factors: Vec<f32>,
}

/// A network's layers, and where its outputs' parameters and its inputs come from.
pub(crate) struct ConditionedPlan {
    pub(crate) function: Function,
    pub(crate) layers: Vec<LayerPlan>,
    pub(crate) factor: Option<Vec<LayerPlan>>,
    /// Input columns that are features, each with the first stage that knows it.
    pub(crate) seen: Vec<Seen>,
    /// Features in the order of their parameters, each with its stage.
    pub(crate) changed: Vec<(usize, usize)>,
    /// Context values that go into the network, behind the features.
    pub(crate) context: usize,
    pub(crate) stages: usize,
}

/// A feature that goes into a network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) feature: usize,
    pub(crate) column: usize,
    pub(crate) known: usize,
}

/// What a pass through a step leaves, for the pass back.
#[derive(Debug, Default)]
pub(super) struct Trail {
    values: Values,
    factor: Values,
    /// The parameters, where they are a product.
    product: Option<Matrix>,
}

/// What a pass back through a step computes with.
#[derive(Debug)]
pub(super) struct Back {
    net: Signals,
    factor: Signals,
    by_parameters: Matrix,
}

impl Default for Back {
    fn default() -> Self {
        let [net, factor] = [(); 2].map(|()| Signals::default());
        Self { net, factor, by_parameters: Matrix::zeros(0, ROWS) }
    }
}

impl Conditioned {
    /// A step of this plan, for contexts of so many values; `folded` where all rows have the same.
    /// None where an output depends on what is not known in its stage.
    pub(crate) fn new(plan: ConditionedPlan, context: usize, folded: bool) -> Option<Self> {
        let ConditionedPlan { function, layers, factor, mut seen, changed, stages, .. } = plan;
        seen.sort_by_key(|seen| seen.known);
        let columns = seen.len()..seen.len() + plan.context;
        let ahead = if folded { 0..0 } else { columns.clone() };
        let count = function.parameters();
        let mut sorted: Vec<(usize, (usize, usize))> = changed.into_iter().enumerate().collect();
        sorted.sort_by_key(|(_, (_, stage))| *stage);
        let order = Order {
            context: ahead.len(),
            inputs: ahead
                .map(|column| (column, 0))
                .chain(seen.iter().map(|seen| (seen.column, seen.known)))
                .collect(),
            folded: if folded { columns } else { 0..0 },
            outputs: sorted
                .iter()
                .flat_map(|&(i, (_, stage))| (0..count).map(move |p| (i * count + p, stage)))
                .collect(),
            stages,
        };
        let of_stage = |stage: usize| {
            sorted.partition_point(|(_, (_, other))| *other < stage)
                ..sorted.partition_point(|(_, (_, other))| *other <= stage)
        };
        let factor = match factor {
            None => None,
            Some(layers) => Some(Net::new(layers, &Order::dense(context, order.outputs.clone()))?),
        };
        Some(Self {
            net: Net::new(layers, &order)?,
            factor,
            seen: seen.iter().map(|seen| seen.feature).collect(),
            stages: (0..stages).map(of_stage).collect(),
            changed: sorted.iter().map(|(_, (feature, _))| *feature).collect(),
            context: plan.context > 0,
            folded,
            factors: Vec::new(),
            function,
        })
    }

    /// Takes the present values of the weights: of the network and then of the factor's; and the
    /// context that all rows have, where it is folded.
    pub(super) fn refresh(&mut self, tensors: &[Vec<f32>], context: &[f32]) {
        self.net.refresh(tensors, context);
        let Some(factor) = &mut self.factor else { return };
        factor.refresh(&tensors[2 * self.net.layers()..], &[]);
        if self.folded {
            let mut values = Values::default();
            factor.fit(&mut values);
            for (i, value) in context.iter().enumerate() {
                row_mut(values.inputs(), 1 + i).fill(*value);
            }
            factor.run(0, &mut values);
            let outputs = values.outputs();
            self.factors = (1..outputs.rows()).map(|i| outputs.row(i)[0]).collect();
        }
    }

    /// Brings the context to where the networks look for it.
    fn begin(&self, trail: &mut Trail, context: &Matrix) {
        self.net.fit(&mut trail.values);
        let given = if self.folded { 0 } else { context.rows() };
        if self.context {
            fill(trail.values.inputs(), context, given);
        }
        if let Some(factor) = &self.factor {
            let rows = self.changed.len() * self.function.parameters();
            let product = trail.product.get_or_insert_with(|| Matrix::zeros(0, ROWS));
            product.resize(1 + rows);
            if !self.folded {
                factor.fit(&mut trail.factor);
                fill(trail.factor.inputs(), context, given);
                factor.run(0, &mut trail.factor);
            }
        }
    }

    /// Brings features that are known from a stage on to where the network looks for them.
    fn bring(&self, trail: &mut Trail, stage: usize, from: &Matrix) {
        let rows = self.net.known(stage);
        let before = self.net.known(0).start;
        for at in rows {
            let feature = self.seen[at - before];
            trail.values.inputs().row_mut(at).copy_from_slice(from.row(feature));
        }
    }

    /// Computes the parameters of a stage.
    fn run(&self, trail: &mut Trail, stage: usize) {
        self.net.run(stage, &mut trail.values);
        let Some(product) = trail.product.as_mut().filter(|_| self.factor.is_some()) else {
            return;
        };
        let count = self.function.parameters();
        let Range { start, end } = self.stages[stage];
        for at in 1 + start * count..1 + end * count {
            let (value, to) = (row(trail.values.outputs(), at), row_mut(product, at));
            if self.folded {
                let factor = self.factors[at - 1];
                to.iter_mut().zip(value).for_each(|(to, value)| *to = value * factor);
            } else {
                let factor = row(trail.factor.outputs(), at);
                to.iter_mut()
                    .zip(value.iter().zip(factor))
                    .for_each(|(to, (value, factor))| *to = value * factor);
            }
        }
    }

    /// The parameters, and the row of those of the feature in this place.
    fn parameters<'a>(&self, trail: &'a Trail, place: usize) -> (&'a Matrix, usize) {
        let first = 1 + place * self.function.parameters();
        match &trail.product {
            Some(product) if self.factor.is_some() => (product, first),
            _ => (trail.values.outputs(), first),
        }
    }

    /// `y` from `x`; `y` begins as a copy of it.
    pub(super) fn forward(
        &self,
        trail: &mut Trail,
        context: &Matrix,
        x: &Matrix,
        (y, ladj): (&mut Matrix, &mut Lane),
        memory: &mut Vec<Lane>,
    ) {
        self.begin(trail, context);
        (0..=self.stages.len()).for_each(|stage| self.bring(trail, stage, x));
        (0..self.stages.len()).for_each(|stage| self.run(trail, stage));
        for (place, &feature) in self.changed.iter().enumerate() {
            let (of, to) = (self.parameters(trail, place), row_mut(y, feature));
            self.function.forward(of, row(x, feature), (to, ladj), memory);
        }
    }

    /// `x` from `y`; `x` begins as a copy of it.
    pub(super) fn inverse(
        &self,
        trail: &mut Trail,
        context: &Matrix,
        y: &Matrix,
        x: &mut Matrix,
        memory: &mut Vec<Lane>,
    ) {
        self.begin(trail, context);
        for (stage, places) in self.stages.iter().enumerate() {
            self.bring(trail, stage, x);
            self.run(trail, stage);
            for place in places.clone() {
                let (of, feature) = (self.parameters(trail, place), self.changed[place]);
                self.function.inverse(of, row(y, feature), row_mut(x, feature), memory);
            }
        }
    }

    /// From signals at `y` and at the log-determinant to those at `x`, which begin as a copy of
    /// the former, by the trail that `x` left; adds to the gradients of the weights, see
    /// [`Net::backward`].
    pub(super) fn backward(
        &self,
        (trail, back): (&Trail, &mut Back),
        x: &Matrix,
        (by_y, by_ladj): (&Matrix, &Row),
        by_x: &mut Matrix,
        (gradients, count, begin): (&mut [Matrix], usize, bool),
        memory: &mut Vec<Lane>,
    ) {
        let Back { net: signals, factor: factor_signals, by_parameters } = back;
        let rows = 1 + self.changed.len() * self.function.parameters();
        self.net.fit_signals(signals);
        by_parameters.resize(rows);
        for (place, &feature) in self.changed.iter().enumerate() {
            let of = self.parameters(trail, place);
            let by_both = [row(by_y, feature), by_ladj];
            let to = (row_mut(by_x, feature), &mut *by_parameters);
            self.function.backward(of, row(x, feature), by_both, to, memory);
        }
        let layers = self.net.layers();
        let (of_net, of_factor) = gradients.split_at_mut(layers);
        // Outputs have the signs of what is before their activation.
        let bend = |value: f32, slope: f32| if value > 0.0 { 1.0 } else { slope };
        let last = self.net.last_slope();
        let one = trail.values.outputs();
        if let Some(factor) = &self.factor {
            factor.fit_signals(factor_signals);
            let other = trail.factor.outputs();
            let factor_last = factor.last_slope();
            for at in 1..rows {
                let [a, b] = [row(one, at), row(other, at)];
                let by = row(by_parameters, at);
                let to = row_mut(signals.outputs(), at);
                let to_factor = row_mut(factor_signals.outputs(), at);
                for i in 0..ROWS {
                    to[i] = by[i] * b[i] * bend(a[i], last);
                    to_factor[i] = by[i] * a[i] * bend(b[i], factor_last);
                }
            }
            factor.backward(&trail.factor, factor_signals, of_factor, (count, begin));
        } else {
            for at in 1..rows {
                let (by, a) = (row(by_parameters, at), row(one, at));
                let to = row_mut(signals.outputs(), at);
                (0..ROWS).for_each(|i| to[i] = by[i] * bend(a[i], last));
            }
        }
        self.net.backward(&trail.values, signals, of_net, (count, begin));
        let known = self.net.known(0).start;
        for (at, &feature) in self.seen.iter().enumerate() {
            let from = row(signals.inputs(), known + at);
            row_mut(by_x, feature).iter_mut().zip(from).for_each(|(sum, by)| *sum += by);
        }
    }

    /// Gradients, all zero: of the network's layers, then of the factor's.
    pub(super) fn gradients(&self) -> Vec<Matrix> {
        let factor = self.factor.iter().flat_map(Net::gradients);
        self.net.gradients().into_iter().chain(factor).collect()
    }

    /// Sums gradients of blocks; see [`Net::sum`].
    pub(super) fn sum(&self, blocks: &[&[Matrix]]) -> Vec<Vec<f32>> {
        let layers = self.net.layers();
        let part = |range: Range<usize>| -> Vec<&[Matrix]> {
            blocks.iter().map(|block| &block[range.clone()]).collect()
        };
        let mut all = self.net.sum(&part(0..layers));
        if let Some(factor) = &self.factor {
            all.extend(factor.sum(&part(layers..layers + factor.layers())));
        }
        all
    }
}

/// Fills rows from the second on.
fn fill(to: &mut Matrix, from: &Matrix, rows: usize) {
    for at in 0..rows {
        to.row_mut(1 + at).copy_from_slice(from.row(at));
    }
}
