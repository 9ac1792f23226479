//! Power by scale: the power spectrum averaged over directions, image by image.
//!
//! With the power `P(u, v)` of one channel of one image as in the
//! [parent module](super) and the window `w`, frequencies in cycles per pixel are
//! `f = sqrt((u / H)^2 + (v / W)^2)`, and with the shorter side `S = min(H, W)`
//!
//! ```text
//! bin k        the modes with k - 1/2 <= S f < k + 1/2,   k = 1 to S / 2,   about f = k / S
//! power p(k)   the mean over the modes of bin k of P(u, v) / sum over y and x of (w_y w_x)^2
//! ```
//!
//! so that the bins of square images are the integer radii up to the Nyquist frequency, those of
//! other images have the same width in every direction, and white noise of variance `s^2` has
//! the power `s^2` in every bin. The mean level (`k = 0`) and the corners beyond the Nyquist
//! frequency are left out.
//!
//! A set has in each channel and bin a mean over images of `log10 p`, and a scatter, the
//! standard deviation over images (by `N - 1`). Two sets are
//!
//! ```text
//! mean     = mean over channels and bins of |mean log10 p of the reals - that of the fakes|
//! scatter  = mean over channels and bins of |scatter of the reals - that of the fakes|
//! ```
//!
//! apart, both in dex: 0.1 is a factor of 1.26 in power. Each channel counts as much as any
//! other, whatever its brightness, and so does each bin. Where they lie farthest apart the means are
//!
//! ```text
//! deviation = max over channels and bins of |mean log10 p of the reals - that of the fakes| / scatter of the reals
//! ```
//!
//! apart: below 1 the mean spectrum of the fakes is one that single reals have, at every scale (each
//! fake's own may still be none, as of fakes that are all alike). A maximum of many is above 0 for sets of
//! one distribution too.
//!
//! It sees softness, noise, grain and meshes at their scales, contrast (a factor `g` in the
//! values is `2 log10 g` in every bin), and by the scatter samples that are too much alike. It
//! does not see phases, so that an image and noise of its spectrum are the same to it; nor
//! direction, nor the mean level.
//!
//! A constant channel has no power and no logarithm: it is left out, and counted. In other
//! channels power below the rounding of float32, `2^-48` times the mean square of the values,
//! counts as that much.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::{chunks, float_shape, power_of, window};
use crate::MetricsError;

/// Power of float32's rounding where the mean square is 1.
const ROUNDING: f64 = 1.0 / (1u64 << 48) as f64;

/// The power by scale of a set of images, for a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RadialSpectrum {
    /// The bins' frequencies `k / S` in cycles per pixel, ascending to 0.5 at most.
    pub frequencies: Vec<f64>,
    /// For each channel and bin: the mean over images of `log10 p`.
    pub log_power: Vec<Vec<f64>>,
    /// For each channel and bin: the standard deviation over images of `log10 p`, in dex.
    pub scatter: Vec<Vec<f64>>,
    /// For each channel: the images in which it is constant, which are left out.
    pub constant: Vec<usize>,
}

impl RadialSpectrum {
    /// How far the mean of `log10 p` of another set lies from this one's, in units of this one's
    /// scatter, at the frequency and in the channel where it is farthest: the `deviation` of the
    /// [module](self). None where the sets have other frequencies or channels, or this one no scatter
    /// anywhere.
    ///
    /// ```
    /// use astrogen_metrics::radial_power_spectrum;
    /// use tch::{Kind, Tensor};
    ///
    /// tch::manual_seed(1);
    /// let noise = || Tensor::randn([50, 1, 32, 32], (Kind::Double, tch::Device::Cpu));
    /// let spectrum = |images: Tensor| radial_power_spectrum(&images);
    /// let (some, others) = (spectrum(noise())?, spectrum(noise())?);
    /// assert!(some.largest_deviation(&others) < Some(1.0));
    /// assert!(some.largest_deviation(&spectrum(noise() * 10.0)?) > Some(10.0));
    /// # Ok::<(), astrogen_metrics::MetricsError>(())
    /// ```
    pub fn largest_deviation(&self, other: &Self) -> Option<f64> {
        let channels = |spectrum: &Self| spectrum.log_power.len();
        if self.frequencies != other.frequencies || channels(self) != channels(other) {
            return None;
        }
        let means = self.log_power.iter().flatten().zip(other.log_power.iter().flatten());
        let deviations = means.zip(self.scatter.iter().flatten());
        deviations
            .filter(|&(_, &scatter)| scatter > 0.0)
            .map(|((mean, other), scatter)| (mean - other).abs() / scatter)
            .reduce(f64::max)
    }
}

/// How far apart the power of two sets is; see the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpectrumDistance {
    /// Between the means of `log10` power, in dex.
    pub mean: f64,
    /// Between the scatters of `log10` power, in dex.
    pub scatter: f64,
    /// Between the means where they are farthest apart, in units of the reals' scatter, of what has any.
    pub deviation: f64,
}

/// `log10 p` of each image `[N, C, H, W]`, float64 `[N, C, S / 2]` on their device, NaN in
/// channels that are constant; see the [module](self).
///
/// It holds all that [`log_power_distance`] needs, a row an image: transform once, then compare
/// any choice of rows.
///
/// # Errors
/// [`MetricsError::Shape`], [`MetricsError::BadKind`] or [`MetricsError::NotFinite`] for images
/// that cannot be measured, [`MetricsError::BadValues`] for those below 4 pixels a side,
/// [`MetricsError::Torch`] most likely for want of memory.
pub fn radial_log_power(images: &Tensor) -> Result<Tensor, MetricsError> {
    log_power_of("given", images)
}

/// The mean and the scatter of the power of images `[N, C, H, W]`, by channel; see the
/// [module](self).
///
/// ```
/// use astrogen_metrics::radial_power_spectrum;
/// use tch::{Kind, Tensor};
///
/// tch::manual_seed(1);
/// let noise = Tensor::randn([50, 1, 32, 32], (Kind::Double, tch::Device::Cpu)) * 10.0;
/// let spectrum = radial_power_spectrum(&noise)?;
/// assert_eq!(spectrum.frequencies.len(), 16);
/// assert!((spectrum.log_power[0][15] - 2.0).abs() < 0.1); // a variance of 100
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// As [`radial_log_power`]; [`MetricsError::BadValues`] where a channel has fewer than two
/// images that are not constant in it.
pub fn radial_power_spectrum(images: &Tensor) -> Result<RadialSpectrum, MetricsError> {
    let [n, _, height, width] = float_shape("given", images)?;
    let log_power = log_power_of("given", images)?;
    let [mean, scatter, count] = over_images("given images", &log_power)?;
    let lines = |table: Tensor| -> Result<Vec<Vec<f64>>, MetricsError> {
        let lines = table.f_unbind(0)?;
        Ok(lines.iter().map(Vec::<f64>::try_from).collect::<Result<_, _>>()?)
    };
    let shorter = height.min(width);
    let counts = Vec::<f64>::try_from(count.f_select(1, 0)?.f_contiguous()?)?;
    Ok(RadialSpectrum {
        frequencies: (1..=shorter / 2).map(|bin| bin as f64 / shorter as f64).collect(),
        log_power: lines(mean)?,
        scatter: lines(scatter)?,
        constant: counts.into_iter().map(|count| n as usize - count as usize).collect(),
    })
}

/// How far apart the power of real and fake images is, `[N, C, H, W]` and `[M, C, H, W]`.
///
/// ```
/// use astrogen_metrics::radial_spectrum_distance;
/// use tch::{Kind, Tensor};
///
/// tch::manual_seed(1);
/// let noise = || Tensor::randn([50, 1, 32, 32], (Kind::Double, tch::Device::Cpu));
/// let soft = noise().avg_pool2d([3, 3], [1, 1], [1, 1], false, true, None::<i64>);
/// assert!(radial_spectrum_distance(&noise(), &noise())?.mean < 0.1);
/// assert!(radial_spectrum_distance(&noise(), &soft)?.mean > 0.5);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// As [`radial_power_spectrum`]; [`MetricsError::DifferentShapes`] where the images of the two
/// sets differ in shape.
pub fn radial_spectrum_distance(
    real: &Tensor,
    fake: &Tensor,
) -> Result<SpectrumDistance, MetricsError> {
    let shapes = [float_shape("real", real)?, float_shape("fake", fake)?];
    if shapes[0][1..] != shapes[1][1..] {
        let [real, fake] = shapes.map(|shape| shape[1..].to_vec());
        return Err(MetricsError::DifferentShapes { real, fake });
    }
    log_power_distance(&log_power_of("real", real)?, &log_power_of("fake", fake)?)
}

/// [`radial_spectrum_distance`] of what [`radial_log_power`] made of the two sets.
///
/// # Errors
/// [`MetricsError::BadValues`] for tables that are not `[N, C, K]` and `[M, C, K]`, or have a
/// channel with fewer than two images that are not constant in it.
pub fn log_power_distance(real: &Tensor, fake: &Tensor) -> Result<SpectrumDistance, MetricsError> {
    let [real_shape, fake_shape] = [real.size(), fake.size()];
    if real_shape.len() != 3 || fake_shape.len() != 3 || real_shape[1..] != fake_shape[1..] {
        let (set, rule) = ("tables of log10 power", "[N, C, K] and [M, C, K]");
        let got = format!("{real_shape:?} and {fake_shape:?}");
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let [real_mean, real_scatter, _] = over_images("real images", real)?;
    let [fake_mean, fake_scatter, _] = over_images("fake images", fake)?;
    let apart = |real: Tensor, fake: Tensor| {
        let fake = fake.f_to_device(real.device())?;
        real.f_sub(&fake)?.f_abs()?.f_mean(Kind::Double)?.f_double_value(&[])
    };
    let off = real_mean.f_sub(&fake_mean.f_to_device(real.device())?)?.f_abs()?;
    let deviation = off.f_div(&real_scatter)?.f_nan_to_num(0.0, 0.0, 0.0)?;
    Ok(SpectrumDistance {
        mean: off.f_mean(Kind::Double)?.f_double_value(&[])?,
        scatter: apart(real_scatter, fake_scatter)?,
        deviation: deviation.f_max()?.f_double_value(&[])?,
    })
}

/// Mean, scatter and number of the images that are not constant, each `[C, K]`.
fn over_images(set: &'static str, log_power: &Tensor) -> Result<[Tensor; 3], MetricsError> {
    let there = log_power.f_isnan()?.f_logical_not()?;
    let count = there.f_sum_dim_intlist(&[0i64][..], false, Kind::Double)?; // [C, K]
    let least = count.f_min()?.f_double_value(&[])?;
    if least < 2.0 {
        let rule = "two or more that are not constant, in every channel";
        let got = format!("{least} of {}", log_power.size()[0]);
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let mean = log_power.f_nanmean(&[0i64][..], false, Kind::Double)?;
    let squares = log_power.f_sub(&mean)?.f_square()?;
    let squares = squares.f_nansum(&[0i64][..], false, Kind::Double)?;
    let scatter = squares.f_div(&count.f_sub_scalar(1.0)?)?.f_sqrt()?;
    Ok([mean, scatter, count])
}

fn log_power_of(set: &'static str, images: &Tensor) -> Result<Tensor, MetricsError> {
    let [_, c, height, width] = float_shape(set, images)?;
    if height.min(width) < 4 {
        let (set, rule) = ("images", "4 pixels a side or more, to have scales");
        return Err(MetricsError::BadValues { set, rule, got: format!("{height} x {width}") });
    }
    let options = (Kind::Double, images.device());
    let window = window(height, width, images.device())?;
    let unit = window.f_square()?.f_sum(Kind::Double)?.f_double_value(&[])?;
    let bins = bins(height, width);
    let last = height.min(width) / 2;
    let bins = Tensor::f_from_slice(&bins)?.f_to_device(images.device())?;
    let modes = bins.f_bincount(None::<Tensor>, last + 2)?.f_narrow(0, 1, last)?;
    let modes = modes.f_to_kind(Kind::Double)?.f_mul_scalar(unit)?.f_unsqueeze(1)?; // [K, 1]
    let mut rows = Vec::new();
    for images in chunks(set, images)? {
        let images = images?;
        let n = images.size()[0];
        let power = power_of(&images, &window)?.f_view([n * c, height * width])?.f_tr()?;
        let sums = Tensor::f_zeros([last + 2, n * c], options)?.f_index_add(0, &bins, &power)?;
        let power = sums.f_narrow(0, 1, last)?.f_div(&modes)?.f_tr()?.f_reshape([n, c, last])?;
        let values = images.f_flatten(2, 3)?; // [n, c, H * W]
        let rounding = values.f_square()?.f_mean_dim(&[2i64][..], true, Kind::Double)?;
        let power = power.f_maximum(&rounding.f_mul_scalar(ROUNDING)?)?;
        let constant = values.f_amax([2i64], true)?.f_eq_tensor(&values.f_amin([2i64], true)?)?;
        rows.push(power.f_log10()?.f_masked_fill(&constant, f64::NAN)?);
    }
    Ok(Tensor::f_cat(&rows, 0)?)
}

/// The bin of each mode, 0 for the mean level and `S / 2 + 1` for the corners.
fn bins(height: i64, width: i64) -> Vec<i64> {
    let shorter = height.min(width);
    let wave = |index: i64, side: i64| index.min(side - index) as f64 / side as f64;
    let mut bins = Vec::with_capacity((height * width) as usize);
    for row in 0..height {
        for column in 0..width {
            let frequency = wave(row, height).hypot(wave(column, width));
            let bin = (shorter as f64 * frequency + 0.5).floor() as i64;
            bins.push(bin.min(shorter / 2 + 1));
        }
    }
    bins
}
