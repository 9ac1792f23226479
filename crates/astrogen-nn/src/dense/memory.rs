//! The memory of tensors.

#![allow(unsafe_code, reason = "tch gives tensor memory only as a raw pointer")]

use std::slice;

use tch::{Device, Kind, Tensor};

/// The numbers of a tensor of single precision on the CPU, row by row.
pub(super) fn memory(tensor: &Tensor) -> &[f32] {
    check(tensor);
    if tensor.numel() == 0 {
        return &[];
    }
    // SAFETY: the tensor is so many numbers of single precision without gaps (checked), alive as
    // long as the slice. Weights change in optimisers and where weights are loaded, both of
    // which come after the pass that reads them.
    unsafe { slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
}

/// As [`memory`], to be written.
pub(super) fn memory_mut(tensor: &mut Tensor) -> &mut [f32] {
    check(tensor);
    if tensor.numel() == 0 {
        return &mut [];
    }
    // SAFETY: as for `memory`; who else holds a view on gradients reads it between passes.
    unsafe { slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) }
}

fn check(tensor: &Tensor) {
    let options = (tensor.kind(), tensor.device());
    assert!(
        options == (Kind::Float, Device::Cpu) && tensor.is_contiguous(),
        "weights of a pass are single precision on the CPU, without gaps"
    );
}
