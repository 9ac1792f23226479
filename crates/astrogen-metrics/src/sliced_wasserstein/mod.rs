//! The sliced Wasserstein distance between the local structure of two sets of images.
//!
//! Each image becomes a Laplacian pyramid ([`pyramid`]): its details at 64 pixels, at 32, at
//! 16, say. From every level patches are cut, 128 of 7x7 pixels per image, and each set's
//! patches of a level are normalised, channel by channel, to mean 0 and standard deviation 1
//! over all of them. A patch of `C` channels is then a point in `49 C` dimensions, and with
//! random unit directions `u_j` the level's distance is
//!
//! ```text
//! 1000 * mean over j and i of |sort_i(real . u_j) - sort_i(fake . u_j)|
//! ```
//!
//! the mean Wasserstein-1 distance of the two clouds' shadows, times 1000. The `mean` is over
//! the levels. Method and numbers: Karras et al. 2018, *Progressive Growing of GANs*, section
//! 5; the distance: Rabin et al. 2011, *Wasserstein Barycenter and Its Application to Texture
//! Mixing*.
//!
//! # What the number tells
//!
//! Small is close, 0 is the same patches. The finest level answers for sharpness, noise and
//! point sources, the coarsest for the shapes that fill a fair part of the image. Colour
//! counts as far as channels vary together within a patch.
//!
//! It does **not** see
//!
//! - brightness and contrast: normalising hides each channel's mean and standard deviation at
//!   every scale, by design. Samples that are too dark, or half as contrasted, score as well
//!   as the right ones; compare means, deviations or power spectra for that;
//! - where in the image something stands, and how parts farther apart than a patch of the
//!   coarsest level go together;
//! - copies: training images given back score best of all. Memorisation needs another metric,
//!   and so does diversity, since a few good images repeated only score as a small set does.
//!
//! Finite sets drawn from one distribution are not at 0 but at a floor that falls as one over
//! the square root of the number of images (smooth 64 pixel images in three bands: 32 for 64
//! images, 16 for 256). So compare numbers only at equal count and equal settings, and measure
//! the floor: the distance between two sets of real images.
//!
//! # Draws
//!
//! Positions and directions come from a ChaCha generator of the given seed. libtorch's
//! generators are neither read nor moved on, so measuring while training changes no training.
//! Real image `n` and fake image `n` are cut at the same positions, drawn anew for every `n`
//! and level, and projected on the same directions: what the draws favour, the middle of the
//! image say, is favoured in both sets and cancels, where positions drawn apart would add
//! noise to the floor. It follows that a set is at 0 from itself, but not from itself in
//! another order, whose images are cut elsewhere.

pub mod pyramid;

pub(crate) mod draws;
pub mod halves;
pub(crate) mod projections;
mod radix;

pub use draws::LevelDraws;

use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use crate::MetricsError;

/// Where patches' deviation is below this part of the whole set's, it is the rounding of
/// float32, and the channel counts as flat.
const ROUNDING: f64 = 1e-6;

/// Settings of the sliced Wasserstein distance; the defaults are the published ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlicedWassersteinConfig {
    /// Patches cut from each image at each level, 1 to 65536; 128 by default.
    pub patches_per_image: i64,
    /// Side of a patch in pixels, 1 or more; 7 by default.
    pub patch_size: i64,
    /// Directions at each level, 1 to 65536; 512 by default.
    pub directions: i64,
    /// The least shorter side of the coarsest level in pixels, 2 or more and no smaller than
    /// a patch; 16 by default.
    pub smallest: i64,
}

impl Default for SlicedWassersteinConfig {
    fn default() -> Self {
        Self { patches_per_image: 128, patch_size: 7, directions: 512, smallest: 16 }
    }
}

impl SlicedWassersteinConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let many = 1..=65536;
        let rules = [
            (
                "patches_per_image",
                self.patches_per_image,
                many.contains(&self.patches_per_image),
                "1 to 65536",
            ),
            ("patch_size", self.patch_size, self.patch_size >= 1, "1 or more"),
            ("directions", self.directions, many.contains(&self.directions), "1 to 65536"),
            (
                "smallest",
                self.smallest,
                self.smallest >= self.patch_size.max(2),
                "2 or more and at least patch_size",
            ),
        ];
        match rules.into_iter().find(|(_, _, holds, _)| !holds) {
            Some((name, got, _, rule)) => {
                let got = got.to_string();
                Err(MetricsError::Setting { name, rule, got })
            }
            None => Ok(()),
        }
    }

    /// Height and width of the levels of images of this height and width, the finest first:
    /// halved as long as the shorter side stays at `smallest` or above. Images below twice
    /// `smallest` have one level, themselves.
    ///
    /// # Errors
    /// [`MetricsError::Setting`]; [`MetricsError::TooSmall`] for images smaller than a
    /// patch; [`MetricsError::CannotHalve`] where an odd side would have to be halved.
    pub fn levels(&self, height: i64, width: i64) -> Result<Vec<[i64; 2]>, MetricsError> {
        self.validate()?;
        let patch_size = self.patch_size;
        if height.min(width) < patch_size {
            return Err(MetricsError::TooSmall { height, width, patch_size });
        }
        let mut size = [height, width];
        let mut levels = vec![size];
        while size[0].min(size[1]) / 2 >= self.smallest {
            size = pyramid::halved(size)?;
            levels.push(size);
        }
        Ok(levels)
    }
}

/// The distance, times 1000 as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlicedWasserstein {
    /// For each level, the finest first: its shorter side in pixels, and its distance.
    pub levels: Vec<(i64, f64)>,
    /// The mean of the levels' distances.
    pub mean: f64,
}

/// The sliced Wasserstein distance between two sets of images `[N, C, H, W]`.
///
/// Values may have any range; each channel of each set counts up to its own brightness and
/// contrast alone. The work is done on the real images' device, in float32 with statistics in
/// float64; gradients are not followed.
///
/// ```
/// use astrogen_metrics::{SlicedWassersteinConfig, sliced_wasserstein};
/// use tch::{Kind, Tensor};
///
/// tch::manual_seed(1);
/// let noise = || Tensor::randn([8, 3, 32, 32], (Kind::Float, tch::Device::Cpu));
/// let clouds = noise().cumsum(2, None).cumsum(3, None);
///
/// let config = SlicedWassersteinConfig::default();
/// let distance = sliced_wasserstein(&noise(), &clouds, &config, 7)?;
/// assert_eq!(distance.levels.iter().map(|level| level.0).collect::<Vec<_>>(), [32, 16]);
/// assert!(distance.mean > sliced_wasserstein(&noise(), &noise(), &config, 7)?.mean);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::Shape`], [`MetricsError::BadKind`] or
/// [`MetricsError::NotFinite`] for a set that cannot be measured;
/// [`MetricsError::DifferentShapes`] or [`MetricsError::DifferentCounts`] for two that cannot
/// be compared; [`MetricsError::TooSmall`] or [`MetricsError::CannotHalve`] for images that
/// the settings do not suit; [`MetricsError::Torch`] most likely for want of memory.
pub fn sliced_wasserstein(
    real: &Tensor,
    fake: &Tensor,
    config: &SlicedWassersteinConfig,
    seed: u64,
) -> Result<SlicedWasserstein, MetricsError> {
    check_pair(real, fake)?;
    sliced_wasserstein_with(real, fake, config, &config.draw(real, seed)?)
}

/// [`sliced_wasserstein`] with the draws given, one for each of
/// [`levels`](SlicedWassersteinConfig::levels).
///
/// With the same draws it is symmetric in the two sets and 0 between a set and itself, and
/// does not change where images and their positions are put into another order, alike in both
/// sets.
///
/// # Errors
/// As [`sliced_wasserstein`]; [`MetricsError::BadDraws`] for draws that do not fit the images
/// and the settings.
pub fn sliced_wasserstein_with(
    real: &Tensor,
    fake: &Tensor,
    config: &SlicedWassersteinConfig,
    draws: &[LevelDraws],
) -> Result<SlicedWasserstein, MetricsError> {
    let shape = check_pair(real, fake)?;
    config.check_draws(draws, shape)?;
    let pyramids = [("real", real), ("fake", fake)].map(|(set, images)| {
        let images = images.f_detach()?.f_to_device(real.device())?.f_to_kind(Kind::Double)?;
        check_finite(set, &images)?;
        let images = standardised(&images, 0.0)?.f_to_kind(Kind::Float)?;
        pyramid::laplacian(&images, draws.len())
    });
    let [real, fake] = pyramids;
    let mut levels = Vec::with_capacity(draws.len());
    for ((real, fake), draws) in real?.iter().zip(&fake?).zip(draws) {
        let (_, _, height, width) = real.size4()?;
        let directions = draws.directions.f_to_device(real.device())?.f_to_kind(Kind::Float)?;
        let cut = |level: &Tensor| -> Result<Tensor, TchError> {
            let patches = patches(level, &draws.positions, config.patch_size)?;
            standardised(&patches, ROUNDING)?.f_flatten(1, -1) // [N * P, C * p * p]
        };
        let distance = projections::mean_distance::<1>(&cut(real)?, &cut(fake)?, &directions)?;
        levels.push((height.min(width), 1000.0 * distance));
    }
    let mean = levels.iter().map(|level| level.1).sum::<f64>() / levels.len() as f64;
    Ok(SlicedWasserstein { levels, mean })
}

/// The shape `[N, C, H, W]` of both sets.
fn check_pair(real: &Tensor, fake: &Tensor) -> Result<[i64; 4], MetricsError> {
    let shapes = [batch_shape("real", real)?, batch_shape("fake", fake)?];
    if shapes[0][1..] != shapes[1][1..] {
        let [real, fake] = shapes.map(|shape| shape[1..].to_vec());
        return Err(MetricsError::DifferentShapes { real, fake });
    }
    if shapes[0] != shapes[1] {
        let [real, fake] = shapes.map(|shape| shape[0]);
        return Err(MetricsError::DifferentCounts { real, fake });
    }
    for (set, images) in [("real", real), ("fake", fake)] {
        if !images.is_floating_point() {
            return Err(MetricsError::BadKind { set, got: images.kind() });
        }
    }
    Ok(shapes[0])
}

pub(crate) fn batch_shape(set: &'static str, images: &Tensor) -> Result<[i64; 4], MetricsError> {
    let got = images.size();
    match got[..] {
        [n, c, h, w] if n > 0 && c > 0 && h > 0 && w > 0 => Ok([n, c, h, w]),
        _ => Err(MetricsError::Shape { set, got }),
    }
}

pub(crate) fn check_finite(set: &'static str, images: &Tensor) -> Result<(), MetricsError> {
    let good = images.f_abs()?.f_less_equal(f64::from(f32::MAX))?; // false for NaN
    let total = images.numel() as i64;
    let count = total - good.f_sum(Kind::Int64)?.f_int64_value(&[])?;
    if count == 0 { Ok(()) } else { Err(MetricsError::NotFinite { set, count, total }) }
}

/// Each channel of `[N, C, H, W]` less its mean, over its standard deviation; zeros where the
/// deviation is at most `flat`, or no more than summing a constant leaves.
fn standardised(values: &Tensor, flat: f64) -> Result<Tensor, TchError> {
    // Over the few pixels of a patch first, then over the many patches in float64.
    let channel_mean = |values: &Tensor| {
        let each = values.f_mean_dim(&[2i64, 3][..], true, None)?; // [N, C, 1, 1]
        each.f_mean_dim(&[0i64][..], true, Kind::Double) // [1, C, 1, 1]
    };
    let mean = channel_mean(values)?;
    let mut centred = values.f_sub(&mean.f_to_kind(values.kind())?)?;
    let deviation = channel_mean(&centred.f_square()?)?.f_sqrt()?;
    let least = mean.f_abs()?.f_mul_scalar(1e-12)?.f_add_scalar(flat)?;
    let scale = deviation.f_reciprocal()?.f_masked_fill(&deviation.f_le_tensor(&least)?, 0.0)?;
    centred.f_mul_(&scale.f_to_kind(values.kind())?)
}

/// Patches `[N * P, C, p, p]` of a level `[N, C, H, W]` at positions `[N, P, 2]`.
fn patches(level: &Tensor, positions: &Tensor, side: i64) -> Result<Tensor, TchError> {
    let positions = positions.f_to_device(level.device())?;
    let (count, each, _) = positions.size3()?;
    let image = Tensor::f_arange(count, (Kind::Int64, level.device()))?
        .f_view([count, 1])?
        .f_expand([count, each], false)?;
    let along = |axis| positions.f_select(2, axis)?.f_reshape([-1]);
    level
        .f_unfold(2, side, 1)?
        .f_unfold(3, side, 1)? // [N, C, H - p + 1, W - p + 1, p, p]
        .f_permute([0, 2, 3, 1, 4, 5])?
        .f_index(&[Some(image.f_reshape([-1])?), Some(along(0)?), Some(along(1)?)])
}
