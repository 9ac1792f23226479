//! The functions behind the stretches, computed in f64 over whole slices.

use super::logarithm::{asinh_of_positive, ln_1p_of_positive};
use super::{Equalization, Stretch};
use crate::PreprocessError;

/// A stretch ready to compute: `[0, 1]` to `[0, 1]`, never falling, and back.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve(Formula);

/// The formulas with what depends on the parameters alone computed once; `norm` divides.
#[derive(Clone, Debug, PartialEq)]
enum Formula {
    Linear,
    Sqrt,
    Power { a: f64 },
    Log { a: f64, norm: f64 },
    Asinh { a: f64, norm: f64 },
    Sinh { a: f64, norm: f64 },
    PowerDist { a: f64, ln_a: f64 },
    ContrastBias { contrast: f64, bias: f64 },
    Equalized(Equalization),
}

impl From<Equalization> for Curve {
    fn from(equalization: Equalization) -> Self {
        Curve(Formula::Equalized(equalization))
    }
}

impl Curve {
    /// See [`Stretch::curve`].
    pub(super) fn new(stretch: Stretch) -> Result<Self, PreprocessError> {
        let positive = |name, a: f64, norm: f64| {
            if a > 0.0 && a.is_finite() && norm.is_finite() && norm > 0.0 {
                return Ok(());
            }
            Err(PreprocessError::Setting {
                name,
                rule: "a number greater than 0, and not so extreme that the curve overflows",
                got: a.to_string(),
            })
        };
        let formula = match stretch {
            Stretch::Linear => Formula::Linear,
            Stretch::Sqrt => Formula::Sqrt,
            Stretch::Power { a } => {
                positive("stretch power", a, 1.0)?;
                Formula::Power { a }
            }
            Stretch::Log { a } => {
                let norm = ln_1p_of_positive(a);
                positive("stretch log", a, norm)?;
                Formula::Log { a, norm }
            }
            Stretch::Asinh { a } => {
                let norm = asinh_of_positive(1.0 / a);
                positive("stretch asinh", a, norm)?;
                Formula::Asinh { a, norm }
            }
            Stretch::Sinh { a } => {
                let norm = (1.0 / a).sinh();
                // Its inverse squares it.
                positive("stretch sinh", a, norm * norm)?;
                Formula::Sinh { a, norm }
            }
            Stretch::PowerDist { a } => {
                if !(a > 0.0 && a != 1.0 && a.is_finite()) {
                    return Err(PreprocessError::Setting {
                        name: "stretch power_dist",
                        rule: "a number greater than 0 and not 1",
                        got: a.to_string(),
                    });
                }
                Formula::PowerDist { a, ln_a: a.ln() }
            }
            Stretch::ContrastBias { contrast, bias } => {
                positive("stretch contrast_bias contrast", contrast, 1.0)?;
                if !bias.is_finite() {
                    return Err(PreprocessError::Setting {
                        name: "stretch contrast_bias bias",
                        rule: "a finite number",
                        got: bias.to_string(),
                    });
                }
                Formula::ContrastBias { contrast, bias }
            }
            Stretch::HistogramEqualization => {
                return Err(PreprocessError::Setting {
                    name: "stretch histogram_equalization",
                    rule: "a curve fitted to values (Equalization::fit)",
                    got: "no values".to_owned(),
                });
            }
        };
        Ok(Curve(formula))
    }

    /// The stretched value of `x`, both unit; `x` outside `[0, 1]` is clipped, NaN stays NaN.
    #[must_use]
    pub fn forward(&self, x: f64) -> f64 {
        let mut values = [x];
        self.forward_all(&mut values);
        values[0]
    }

    /// The unit value that [`forward`](Self::forward) takes to `y`; `y` outside `[0, 1]` is
    /// clipped, NaN stays NaN.
    #[must_use]
    pub fn inverse(&self, y: f64) -> f64 {
        let mut values = [y];
        self.inverse_all(&mut values);
        values[0]
    }

    /// [`forward`](Self::forward) of every value, in place.
    pub fn forward_all(&self, values: &mut [f64]) {
        match self.0 {
            Formula::Linear => each(values, |x| x),
            Formula::Sqrt => each(values, f64::sqrt),
            Formula::Power { a } => each(values, |x| x.powf(a)),
            Formula::Log { a, norm } => {
                let gain = 1.0 / norm;
                each(values, |x| ln_1p_of_positive(a * x) * gain);
            }
            Formula::Asinh { a, norm } => {
                let (scale, gain) = (1.0 / a, 1.0 / norm);
                each(values, |x| asinh_of_positive(x * scale) * gain);
            }
            Formula::Sinh { a, norm } => each(values, |x| (x / a).sinh() / norm),
            Formula::PowerDist { a, ln_a } => {
                each(values, |x| (x * ln_a).exp_m1() / (a - 1.0));
            }
            // Not a map of [0, 1] to itself, so it is only clipped afterwards.
            Formula::ContrastBias { contrast, bias } => {
                for x in values {
                    *x = ((*x - bias) * contrast + 0.5).clamp(0.0, 1.0);
                }
            }
            Formula::Equalized(ref equalization) => each(values, |x| equalization.forward(x)),
        }
    }

    /// [`inverse`](Self::inverse) of every value, in place.
    pub fn inverse_all(&self, values: &mut [f64]) {
        match self.0 {
            Formula::Linear => each(values, |y| y),
            Formula::Sqrt => each(values, |y| y * y),
            Formula::Power { a } => each(values, |y| y.powf(1.0 / a)),
            Formula::Log { a, norm } => each(values, |y| (y * norm).exp_m1() / a),
            Formula::Asinh { a, norm } => each(values, |y| (y * norm).sinh() * a),
            Formula::Sinh { a, norm } => each(values, |y| asinh_of_positive(y * norm) * a),
            Formula::PowerDist { a, ln_a } => {
                each(values, |y| (y * (a - 1.0)).ln_1p() / ln_a);
            }
            Formula::ContrastBias { contrast, bias } => {
                for y in values {
                    *y = ((*y - 0.5) / contrast + bias).clamp(0.0, 1.0);
                }
            }
            Formula::Equalized(ref equalization) => each(values, |y| equalization.inverse(y)),
        }
    }
}

/// Clips to the domain, maps, and clips what rounding left outside.
#[inline(always)]
fn each(values: &mut [f64], map: impl Fn(f64) -> f64) {
    for value in values {
        *value = map(value.clamp(0.0, 1.0)).clamp(0.0, 1.0);
    }
}
