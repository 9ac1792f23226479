//! Tables of numbers in double precision as tensors, and back.

use ndarray::Array2;
use tch::{Device, Kind, Tensor};

use crate::DataError;

/// A table `[N, D]` as a tensor in double precision on the host.
///
/// # Errors
/// [`DataError::Tensor`] where the memory is not to be had.
pub fn tensor_of(table: &Array2<f64>) -> Result<Tensor, DataError> {
    let (n, d) = table.dim();
    let values: Vec<f64> = table.iter().copied().collect();
    Ok(Tensor::f_from_slice(&values)?.f_view([n as i64, d as i64])?)
}

/// A tensor `[N, D]` of any element type, on any device, as a table.
///
/// ```
/// use astrogen_data::{table_of, tensor_of};
///
/// let table = ndarray::array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
/// assert_eq!(table_of(&tensor_of(&table)?)?, table);
/// # Ok::<(), astrogen_data::DataError>(())
/// ```
///
/// # Errors
/// [`DataError::Setting`] for a tensor of another number of dimensions; [`DataError::Tensor`] where
/// libtorch refuses.
pub fn table_of(tensor: &Tensor) -> Result<Array2<f64>, DataError> {
    let size = tensor.size();
    let [n, d] = size[..] else {
        let rule = "a tensor [N, D]".to_owned();
        return Err(DataError::Setting { name: "table", rule, got: format!("{size:?}") });
    };
    let plain = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_contiguous()?;
    let mut table = Array2::zeros([n as usize, d as usize]);
    // Zeros are in standard order.
    if let Some(values) = table.as_slice_mut() {
        plain.f_copy_data(values, plain.numel())?;
    }
    Ok(table)
}
