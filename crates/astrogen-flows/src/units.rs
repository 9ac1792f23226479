//! Fixed transforms from physical units to what a flow's networks like, and back: what they do to
//! the density is counted, so that `log_prob` is that of the physical features.

use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::FlowError;
use crate::masked::sum;
use crate::transform::Transform;
use crate::univariate::{Elementwise, Softclip};

/// One step of a feature's way from its physical unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// `(x - loc) / scale`
    Standardize {
        /// The mean, say.
        loc: f64,
        /// The deviation, say; above 0.
        scale: f64,
    },
    /// `log10 x`, for `x > 0`.
    Log10,
    /// `asinh(x / scale)`: linear near 0, logarithmic far from it, on both sides.
    Asinh {
        /// Where it turns from one to the other, above 0.
        scale: f64,
    },
    /// `x / (1 + |x / bound|)`
    Softclip {
        /// The box's half side, above 0.
        bound: f64,
    },
    /// `[low, high]` to `[-bound, bound]`, linearly.
    ShiftToBounds {
        /// The lower end.
        low: f64,
        /// The upper end, above the lower one.
        high: f64,
        /// The box's half side, above 0.
        bound: f64,
    },
    /// `ln((x - low) / (high - x))`, for `x` between the ends.
    Logit {
        /// The lower end.
        low: f64,
        /// The upper end, above the lower one.
        high: f64,
    },
}

impl Unit {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where a scale or bound is not above 0, an end not finite or the ends
    /// in the wrong order.
    pub fn validate(&self) -> Result<(), FlowError> {
        let (names, fits) = match *self {
            Self::Standardize { loc, scale } => ("scale", loc.is_finite() && positive(scale)),
            Self::Log10 => ("log10", true),
            Self::Asinh { scale } => ("scale", positive(scale)),
            Self::Softclip { bound } => ("bound", positive(bound)),
            Self::ShiftToBounds { low, high, bound } => {
                ("low, high, bound", positive(high - low) && positive(bound))
            }
            Self::Logit { low, high } => ("low, high", positive(high - low)),
        };
        if fits {
            return Ok(());
        }
        Err(FlowError::Setting {
            name: names,
            rule: "finite, above 0 for scales and bounds, the lower end below the upper".to_owned(),
            got: format!("{self:?}"),
        })
    }
}

impl Unit {
    /// The way of a column whose values lie around a median, most of them within `low` and `high`
    /// (the ends of the central 68 %, say), to a flow: standardised, then by `asinh`. That is linear
    /// where most rows are, and brings the few that are far from them to where a flow still learns.
    /// Of a column that has one value in most rows, its deviation is the scale. None for a column of
    /// one value, which has no density.
    ///
    /// ```
    /// use astrogen_flows::Unit;
    ///
    /// let steps = Unit::around([9.0, 10.0, 11.0], 1.2);
    /// let standardize = Unit::Standardize { loc: 10.0, scale: 1.0 };
    /// assert_eq!(steps, Some([standardize, Unit::Asinh { scale: 1.0 }]));
    /// assert_eq!(Unit::around([3.0; 3], 0.0), None);
    /// ```
    pub fn around([low, median, high]: [f64; 3], deviation: f64) -> Option<[Self; 2]> {
        let scale = if high > low { 0.5 * (high - low) } else { deviation };
        // Of a constant, rounding leaves a little.
        let has_density = scale > 1e-12 * median.abs() && scale > 0.0;
        let standardize = Self::Standardize { loc: median, scale };
        has_density.then_some([standardize, Self::Asinh { scale: 1.0 }])
    }
}

fn positive(number: f64) -> bool {
    number > 0.0 && number.is_finite()
}

impl Elementwise for Unit {
    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        match *self {
            Self::Standardize { loc, scale } => ((x - loc) / scale, x.full_like(-scale.ln())),
            Self::Log10 => {
                let constant = std::f64::consts::LN_10.ln();
                (x.log10(), -x.log() - constant)
            }
            Self::Asinh { scale } => {
                let t = x / scale;
                let ladj = (t.square() + 1.0).log() * -0.5 - scale.ln();
                (t.asinh(), ladj)
            }
            Self::Softclip { bound } => Elementwise::call_and_ladj(&Softclip { bound }, x),
            Self::ShiftToBounds { low, high, bound } => {
                let factor = 2.0 * bound / (high - low);
                ((x - low) * factor - bound, x.full_like(factor.ln()))
            }
            Self::Logit { low, high } => {
                let (below, above) = (x - low, high - x);
                let ladj = (high - low).ln() - below.log() - above.log();
                (below.log() - above.log(), ladj)
            }
        }
    }

    fn inverse(&self, y: &Tensor) -> Tensor {
        match *self {
            Self::Standardize { loc, scale } => y * scale + loc,
            Self::Log10 => (y * std::f64::consts::LN_10).exp(),
            Self::Asinh { scale } => y.sinh() * scale,
            Self::Softclip { bound } => Elementwise::inverse(&Softclip { bound }, y),
            Self::ShiftToBounds { low, high, bound } => {
                (y + bound) * ((high - low) / (2.0 * bound)) + low
            }
            Self::Logit { low, high } => y.sigmoid() * (high - low) + low,
        }
    }
}

/// The steps of each feature, or of each context value, first to last; empty for none at all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Units(pub Vec<Vec<Unit>>);

impl Units {
    /// One step for each feature: standardised by its mean and deviation.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where a deviation is not above 0: a feature of one value has no
    /// density.
    pub fn standardize(loc: &[f64], scale: &[f64]) -> Result<Self, FlowError> {
        let steps = loc.iter().zip(scale).map(|(&loc, &scale)| {
            let unit = Unit::Standardize { loc, scale };
            unit.validate().map(|()| vec![unit])
        });
        Ok(Self(steps.collect::<Result<_, _>>()?))
    }

    /// Checks the steps of so many columns.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where there are steps for another number of columns, or a step's
    /// settings are out of their range.
    pub fn validate(&self, columns: i64) -> Result<(), FlowError> {
        if !self.0.is_empty() && self.0.len() as i64 != columns {
            return Err(FlowError::Setting {
                name: "units",
                rule: format!("steps for {columns} columns, or for none"),
                got: self.0.len().to_string(),
            });
        }
        self.0.iter().flatten().try_for_each(Unit::validate)
    }

    /// The steps that are logarithms: a way to what a mixture of Gaussians can be fitted to.
    pub fn logarithms(&self) -> Self {
        let only =
            |steps: &Vec<Unit>| steps.iter().copied().filter(|step| *step == Unit::Log10).collect();
        Self(self.0.iter().map(only).collect())
    }

    fn column_by_column(
        &self,
        x: &Tensor,
        of: impl Fn(&[Unit], Tensor) -> (Tensor, Tensor),
    ) -> (Tensor, Tensor) {
        let columns = x.unbind(-1).into_iter().zip(&self.0);
        let (values, ladj): (Vec<_>, Vec<_>) = columns.map(|(x, steps)| of(steps, x)).unzip();
        (Tensor::stack(&values, -1), Tensor::stack(&ladj, -1))
    }
}

impl Transform for Units {
    fn inverse(&self, y: &Tensor) -> Tensor {
        if self.0.is_empty() {
            return y.shallow_clone();
        }
        let back = |steps: &[Unit], y: Tensor| {
            let x = steps.iter().rev().fold(y, |y, step| step.inverse(&y));
            let none = x.zeros_like();
            (x, none)
        };
        self.column_by_column(y, back).0
    }

    fn call_and_ladj(&self, x: &Tensor) -> (Tensor, Tensor) {
        if self.0.is_empty() {
            return (x.shallow_clone(), sum(x) * 0.0);
        }
        let (y, ladj) = self.column_by_column(x, |steps, x| {
            let start = (x.shallow_clone(), x.zeros_like());
            steps.iter().fold(start, |(x, sum), step| {
                let (y, ladj) = step.call_and_ladj(&x);
                (y, sum + ladj)
            })
        });
        (y, sum(&ladj))
    }
}
