//! Blocks of rows from features to gradients.

use astrogen_nn::dense::Matrix;

use super::conditioned::{Back, Trail};
use super::lanes::{Lane, ROWS, Row, ZERO, row, row_mut};
use super::latents::Latents;
use super::step::{Gradient, Step};
use super::{part, spread};

/// More blocks than this do not keep their trails at a time: those of a wide flow take megabytes.
const MOST_TRAILS: usize = 4;

/// What a thread takes rows from features to gradients with; its memory stays for the next ones.
///
/// A few blocks at a time go through all steps and back. All of them go through a step before the
/// next one has its turn, so that the weights of the step and their gradients are in the core's
/// cache. What each leaves there is kept for its way back: to bring it from memory takes less time
/// than to compute it again.
#[derive(Debug, Default)]
pub(super) struct Pass {
    blocks: Vec<Block>,
    back: Back,
    memory: Vec<Lane>,
}

/// Features of a step's both sides, and what the loss says of them.
#[derive(Debug)]
struct Block {
    context: Matrix,
    /// The features before each step and behind the last, `[D, rows]`.
    states: Vec<Matrix>,
    /// Signals at them: those at hand, and those to come.
    signals: [Matrix; 2],
    /// What it left in each step.
    trails: Vec<Trail>,
    ladj: Lane,
    by_ladj: Row,
    count: usize,
}

/// Rows of a batch: features, contexts, shares in the loss, and what their units add to the
/// log-determinant.
pub(super) struct Given<'a> {
    pub(super) x: &'a [f32],
    pub(super) context: &'a [f32],
    pub(super) shares: &'a [f32],
    pub(super) by_units: &'a [f32],
}

impl Pass {
    /// Takes rows from features to the gradients of all steps; the sum of their losses by their
    /// shares.
    pub(super) fn run(
        &mut self,
        flow: (&[Step], &Latents),
        given: &Given<'_>,
        gradients: &mut [Gradient],
    ) -> f64 {
        let rows = given.shares.len();
        let firsts = (0..rows).step_by(MOST_TRAILS * ROWS);
        let parts = firsts.map(|first| {
            let count = (rows - first).min(MOST_TRAILS * ROWS);
            let of = |all| part(all, rows, first, count);
            let given = Given {
                x: of(given.x),
                context: of(given.context),
                shares: of(given.shares),
                by_units: of(given.by_units),
            };
            self.run_part(flow, &given, (&mut *gradients, first == 0))
        });
        parts.sum()
    }

    /// Takes rows that keep their trails there and back; their gradients are added to the others,
    /// or begin them.
    fn run_part(
        &mut self,
        (steps, latents): (&[Step], &Latents),
        given: &Given<'_>,
        (gradients, begin): (&mut [Gradient], bool),
    ) -> f64 {
        let Self { blocks, back, memory } = self;
        let rows = given.shares.len();
        let [features, values] = [given.x, given.context].map(|of| of.len() / rows.max(1));
        let used = rows.div_ceil(ROWS);
        // Those that are not used keep their memory, too.
        blocks.resize_with(used.max(blocks.len()), || Block::new(steps.len(), features));
        let blocks = &mut blocks[..used];
        for (n, block) in blocks.iter_mut().enumerate() {
            let (first, next) = (n * ROWS, (n * ROWS + ROWS).min(rows));
            spread(&mut block.context, &given.context[first * values..next * values], values);
            spread(&mut block.states[0], &given.x[first * features..next * features], features);
            (block.ladj, block.count) = (ZERO, next - first);
        }
        for (s, step) in steps.iter().enumerate() {
            for Block { context, states, trails, ladj, .. } in &mut *blocks {
                let (before, after) = states.split_at_mut(s + 1);
                step.forward(&mut trails[s], context, &before[s], (&mut after[0], ladj), memory);
            }
        }
        let shares = given.shares.chunks(ROWS).zip(given.by_units.chunks(ROWS));
        let ends = blocks.iter_mut().zip(shares);
        let loss = ends.map(|(block, (shares, by_units))| block.end(latents, shares, by_units));
        let loss = loss.sum();
        for (s, step) in steps.iter().enumerate().rev() {
            for (n, block) in blocks.iter_mut().enumerate() {
                let Block { states, signals: [by_y, by_x], trails, by_ladj, count, .. } = block;
                let (signals, trail) = ((&*by_y, &*by_ladj), (&trails[s], &mut *back));
                let gradient = (&mut gradients[s], *count, begin && n == 0);
                step.backward(trail, &states[s], signals, by_x, gradient, memory);
                std::mem::swap(by_y, by_x);
            }
        }
        loss
    }
}

impl Block {
    fn new(steps: usize, features: usize) -> Self {
        let matrix = || Matrix::zeros(features, ROWS);
        Self {
            context: Matrix::zeros(0, ROWS),
            states: (0..=steps).map(|_| matrix()).collect(),
            signals: [matrix(), matrix()],
            trails: (0..steps).map(|_| Trail::default()).collect(),
            ladj: ZERO,
            by_ladj: [0.0; ROWS],
            count: 0,
        }
    }

    /// The loss, `-sum of shares (log p(z) + ladj)`, and the signals that it begins with.
    fn end(&mut self, latents: &Latents, shares: &[f32], by_units: &[f32]) -> f64 {
        let Self { states, signals: [by_z, _], ladj, by_ladj, count, .. } = self;
        let mut share = [0.0; ROWS];
        share[..*count].copy_from_slice(shares);
        *by_ladj = share.map(|share| -share);
        if let Some(z) = states.last() {
            for at in 0..z.rows() {
                latents.log_prob(at, row(z, at), &share, (row_mut(by_z, at), ladj));
            }
        }
        let rows = ladj.iter().zip(by_units).zip(shares);
        rows.map(|((log, by), share)| -(log + f64::from(*by)) * f64::from(*share)).sum()
    }
}
