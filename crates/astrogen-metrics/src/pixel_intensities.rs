//! The values of pixels, whatever their place: how bright the images of two sets are.
//!
//! All pixels of the reals and all pixels of the fakes are two samples of one quantity, compared
//! by Kolmogorov-Smirnov and Wasserstein-1 as in [`one_dimensional`](crate::one_dimensional):
//! each channel by itself, and the channels together. It sees level, contrast, clipping and
//! lost bright cores; it sees nothing of how pixels lie together, so that shuffled pixels are the
//! same to it.
//!
//! Wasserstein-1 is in the unit of the values. For images in model range, `[-1, 1]` say, it is a
//! part of that range; bring both sets back to physical units first, with the inverse of the
//! pipeline that made them, and it is in those units: the same function, of other tensors. After
//! a stretch faint pixels weigh most, in physical units the bright cores do; report both. The
//! Kolmogorov-Smirnov statistic is the same in both as far as the stretch clips nothing.
//!
//! Pixels of one image go together, so that a p-value of independent values has no meaning here
//! and none is given: hold the numbers against those of two halves of the reals.

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::power_spectrum::{chunks, float_shape};
use crate::{Comparison, MetricsError, Sorted};

/// Values of a set that are compared at most, all channels together.
const VALUES: usize = 2_000_000;

/// How the values of pixels compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PixelIntensities {
    /// The values of all channels together.
    pub together: Comparison,
    /// Those of each channel.
    pub channels: Vec<Comparison>,
    /// Places `(image, row, column)` of the reals that were compared, each with all channels.
    pub real_pixels: usize,
    /// Those of the fakes.
    pub fake_pixels: usize,
}

/// Compares the values of real and fake images `[N, C, H, W]` of as many channels; counts,
/// heights and widths may differ. In whatever unit the values are: see the [module](self).
///
/// All pixels count where a set holds at most two million values; of more, as many places as
/// make two million values are drawn by the seed, without repetition and with all channels each.
///
/// ```
/// use astrogen_metrics::pixel_intensities;
/// use tch::{Kind, Tensor};
///
/// tch::manual_seed(1);
/// let real = Tensor::rand([10, 3, 16, 16], (Kind::Float, tch::Device::Cpu));
/// let brighter = pixel_intensities(&real, &(&real + 0.25), 7)?;
/// assert!((brighter.together.w1 - 0.25).abs() < 1e-6);
/// assert_eq!(brighter.channels.len(), 3);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Shape`], [`MetricsError::BadKind`] or [`MetricsError::NotFinite`] for a set
/// that cannot be measured; [`MetricsError::DifferentShapes`] for other channels;
/// [`MetricsError::Torch`] most likely for want of memory.
pub fn pixel_intensities(
    real: &Tensor,
    fake: &Tensor,
    seed: u64,
) -> Result<PixelIntensities, MetricsError> {
    let [real, fake] = both_values(real, fake, seed)?;
    let compare = |real: &[f64], fake: &[f64]| -> Result<Comparison, MetricsError> {
        Ok(Comparison::of(&Sorted::new("real values", real)?, &Sorted::new("fake values", fake)?))
    };
    Ok(PixelIntensities {
        together: compare(&real.concat(), &fake.concat())?,
        channels: real.iter().zip(&fake).map(|(a, b)| compare(a, b)).collect::<Result<_, _>>()?,
        real_pixels: real[0].len(), // a batch has a channel
        fake_pixels: fake[0].len(),
    })
}

/// Wasserstein-1 of [`pixel_intensities`]' values together, without the rest of what they tell.
///
/// # Errors
/// As `pixel_intensities`.
pub(crate) fn wasserstein_1(real: &Tensor, fake: &Tensor, seed: u64) -> Result<f64, MetricsError> {
    let [real, fake] = both_values(real, fake, seed)?;
    let [real, fake] = [("real values", real), ("fake values", fake)]
        .map(|(set, values)| Sorted::new(set, &values.concat()));
    Ok(real?.wasserstein_1(&fake?))
}

/// The values of each channel of both sets.
fn both_values(
    real: &Tensor,
    fake: &Tensor,
    seed: u64,
) -> Result<[Vec<Vec<f64>>; 2], MetricsError> {
    let [real_shape, fake_shape] = [float_shape("real", real)?, float_shape("fake", fake)?];
    if real_shape[1] != fake_shape[1] {
        let [real, fake] = [real_shape, fake_shape].map(|shape| shape[1..].to_vec());
        return Err(MetricsError::DifferentShapes { real, fake });
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Ok([some_values("real", real, &mut rng)?, some_values("fake", fake, &mut rng)?])
}

/// The values of each channel at all places, or at some that are drawn.
fn some_values(
    set: &'static str,
    images: &Tensor,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Vec<f64>>, MetricsError> {
    let [n, c, height, width] = float_shape(set, images)?;
    chunks(set, images)?.try_for_each(|images| images.map(drop))?; // all are finite
    let images = images.f_detach()?;
    let places = (n * height * width) as usize;
    let most = (VALUES / c as usize).max(1);
    let chosen = if places > most {
        let chosen = index::sample(rng, places, most);
        let chosen: Vec<i64> = chosen.into_iter().map(|place| place as i64).collect();
        Some(Tensor::f_from_slice(&chosen)?.f_to_device(images.device())?)
    } else {
        None
    };
    (0..c)
        .map(|channel| {
            let mut values = images.f_select(1, channel)?.f_reshape([-1])?;
            if let Some(chosen) = &chosen {
                values = values.f_index_select(0, chosen)?;
            }
            Ok(Vec::<f64>::try_from(values.f_to_kind(Kind::Double)?)?)
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn one_number_alone_is_that_of_the_whole_comparison() {
        tch::manual_seed(1);
        let [real, fake] =
            [0.5, 0.6].map(|scale| Tensor::rand([9, 2, 8, 8], tch::kind::FLOAT_CPU) * scale);
        let whole = pixel_intensities(&real, &fake, 3).unwrap().together.w1;
        assert_eq!(wasserstein_1(&real, &fake, 3).unwrap(), whole);
    }

    #[test]
    fn of_more_than_two_million_values_a_seed_draws_places_with_all_channels() {
        let (n, side) = (17, 256);
        let values: Vec<f32> = (0..n * side * side).map(|place| place as f32).collect();
        let image = Tensor::from_slice(&values).view([n, 1, side, side]);
        let images = Tensor::cat(&[&image, &(&image + 0.5)], 1);
        let drawn =
            |seed| some_values("given", &images, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
        let values = drawn(1);
        assert_eq!(values.len(), 2);
        assert_eq!(values[0].len(), 1_000_000);
        assert!(values[0].iter().zip(&values[1]).all(|(first, second)| second - first == 0.5));
        let places: std::collections::HashSet<_> = values[0].iter().map(|v| *v as u64).collect();
        assert_eq!(places.len(), 1_000_000, "no place twice");
        assert_eq!(values, drawn(1));
        assert_ne!(values, drawn(2));
    }
}
