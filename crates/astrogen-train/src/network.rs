//! A module together with the variables it is made of.

use astrogen_models::ModelError;
use tch::{Device, Tensor, nn};

/// A network: the module that computes, and the store that owns its named variables.
///
/// Both share the same memory, so an optimiser that changes a variable changes the module.
#[derive(Debug)]
pub struct Network<M> {
    /// The module.
    pub module: M,
    variables: nn::VarStore,
}

impl<M> Network<M> {
    /// Builds a module on a device from what `init` makes of an empty variable path.
    ///
    /// # Errors
    /// Those of `init`.
    pub fn new(
        device: Device,
        init: impl FnOnce(&nn::Path) -> Result<M, ModelError>,
    ) -> Result<Self, ModelError> {
        let variables = nn::VarStore::new(device);
        let module = init(&variables.root())?;
        Ok(Self { module, variables })
    }

    /// The device the network lives on.
    pub fn device(&self) -> Device {
        self.variables.device()
    }

    /// Every variable, buffers included, under its state_dict name, sorted by name.
    pub fn named_tensors(&self) -> Vec<(String, Tensor)> {
        let mut named: Vec<_> = self.variables.variables().into_iter().collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        named
    }

    /// The variables that training changes by gradients, sorted by name.
    pub fn parameters(&self) -> Vec<(String, Tensor)> {
        let mut named = self.named_tensors();
        named.retain(|(_, tensor)| tensor.requires_grad());
        named
    }
}

/// Puts `prefix.` before every name.
pub(crate) fn prefixed(
    prefix: &str,
    named: Vec<(String, Tensor)>,
) -> impl Iterator<Item = (String, Tensor)> {
    named.into_iter().map(move |(name, tensor)| (format!("{prefix}.{name}"), tensor))
}
