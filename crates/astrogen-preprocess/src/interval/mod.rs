//! Intervals: which physical values become the two ends of the unit range.
//!
//! The definitions and defaults are those of `astropy.visualization`. Values that are not
//! finite are left out. [`Interval::limits`] gives `[vmin, vmax]`; a value `x` then becomes
//! `(x - vmin) / (vmax - vmin)`, clipped to `[0, 1]`.

mod zscale;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::PreprocessError;
use crate::notation::{Notation, serde_as_notation};
use crate::quantile::{extremes, quantile};
pub(crate) use zscale::zscale;

/// A rule that finds the limits `[vmin, vmax]` of an array.
///
/// Written on command lines and in configurations as `manual:0,100` (either side may be left
/// out), `minmax`, `percentile:99.5`, `asymmetric:0.25,99.75` or `zscale`.
///
/// ```
/// # use astrogen_preprocess::interval::Interval;
/// let values: Vec<f32> = (0..=100).map(|i| i as f32).collect();
/// let interval: Interval = "percentile:90".parse()?;
/// assert_eq!(interval.limits(&values)?, [5.0, 95.0]);
/// # Ok::<(), astrogen_preprocess::PreprocessError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Interval {
    /// Given limits; one left out is the array's minimum or maximum.
    Manual {
        /// The lower limit.
        vmin: Option<f64>,
        /// The upper limit.
        vmax: Option<f64>,
    },
    /// Minimum and maximum.
    MinMax,
    /// Keeps this percentage of the values, dropping as many at either end.
    Percentile(f64),
    /// From the first percentile to the second.
    AsymmetricPercentile(f64, f64),
    /// IRAF's zscale: a line is fitted to the sorted sample, values far from it are rejected,
    /// and the line's slope about the median gives the limits.
    ZScale {
        /// Values drawn, evenly spaced, from the array. Default 1000.
        samples: usize,
        /// The slope is divided by it: a smaller contrast gives wider limits. Default 0.25.
        contrast: f64,
    },
}

const KNOWN: &str =
    "manual:VMIN,VMAX, minmax, percentile:P, asymmetric:LOW,HIGH, zscale[:CONTRAST[,SAMPLES]]";
pub(crate) const ZSCALE_SAMPLES: usize = 1000;
pub(crate) const ZSCALE_CONTRAST: f64 = 0.25;

impl Interval {
    /// [`Interval::ZScale`] with 1000 samples and contrast 0.25.
    #[must_use]
    pub const fn zscale() -> Self {
        Interval::ZScale { samples: ZSCALE_SAMPLES, contrast: ZSCALE_CONTRAST }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PreprocessError::Setting`] naming the rule that is broken.
    pub fn validate(&self) -> Result<(), PreprocessError> {
        let broken = |name, rule, got| Err(PreprocessError::Setting { name, rule, got });
        let text = self.to_string();
        match *self {
            Interval::Manual { vmin, vmax } => {
                if ![vmin, vmax].into_iter().flatten().all(f64::is_finite) {
                    return broken("interval manual", "finite limits", text);
                }
                if let (Some(low), Some(high)) = (vmin, vmax)
                    && low >= high
                {
                    return broken("interval manual", "vmin below vmax", text);
                }
            }
            Interval::Percentile(keep) if !(keep > 0.0 && keep <= 100.0) => {
                return broken(
                    "interval percentile",
                    "a percentage above 0 and at most 100",
                    keep.to_string(),
                );
            }
            Interval::AsymmetricPercentile(low, high)
                if !(low >= 0.0 && low < high && high <= 100.0) =>
            {
                return broken(
                    "interval asymmetric",
                    "percentiles with 0 <= low < high <= 100",
                    format!("{low},{high}"),
                );
            }
            Interval::ZScale { contrast, .. } if !(contrast > 0.0 && contrast.is_finite()) => {
                return broken(
                    "interval zscale contrast",
                    "a finite number greater than 0",
                    contrast.to_string(),
                );
            }
            Interval::ZScale { samples: 0, .. } => {
                return broken("interval zscale samples", "1 or more", "0".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// The limits `[vmin, vmax]` of `values`, in their units.
    ///
    /// The two are equal for constant values, and may be equal where most values are.
    ///
    /// # Errors
    /// A bad parameter; no finite value; a given `vmin` above the maximum found, or a given
    /// `vmax` below the minimum found.
    pub fn limits(&self, values: &[f32]) -> Result<[f64; 2], PreprocessError> {
        self.validate()?;
        if values.iter().all(|value| value.is_finite()) {
            return self.limits_of_finite(values);
        }
        let finite: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
        self.limits_of_finite(&finite)
    }

    /// [`limits`](Self::limits) for parameters and values that were checked before.
    pub(crate) fn limits_of_finite(&self, values: &[f32]) -> Result<[f64; 2], PreprocessError> {
        if let Some(limits) = self.fixed() {
            return Ok(limits);
        }
        if values.is_empty() {
            return Err(PreprocessError::NoGoodPixels { band: 0 });
        }
        let between = |low: f64, high: f64| [low, high].map(|p| quantile(values, p / 100.0));
        match *self {
            Interval::Manual { vmin, vmax } => {
                let [min, max] = extremes(values);
                let limits = [vmin.unwrap_or(min), vmax.unwrap_or(max)];
                if limits[0] > limits[1] {
                    return Err(PreprocessError::Setting {
                        name: "interval manual",
                        rule: "limits that overlap the values",
                        got: format!("{self} for values from {min} to {max}"),
                    });
                }
                Ok(limits)
            }
            Interval::MinMax => Ok(extremes(values)),
            Interval::Percentile(keep) => {
                let low = (100.0 - keep) * 0.5;
                Ok(between(low, 100.0 - low))
            }
            Interval::AsymmetricPercentile(low, high) => Ok(between(low, high)),
            Interval::ZScale { samples, contrast } => Ok(zscale(values, samples, contrast)),
        }
    }

    /// Both limits, if they do not depend on the values.
    pub(crate) fn fixed(&self) -> Option<[f64; 2]> {
        match *self {
            Interval::Manual { vmin, vmax } => Some([vmin?, vmax?]),
            _ => None,
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |limit: Option<f64>| limit.map(|value| value.to_string()).unwrap_or_default();
        match *self {
            Interval::Manual { vmin, vmax } => write!(f, "manual:{},{}", text(vmin), text(vmax)),
            Interval::MinMax => f.write_str("minmax"),
            Interval::Percentile(keep) => write!(f, "percentile:{keep}"),
            Interval::AsymmetricPercentile(low, high) => write!(f, "asymmetric:{low},{high}"),
            Interval::ZScale { samples, contrast } if samples != ZSCALE_SAMPLES => {
                write!(f, "zscale:{contrast},{samples}")
            }
            Interval::ZScale { contrast, .. } if contrast != ZSCALE_CONTRAST => {
                write!(f, "zscale:{contrast}")
            }
            Interval::ZScale { .. } => f.write_str("zscale"),
        }
    }
}

impl FromStr for Interval {
    type Err = PreprocessError;

    fn from_str(text: &str) -> Result<Self, PreprocessError> {
        let notation = Notation::read("interval", KNOWN, text)?;
        let interval = match notation.name {
            "manual" => notation.optional().map(|[vmin, vmax]| Interval::Manual { vmin, vmax })?,
            "minmax" => notation.exactly().map(|[]| Interval::MinMax)?,
            "percentile" => notation.exactly().map(|[keep]| Interval::Percentile(keep))?,
            "asymmetric" => {
                notation.exactly().map(|[low, high]| Interval::AsymmetricPercentile(low, high))?
            }
            "zscale" => notation.or([ZSCALE_CONTRAST, ZSCALE_SAMPLES as f64]).map(
                |[contrast, samples]| Interval::ZScale { samples: samples as usize, contrast },
            )?,
            _ => return Err(notation.unknown()),
        };
        interval.validate()?;
        Ok(interval)
    }
}

serde_as_notation!(Interval);
