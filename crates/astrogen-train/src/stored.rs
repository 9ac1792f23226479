//! A module together with the variables it is made of.

use astrogen_models::{Generator, ModelError, Network};
use tch::{Device, Tensor, nn};

use crate::TrainError;

/// The module that computes, and the store that owns its named variables.
///
/// Both share the same memory, so an optimiser that changes a variable changes the module.
#[derive(Debug)]
pub struct Stored<M> {
    /// The module.
    pub module: M,
    variables: nn::VarStore,
}

impl<M> Stored<M> {
    /// Builds a module with its first weights on a device, from what `init` makes of an empty
    /// variable path.
    ///
    /// # Errors
    /// Those of `init`; [`TrainError::Network`] where it leaves a variable without memory, as
    /// [`Network::build`] of `astrogen-nn`'s layers does before weights are drawn.
    pub fn new(
        device: Device,
        init: impl FnOnce(&nn::Path) -> Result<M, ModelError>,
    ) -> Result<Self, TrainError> {
        let variables = nn::VarStore::new(device);
        let module = init(&variables.root())?;
        let stored = Self { module, variables };
        match stored.named_tensors().iter().find(|(_, variable)| is_expanded(variable)) {
            Some((name, _)) => Err(TrainError::Network {
                network: "a network",
                reason: format!(
                    "its variable `{name}` has no memory: draw the first weights where it is \
                     built (`init` of a layer or a stack of astrogen-nn)"
                ),
            }),
            None => Ok(stored),
        }
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

    /// Names and shapes of all variables, sorted by name.
    pub(crate) fn architecture(&self) -> Vec<(String, Vec<i64>)> {
        architecture(self.named_tensors())
    }
}

impl<G: Generator + Network> Stored<G> {
    /// Refuses a generator whose weights file would lack some of its variables, and one whose
    /// images are not of the shape `[C, H, W]` that its opponent takes.
    pub(crate) fn check_against(
        &self,
        opponent: &'static str,
        image_shape: [i64; 3],
    ) -> Result<(), TrainError> {
        let refuse = |reason| Err(TrainError::Network { network: "the generator", reason });
        let shape = self.module.image_shape();
        if shape != image_shape {
            return refuse(format!(
                "it makes images {shape:?}, the {opponent} takes {image_shape:?}: give both one shape"
            ));
        }
        let (own, named) = (self.architecture(), architecture(self.module.named_tensors()));
        let differs = own.iter().find(|variable| !named.contains(variable));
        match differs.or_else(|| named.iter().find(|tensor| !own.contains(tensor))) {
            Some((name, shape)) => refuse(format!(
                "`{name}` {shape:?} is not both a variable of its path and one of its \
                 `named_tensors`: what is saved would not load"
            )),
            None => Ok(()),
        }
    }
}

fn architecture(mut named: Vec<(String, Tensor)>) -> Vec<(String, Vec<i64>)> {
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named.into_iter().map(|(name, tensor)| (name, tensor.size())).collect()
}

/// Whether several elements of a tensor are one number in memory.
fn is_expanded(tensor: &Tensor) -> bool {
    tensor.size().into_iter().zip(tensor.stride()).any(|(size, stride)| size > 1 && stride == 0)
}

/// Puts `prefix.` before every name: how a step lists what its parts are made of
/// ([`State::state`](crate::State::state)).
///
/// ```
/// use astrogen_train::prefixed;
/// use tch::Tensor;
///
/// let named = vec![("weight".to_owned(), Tensor::from_slice(&[1.0]))];
/// let names: Vec<_> = prefixed("encoder", named).map(|(name, _)| name).collect();
/// assert_eq!(names, ["encoder.weight"]);
/// ```
pub fn prefixed(
    prefix: &str,
    named: Vec<(String, Tensor)>,
) -> impl Iterator<Item = (String, Tensor)> {
    named.into_iter().map(move |(name, tensor)| (format!("{prefix}.{name}"), tensor))
}
