//! Stretches: maps of the unit range onto itself that bring out the faint or the bright.
//!
//! A [`Stretch`] is a name with parameters, the definitions and defaults being those of
//! `astropy.visualization`; [`Stretch::curve`] checks the parameters and gives the [`Curve`]
//! that computes it in both directions. Histogram equalization learns its curve from an
//! array ([`Equalization::fit`]).

mod curve;
mod equalization;
mod logarithm;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::PreprocessError;
use crate::notation::{Notation, serde_as_notation};

pub use curve::Curve;
pub use equalization::Equalization;
pub(crate) use logarithm::asinh_of_positive;

/// A stretch and its parameters.
///
/// Written on command lines and in configurations as `linear`, `sqrt`, `power:2`, `log:1000`,
/// `asinh:0.1`, `sinh:0.333`, `power_dist:1000`, `contrast_bias:2,0.5` or
/// `histogram_equalization`; parameters with a default may be left out.
///
/// ```
/// # use astrogen_preprocess::stretch::Stretch;
/// let curve = "asinh:0.1".parse::<Stretch>()?.curve()?;
/// let faint = curve.forward(0.01);
/// assert!(faint > 0.03);
/// assert!((curve.inverse(faint) - 0.01).abs() < 1e-15);
/// # Ok::<(), astrogen_preprocess::PreprocessError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Stretch {
    /// `y = x`.
    Linear,
    /// `y = sqrt(x)`.
    Sqrt,
    /// `y = x^a`.
    Power {
        /// The exponent, above 0.
        a: f64,
    },
    /// `y = ln(a x + 1) / ln(a + 1)`.
    Log {
        /// Above 0; the larger, the fainter the values that are lifted. Default 1000.
        a: f64,
    },
    /// `y = asinh(x / a) / asinh(1 / a)`.
    Asinh {
        /// Above 0: where the curve turns from linear to logarithmic. Default 0.1.
        a: f64,
    },
    /// `y = sinh(x / a) / sinh(1 / a)`.
    Sinh {
        /// Above 0; the smaller, the more exponential. Default 1/3.
        a: f64,
    },
    /// `y = (a^x - 1) / (a - 1)`.
    PowerDist {
        /// Above 0 and not 1. Default 1000.
        a: f64,
    },
    /// `y = (x - bias) contrast + 0.5`, clipped to `[0, 1]`.
    ContrastBias {
        /// The slope, above 0.
        contrast: f64,
        /// The value that becomes 0.5.
        bias: f64,
    },
    /// `y` = the fraction of the values below `x`, so that every level is equally frequent.
    HistogramEqualization,
}

const KNOWN: &str = "linear, sqrt, power:A, log[:A], asinh[:A], sinh[:A], power_dist[:A], \
                     contrast_bias:CONTRAST,BIAS, histogram_equalization";

impl Stretch {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PreprocessError::Setting`] naming the rule that is broken.
    pub fn validate(&self) -> Result<(), PreprocessError> {
        match self {
            Stretch::HistogramEqualization => Ok(()),
            _ => self.curve().map(drop),
        }
    }

    /// The function that the parameters describe.
    ///
    /// # Errors
    /// [`PreprocessError::Setting`] for a parameter that breaks its rule, and for
    /// [`Stretch::HistogramEqualization`], whose curve is `Curve::from(Equalization::fit(..))`.
    pub fn curve(&self) -> Result<Curve, PreprocessError> {
        Curve::new(*self)
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stretch::Linear => f.write_str("linear"),
            Stretch::Sqrt => f.write_str("sqrt"),
            Stretch::Power { a } => write!(f, "power:{a}"),
            Stretch::Log { a } => write!(f, "log:{a}"),
            Stretch::Asinh { a } => write!(f, "asinh:{a}"),
            Stretch::Sinh { a } => write!(f, "sinh:{a}"),
            Stretch::PowerDist { a } => write!(f, "power_dist:{a}"),
            Stretch::ContrastBias { contrast, bias } => {
                write!(f, "contrast_bias:{contrast},{bias}")
            }
            Stretch::HistogramEqualization => f.write_str("histogram_equalization"),
        }
    }
}

impl FromStr for Stretch {
    type Err = PreprocessError;

    fn from_str(text: &str) -> Result<Self, PreprocessError> {
        let notation = Notation::read("stretch", KNOWN, text)?;
        let plain = |stretch| notation.exactly().map(|[]| stretch);
        let stretch = match notation.name {
            "linear" => plain(Stretch::Linear)?,
            "sqrt" => plain(Stretch::Sqrt)?,
            "power" => notation.exactly().map(|[a]| Stretch::Power { a })?,
            "log" => notation.or([1000.0]).map(|[a]| Stretch::Log { a })?,
            "asinh" => notation.or([0.1]).map(|[a]| Stretch::Asinh { a })?,
            "sinh" => notation.or([1.0 / 3.0]).map(|[a]| Stretch::Sinh { a })?,
            "power_dist" => notation.or([1000.0]).map(|[a]| Stretch::PowerDist { a })?,
            "contrast_bias" => notation
                .exactly()
                .map(|[contrast, bias]| Stretch::ContrastBias { contrast, bias })?,
            "histogram_equalization" => plain(Stretch::HistogramEqualization)?,
            _ => return Err(notation.unknown()),
        };
        stretch.validate()?;
        Ok(stretch)
    }
}

serde_as_notation!(Stretch);
