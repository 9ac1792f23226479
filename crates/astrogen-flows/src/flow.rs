//! A flow, and the distribution that it is once given a context.

use astrogen_nn::{NamedTensors, Network, NnError, named, network_methods};
use tch::nn::Path;
use tch::{Device, Kind, Tensor, no_grad};

use crate::transform::{Composed, LazyTransform, Transform};
use crate::zoo::FlowConfig;
use crate::{Base, FlowError};

/// Rows that a sample takes through the flow at a time.
const CHUNK: i64 = 1 << 14;

/// A conditional density of features, `p(x | c)`.
#[derive(Debug)]
pub struct Flow {
    config: FlowConfig,
    transforms: Vec<Box<dyn LazyTransform>>,
    base: Base,
    /// What the transforms are called in weights files.
    prefix: &'static str,
}

impl Flow {
    pub(crate) fn new(
        config: FlowConfig,
        prefix: &'static str,
        transforms: Vec<Box<dyn LazyTransform>>,
        base: Base,
    ) -> Self {
        Self { config, transforms, base, prefix }
    }

    /// The distribution for a context: `[N, C]`, one row for each row of features; `[C]`, one for
    /// all; or `None`. In physical units, where the config has the context's.
    ///
    /// # Errors
    /// [`FlowError::Context`] where there is one and should not be, or the other way round;
    /// [`FlowError::Shape`] for another width; [`FlowError::Misfit`] where a mask that came with the
    /// weights does not fit.
    pub fn given<'c>(
        &self,
        context: impl Into<Option<&'c Tensor>>,
    ) -> Result<Given<'_>, FlowError> {
        for (index, transform) in self.transforms.iter().enumerate() {
            if let Some(reason) = transform.misfit() {
                return Err(FlowError::Misfit { index, reason });
            }
        }
        let expected = self.config.context;
        let context = match context.into() {
            None if expected > 0 => {
                let hint = "give a tensor of shape [N, C] or [C]";
                return Err(FlowError::Context { expected, got: "none".to_owned(), hint });
            }
            None => None,
            Some(_) if expected == 0 => {
                let (got, hint) = ("some".to_owned(), "give None");
                return Err(FlowError::Context { expected, got, hint });
            }
            Some(context) => {
                let got = context.size();
                let one = got.len() == 1;
                if !(got.len() == 2 || one) || got.last() != Some(&expected) {
                    let expected = format!("[N, {expected}] or [{expected}]");
                    return Err(FlowError::Shape { what: "the context", expected, got });
                }
                let (kind, device) = self.base.options();
                let context = if one { context.f_unsqueeze(0)? } else { context.shallow_clone() };
                let context = context.f_to_device(device)?.f_to_kind(kind)?;
                Some((self.config.context_units.call_and_ladj(&context).0, one))
            }
        };
        let (context, one) = context.map_or((None, true), |(context, one)| (Some(context), one));
        Ok(Given { flow: self, context, one })
    }

    /// The element type and the device of the weights.
    pub fn options(&self) -> (Kind, Device) {
        self.base.options()
    }

    /// The transforms, first to last.
    pub fn transforms(&self) -> &[Box<dyn LazyTransform>] {
        &self.transforms
    }

    /// Gives the weights memory of their own and draws their first values, as
    /// [`FlowConfig::init`] does.
    ///
    /// # Errors
    /// [`NnError::Torch`] where the memory is not to be had.
    pub fn init(&self) -> Result<(), NnError> {
        self.base.init()?;
        let identity = self.config.identity;
        self.transforms.iter().try_for_each(|transform| transform.init(identity))
    }
}

/// A flow given a context: a distribution of features.
#[derive(Debug)]
pub struct Given<'a> {
    flow: &'a Flow,
    /// `[N, C]`, or one row for all, in the units of the networks.
    context: Option<Tensor>,
    /// Whether there is one context for all rows, or none.
    one: bool,
}

impl Given<'_> {
    /// The log-density of each row of features `[N, D]`, in nats: `[N]`. In physical units, where
    /// the config has the features'.
    ///
    /// # Errors
    /// [`FlowError::Shape`] where there is not one row of features for each of the context, or
    /// they are not `D`.
    pub fn log_prob(&self, x: &Tensor) -> Result<Tensor, FlowError> {
        let (z, ladj) = self.call_and_ladj(x)?;
        Ok(self.flow.base.log_prob(&z) + ladj)
    }

    /// `z`, `[N, D]`, and `log |det dz/dx|`, `[N]`, of features `[N, D]`.
    ///
    /// # Errors
    /// Those of [`log_prob`](Self::log_prob).
    pub fn call_and_ladj(&self, x: &Tensor) -> Result<(Tensor, Tensor), FlowError> {
        let x = self.rows("features", x)?;
        let (x, units) = self.flow.config.feature_units.call_and_ladj(&x);
        let (z, ladj) = composed(self.flow, self.context.as_ref()).call_and_ladj(&x);
        Ok((z, ladj + units))
    }

    /// The features of `z`, `[N, D]`.
    ///
    /// # Errors
    /// Those of [`log_prob`](Self::log_prob), and [`FlowError::Singular`].
    pub fn inverse(&self, z: &Tensor) -> Result<Tensor, FlowError> {
        let z = self.rows("latents", z)?;
        self.check_inverse()?;
        let x = composed(self.flow, self.context.as_ref()).inverse(&z);
        Ok(self.flow.config.feature_units.inverse(&x))
    }

    /// `n` samples: `[n, D]` given one context or none, `[n, N, D]` given contexts `[N, C]`. They
    /// are drawn from libtorch's generator of the flow's device; no gradients.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where `n` is negative, [`FlowError::Singular`] where the weights make
    /// no bijection.
    pub fn sample(&self, n: i64) -> Result<Tensor, FlowError> {
        Ok(self.draw(n, false)?.0)
    }

    /// Samples as [`sample`](Self::sample) draws them, and the log-density of each: `[n]`, or
    /// `[n, N]`.
    ///
    /// # Errors
    /// Those of [`sample`](Self::sample).
    pub fn sample_and_log_prob(&self, n: i64) -> Result<(Tensor, Tensor), FlowError> {
        self.draw(n, true)
    }

    /// Samples, and their log-densities if they are wanted.
    fn draw(&self, n: i64, densities: bool) -> Result<(Tensor, Tensor), FlowError> {
        if n < 0 {
            let (name, rule) = ("n", "0 or more".to_owned());
            return Err(FlowError::Setting { name, rule, got: n.to_string() });
        }
        self.check_inverse()?;
        no_grad(|| {
            let contexts = self.context.as_ref().map_or(1, |context| context.size()[0]);
            let z = self.flow.base.sample(n * contexts);
            let (mut samples, mut log_prob) = (Vec::new(), Vec::new());
            let mut at = 0;
            while at < n * contexts {
                let rows = CHUNK.min(n * contexts - at);
                let chunk = self.at(at, rows)?;
                let x = chunk.inverse(&z.narrow(0, at, rows))?;
                if densities {
                    log_prob.push(chunk.log_prob(&x)?);
                }
                samples.push(x);
                at += rows;
            }
            let (kind, device) = self.flow.base.options();
            let joined = |parts: Vec<Tensor>, columns: Option<i64>| -> Result<Tensor, FlowError> {
                let columns: Vec<i64> = columns.into_iter().collect();
                let size = |first: &[i64]| [first, &columns].concat();
                let all = match parts.is_empty() {
                    true => Tensor::f_zeros(size(&[0]), (kind, device))?,
                    false => Tensor::f_cat(&parts, 0)?,
                };
                let shape = if self.one { vec![n] } else { vec![n, contexts] };
                Ok(all.f_view(&size(&shape)[..])?)
            };
            let features = self.flow.config.features;
            let log_prob = if densities {
                joined(log_prob, None)?
            } else {
                Tensor::zeros([0], (kind, device))
            };
            Ok((joined(samples, Some(features))?, log_prob))
        })
    }

    /// The distribution of some rows, counted over all samples: contexts come in turn.
    fn at(&self, first: i64, rows: i64) -> Result<Given<'_>, FlowError> {
        let context = match &self.context {
            Some(context) if !self.one => {
                let contexts = context.size()[0];
                let numbers =
                    Tensor::f_arange_start(first, first + rows, (Kind::Int64, context.device()))?;
                Some(context.f_index_select(0, &numbers.f_remainder(contexts)?)?)
            }
            other => other.as_ref().map(Tensor::shallow_clone),
        };
        Ok(Given { flow: self.flow, context, one: self.one })
    }

    /// The flow.
    pub(crate) fn flow(&self) -> &Flow {
        self.flow
    }

    /// The distribution of `count` rows from `first` on, each so many times in a row.
    pub(crate) fn repeated(
        &self,
        first: i64,
        count: i64,
        times: i64,
    ) -> Result<Given<'_>, FlowError> {
        let context = match &self.context {
            Some(context) if !self.one => Some(
                context.f_narrow(0, first, count)?.f_repeat_interleave_self_int(times, 0, None)?,
            ),
            other => other.as_ref().map(Tensor::shallow_clone),
        };
        Ok(Given { flow: self.flow, context, one: self.one })
    }

    /// The rows, of the flow's type and on its device.
    pub(crate) fn rows(&self, what: &'static str, x: &Tensor) -> Result<Tensor, FlowError> {
        let (got, features) = (x.size(), self.flow.config.features);
        let rows = self.context.as_ref().filter(|_| !self.one).map(|context| context.size()[0]);
        let fits = got.len() == 2 && got[1] == features && rows.is_none_or(|rows| rows == got[0]);
        if !fits {
            let rows = rows.map_or("N".to_owned(), |rows| rows.to_string());
            return Err(FlowError::Shape { what, expected: format!("[{rows}, {features}]"), got });
        }
        let (kind, device) = self.flow.base.options();
        Ok(x.f_to_device(device)?.f_to_kind(kind)?)
    }

    fn check_inverse(&self) -> Result<(), FlowError> {
        for (index, transform) in self.flow.transforms.iter().enumerate() {
            if let Some(reason) = transform.singular() {
                return Err(FlowError::Singular { index, reason });
            }
        }
        Ok(())
    }
}

/// All transforms given a context.
fn composed<'a>(flow: &'a Flow, context: Option<&'a Tensor>) -> Composed<'a> {
    Composed::new(flow.transforms.iter().map(|transform| transform.given(context)).collect())
}

impl NamedTensors for Flow {
    fn named_tensors(&self) -> Vec<(String, Tensor)> {
        named(&[(self.prefix, &self.transforms), ("base", &self.base)])
    }
}

impl Network for Flow {
    type Config = FlowConfig;
    const MODEL: &str = "flow";
    const FILE: &str = "flow.safetensors";

    fn build(config: &FlowConfig, path: &Path) -> Result<Self, NnError> {
        config.build(path).map_err(FlowError::into_nn)
    }

    fn config(&self) -> &FlowConfig {
        &self.config
    }
}

network_methods!(Flow);
