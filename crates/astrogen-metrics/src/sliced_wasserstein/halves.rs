//! A score with its floor, and a second one that nothing was chosen by.
//!
//! Finite sets of one distribution are not at distance 0, so a distance says little alone. And a
//! score that the best of many generators was chosen by is the luckiest of them, not the best's. So
//! the reals are parted into two halves of `n` images: `V` validates, `T` tests. With sets `F` and
//! `G` of `n` samples,
//!
//! ```text
//! floor        distance(V, T)
//! validation   distance(V, F)    choose the best by this one
//! test         distance(T, G)    report it by this one, with samples of other latents
//! ```
//!
//! are all between sets of `n` images: samples as good as reals have the floor as their expected
//! distance.

use tch::Tensor;

use super::{SlicedWassersteinConfig, sliced_wasserstein};
use crate::MetricsError;

/// Real images in two halves, and the sliced Wasserstein distance between them.
///
/// ```
/// use astrogen_metrics::{RealHalves, SlicedWassersteinConfig};
/// use tch::{Kind, Tensor};
///
/// tch::manual_seed(1);
/// let noise = |n| Tensor::randn([n, 1, 32, 32], (Kind::Float, tch::Device::Cpu));
/// let halves = RealHalves::new(&noise(32), SlicedWassersteinConfig::default(), 7)?;
/// let clouds = noise(halves.images()).cumsum(2, None);
/// assert!(halves.validation(&noise(16))? < 2.0 * halves.floor());
/// assert!(halves.test(&clouds)? > 2.0 * halves.floor());
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
#[derive(Debug)]
pub struct RealHalves {
    validation: Tensor,
    test: Tensor,
    config: SlicedWassersteinConfig,
    seed: u64,
    floor: f64,
}

impl RealHalves {
    /// Halves of real images `[N, C, H, W]`, the first for validation and the second for the test:
    /// shuffle them before. Of an odd number the last is left out.
    ///
    /// # Errors
    /// Those of [`sliced_wasserstein`]; [`MetricsError::Shape`] for fewer than two images.
    pub fn new(
        real: &Tensor,
        config: SlicedWassersteinConfig,
        seed: u64,
    ) -> Result<Self, MetricsError> {
        let got = real.size();
        let half = got.first().map_or(0, |n| n / 2);
        if half == 0 {
            return Err(MetricsError::Shape { set: "real", got });
        }
        let validation = real.f_narrow(0, 0, half)?;
        let test = real.f_narrow(0, half, half)?;
        let floor = sliced_wasserstein(&validation, &test, &config, seed)?.mean;
        Ok(Self { validation, test, config, seed, floor })
    }

    /// Images in a half: as many samples are compared with it.
    pub fn images(&self) -> i64 {
        self.validation.size()[0]
    }

    /// The distance between the halves.
    pub fn floor(&self) -> f64 {
        self.floor
    }

    /// The distance of samples to the half that may choose among generators.
    ///
    /// # Errors
    /// Those of [`sliced_wasserstein`]; [`MetricsError::DifferentCounts`] where there are not
    /// [`images`](Self::images) samples.
    pub fn validation(&self, fake: &Tensor) -> Result<f64, MetricsError> {
        self.distance(&self.validation, fake)
    }

    /// The distance of samples to the other half, for what was chosen.
    ///
    /// # Errors
    /// As [`validation`](Self::validation).
    pub fn test(&self, fake: &Tensor) -> Result<f64, MetricsError> {
        self.distance(&self.test, fake)
    }

    fn distance(&self, real: &Tensor, fake: &Tensor) -> Result<f64, MetricsError> {
        Ok(sliced_wasserstein(real, fake, &self.config, self.seed)?.mean)
    }
}
