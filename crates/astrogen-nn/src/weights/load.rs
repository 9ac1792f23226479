//! From tensors into the variables of a network: everything fits or nothing is loaded.

use std::collections::BTreeMap;
use std::path::Path;

use tch::{Tensor, nn::VarStore};

use super::read;
use crate::NnError;
use crate::error::WeightMismatch;

/// Puts tensors into the variables of a store, trainable or not, on whichever device they
/// are. Names, shapes and element types must all fit: nothing is broadcast, converted or
/// left out, and nothing is loaded unless everything fits.
///
/// # Errors
/// [`NnError::Mismatch`] with every difference.
pub fn load_into(var_store: &VarStore, tensors: &BTreeMap<String, Tensor>) -> Result<(), NnError> {
    copy_into(var_store.variables(), tensors, "the set of tensors given")
}

/// Reads a weights file into the variables of a store, as [`load_into`] does. The file
/// needs no metadata: `safetensors.torch.save_file(net.state_dict(), path)` makes one.
///
/// # Errors
/// Those of [`read`] and [`load_into`].
pub fn load_weights(var_store: &VarStore, path: impl AsRef<Path>) -> Result<(), NnError> {
    read(path)?.load_into(var_store)
}

/// Copies tensors into named variables, as [`load_into`] does into those of a store; a
/// refusal says that the tensors came from `origin`.
///
/// # Errors
/// [`NnError::Mismatch`] with every difference.
pub fn copy_into(
    variables: impl IntoIterator<Item = (String, Tensor)>,
    tensors: &BTreeMap<String, Tensor>,
    origin: &str,
) -> Result<(), NnError> {
    let variables = check(variables, tensors, origin)?;
    tch::no_grad(|| {
        for (name, tensor) in tensors {
            let mut variable = variables[name].shallow_clone();
            variable
                .f_copy_(tensor)
                .map_err(|error| NnError::torch(format!("load `{name}`"), &error))?;
        }
        Ok(())
    })
}

/// Refuses tensors that are not those of the variables, which it gives back by name.
///
/// # Errors
/// [`NnError::Mismatch`] with every difference.
pub(crate) fn check(
    variables: impl IntoIterator<Item = (String, Tensor)>,
    tensors: &BTreeMap<String, Tensor>,
    origin: &str,
) -> Result<BTreeMap<String, Tensor>, NnError> {
    let variables: BTreeMap<_, _> = variables.into_iter().collect();
    let mismatch = compare(&variables, tensors);
    if mismatch.is_empty() {
        return Ok(variables);
    }
    Err(NnError::Mismatch { origin: origin.to_owned(), mismatch })
}

fn compare(
    variables: &BTreeMap<String, Tensor>,
    tensors: &BTreeMap<String, Tensor>,
) -> WeightMismatch {
    let form = |tensor: &Tensor| (tensor.kind(), tensor.size());
    let mut mismatch = WeightMismatch::default();
    for (name, variable) in variables {
        let (kind, size) = form(variable);
        match tensors.get(name).map(form) {
            None => mismatch.missing.push(format!("{name} {kind:?} {size:?}")),
            Some(got) if got != (kind, size.clone()) => mismatch
                .different
                .push(format!("{name}: expected {kind:?} {size:?}, got {:?} {:?}", got.0, got.1)),
            Some(_) => {}
        }
    }
    for (name, tensor) in tensors.iter().filter(|(name, _)| !variables.contains_key(*name)) {
        let (kind, size) = form(tensor);
        mismatch.unexpected.push(format!("{name} {kind:?} {size:?}"));
    }
    mismatch
}
