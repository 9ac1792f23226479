//! Features of a convolutional network that was never trained.
//!
//! With random weights `W_l`, levels and features of an image `x` are
//!
//! ```text
//! x_0 = x        x_l = leaky_relu(W_l * x_(l-1), 0.2)        convolutions of 4x4 pixels, stride 2
//!
//! features = mean over y, x of x_0,  standard deviation over y, x of x_0,  mean of x_1, ...
//! ```
//!
//! one mean and one deviation for each channel of each level, so that the image's own channels come
//! first: they are brightness, colour and contrast. Each filter of the first level is less its
//! mean, channel by channel, and sees texture alone. With plain filters the brightness of an image
//! is in all features, and the distances of blurred or noisy images hardly rise above the floor.
//! Borders are reflected, so that a flat sky has no texture up to its edge, and there is no bias, so
//! that features are in the images' own unit: images times 2 have features times 2.
//!
//! Weights are normal deviates of variance `2 / (1 + 0.2^2) / (16 inputs)`, which keeps the mean
//! square of white noise from level to level (He et al. 2015, *Delving Deep into Rectifiers*).
//! Orthogonal ones would be less alike, but the signs of a decomposition differ from machine to
//! machine; plain draws of a ChaCha generator do not. That statistics of random filters tell
//! textures apart is shown by Ustyuzhaninov et al. 2016, *Texture Synthesis Using Shallow
//! Convolutional Networks with Random Filters*. No object has a meaning to them.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use tch::{TchError, Tensor};

use crate::MetricsError;

const KERNEL: i64 = 4;
const SLOPE: f64 = 0.2;

/// Pixels that go through the network at a time.
const CHUNK: i64 = 1 << 19;

/// Settings of the random network.
///
/// It has no biases and sees images as they are: give both sets in one unit, best in `[-1, 1]` or
/// of deviation near 1, since [`kernel_distance`](super::kernel::kernel_distance) is no more than a
/// difference of means where features are much smaller than 1.
///
/// Features are the same on all machines up to rounding; to about three digits on an NVIDIA GPU that
/// convolves in TF32, as libtorch does unless it is told otherwise
/// (`astrogen_runtime::DeviceChoice::resolve` does): compare sets whose features were made on one kind
/// of device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomFeaturesConfig {
    /// Channels of the images, 1 to 4096; 3 by default.
    pub channels: i64,
    /// Channels of each level, 1 to 8 levels of 1 to 4096; `[32, 64, 128]` by default. There are
    /// two features for each and for each of the images' own, 454 in all, and images need 2 pixels a side at the last level: 16 by
    /// default. More features see more, and ask for more images: a covariance of `D` features has
    /// full rank from `D + 1` images on.
    pub widths: Vec<i64>,
    /// Seed of the weights; 0 by default. Numbers of other seeds cannot be compared.
    pub seed: u64,
}

impl Default for RandomFeaturesConfig {
    fn default() -> Self {
        Self { channels: 3, widths: vec![32, 64, 128], seed: 0 }
    }
}

impl RandomFeaturesConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let many = 1..=4096;
        let setting = |name, rule, got| Err(MetricsError::Setting { name, rule, got });
        if !many.contains(&self.channels) {
            return setting("channels", "1 to 4096", self.channels.to_string());
        }
        let levels = (1..=8).contains(&self.widths.len());
        if !levels || !self.widths.iter().all(|width| many.contains(width)) {
            let got = format!("{:?}", self.widths);
            return setting("widths", "1 to 8 numbers of 1 to 4096", got);
        }
        Ok(())
    }

    /// The number of features `D`.
    pub fn features(&self) -> i64 {
        2 * (self.channels + self.widths.iter().sum::<i64>())
    }
}

/// The network.
#[derive(Debug)]
pub(super) struct RandomFeatures {
    channels: i64,
    /// Of each level `[width, inputs, 4, 4]`, float32 on the CPU.
    weights: Vec<Tensor>,
}

impl RandomFeatures {
    pub(super) fn new(config: &RandomFeaturesConfig) -> Result<Self, MetricsError> {
        config.validate()?;
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let mut inputs = config.channels;
        let mut weights = Vec::with_capacity(config.widths.len());
        for &width in &config.widths {
            let fan_in = inputs * KERNEL * KERNEL;
            let scale = (2.0 / (1.0 + SLOPE * SLOPE) / fan_in as f64).sqrt();
            let draw = |_| {
                let deviate: f64 = StandardNormal.sample(&mut rng);
                scale * deviate
            };
            let mut drawn: Vec<f64> = (0..width * fan_in).map(draw).collect();
            if weights.is_empty() {
                for filter in drawn.chunks_exact_mut((KERNEL * KERNEL) as usize) {
                    let mean = filter.iter().sum::<f64>() / filter.len() as f64;
                    filter.iter_mut().for_each(|weight| *weight -= mean);
                }
            }
            let drawn: Vec<f32> = drawn.into_iter().map(|weight| weight as f32).collect();
            weights.push(Tensor::f_from_slice(&drawn)?.f_view([width, inputs, KERNEL, KERNEL])?);
            inputs = width;
        }
        Ok(Self { channels: config.channels, weights })
    }

    /// Images to a chunk, of a set that the network can see.
    pub(super) fn chunk(&self, [_, c, h, w]: [i64; 4]) -> Result<i64, MetricsError> {
        let set = "images";
        if c != self.channels {
            let got = format!("{c} channels for a network of {}", self.channels);
            return Err(MetricsError::BadValues { set, rule: "of the network's channels", got });
        }
        let least = 2 << self.weights.len();
        if h.min(w) < least {
            let rule = "of 2 pixels a side at the last level, or the network of fewer widths";
            let got = format!("{h} x {w} pixels where {least} x {least} are the least");
            return Err(MetricsError::BadValues { set, rule, got });
        }
        Ok((CHUNK / (h * w)).max(1))
    }

    /// Features `[N, D]` of images `[N, C, H, W]`, both float32.
    pub(super) fn forward(&self, images: &Tensor) -> Result<Tensor, TchError> {
        let statistics = |maps: &Tensor| -> Result<[Tensor; 2], TchError> {
            // In two passes: libtorch's own deviation goes through the pixels one by one.
            let mean_of = |values: &Tensor| values.f_mean_dim(&[2i64, 3][..], true, None);
            let mean = mean_of(maps)?;
            let deviation = mean_of(&maps.f_sub(&mean)?.f_square_()?)?.f_sqrt()?;
            Ok([mean.f_flatten(1, -1)?, deviation.f_flatten(1, -1)?])
        };
        let mut features = Vec::from(statistics(images)?);
        let mut maps = images.shallow_clone();
        for weight in &self.weights {
            let weight = weight.f_to_device(images.device())?;
            let padded = maps.f_reflection_pad2d([1, 1, 1, 1])?;
            let linear = padded.f_conv2d(&weight, None::<Tensor>, [2, 2], [0, 0], [1, 1], 1)?;
            maps = linear.f_maximum(&linear.f_mul_scalar(SLOPE)?)?; // [N, width, H / 2, W / 2]
            features.extend(statistics(&maps)?);
        }
        Tensor::f_cat(&features, 1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn features_are_those_of_plain_loops() {
        let config = RandomFeaturesConfig { channels: 2, widths: vec![3, 2], seed: 5 };
        let network = RandomFeatures::new(&config).unwrap();
        let (height, width) = (9usize, 12usize);
        let pixel = |c: usize, y: usize, x: usize| (1.3 * (c * 97 + y * 13 + x * 7) as f64).sin();
        let mut maps: Vec<Vec<Vec<f64>>> = (0..2)
            .map(|c| (0..height).map(|y| (0..width).map(|x| pixel(c, y, x)).collect()).collect())
            .collect();
        let values: Vec<f64> = maps.iter().flatten().flatten().copied().collect();
        let images = Tensor::from_slice(&values).view([1, 2, 9, 12]).to_kind(tch::Kind::Float);
        let got: Vec<f64> = network.forward(&images).unwrap().get(0).try_into().unwrap();

        let statistics = |maps: &[Vec<Vec<f64>>]| -> Vec<f64> {
            let count = (maps[0].len() * maps[0][0].len()) as f64;
            let sum = |map: &Vec<Vec<f64>>, of: &dyn Fn(f64) -> f64| -> f64 {
                map.iter().flatten().map(|value| of(*value)).sum()
            };
            let means: Vec<f64> = maps.iter().map(|map| sum(map, &|v| v) / count).collect();
            let deviations = maps
                .iter()
                .zip(&means)
                .map(|(map, mean)| (sum(map, &|v| (v - mean).powi(2)) / count).sqrt());
            means.iter().copied().chain(deviations).collect()
        };
        let mut expected = statistics(&maps);
        for weight in &network.weights {
            let (outputs, inputs, ..) = weight.size4().unwrap();
            let (h, w) = (maps[0].len(), maps[0][0].len());
            let reflected = |at: usize, side: usize| match at {
                0 => 1,
                at if at > side => side - 2,
                at => at - 1,
            };
            let output = |o: i64, y: usize, x: usize| -> f64 {
                let mut sum = 0.0;
                for i in 0..inputs {
                    for (dy, dx) in (0..4).flat_map(|dy| (0..4).map(move |dx| (dy, dx))) {
                        let (y, x) = (reflected(2 * y + dy, h), reflected(2 * x + dx, w));
                        let weight = weight.double_value(&[o, i, dy as i64, dx as i64]);
                        sum += weight * maps[i as usize][y][x];
                    }
                }
                if sum > 0.0 { sum } else { SLOPE * sum }
            };
            let next: Vec<Vec<Vec<f64>>> = (0..outputs)
                .map(|o| {
                    (0..h / 2).map(|y| (0..w / 2).map(|x| output(o, y, x)).collect()).collect()
                })
                .collect();
            expected.extend(statistics(&next));
            maps = next;
        }
        assert_eq!(got.len() as i64, config.features());
        for (got, expected) in got.iter().zip(&expected) {
            assert!((got - expected).abs() < 1e-6, "{got} {expected}");
        }
    }

    #[test]
    fn levels_keep_the_mean_square_of_white_noise() {
        let config = RandomFeaturesConfig { channels: 4, widths: vec![256; 3], seed: 1 };
        let network = RandomFeatures::new(&config).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let pixels: Vec<f32> = (0..4 * 64 * 64).map(|_| StandardNormal.sample(&mut rng)).collect();
        let images = Tensor::from_slice(&pixels).view([1, 4, 64, 64]);
        let features = network.forward(&images).unwrap().square();
        let features = features.narrow(1, 8, 3 * 2 * 256).view([3, 2, 256]); // without the images'

        // Means and deviations of a channel: together its mean square.
        let squares = features.sum_dim_intlist(1, false, None).mean_dim(1, false, None);
        let squares: Vec<f64> = squares.try_into().unwrap();
        assert!(squares.iter().all(|square| (0.75..1.3).contains(square)), "{squares:?}");
    }
}
