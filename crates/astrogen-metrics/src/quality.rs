//! All that this crate says of two sets of images, or of two tables ([`table_quality`]), number by
//! number, each with its interval and its floor. Of images:
//!
//! | number | of | unit | good |
//! | --- | --- | --- | --- |
//! | `sliced_wasserstein` | the [local structure](mod@crate::sliced_wasserstein), mean over scales | published scale | low |
//! | `power_spectrum`, `power_scatter` | [power by scale](mod@crate::power_spectrum), its mean and its scatter over images | dex | low |
//! | `power_deviation` | the same, its mean where it is farthest from the reals' | the reals' scatter over images | low |
//! | `pixels` | the [values of pixels](mod@crate::pixel_intensities), Wasserstein-1 | that of the pixels | low |
//! | `flux`, `half_light_radius`, `concentration`, `asymmetry`, `gini`, `m20` | [morphology](mod@crate::morphology), Kolmogorov-Smirnov | 0 to 1 | low |
//! | `frechet`, `kernel`, `mind` | [features](crate::features), their distributions | that of the features | low |
//! | `precision`, `density` | features, how many samples could be reals | shares | high |
//! | `recall`, `coverage` | features, how many reals samples stand for | shares | high |
//!
//! A sample without an object has no morphology, and counts as one below all others; what is constant has no
//! power and is not counted, which is said. Intervals and floors are those of images that know nothing of each
//! other: tiles of one frame that overlap, or show one nebula, are fewer images than they seem.
//!
//! 8 real and 4 fake images are the least; precision, density, recall and coverage, which look for neighbours,
//! take 24 and 12.
//!
//! Images are measured once; rows of what was measured are compared by [`estimate_all`]: half of
//! the reals with as many fakes, the halves of the reals for the floor, half-samples of both for
//! the interval. Numbers of other counts of images are not comparable, and none of them sees copies:
//! that is what [`memorisation`](crate::memorisation) is for.

mod tables;

use std::fmt;

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

pub use tables::{TableQualityConfig, paired_table_quality, table_quality};

use crate::estimate::{Estimate, EstimateConfig, estimate_all};
use crate::morphology::{self, ks_of_all};
use crate::power_spectrum::radial::{log_power_distance, radial_log_power};
use crate::sliced_wasserstein::batch_shape;
use crate::{
    FeatureNetwork, KernelDistanceConfig, MetricsError, Morphology, MorphologyConfig, PrdcConfig,
    SlicedWassersteinConfig, frechet_distance, kernel_distance, mind, pixel_intensities, prdc,
    sliced_wasserstein,
};

/// Settings of [`image_quality`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QualityConfig {
    /// Of the intervals.
    pub estimate: EstimateConfig,
    /// Of the sliced Wasserstein distance.
    pub sliced_wasserstein: SlicedWassersteinConfig,
    /// The most images of either set that the sliced Wasserstein distance takes, 8 or more; 512 by
    /// default: it is the one number for which images are measured anew for every interval.
    pub sliced_wasserstein_images: i64,
    /// Of the morphology.
    pub morphology: MorphologyConfig,
    /// Random directions of `mind`, 1 or more; 1000 by default.
    pub directions: usize,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self {
            estimate: EstimateConfig::default(),
            sliced_wasserstein: SlicedWassersteinConfig::default(),
            sliced_wasserstein_images: 512,
            morphology: MorphologyConfig::default(),
            directions: 1000,
        }
    }
}

impl QualityConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        self.estimate.validate()?;
        self.sliced_wasserstein.validate()?;
        self.morphology.validate()?;
        if self.sliced_wasserstein_images < 8 {
            let got = self.sliced_wasserstein_images.to_string();
            let (name, rule) = ("sliced_wasserstein_images", "8 or more");
            return Err(MetricsError::Setting { name, rule, got });
        }
        if self.directions < 1 {
            let got = self.directions.to_string();
            return Err(MetricsError::Setting { name: "directions", rule: "1 or more", got });
        }
        Ok(())
    }
}

/// One number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityNumber {
    /// Its name; see the [module](self).
    pub name: String,
    /// Its value, interval and floor.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// All numbers of two sets of images, or of two tables. Printed, it is a line for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Images, or rows, in each of the sets that are compared.
    #[serde(alias = "images")]
    pub count: i64,
    /// The numbers, in the order of the [module](self)'s table or of that of [`table_quality`].
    pub numbers: Vec<QualityNumber>,
    /// Numbers that these sets have not, each with the reason.
    pub left_out: Vec<String>,
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for QualityNumber { name, estimate } in &self.numbers {
            writeln!(f, "  {:<20} {estimate}", name.replace('_', " "))?;
        }
        self.left_out.iter().try_for_each(|line| writeln!(f, "  left out: {line}"))
    }
}

impl Quality {
    /// The number of a name.
    pub fn get(&self, name: &str) -> Option<&Estimate> {
        self.numbers.iter().find(|number| number.name == name).map(|number| &number.estimate)
    }
}

/// Real and fake images `[N, C, H, W]` and `[M, C, H, W]`, compared by all that this crate knows of
/// images; features are those of the network.
///
/// libtorch's generators are left alone.
///
/// ```
/// use astrogen_metrics::quality::{QualityConfig, image_quality};
/// use astrogen_metrics::{FeatureNetwork, RandomFeaturesConfig};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let noise = |n| Tensor::randn([n, 1, 32, 32], (Kind::Float, Device::Cpu));
/// let config = RandomFeaturesConfig { channels: 1, widths: vec![8, 8], ..Default::default() };
/// let network = FeatureNetwork::random(&config)?;
/// let blurred = noise(32).avg_pool2d([3, 3], [1, 1], [1, 1], false, true, None::<i64>);
/// let quality = image_quality(&noise(64), &blurred, &network, &QualityConfig::default())?;
/// let power = quality.get("power_spectrum").expect("noise has power");
/// assert!(power.low > power.floor, "{power}");
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::Shape`], [`MetricsError::BadKind`],
/// [`MetricsError::NotFinite`] or [`MetricsError::DifferentShapes`] for sets that cannot be measured,
/// [`MetricsError::BadValues`] for fewer than 8 real or 4 fake images; [`MetricsError::Torch`] and
/// [`MetricsError::Network`]. A number that these images have not, such as the power of constant ones,
/// is left out with its reason; of fewer than 24 real or 12 fake images precision, density, recall and
/// coverage are.
pub fn image_quality(
    real: &Tensor,
    fake: &Tensor,
    network: &FeatureNetwork,
    config: &QualityConfig,
) -> Result<Quality, MetricsError> {
    config.validate()?;
    let [real_shape, fake_shape] = [batch_shape("real", real)?, batch_shape("fake", fake)?];
    if real_shape[1..] != fake_shape[1..] {
        let [real, fake] = [real_shape, fake_shape].map(|shape| shape[1..].to_vec());
        return Err(MetricsError::DifferentShapes { real, fake });
    }
    let images = (real_shape[0] / 2).min(fake_shape[0]);
    if images < 4 {
        let (set, rule) = ("sets", "of 8 real and 4 fake images or more");
        let got = format!("{} real and {} fake", real_shape[0], fake_shape[0]);
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let seed = config.estimate.seed;
    let mut quality = Quality { count: images, numbers: Vec::new(), left_out: Vec::new() };

    // Of the real images one half is compared with the fakes.
    let few = config.sliced_wasserstein_images;
    let (few_real, few_fake) = (real.f_slice(0, 0, 2 * few, 1)?, fake.f_slice(0, 0, few, 1)?);
    quality.add(
        &["sliced_wasserstein"],
        [&few_real, &few_fake],
        &config.estimate,
        |real, fake| {
            Ok(vec![sliced_wasserstein(real, fake, &config.sliced_wasserstein, seed)?.mean])
        },
    )?;

    let power = [radial_log_power(real)?, radial_log_power(fake)?];
    quality.add(
        &["power_spectrum", "power_scatter", "power_deviation"],
        power.each_ref(),
        &config.estimate,
        |real, fake| {
            let distance = log_power_distance(real, fake)?;
            Ok(vec![distance.mean, distance.scatter, distance.deviation])
        },
    )?;
    quality.left_out.extend(constant(&power)?);

    quality.add(&["pixels"], [real, fake], &config.estimate, |real, fake| {
        Ok(vec![pixel_intensities::wasserstein_1(real, fake, seed)?])
    })?;

    let shapes = [real, fake].map(|images| morphology::morphology(images, &config.morphology));
    let [real_shapes, fake_shapes] = shapes;
    let tables = [Morphology::table(&real_shapes?)?, Morphology::table(&fake_shapes?)?];
    for (place, (name, _)) in Morphology::STATISTICS.iter().enumerate() {
        quality.add(&[name], tables.each_ref(), &config.estimate, |real, fake| {
            Ok(vec![ks_of_all(real, fake, place)?])
        })?;
    }

    let features = [network.extract(real)?, network.extract(fake)?];
    let names = ["frechet", "kernel", "mind"];
    quality.add(&names, features.each_ref(), &config.estimate, |real, fake| {
        // All rows in one subset, or subsets of a thousand where that would take long.
        let rows = real.size()[0];
        let (subsets, subset_size) = if rows <= 1000 { (1, rows) } else { (20, 1000) };
        let subsets = KernelDistanceConfig { subsets, subset_size };
        Ok(vec![
            frechet_distance(real, fake)?.distance,
            kernel_distance(real, fake, &subsets, seed)?.mean,
            mind(real, fake, config.directions, seed)?,
        ])
    })?;
    let names = ["precision", "density", "recall", "coverage"];
    let balls = PrdcConfig::default();
    // A half-sample has more images than the neighbours that balls reach to.
    let least = 2 * (balls.precision_recall.max(balls.density_coverage) + 1);
    if images < least {
        quality.left_out.push(format!(
            "{}: {} real and {least} fake images are needed, got {} and {}",
            names.join(", "),
            2 * least,
            real_shape[0],
            fake_shape[0]
        ));
        return Ok(quality);
    }
    quality.add(&names, features.each_ref(), &config.estimate, |real, fake| {
        let near = prdc(real, fake, &balls)?;
        Ok(vec![near.precision, near.density, near.recall, near.coverage])
    })?;
    Ok(quality)
}

/// A line that says how many images are constant in some channel, if any are.
fn constant(power: &[Tensor; 2]) -> Result<Option<String>, MetricsError> {
    let count = |of: &Tensor| -> Result<(i64, i64), MetricsError> {
        let bare = of.f_isnan()?.f_flatten(1, -1)?.f_any_dim(1, false)?;
        Ok((bare.f_sum(Kind::Int64)?.f_int64_value(&[])?, of.size()[0]))
    };
    let [(real, reals), (fake, fakes)] = [count(&power[0])?, count(&power[1])?];
    Ok((real + fake > 0).then(|| {
        format!(
            "power of images that are constant in some channel: {fake} of {fakes} fakes, {real} of {reals} \
             reals"
        )
    }))
}

impl Quality {
    /// Adds the numbers of one metric; those that the sets have not are left out.
    fn add(
        &mut self,
        names: &[&str],
        [real, fake]: [&Tensor; 2],
        config: &EstimateConfig,
        metric: impl Fn(&Tensor, &Tensor) -> Result<Vec<f64>, MetricsError>,
    ) -> Result<(), MetricsError> {
        match estimate_all(real, fake, config, metric) {
            Ok(estimates) => {
                let named = names.iter().zip(estimates);
                self.numbers.extend(
                    named.map(|(name, estimate)| QualityNumber {
                        name: (*name).to_owned(),
                        estimate,
                    }),
                );
                Ok(())
            }
            Err(
                error @ (MetricsError::BadValues { .. }
                | MetricsError::CannotHalve { .. }
                | MetricsError::TooSmall { .. }),
            ) => {
                self.left_out.push(format!("{}: {error}", names.join(", ")));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
