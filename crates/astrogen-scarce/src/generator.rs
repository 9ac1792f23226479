//! Images of a class, generated from the few that there are.

use std::sync::Arc;

use astrogen_data::{ArrayDataset, BatchConfig, Batches};
use astrogen_models::Generator;
use astrogen_runtime::seed_everything;
use astrogen_train::{RelativisticStep, fit_in_memory};
use ndarray::Array4;
use tch::{Device, Kind, Tensor};

use crate::{ScarceConfig, ScarceError};

/// Trains a generator on images `[N, C, H, W]` of one class, signed, and draws as many as the settings
/// say, `[generated, C, H, W]`, each from a latent of its own. Only these images are seen.
///
/// # Errors
/// [`ScarceError::Train`] for a training that fails, and settings that do not fit the images.
pub fn generate(
    config: &ScarceConfig,
    images: &Array4<f32>,
    seed: u64,
    device: Device,
) -> Result<Array4<f32>, ScarceError> {
    let training = &config.generator;
    let batches = BatchConfig {
        batch_size: 2 * training.batch_size, // half of them for the generator's own update
        augment: config.augment,
        seed,
        ..BatchConfig::default()
    };
    let mut batches = Batches::new(Arc::new(ArrayDataset::new(images.clone())?), &batches, device)?;
    seed_everything(seed);
    let mut step = RelativisticStep::new(&training.model, &training.algorithm, device)?;
    fit_in_memory(&mut step, &mut batches, training.steps, seed, |_, _, _| Ok(()))?;
    let generator = step.average();
    seed_everything(seed);
    array_of(&generator.sample(&generator.latent(config.generated as i64))?)
}

/// Images `[N, C, H, W]` on the host.
fn array_of(images: &Tensor) -> Result<Array4<f32>, ScarceError> {
    let (n, c, h, w) = images.size4()?;
    let plain = images.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
    let mut array = Array4::zeros([n, c, h, w].map(|side| side as usize));
    // Zeros are in standard order.
    if let Some(values) = array.as_slice_mut() {
        plain.f_copy_data(values, plain.numel())?;
    }
    Ok(array)
}
