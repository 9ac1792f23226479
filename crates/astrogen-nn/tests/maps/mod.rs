//! Maps as the kernels have them, and how far one tensor is from another.

use tch::{Kind, Tensor};

/// Numbers of a tensor, in its own order.
pub(crate) fn numbers(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.flatten(0, -1)).expect("numbers")
}

/// Maps `[N, C, H, W]` as numbers with channels last, and back.
pub(crate) fn channels_last(maps: &Tensor) -> Vec<f32> {
    numbers(&maps.permute([0, 2, 3, 1]).contiguous())
}

pub(crate) fn channels_first(numbers: &[f32], [n, c, h, w]: [i64; 4]) -> Tensor {
    Tensor::from_slice(numbers).view([n, h, w, c]).permute([0, 3, 1, 2])
}

/// The root mean square of the error, in units of the values' own.
pub(crate) fn error(got: &Tensor, expected: &Tensor) -> f64 {
    let rms = |x: &Tensor| x.square().mean(Kind::Double).sqrt().double_value(&[]);
    assert_eq!(got.size(), expected.size());
    rms(&(got.to_kind(Kind::Double) - expected)) / rms(expected)
}
