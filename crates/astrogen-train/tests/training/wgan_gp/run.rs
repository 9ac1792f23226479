//! Whole runs: resume to the last bit, and images that are no numbers.

use std::sync::Arc;

use astrogen_data::{ArrayDataset, BatchConfig, Batches, Images};
use astrogen_losses::{AdversarialLoss, GradientPenaltyConfig, PenaltyKind};
use astrogen_models::{Generator, WganConfig, WganGenerator};
use astrogen_train::fit::{FitConfig, fit};
use astrogen_train::interrupt::StopSignal;
use astrogen_train::run_dir::RunDir;
use astrogen_train::wgan_gp::WganGpStepConfig;
use ndarray::{Array4, s};
use tch::{Device, Kind, Tensor};

use super::{MODEL, algorithm};
use crate::{alone, batches_of, config, resume};

fn resumes_to_the_last_bit(model: &WganConfig, step: &WganGpStepConfig) {
    let whole =
        resume::resumes_to_the_last_bit(|| algorithm(model, step), || batches_of(11, [1, 64, 64]));
    assert_eq!(
        whole.losses,
        [
            "real_score",
            "fake_score",
            "gradient_penalty",
            "gradient_norm",
            "wasserstein",
            "critic_loss",
            "generator_loss"
        ]
    );
    // The generator alone is enough to sample from.
    let generator = WganGenerator::load(&whole.run, Device::Cpu).unwrap();
    let latent = Tensor::linspace(-1, 1, 18, (Kind::Float, Device::Cpu)).view([3, 6]);
    let samples = generator.sample(&latent).unwrap();
    assert_eq!(samples, whole.step.average().sample(&latent).unwrap());
}

#[test]
fn a_resumed_run_ends_in_the_same_bytes() {
    let _alone = alone();
    let penalty = GradientPenaltyConfig { interval: 2, ..Default::default() };
    resumes_to_the_last_bit(&MODEL, &WganGpStepConfig { penalty, ..Default::default() });
}

#[test]
fn a_resumed_run_with_vectors_and_noise_ends_in_the_same_bytes() {
    let _alone = alone();
    let model = WganConfig { spectral_norm: true, ..MODEL };
    let step = WganGpStepConfig {
        loss: AdversarialLoss::Relativistic,
        penalty: GradientPenaltyConfig { kind: PenaltyKind::Dragan, ..Default::default() },
        n_critic: 2,
        ..Default::default()
    };
    resumes_to_the_last_bit(&model, &step);
}

#[test]
fn an_image_that_is_no_number_stops_the_run_and_the_last_good_checkpoint_stays() {
    let _alone = alone();
    // Each image is told by its value.
    let mut pixels = Array4::from_shape_fn((12, 1, 64, 64), |(n, ..)| n as f32 / 12.0);
    let batches_of = |pixels: &Array4<f32>| {
        let dataset = Arc::new(ArrayDataset::new(pixels.clone()).unwrap());
        let config = BatchConfig { batch_size: 4, seed: 5, ..Default::default() };
        Batches::new(dataset, &config, Device::Cpu).unwrap()
    };
    let mut batches = batches_of(&pixels);
    let Images(third) = (0..3).map(|_| batches.next_batch().unwrap()).last().unwrap();
    let bad = (third.double_value(&[1, 0, 0, 0]) * 12.0).round() as usize;
    pixels.slice_mut(s![bad, .., 10, 10..12]).fill(f32::NAN);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let run = RunDir::create(&path).unwrap();
    let mut step = algorithm(&MODEL, &WganGpStepConfig::default());
    let config = FitConfig { checkpoint_interval: 1, ..config(5) };
    let stop = StopSignal::default();
    let error = fit(&mut step, &mut batches_of(&pixels), &run, &config, &stop, &mut []);
    let message = error.unwrap_err().to_string();
    assert!(message.contains("real_score is not finite at step 3"), "{message}");
    assert_eq!(run.checkpoints().unwrap(), [1, 2]);

    // With the image mended the run goes on from there.
    pixels.slice_mut(s![bad, .., 10, 10..12]).fill(bad as f32 / 12.0);
    let mut step = algorithm(&MODEL, &WganGpStepConfig::default());
    let outcome = fit(&mut step, &mut batches_of(&pixels), &run, &config, &stop, &mut []).unwrap();
    assert_eq!((outcome.step, outcome.interrupted), (5, false));
}
