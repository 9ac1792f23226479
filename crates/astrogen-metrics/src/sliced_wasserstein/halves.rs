//! A score with its floor: real images in two halves.
//!
//! Finite sets of one distribution are not at distance 0, so a distance says little alone. With
//! the reals in two halves `A` and `B` of `n` images each and `2 n` samples in two halves `F`
//! and `G`,
//!
//! ```text
//! floor      distance(A, B)
//! distance   (distance(A, F) + distance(B, G)) / 2
//! ```
//!
//! are all between sets of `n` images: samples as good as reals have the floor as their expected
//! distance, and all `2 n` reals and samples count.

use tch::Tensor;

use super::{SlicedWassersteinConfig, sliced_wasserstein};
use crate::MetricsError;

/// Real images in two halves, and the sliced Wasserstein distance between them.
///
/// ```
/// use astrogen_metrics::{RealHalves, SlicedWassersteinConfig};
/// use tch::{Kind, Tensor};
///
/// let noise = |scale: f64| Tensor::randn([16, 1, 32, 32], (Kind::Float, tch::Device::Cpu)) * scale;
/// let halves = RealHalves::new(&noise(1.0), SlicedWassersteinConfig::default(), 7)?;
/// let clouds = noise(1.0).cumsum(2, None);
/// assert!(halves.distance(&noise(1.0))? < 2.0 * halves.floor());
/// assert!(halves.distance(&clouds)? > 2.0 * halves.floor());
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
#[derive(Debug)]
pub struct RealHalves {
    halves: [Tensor; 2],
    config: SlicedWassersteinConfig,
    seed: u64,
    floor: f64,
}

impl RealHalves {
    /// Halves of real images `[N, C, H, W]`, the first and the second in their order: shuffle
    /// them before. Of an odd number the last is left out.
    ///
    /// # Errors
    /// Those of [`sliced_wasserstein`]; [`MetricsError::BadShape`] for fewer than two images.
    pub fn new(
        real: &Tensor,
        config: SlicedWassersteinConfig,
        seed: u64,
    ) -> Result<Self, MetricsError> {
        let halves = halves("real", real)?;
        let floor = sliced_wasserstein(&halves[0], &halves[1], &config, seed)?.mean;
        Ok(Self { halves, config, seed, floor })
    }

    /// Images in both halves together: as many samples are compared with them.
    pub fn images(&self) -> i64 {
        2 * self.halves[0].size()[0]
    }

    /// The distance between the halves.
    pub fn floor(&self) -> f64 {
        self.floor
    }

    /// The mean distance of the samples' halves to the reals', see the [module](self).
    ///
    /// # Errors
    /// Those of [`sliced_wasserstein`]; [`MetricsError::DifferentCounts`] where there are not
    /// [`images`](Self::images) samples.
    pub fn distance(&self, fake: &Tensor) -> Result<f64, MetricsError> {
        let fakes = halves("fake", fake)?;
        let mut sum = 0.0;
        for (real, fake) in self.halves.iter().zip(&fakes) {
            sum += sliced_wasserstein(real, fake, &self.config, self.seed)?.mean;
        }
        Ok(sum / 2.0)
    }
}

fn halves(set: &'static str, images: &Tensor) -> Result<[Tensor; 2], MetricsError> {
    let got = images.size();
    let half = got.first().map_or(0, |n| n / 2);
    if half == 0 {
        return Err(MetricsError::BadShape { set, got });
    }
    Ok([images.f_narrow(0, 0, half)?, images.f_narrow(0, half, half)?])
}
