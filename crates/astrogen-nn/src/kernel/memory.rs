//! The memory of tensors.

#![allow(unsafe_code, reason = "tch gives tensor memory only as a raw pointer")]

use std::slice;

use tch::{Device, Kind, Tensor};

/// The numbers of a tensor of single precision on the CPU, row by row.
pub(crate) fn memory(tensor: &Tensor) -> &[f32] {
    check(tensor);
    if tensor.numel() == 0 {
        return &[];
    }
    // SAFETY: the tensor is so many numbers of single precision without gaps (checked), alive as
    // long as the slice. Who has it, in this crate, changes neither the tensor nor one that shares
    // its memory before letting it go; what is called of libtorch meanwhile writes elsewhere.
    unsafe { slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
}

/// As [`memory`], to be written.
pub(crate) fn memory_mut(tensor: &mut Tensor) -> &mut [f32] {
    check(tensor);
    if tensor.numel() == 0 {
        return &mut [];
    }
    // SAFETY: as for `memory`; the tensor is borrowed to be changed, and until the slice is let go its
    // numbers are read and written through it alone.
    unsafe { slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) }
}

fn check(tensor: &Tensor) {
    let options = (tensor.kind(), tensor.device());
    assert!(
        options == (Kind::Float, Device::Cpu) && tensor.is_contiguous(),
        "weights of a pass are single precision on the CPU, without gaps"
    );
}
