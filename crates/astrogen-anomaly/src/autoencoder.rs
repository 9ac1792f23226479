//! The autoencoder of the images that a generator was trained on.

use std::sync::Arc;

use astrogen_data::{Batches, Dataset, Images};
use astrogen_models::Autoencoder;
use astrogen_runtime::seed_everything;
use astrogen_train::{AutoencoderStep, Observer, RunDir, RunLog, StopSignal, fit};
use tch::Device;

use crate::{AnomalyConfig, AnomalyError};

/// Trains an autoencoder on images in a search's folder, which has then what every run has, and
/// `autoencoder.safetensors`; none where a stop was asked for before the end. `watch` is told of what
/// happens.
///
/// # Errors
/// Those of [`AnomalyConfig::validate`]; [`AnomalyError::Data`] for fewer images than a batch has;
/// [`AnomalyError::Train`] for a training that fails.
pub fn train_autoencoder(
    run: &RunDir,
    config: &AnomalyConfig,
    images: Arc<dyn Dataset<Batch = Images>>,
    device: Device,
    stop: &StopSignal,
    watch: &mut dyn Observer<AutoencoderStep>,
) -> Result<Option<Autoencoder>, AnomalyError> {
    config.validate()?;
    let mut batches = Batches::new(images, &config.batches, device)?;
    seed_everything(config.fit.seed);
    let mut step = AutoencoderStep::new(&config.model, &config.algorithm, device)?;
    let mut log = RunLog::quiet(run)?;
    let observers: &mut [&mut dyn Observer<AutoencoderStep>] = &mut [&mut log, watch];
    let outcome = fit(&mut step, &mut batches, run, &config.fit, stop, observers)?;
    let trained = || Autoencoder::load(run.path(), device);
    Ok((!outcome.interrupted).then(trained).transpose()?)
}
