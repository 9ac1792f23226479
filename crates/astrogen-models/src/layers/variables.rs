//! Variables of a network: named at first, and given memory when they are drawn or loaded.
//!
//! A network that is built has names, shapes and first values, but one number's memory a
//! variable, all of whose elements are that number. So a config from a file can be compared with
//! the file's tensors before memory is taken for what it says.

use tch::nn::Path;
use tch::{Device, Kind, TchError, Tensor};

use crate::ModelError;

/// A variable of one value everywhere, without memory for all of it.
pub(crate) fn filled(
    size: &[i64],
    value: f64,
    options: (Kind, Device),
) -> Result<Tensor, TchError> {
    Tensor::f_full([1i64; 0], value, options)?.f_expand(size, false)
}

/// Puts a variable into the path's store, under a name not yet taken, of the store's element
/// type; a dot in the name leads to a path below. It has no memory until [`allocate`] gives it.
pub(crate) fn add(
    path: &Path,
    name: &str,
    size: &[i64],
    value: f64,
    trainable: bool,
) -> Result<Tensor, ModelError> {
    add_tensor(path, name, filled(size, value, (path.kind(), path.device())), trainable)
}

/// As [`add`], any tensor.
pub(crate) fn add_tensor(
    path: &Path,
    name: &str,
    tensor: Result<Tensor, TchError>,
    trainable: bool,
) -> Result<Tensor, ModelError> {
    if let Some((below, name)) = name.split_once('.') {
        return add_tensor(&(path / below), name, tensor, trainable);
    }
    if path.get(name).is_some() {
        return Err(ModelError::NameTaken { name: path.path(name) });
    }
    let tensor = tensor.map_err(|error| failed(&path.path(name), &error))?;
    Ok(path.add(name, tensor, trainable))
}

/// Gives variables memory of their own, in which they keep their values; whoever shares them
/// shares that.
///
/// On the CPU the weights of convolutions lie in memory with the channels last, and libtorch then
/// makes the activations lie so too: its convolutions of few channels are several times as fast.
///
/// # Errors
/// [`ModelError::Torch`] where the memory is not to be had.
pub(crate) fn allocate(
    variables: impl IntoIterator<Item = (String, Tensor)>,
) -> Result<(), ModelError> {
    for (name, mut variable) in variables {
        let own = tch::no_grad(|| match (variable.dim(), variable.device()) {
            (4, Device::Cpu) => {
                variable.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])
            }
            _ => variable.f_contiguous(),
        });
        own.and_then(|own| variable.f_set_data(&own)).map_err(|error| failed(&name, &error))?;
    }
    Ok(())
}

fn failed(name: &str, error: &TchError) -> ModelError {
    ModelError::torch(format!("make the variable `{name}`"), error)
}
