//! Images that stand in two splits.

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::neighbours::nearest_others_of;
use super::{Neighbour, Points, nearest};
use crate::{MetricsError, quantiles};

/// Settings of the search for leakage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeakageConfig {
    /// Pairs nearer than this part of the typical distance of training neighbours are copies,
    /// above 0 and below 1; 0.25 by default.
    ///
    /// Of points spread evenly in `D` dimensions about `0.7 fraction^D` are so near by chance:
    /// images have many dimensions, but a table of two columns needs a smaller fraction.
    pub fraction: f64,
    /// Training images of which the typical distance is taken, drawn by the seed, 2 or more; 1000
    /// by default.
    pub rows: usize,
    /// Of that draw; 0 by default.
    pub seed: u64,
}

impl Default for LeakageConfig {
    fn default() -> Self {
        Self { fraction: 0.25, rows: 1000, seed: 0 }
    }
}

impl LeakageConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let setting = |name, rule, got| Err(MetricsError::Setting { name, rule, got });
        if !(self.fraction > 0.0 && self.fraction < 1.0) {
            return setting("fraction", "above 0 and below 1", self.fraction.to_string());
        }
        if self.rows < 2 {
            return setting("rows", "2 or more", self.rows.to_string());
        }
        Ok(())
    }
}

/// What one split holds of another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leakage {
    /// The median distance of a training image to the nearest other one.
    pub typical: f64,
    /// The distance below which a pair is a copy.
    pub threshold: f64,
    /// Held-out images that were looked at.
    pub held_out: usize,
    /// Those that have a copy in the training set, the nearest first: `query` is the held-out
    /// image and `index` the training image.
    pub pairs: Vec<Neighbour>,
}

/// Finds held-out images that stand in the training set too, as they are, mirrored, turned, or
/// with a little noise: overlapping tiles, objects observed twice, a split that was made after the
/// augmentation.
///
/// ```
/// use astrogen_metrics::memorisation::{LeakageConfig, Points, leakage};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let images = |n| Tensor::randn([n, 1, 16, 16], (Kind::Float, Device::Cpu));
/// let train = images(60);
/// let held_out = Tensor::cat(&[images(20), train.narrow(0, 5, 1).rot90(1, [2, 3])], 0);
/// let points = |images: &Tensor| Points::images(images, None);
/// let found = leakage(&points(&held_out)?, &points(&train)?, &LeakageConfig::default())?;
/// assert_eq!(found.pairs.iter().map(|pair| (pair.query, pair.index)).collect::<Vec<_>>(), [(20, 5)]);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; those of [`nearest`] and [`nearest_others`](super::nearest_others);
/// [`MetricsError::BadValues`] where most training images have a twin among themselves.
pub fn leakage(
    held_out: &Points,
    train: &Points,
    config: &LeakageConfig,
) -> Result<Leakage, MetricsError> {
    config.validate()?;
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let drawn = index::sample(&mut rng, train.count(), config.rows.min(train.count()));
    let drawn: Vec<i64> = drawn.into_iter().map(|member| member as i64).collect();
    let distances: Vec<f64> =
        nearest_others_of(train, &drawn)?.iter().map(|found| found.distance).collect();
    let typical = quantiles(&distances, &[0.5])?[0];
    if typical == 0.0 {
        let (set, rule) =
            ("training set", "of different images: take its own duplicates out first");
        let got = "a twin of most images".into();
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let threshold = config.fraction * typical;
    let mut pairs = nearest(held_out, train)?;
    pairs.retain(|pair| pair.distance < threshold);
    pairs.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    Ok(Leakage { typical, threshold, held_out: held_out.count(), pairs })
}
