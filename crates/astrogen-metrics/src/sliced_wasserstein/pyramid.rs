//! The Laplacian pyramid: an image as details of halving scales.
//!
//! With the binomial filter `b = (1, 4, 6, 4, 1) / 16` along both axes and the image mirrored
//! about its border pixels (`d c b | a b c d | c b a`),
//!
//! ```text
//! down(g)     every second row and column of b * g
//! up(g)       4 b * (g with a zero row and column after each of its own)
//! g_0         the image,   g_(k+1) = down(g_k)
//! level k     g_k - up(g_(k+1)),   the last level g_K itself
//! ```
//!
//! (Burt and Adelson 1983, *The Laplacian Pyramid as a Compact Image Code*). Level `k` holds
//! what is too fine for the next one, and their sum is the image: see [`reconstruct`].
//!
//! The filter is a sum of shifted images, not a convolution of libtorch: cuDNN may round the
//! factors of a convolution to ten bits, which would show in the small differences here.

use tch::{TchError, Tensor};

use crate::MetricsError;

/// Half of a level's height and width.
///
/// # Errors
/// [`MetricsError::CannotHalve`] unless both are even and 4 or more, the least that the
/// filter's mirrored border needs.
pub(super) fn halved([height, width]: [i64; 2]) -> Result<[i64; 2], MetricsError> {
    if [height, width].iter().any(|side| side % 2 != 0 || *side < 4) {
        return Err(MetricsError::CannotHalve { height, width });
    }
    Ok([height / 2, width / 2])
}

/// The Laplacian pyramid of images `[N, C, H, W]`, in their kind and on their device: the
/// finest level first, each half as high and wide as the one before. One level is the images
/// themselves, as is none.
///
/// ```
/// use astrogen_metrics::sliced_wasserstein::pyramid;
/// use tch::{Kind, Tensor};
///
/// let images = Tensor::arange(2 * 16 * 16, (Kind::Double, tch::Device::Cpu)).view([1, 2, 16, 16]);
/// let levels = pyramid::laplacian(&images, 3)?;
/// assert_eq!(levels[2].size(), [1, 2, 4, 4]);
/// assert_eq!(pyramid::reconstruct(&levels)?, images);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::CannotHalve`] where a level but the last has a side that is odd or below 4;
/// [`MetricsError::Torch`] for a tensor that is not `[N, C, H, W]` of floats.
pub fn laplacian(images: &Tensor, levels: usize) -> Result<Vec<Tensor>, MetricsError> {
    let mut pyramid = Vec::with_capacity(levels.max(1));
    let mut current = images.shallow_clone();
    for _ in 1..levels {
        let (_, _, height, width) = current.size4()?;
        halved([height, width])?;
        let next = down(&current)?;
        pyramid.push(current.f_sub(&up(&next)?)?);
        current = next;
    }
    pyramid.push(current);
    Ok(pyramid)
}

/// The images whose [`laplacian`] pyramid this is, up to rounding: from the coarsest level
/// to the finest, `g_k = level k + up(g_(k+1))`.
///
/// # Errors
/// [`MetricsError::Torch`] where there is no level, or one is not twice as high and wide as
/// the next.
pub fn reconstruct(pyramid: &[Tensor]) -> Result<Tensor, MetricsError> {
    let Some((coarsest, finer)) = pyramid.split_last() else {
        return Err(TchError::Shape("a pyramid has at least one level".into()).into());
    };
    let images = coarsest.shallow_clone();
    Ok(finer.iter().rev().try_fold(images, |images, level| level.f_add(&up(&images)?))?)
}

/// `[N, C, H, W]` -> `[N, C, H/2, W/2]`.
fn down(images: &Tensor) -> Result<Tensor, TchError> {
    smooth(&smooth(images, 2, 2)?, 3, 2)
}

/// `[N, C, H, W]` -> `[N, C, 2H, 2W]`.
fn up(images: &Tensor) -> Result<Tensor, TchError> {
    let (n, c, height, width) = images.size4()?;
    let spread = images
        .f_reshape([n, c, height, 1, width, 1])?
        .f_constant_pad_nd([0, 1, 0, 0, 0, 1])? // [n, c, height, 2, width, 2]
        .f_reshape([n, c, 2 * height, 2 * width])?;
    smooth(&smooth(&spread, 2, 1)?, 3, 1)?.f_mul_scalar_(4.0)
}

/// The binomial filter along dimension 2 or 3, at every `stride`-th pixel.
fn smooth(images: &Tensor, dim: i64, stride: i64) -> Result<Tensor, TchError> {
    let (_, _, height, width) = images.size4()?;
    let (border, side) = if dim == 2 { ([0, 0, 2, 2], height) } else { ([2, 2, 0, 0], width) };
    let mirrored = images.f_reflection_pad2d(border)?;
    let tap = |shift: i64| mirrored.f_slice(dim, shift, shift + side, stride);
    let inner = tap(1)?.f_add(&tap(3)?)?.f_mul_scalar_(4.0)?;
    let outer = tap(0)?.f_add(&tap(4)?)?;
    outer.f_add(&inner)?.f_add(&tap(2)?.f_mul_scalar(6.0)?)?.f_mul_scalar_(1.0 / 16.0)
}
