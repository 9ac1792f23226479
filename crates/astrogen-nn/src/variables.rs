//! Variables of a network: named at first, and given memory when they are drawn or loaded.
//!
//! A network that is built has names, shapes and first values, but one number's memory a
//! variable, all of whose elements are that number. So a config from a file can be compared with
//! the file's tensors before memory is taken for what it says.
//!
//! ```
//! use astrogen_nn::variables::{allocate, variable};
//! use tch::{Device, nn};
//!
//! let store = nn::VarStore::new(Device::Cpu);
//! // Four gigabytes, were there memory for them.
//! let weight = variable(&store.root(), "weight", &[1 << 15, 1 << 15], 0.0, true)?;
//! let scale = variable(&store.root(), "scale", &[3], 1.0, true)?;
//! allocate(&scale)?;
//! assert_eq!([weight.stride(), scale.stride()], [vec![0, 0], vec![1]]);
//! # Ok::<(), astrogen_nn::NnError>(())
//! ```

use tch::nn::Path;
use tch::{Device, TchError, Tensor};

use crate::{NamedTensors, NnError};

/// Puts a variable of one value everywhere into the path's store, under a name not yet taken, of
/// the store's element type; a dot in the name leads to a path below. It has no memory until
/// [`allocate`] gives it.
///
/// # Errors
/// [`NnError::NameTaken`], and [`NnError::Torch`] where a size is negative.
pub fn variable(
    path: &Path,
    name: &str,
    size: &[i64],
    value: f64,
    trainable: bool,
) -> Result<Tensor, NnError> {
    let number = Tensor::f_full([1i64; 0], value, (path.kind(), path.device()));
    let tensor = number.and_then(|number| number.f_expand(size, false));
    add_tensor(path, name, tensor, trainable)
}

/// Puts a buffer with its values into the path's store, of any element type: a mask or an order
/// that is saved and loaded with the weights but not trained.
///
/// # Errors
/// [`NnError::NameTaken`].
pub fn buffer(path: &Path, name: &str, values: Tensor) -> Result<Tensor, NnError> {
    add_tensor(path, name, values.f_to_device(path.device()), false)
}

/// As [`variable`], any tensor.
pub(crate) fn add_tensor(
    path: &Path,
    name: &str,
    tensor: Result<Tensor, TchError>,
    trainable: bool,
) -> Result<Tensor, NnError> {
    if let Some((below, name)) = name.split_once('.') {
        return add_tensor(&(path / below), name, tensor, trainable);
    }
    if path.get(name).is_some() {
        return Err(NnError::NameTaken { name: path.path(name) });
    }
    let tensor = tensor.map_err(|error| failed(&path.path(name), &error))?;
    Ok(path.add(name, tensor, trainable))
}

/// Gives a part's variables memory of their own, in which they keep their values; whoever shares
/// them shares that.
///
/// On the CPU the weights of convolutions lie in memory with the channels last, and libtorch then
/// makes the activations lie so too: its convolutions of few channels are several times as fast.
///
/// # Errors
/// [`NnError::Torch`] where the memory is not to be had.
pub fn allocate(part: &(impl NamedTensors + ?Sized)) -> Result<(), NnError> {
    for (name, mut variable) in part.named_tensors() {
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

fn failed(name: &str, error: &TchError) -> NnError {
    NnError::torch(format!("make the variable `{name}`"), error)
}
