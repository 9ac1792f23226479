//! From images of galaxies to a judged autoencoder.

use std::fmt;
use std::sync::Arc;

use astrogen_data::{Augment, BatchConfig, Batches, Dataset};
use astrogen_runtime::seed_everything;
use astrogen_train::{
    AutoencoderStep, EvaluateBy, Evaluation, Observer, RunDir, RunLog, StopSignal, fit,
};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::trained::CHUNK;
use super::{Encoder, EncoderConfig, GalaxyImages, pictures};
use crate::ForgeError;

/// How good an autoencoder is: `report.json` in its run's folder. Errors are means over pixels of
/// unit values, squared or absolute as [it was trained by](astrogen_train::AutoencoderStepConfig).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct EncoderReport {
    /// Galaxies that it was trained on.
    pub train_galaxies: usize,
    /// Galaxies that were held out.
    pub held_out_galaxies: usize,
    /// The error of reconstructions of training galaxies.
    pub train_error: f64,
    /// The error of reconstructions of held-out galaxies, which also chose the step.
    pub held_out_error: f64,
    /// The error of held-out galaxies where the mean of the training images stands for each.
    pub mean_image_error: f64,
}

/// Trains an autoencoder in the run's folder, and judges the state that reconstructs held-out galaxies
/// best. `images` are those of `config.images`, or some of them; `watch` is told of what happens.
///
/// The folder has, beside what every run has:
///
/// - `config.json`, which is `config`;
/// - `autoencoder.safetensors` of the end, and `best/autoencoder.safetensors` of the best step;
/// - `report.json`, the [`EncoderReport`];
/// - `reconstructions.png`: held-out images, each above its reconstruction;
/// - `traversal.png`: a row for each latent, along which it goes from -3 to +3 standard deviations of
///   the training galaxies' from their mean, while the others stay at theirs.
///
/// What the run has already is kept: called again on a run that was stopped or killed, it goes on
/// where that was and ends in the same last weights, to the byte; among which weights the best are chosen
/// the checkpoint of the stop is one more. `None` where a stop was asked for before the end.
///
/// # Errors
/// [`ForgeError::Setting`] for settings that do not fit the images; [`ForgeError::Train`] for a folder
/// that another session trains in, and a training that fails; what images and figures report.
pub fn train_encoder(
    run: &RunDir,
    config: &EncoderConfig,
    images: &GalaxyImages,
    device: Device,
    stop: &StopSignal,
    watch: &mut dyn Observer<AutoencoderStep>,
) -> Result<Option<EncoderReport>, ForgeError> {
    config.validate()?;
    let expected = config.model.image_shape();
    if images.shape() != expected {
        return Err(ForgeError::Setting {
            name: "images",
            rule: format!("of shape {expected:?}, as the network takes them"),
            got: format!("{:?}", images.shape()),
        });
    }
    if images.shrink() != config.shrink {
        return Err(ForgeError::Setting {
            name: "images",
            rule: format!("shrunk in the way that the settings say, {}", config.shrink),
            got: images.shrink().to_string(),
        });
    }
    let (train, held_out) = images.split(&config.held_out)?;
    run.write_config(config)?;
    let mut batches = Batches::new(Arc::new(train.clone()), &config.batches, device)?;
    let mut unseen = all_of(&held_out, &config.batches, device)?;
    seed_everything(config.fit.seed);
    let mut step = AutoencoderStep::new(&config.model, &config.algorithm, device)?;
    let mut log = RunLog::quiet(run)?;
    let mut compare = EvaluateBy(|step: &AutoencoderStep| {
        unseen.seek(0);
        let error = step.reconstruction_error(&mut unseen)?;
        Ok(Evaluation { score: Some(error), ..Evaluation::new([("held_out_error", error)]) })
    });
    let observers: &mut [&mut dyn Observer<AutoencoderStep>] = &mut [&mut log, &mut compare, watch];
    let outcome = fit(&mut step, &mut batches, run, &config.fit, stop, observers)?;
    if outcome.interrupted {
        return Ok(None);
    }
    let encoder = Encoder::of(run, config.clone(), device)?;
    let report = EncoderReport {
        train_galaxies: train.len(),
        held_out_galaxies: held_out.len(),
        train_error: encoder.error(&train)?,
        held_out_error: encoder.error(&held_out)?,
        mean_image_error: mean_image_error(config, &train, &held_out)?,
    };
    run.write_json("report.json", &report)?;
    if run.group().is_first() {
        pictures::reconstructions(run, &encoder, &held_out)?;
        pictures::traversal(run, &encoder, &encoder.encode(&train)?)?;
    }
    Ok(Some(report))
}

/// Batches of all images as they are, none of which is left over at the end.
fn all_of(
    images: &GalaxyImages,
    config: &BatchConfig,
    device: Device,
) -> Result<Batches<astrogen_data::Images>, ForgeError> {
    let divides = |size: &usize| images.len().is_multiple_of(*size);
    let batch_size = (1..=CHUNK).rev().find(divides).unwrap_or(1);
    let config = BatchConfig { batch_size, augment: Augment::None, ..config.clone() };
    Ok(Batches::new(Arc::new(images.clone()), &config, device)?)
}

/// The error of held-out images where the mean of the training images stands for each.
fn mean_image_error(
    config: &EncoderConfig,
    train: &GalaxyImages,
    held_out: &GalaxyImages,
) -> Result<f64, ForgeError> {
    let mut sum = Tensor::zeros(config.model.image_shape(), (Kind::Float, Device::Cpu));
    for image in 0..train.len() {
        sum += train.unit(image, 1)?.squeeze_dim(0);
    }
    let mean = (sum / train.len() as f64).unsqueeze(0);
    let mut error = 0.0;
    for image in 0..held_out.len() {
        let loss = config.algorithm.reconstruction.loss(&held_out.unit(image, 1)?, &mean);
        error += loss.double_value(&[]);
    }
    Ok(error / held_out.len() as f64)
}

impl fmt::Display for EncoderReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "error of a pixel's reconstruction: {:.3e} of {} galaxies it was trained on, {:.3e} of {} \
             held out ({:.3e} if the mean image stood for each)",
            self.train_error,
            self.train_galaxies,
            self.held_out_error,
            self.held_out_galaxies,
            self.mean_image_error
        )
    }
}
