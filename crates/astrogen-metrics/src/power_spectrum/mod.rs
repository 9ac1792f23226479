//! Power spectra of images, and the mesh that a generator leaves at the Nyquist frequency.
//!
//! For images `[N, C, H, W]`, each channel of each image less its mean and under a Hann window
//! along both axes,
//!
//! ```text
//! P(u, v) = mean over n and c of |sum over y and x of w_y w_x (image - mean) exp(-2 pi i (u y / H + v x / W))|^2
//! ```
//!
//! Networks that double their images by transposed convolutions of stride 2 treat odd and even
//! pixels differently, and the difference is a mesh of period 2: power at the Nyquist frequency
//! of either axis, `u = H / 2` or `v = W / 2`, which the sky has little of (Odena, Dumoulin &
//! Olah 2016, *Deconvolution and Checkerboard Artifacts*). [`nyquist_ratio`] is how much more of
//! it samples have than reals:
//!
//! ```text
//! (mean over v of P(H / 2, v) + mean over u of P(u, W / 2)), of the fakes over that of the reals
//! ```
//!
//! 1 is the reals' own; an eye sees the mesh from some 3 on.
//!
//! [`radial`] averages the power over all directions and compares two sets scale by scale.

pub mod radial;

use tch::{Device, Kind, TchError, Tensor};

use crate::MetricsError;
use crate::sliced_wasserstein::{batch_shape, check_finite};

/// Images that are worked on at a time.
const CHUNK: i64 = 128;

/// The mean power spectrum of images `[N, C, H, W]`, float64 `[H, W]` on their device, with the
/// zero frequency first along both axes; see the [module](self).
///
/// ```
/// use astrogen_metrics::power_spectrum::power_spectrum;
/// use tch::{Kind, Tensor};
///
/// let rows = Tensor::from_slice(&[1.0f64, -1.0]).repeat([8]).view([1, 1, 16, 1]); // period 2
/// let power = power_spectrum(&rows.expand([3, 2, 16, 16], false))?;
/// assert_eq!(power.argmax(None, false).int64_value(&[]), 8 * 16); // u = 8, v = 0
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Shape`], [`MetricsError::BadKind`] or [`MetricsError::NotFinite`] for
/// images that cannot be measured, [`MetricsError::Torch`] most likely for want of memory.
pub fn power_spectrum(images: &Tensor) -> Result<Tensor, MetricsError> {
    spectrum_of("given", images)
}

/// Power of the fakes at the Nyquist frequency of either axis over that of the reals, both
/// `[N, C, H, W]` with even sides; see the [module](self). Not a number where reals and fakes
/// have none, infinite where only the reals have none.
///
/// # Errors
/// Those of [`power_spectrum`]; [`MetricsError::DifferentShapes`] where the images of the two
/// sets differ in shape, [`MetricsError::OddSide`] where a side is odd.
pub fn nyquist_ratio(real: &Tensor, fake: &Tensor) -> Result<f64, MetricsError> {
    let [real_shape, fake_shape] = [batch_shape("real", real)?, batch_shape("fake", fake)?];
    if real_shape[1..] != fake_shape[1..] {
        let [real, fake] = [real_shape, fake_shape].map(|shape| shape[1..].to_vec());
        return Err(MetricsError::DifferentShapes { real, fake });
    }
    let [_, _, height, width] = real_shape;
    if height % 2 != 0 || width % 2 != 0 {
        return Err(MetricsError::OddSide { height, width });
    }
    let at_nyquist = |set, images| -> Result<f64, MetricsError> {
        let power = spectrum_of(set, images)?;
        let (row, column) = (power.f_select(0, height / 2)?, power.f_select(1, width / 2)?);
        let mean = |line: Tensor| line.f_mean(Kind::Double)?.f_double_value(&[]);
        Ok(mean(row)? + mean(column)?)
    };
    Ok(at_nyquist("fake", fake)? / at_nyquist("real", real)?)
}

fn spectrum_of(set: &'static str, images: &Tensor) -> Result<Tensor, MetricsError> {
    let [n, c, height, width] = float_shape(set, images)?;
    let window = window(height, width, images.device())?;
    let mut sum = Tensor::f_zeros([height, width], (Kind::Double, images.device()))?;
    for images in chunks(set, images)? {
        let power = power_of(&images?, &window)?;
        sum = sum.f_add(&power.f_sum_dim_intlist(&[0i64, 1][..], false, Kind::Double)?)?;
    }
    Ok(sum.f_div_scalar((n * c) as f64)?)
}

/// The shape `[N, C, H, W]` of images of floats.
pub(crate) fn float_shape(set: &'static str, images: &Tensor) -> Result<[i64; 4], MetricsError> {
    let shape = batch_shape(set, images)?;
    if !images.is_floating_point() {
        return Err(MetricsError::BadKind { set, got: images.kind() });
    }
    Ok(shape)
}

/// The Hann window along both axes, `[H, W]`.
fn window(height: i64, width: i64, device: Device) -> Result<Tensor, TchError> {
    let window = |side| Tensor::f_hann_window_periodic(side, false, (Kind::Double, device));
    window(height)?.f_unsqueeze(1)?.f_mul(&window(width)?)
}

/// Some images at a time, in float64 and finite.
pub(crate) fn chunks(
    set: &'static str,
    images: &Tensor,
) -> Result<impl Iterator<Item = Result<Tensor, MetricsError>>, MetricsError> {
    let chunks = images.f_detach()?.f_split(CHUNK, 0)?;
    Ok(chunks.into_iter().map(move |images| {
        let images = images.f_to_kind(Kind::Double)?;
        check_finite(set, &images)?;
        Ok(images)
    }))
}

/// The squared Fourier transform of each channel less its mean and under the window.
fn power_of(images: &Tensor, window: &Tensor) -> Result<Tensor, TchError> {
    let centred = images.f_sub(&images.f_mean_dim(&[2i64, 3][..], true, Kind::Double)?)?;
    let waves = centred.f_mul(window)?.f_fft_fft2(None::<&[i64]>, [-2i64, -1], "backward")?;
    waves.f_abs()?.f_square()
}
