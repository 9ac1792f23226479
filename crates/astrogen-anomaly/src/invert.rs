//! From images back to latents.
//!
//! The latent of an image `x` is sought that makes
//!
//! ```text
//! (1 - w) mean |x - G(z)| + w mean |f(x) - f(G(z))|
//! ```
//!
//! small, `f` being what the generator's opponent decides by, as Schlegl et al. 2017, *Unsupervised
//! Anomaly Detection with Generative Adversarial Networks to Guide Marker Discovery*, have it
//! (`w = 0.1`). Adam begins at the nearest of many random latents; a latent that leaves the ball of radius
//! `sqrt(D)`, on whose surface nearly all latents lie that the generator knows, is brought back to it,
//! so that it does not wander to where anything can be made.

use astrogen_models::{Generator, ModelError};
use astrogen_runtime::seed_everything;
use astrogen_train::{Adam, AdamConfig, GanStep, Schedule};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor, no_grad};

use crate::AnomalyError;

/// Images whose latents are sought at a time.
const CHUNK: i64 = 64;

/// Settings of [`invert`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InversionConfig {
    /// Updates of the latents; none leaves the nearest random ones. Default 200.
    pub steps: u64,
    /// Adam's learning rate, which falls to a tenth. Default 0.1.
    pub lr: f64,
    /// Random latents that the first ones are chosen from, 1 to 100,000. Default 512.
    pub starts: i64,
    /// The weight `w` of the opponent's features, from 0 to 1. Default 0.1.
    pub feature_weight: f64,
    /// The seed of the random latents, and of the noise in generators that have inputs of it.
    pub seed: u64,
}

impl Default for InversionConfig {
    fn default() -> Self {
        Self { steps: 200, lr: 0.1, starts: 512, feature_weight: 0.1, seed: 0 }
    }
}

impl InversionConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`AnomalyError::Setting`] and [`AnomalyError::Train`] for one that is out of its range.
    pub fn validate(&self) -> Result<(), AnomalyError> {
        self.adam().validate()?;
        let refuse = |name, rule, got| Err(AnomalyError::Setting { name, rule, got });
        if !(1..=100_000).contains(&self.starts) {
            return refuse("starts", "1 to 100,000", self.starts.to_string());
        }
        if !(0.0..=1.0).contains(&self.feature_weight) {
            return refuse("feature_weight", "from 0 to 1", self.feature_weight.to_string());
        }
        Ok(())
    }

    fn adam(&self) -> AdamConfig {
        let schedule = Schedule::Linear { steps: self.steps.max(1), end: 0.1 };
        AdamConfig { lr: self.lr, schedule, ..AdamConfig::default() }
    }
}

/// What a generator can make of images.
#[derive(Debug)]
pub struct Inverted {
    /// Their latents `[N, D]`.
    pub latents: Tensor,
    /// The generator's images of these, `[N, C, H, W]`, signed.
    pub images: Tensor,
    /// The mean absolute difference of the pixels, `[N]`.
    pub pixels: Tensor,
    /// The mean absolute difference of the opponent's features, `[N]`; none where it does not tell them.
    pub features: Option<Tensor>,
}

/// The latents whose images are nearest to images `[N, C, H, W]`, signed, by a step's averaged generator
/// and its opponent; on their device.
///
/// libtorch's generator is seeded.
///
/// # Errors
/// [`AnomalyError::Setting`]; [`AnomalyError::Model`] for images of another shape than the networks';
/// [`AnomalyError::Torch`].
pub fn invert<S: GanStep>(
    step: &S,
    images: &Tensor,
    config: &InversionConfig,
) -> Result<Inverted, AnomalyError> {
    config.validate()?;
    let generator = step.average();
    let [c, h, w] = generator.image_shape();
    if images.dim() != 4 || images.size()[1..] != [c, h, w] || images.size()[0] < 1 {
        let (what, expected) = ("images", format!("[N, {c}, {h}, {w}]"));
        return Err(ModelError::Shape { what, expected, got: images.size() }.into());
    }
    let (kind, device) = generator.options();
    let images = images.f_to_device(device)?.f_to_kind(kind)?;
    seed_everything(config.seed);
    let latents = generator.latent(config.starts);
    let starts = (generator.sample(&latents)?.f_flatten(1, -1)?, latents);
    let mut parts = Vec::new();
    for chunk in images.f_split(CHUNK, 0)? {
        parts.push(of_chunk(step, &chunk, &starts, config)?);
    }
    let join =
        |of: fn(&Inverted) -> &Tensor| Tensor::f_cat(&parts.iter().map(of).collect::<Vec<_>>(), 0);
    let features: Option<Vec<&Tensor>> = parts.iter().map(|part| part.features.as_ref()).collect();
    Ok(Inverted {
        latents: join(|part| &part.latents)?,
        images: join(|part| &part.images)?,
        pixels: join(|part| &part.pixels)?,
        features: features.map(|features| Tensor::f_cat(&features, 0)).transpose()?,
    })
}

/// Of a few images; `starts` are flat images and their latents.
fn of_chunk<S: GanStep>(
    step: &S,
    images: &Tensor,
    starts: &(Tensor, Tensor),
    config: &InversionConfig,
) -> Result<Inverted, AnomalyError> {
    let generator = step.average();
    let nearest = Tensor::f_cdist(&images.f_flatten(1, -1)?, &starts.0, 1.0, None::<i64>)?;
    let nearest = nearest.f_argmin(1, false)?;
    let latents = starts.1.f_index_select(0, &nearest)?.detach().set_requires_grad(true);
    let wanted = no_grad(|| step.features(images));
    let compare = || -> Result<(Tensor, Tensor, Option<Tensor>), AnomalyError> {
        seed_everything(config.seed); // the same noise every time
        let made = generator.forward_t(&latents, false);
        let pixels = difference(&made, images)?;
        let features = match &wanted {
            Some(wanted) => match step.features(&made) {
                Some(features) => Some(difference(&features, wanted)?),
                None => None,
            },
            None => None,
        };
        Ok((made, pixels, features))
    };
    let mut adam = Adam::new(vec![("latents".to_owned(), latents.shallow_clone())], config.adam())?;
    let radius = (generator.latent_dim() as f64).sqrt();
    for _ in 0..config.steps {
        let (_, pixels, features) = compare()?;
        let loss = match features {
            Some(features) => {
                pixels * (1.0 - config.feature_weight) + features * config.feature_weight
            }
            None => pixels,
        };
        let _ = adam.minimize(&loss.f_sum(loss.kind())?)?;
        no_grad(|| -> Result<(), AnomalyError> {
            let length = latents.f_norm_scalaropt_dim(2.0, [1i64], true)?;
            let within = &latents * (radius / length.f_clamp_min(radius)?);
            latents.shallow_clone().f_copy_(&within)?;
            Ok(())
        })?;
    }
    let (images, pixels, features) = no_grad(compare)?;
    Ok(Inverted { latents: latents.detach(), images, pixels, features })
}

/// The mean absolute difference of rows of any shape, `[N]`.
pub(crate) fn difference(a: &Tensor, b: &Tensor) -> Result<Tensor, AnomalyError> {
    let difference = (a - b).f_abs()?.f_flatten(1, -1)?;
    Ok(difference.f_mean_dim([1i64].as_slice(), false, None::<Kind>)?)
}
