//! What the transformed features are distributed like.

use std::f64::consts::PI;

use astrogen_nn::variables::{allocate, variable};
use astrogen_nn::{NamedTensors, NnError, named};
use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Device, Kind, Tensor};

use crate::FlowError;
use crate::masked::sum;
use crate::passes::latents::Latents;

/// A base, as plain data; all features are alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseConfig {
    /// Independent standard normals.
    #[default]
    Normal,
    /// Uniform in the box `[-bound, bound]`.
    Uniform {
        /// Half the side, above 0.
        bound: f64,
    },
    /// Beta distributions with both parameters `concentration`, on the box `[-bound, bound]`, as
    /// pzflow has them.
    Beta {
        /// Both parameters, above 0.
        concentration: f64,
        /// Half the side, above 0.
        bound: f64,
    },
}

impl BaseConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where one is not finite and above 0.
    pub fn validate(&self) -> Result<(), FlowError> {
        let numbers = match *self {
            Self::Normal => vec![],
            Self::Uniform { bound } => vec![("bound", bound)],
            Self::Beta { concentration, bound } => {
                vec![("concentration", concentration), ("bound", bound)]
            }
        };
        match numbers.into_iter().find(|(_, number)| !(*number > 0.0 && number.is_finite())) {
            None => Ok(()),
            Some((name, got)) => Err(FlowError::Setting {
                name,
                rule: "a finite number above 0".to_owned(),
                got: got.to_string(),
            }),
        }
    }
}

/// Independent distributions of `D` features; its numbers are buffers that travel with the weights.
#[derive(Debug)]
pub struct Base {
    config: BaseConfig,
    /// Mean and deviation, or lower and upper end: `[D]` each.
    ends: [Tensor; 2],
}

impl Base {
    /// A base of so many features below `path`: `loc` and `scale`, or `lower` and `upper`. Without
    /// a path its numbers are no variables.
    ///
    /// # Errors
    /// [`NnError::NameTaken`] where the path holds one already.
    pub fn build(path: &Path, config: BaseConfig, features: i64) -> Result<Self, FlowError> {
        let [(first, low), (second, high)] = match config {
            BaseConfig::Normal => [("loc", 0.0), ("scale", 1.0)],
            BaseConfig::Uniform { bound } | BaseConfig::Beta { bound, .. } => {
                [("lower", -bound), ("upper", bound)]
            }
        };
        let number = |name, value| variable(path, name, &[features], value, false);
        Ok(Self { config, ends: [number(first, low)?, number(second, high)?] })
    }

    pub(crate) fn init(&self) -> Result<(), NnError> {
        self.ends.iter().try_for_each(allocate)
    }

    /// The element type and the device.
    pub fn options(&self) -> (Kind, Device) {
        (self.ends[0].kind(), self.ends[0].device())
    }

    /// The base as plain numbers.
    pub(crate) fn latents(&self) -> Latents {
        let ends = self.ends.each_ref().map(|ends| {
            let ends = ends.to_device(Device::Cpu).to_kind(Kind::Double);
            (0..ends.size()[0]).map(|i| ends.double_value(&[i])).collect()
        });
        let ln_beta = match self.config {
            BaseConfig::Beta { concentration, .. } => ln_beta(concentration),
            _ => 0.0,
        };
        Latents::new(self.config, ends, ln_beta)
    }

    /// `log p(z)`, `[N]` of `[N, D]`; negative infinity outside a box.
    pub fn log_prob(&self, z: &Tensor) -> Tensor {
        let [low, high] = &self.ends;
        match self.config {
            BaseConfig::Normal => {
                let normalised = (z - low) / high;
                let constant = 0.5 * (2.0 * PI).ln();
                sum(&(normalised.square() * -0.5 - high.log() - constant))
            }
            BaseConfig::Uniform { .. } => {
                let density = (-(high - low).log()).expand_as(z);
                sum(&outside(z, low, high, &density))
            }
            BaseConfig::Beta { concentration, .. } => {
                let side = high - low;
                let t = ((z - low) / &side).clamp(0.0, 1.0);
                let constant = ln_beta(concentration);
                let density =
                    (t.log() + (-&t).log1p()) * (concentration - 1.0) - constant - side.log();
                sum(&outside(z, low, high, &density))
            }
        }
    }

    /// `n` samples `[n, D]`, drawn from libtorch's generator of the device.
    pub fn sample(&self, n: i64) -> Tensor {
        let [low, high] = &self.ends;
        let size = [n, low.size()[0]];
        match self.config {
            BaseConfig::Normal => Tensor::randn(size, self.options()) * high + low,
            BaseConfig::Uniform { .. } => Tensor::rand(size, self.options()) * (high - low) + low,
            BaseConfig::Beta { concentration, .. } => {
                let gamma = || {
                    let options = (Kind::Double, self.options().1);
                    Tensor::full(size, concentration, options).internal_standard_gamma()
                };
                let (a, b) = (gamma(), gamma());
                let share = &a / (&a + b);
                share.to_kind(low.kind()) * (high - low) + low
            }
        }
    }
}

/// The logarithm of the beta function of equal parameters.
fn ln_beta(concentration: f64) -> f64 {
    let a = Tensor::from(concentration);
    a.lgamma().double_value(&[]) * 2.0 - (a * 2.0).lgamma().double_value(&[])
}

/// Negative infinity where `z` is outside the box, a NaN where it is one.
fn outside(z: &Tensor, low: &Tensor, high: &Tensor, log_density: &Tensor) -> Tensor {
    let beyond = z.lt_tensor(low).logical_or(&z.gt_tensor(high));
    log_density.full_like(f64::NEG_INFINITY).where_self(&beyond, log_density) + z * 0.0
}

impl NamedTensors for Base {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let [first, second] = &self.ends;
        match self.config {
            BaseConfig::Normal => named(&[("loc", first), ("scale", second)]),
            _ => named(&[("lower", first), ("upper", second)]),
        }
    }
}
