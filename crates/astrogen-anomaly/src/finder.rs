//! Scores of images that are high where they are odd.

use std::fmt;
use std::path::Path;

use astrogen_models::{Autoencoder, Generator};
use astrogen_train::{Checkpoint, GanStep, RunDir};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::invert::difference;
use crate::{AnomalyError, InversionConfig, invert};

/// How an image is found odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// What the generator's opponent says against its being real: its score or log-odds, negated.
    Opponent,
    /// The mean absolute difference of the opponent's features from those of the generator's nearest
    /// image.
    Features,
    /// The mean absolute difference of pixels from the generator's nearest image.
    Generator,
    /// The mean absolute difference of pixels from what an autoencoder brings back.
    Autoencoder,
}

impl Method {
    /// Its name: opponent, features, generator, autoencoder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opponent => "opponent",
            Self::Features => "features",
            Self::Generator => "generator",
            Self::Autoencoder => "autoencoder",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A score for each image, by each method.
pub type Scores = [(Method, Vec<f64>)];

/// What was seen of images.
#[derive(Debug)]
pub struct Look {
    /// A score for each image, by each method.
    pub scores: Vec<(Method, Vec<f64>)>,
    /// The generator's nearest images, `[N, C, H, W]`, signed, on the host.
    pub generated: Tensor,
    /// The images as the autoencoder brings them back, likewise.
    pub decoded: Tensor,
}

/// A generator, its opponent, and an autoencoder of the same images.
#[derive(Debug)]
pub struct Finder<'a, S> {
    step: &'a S,
    autoencoder: &'a Autoencoder,
    inversion: InversionConfig,
}

impl<S: GanStep> Finder<'_, S> {
    /// A step as the last checkpoint of a run left it: generator, average and opponent are those of one
    /// moment, which the best generator of a run may not be.
    ///
    /// # Errors
    /// [`AnomalyError::Untrained`]; [`AnomalyError::Setting`] for an opponent that does not judge each image
    /// [by itself](GanStep::judges_alone); [`AnomalyError::Train`] for a folder that is no run, or one of
    /// other networks.
    pub fn trained(step: S, run: impl AsRef<Path>) -> Result<S, AnomalyError> {
        check_opponent(&step)?;
        let run = RunDir::open(run.as_ref())?;
        // A run that begins from another's networks has what they are as its step 0.
        let Some(last) = run.checkpoints()?.last().copied().filter(|&step| step > 0) else {
            return Err(AnomalyError::Untrained { run: run.path().to_owned() });
        };
        Checkpoint::load(&run.checkpoint_path(last), &step)?;
        Ok(step)
    }
}

impl<'a, S: GanStep> Finder<'a, S> {
    /// What looks at images of the shape that both take.
    ///
    /// # Errors
    /// [`AnomalyError::Setting`] for settings out of their range, for networks of two shapes, and for an
    /// opponent that does not judge each image [by itself](GanStep::judges_alone).
    pub fn new(
        step: &'a S,
        autoencoder: &'a Autoencoder,
        inversion: &InversionConfig,
    ) -> Result<Self, AnomalyError> {
        inversion.validate()?;
        let shapes = [step.average().image_shape(), autoencoder.config().image_shape()];
        if shapes[0] != shapes[1] {
            let (name, rule) = ("autoencoder", "one of images of the generator's shape");
            let got = format!("{:?} and {:?}", shapes[1], shapes[0]);
            return Err(AnomalyError::Setting { name, rule, got });
        }
        check_opponent(step)?;
        Ok(Self { step, autoencoder, inversion: inversion.clone() })
    }

    /// Looks at images `[N, C, H, W]`, signed, of any device.
    ///
    /// libtorch's generator is seeded.
    ///
    /// # Errors
    /// Those of [`invert`].
    pub fn look(&self, images: &Tensor) -> Result<Look, AnomalyError> {
        let inverted = invert(self.step, images, &self.inversion)?;
        let images = images.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?;
        let (kind, device) = self.autoencoder.options();
        let unit = ((&images + 1.0) * 0.5).f_to_device(device)?.f_to_kind(kind)?;
        let decoded = self.autoencoder.decode(&self.autoencoder.encode(&unit)?)?;
        let decoded = decoded.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)? * 2.0 - 1.0;
        let mut scores = vec![(Method::Opponent, values(&-self.step.realness(&images)?)?)];
        if let Some(features) = &inverted.features {
            scores.push((Method::Features, values(features)?));
        }
        scores.push((Method::Generator, values(&inverted.pixels)?));
        scores.push((Method::Autoencoder, values(&difference(&decoded, &images)?)?));
        let generated = inverted.images.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?;
        Ok(Look { scores, generated, decoded })
    }
}

/// Refuses an opponent whose scores of an image change with those beside it.
fn check_opponent(step: &impl GanStep) -> Result<(), AnomalyError> {
    if step.judges_alone() {
        return Ok(());
    }
    let (name, rule) = ("opponent", "one that judges each image by itself");
    let got = "one that looks at how much images of a batch differ (--minibatch-deviation)";
    Err(AnomalyError::Setting { name, rule, got: got.to_owned() })
}

/// Numbers `[N]` on the host.
fn values(numbers: &Tensor) -> Result<Vec<f64>, AnomalyError> {
    let numbers = numbers.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
    Ok(Vec::try_from(numbers.f_contiguous()?)?)
}
