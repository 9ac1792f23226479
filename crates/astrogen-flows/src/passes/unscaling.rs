//! Features from the units of the networks to their own, on a block of rows; see [`crate::Units`] and
//! [`crate::Whitening`].

use std::f64::consts::LN_10;

use astrogen_nn::dense::Matrix;

use super::lanes::{Lane, ROWS, Row, ZERO, exp, row, row_mut, widest};
use super::softclip::unclip;
use crate::{FlowConfig, Unit, Units, Whitening};

/// The way back from the units of the networks.
#[derive(Debug)]
pub(super) struct Unscaling {
    units: Units,
    whitening: Option<Whitening>,
}

impl Unscaling {
    pub(super) fn new(config: &FlowConfig) -> Self {
        Self { units: config.feature_units.clone(), whitening: config.whitening.clone() }
    }

    /// Brings the features of a block, `[D, rows]`, to their own units.
    pub(super) fn run(&self, block: &mut Matrix) {
        if self.units.0.is_empty() && self.whitening.is_none() {
            return;
        }
        // Whitening gives a feature those before it, which are as they were when it has its turn.
        for feature in (0..block.rows()).rev() {
            let mut x = ZERO;
            match &self.whitening {
                None => add(1.0, row(block, feature), &mut x),
                Some(Whitening { mean, factor }) => {
                    x.fill(mean[feature]);
                    for (other, factor) in factor[feature][..=feature].iter().enumerate() {
                        add(*factor, row(block, other), &mut x);
                    }
                }
            }
            let steps = self.units.0.get(feature).into_iter().flatten();
            steps.rev().for_each(|step| undo(*step, &mut x));
            let values = row_mut(block, feature).iter_mut().zip(x);
            values.for_each(|(to, from)| *to = from as f32);
        }
    }
}

widest! {
    /// Adds a multiple of a row.
    fn add(factor: f64, from: &Row, to: &mut Lane) {
        for i in 0..ROWS {
            to[i] += factor * f64::from(from[i]);
        }
    }

    /// What a step made of a column's values, back to these.
    fn undo(step: Unit, x: &mut Lane) {
        match step {
            Unit::Standardize { loc, scale } => {
                for x in x {
                    *x = *x * scale + loc;
                }
            }
            Unit::Log10 => {
                for x in x {
                    *x = exp(*x * LN_10);
                }
            }
            Unit::Asinh { scale } => {
                for x in x {
                    let e = exp(*x);
                    *x = 0.5 * scale * (e - 1.0 / e);
                }
            }
            Unit::Softclip { bound } => {
                for x in x {
                    *x = unclip(bound, *x);
                }
            }
            Unit::ShiftToBounds { low, high, bound } => {
                for x in x {
                    *x = (*x + bound) * ((high - low) / (2.0 * bound)) + low;
                }
            }
            Unit::Logit { low, high } => {
                for x in x {
                    *x = (high - low) / (1.0 + exp(-*x)) + low;
                }
            }
        }
    }
}
