//! A flow: its transforms, its base, and the file that it is saved in.

use astrogen_nn::{NamedTensors, Network, NnError, named, network_methods};
use tch::nn::Path;
use tch::{Device, Kind, Tensor};

use crate::transform::{LazyTransform, Transform};
use crate::zoo::FlowConfig;
use crate::{Base, FlowError, Given};

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
        Ok(Given::new(self, context, one))
    }

    /// The element type and the device of the weights.
    pub fn options(&self) -> (Kind, Device) {
        self.base.options()
    }

    /// Features and context values.
    pub(crate) fn sizes(&self) -> [usize; 2] {
        [self.config.features, self.config.context].map(|size| size as usize)
    }

    pub(crate) fn base(&self) -> &Base {
        &self.base
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
