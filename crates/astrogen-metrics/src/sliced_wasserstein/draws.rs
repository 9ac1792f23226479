//! What the sliced Wasserstein distance draws: where patches are cut, along which directions
//! they are compared.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::Tensor;

use super::{SlicedWassersteinConfig, batch_shape};
use crate::MetricsError;

/// The draws of one pyramid level.
#[derive(Debug)]
pub struct LevelDraws {
    /// The upper left pixels (y, x) of the patches, int64 `[N, patches_per_image, 2]`. Real
    /// image `n` and fake image `n` are cut at the same ones.
    pub positions: Tensor,
    /// The directions, float32 `[directions, C * patch_size * patch_size]`, unit vectors by
    /// rows; a patch is laid out channel, row, column.
    pub directions: Tensor,
}

impl SlicedWassersteinConfig {
    /// Draws for sets of images shaped `[N, C, H, W]` like these, the finest level first, on
    /// the CPU: positions even over all places where a patch fits, directions even over the
    /// sphere.
    ///
    /// They are a function of settings, shape and seed, and leave libtorch's generators as
    /// they were.
    ///
    /// # Errors
    /// [`MetricsError::Shape`] for a tensor that is not a batch of images; else as
    /// [`levels`](Self::levels).
    pub fn draw(&self, real: &Tensor, seed: u64) -> Result<Vec<LevelDraws>, MetricsError> {
        let [count, channels, height, width] = batch_shape("real", real)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let level = |[height, width]: [i64; 2]| {
            let patches = count * self.patches_per_image;
            let positions: Vec<i64> = (0..patches)
                .flat_map(|_| [height, width])
                .map(|side| rng.random_range(0..=side - self.patch_size))
                .collect();
            let values = channels * self.patch_size * self.patch_size;
            let directions: Vec<f32> =
                (0..self.directions).flat_map(|_| direction(values, &mut rng)).collect();
            Ok(LevelDraws {
                positions: Tensor::f_from_slice(&positions)?.f_view([
                    count,
                    self.patches_per_image,
                    2,
                ])?,
                directions: Tensor::f_from_slice(&directions)?.f_view([self.directions, values])?,
            })
        };
        self.levels(height, width)?.into_iter().map(level).collect()
    }

    /// Whether draws from elsewhere fit these settings and sets of shape `[N, C, H, W]`.
    pub(super) fn check_draws(
        &self,
        draws: &[LevelDraws],
        [count, channels, height, width]: [i64; 4],
    ) -> Result<(), MetricsError> {
        let levels = self.levels(height, width)?;
        if draws.len() != levels.len() {
            return Err(MetricsError::BadDraws {
                expected: format!("{} levels", levels.len()),
                got: draws.len().to_string(),
            });
        }
        let values = channels * self.patch_size * self.patch_size;
        for (draws, [height, width]) in draws.iter().zip(levels) {
            expect_shape("positions", &draws.positions, &[count, self.patches_per_image, 2])?;
            expect_shape("directions", &draws.directions, &[self.directions, values])?;
            for (axis, side) in [height, width].into_iter().enumerate() {
                let last = side - self.patch_size;
                let along = draws.positions.f_select(2, axis as i64)?;
                let (low, high) =
                    (along.f_min()?.f_int64_value(&[])?, along.f_max()?.f_int64_value(&[])?);
                if low < 0 || high > last {
                    return Err(MetricsError::BadDraws {
                        expected: format!("positions 0 to {last} on a side of {side} pixels"),
                        got: format!("{low} to {high}"),
                    });
                }
            }
        }
        Ok(())
    }
}

/// A vector of `length` normal deviates, scaled to length 1.
pub(crate) fn direction(length: i64, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let deviates: Vec<f64> = (0..length).map(|_| StandardNormal.sample(rng)).collect();
    let norm = deviates.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    deviates.into_iter().map(|x| (x / norm) as f32).collect()
}

fn expect_shape(name: &str, tensor: &Tensor, shape: &[i64]) -> Result<(), MetricsError> {
    if tensor.size() == shape {
        return Ok(());
    }
    Err(MetricsError::BadDraws {
        expected: format!("{name} of shape {shape:?}"),
        got: format!("{:?}", tensor.size()),
    })
}
