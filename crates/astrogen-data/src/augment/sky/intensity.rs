//! What changes the brightness of pixels where they are. Each function takes images
//! `[N, C, H, W]` and a number for each of them, `[N, 1, 1, 1]`; a factor of 1 and an offset of 0
//! change nothing.

use tch::Tensor;

/// One of them.
pub(super) type Change = fn(&Tensor, &Tensor) -> Tensor;

/// Light above black, -1, times a factor: `(x + 1) f - 1`.
pub(super) fn dilate_flux(images: &Tensor, factors: &Tensor) -> Tensor {
    images * factors + (factors - 1.0)
}

/// `x + b`, ADA's brightness.
pub(super) fn add_offsets(images: &Tensor, offsets: &Tensor) -> Tensor {
    images + offsets
}

/// `f x`, ADA's contrast, about mid grey.
pub(super) fn scale_contrast(images: &Tensor, factors: &Tensor) -> Tensor {
    images * factors
}

/// `m + f (x - m)` with the mean `m` of the bands, ADA's saturation: with three bands `m` is what
/// lies along grey, for any number of them it is defined alike.
pub(super) fn scale_saturation(images: &Tensor, factors: &Tensor) -> Tensor {
    let grey = images.mean_dim(Some([1].as_slice()), true, None);
    images * factors + grey * (1.0 - factors)
}
