//! Whole runs: resume to the last bit, and images that are no numbers.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use astrogen_data::{ArrayDataset, BatchConfig, Batches};
use astrogen_losses::{AdversarialLoss, GradientPenaltyConfig, PenaltyKind};
use astrogen_models::{Generator, WganConfig, WganGenerator};
use astrogen_train::TrainError;
use astrogen_train::fit::{Event, FitConfig, Observer, fit};
use astrogen_train::interrupt::StopSignal;
use astrogen_train::log::{History, HistoryCsv};
use astrogen_train::run_dir::RunDir;
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use ndarray::{Array4, s};
use tch::{Device, Kind, Tensor};

use super::{MODEL, algorithm};
use crate::{alone, batches_of, bytes_of, config, stop_at};

/// Trains in a folder, new or old, with a history beside the checkpoints.
fn train(
    folder: &Path,
    mut algorithm: WganGpStep,
    config: &FitConfig,
    stop: &StopSignal,
    observer: &mut dyn Observer<WganGpStep>,
) -> Result<WganGpStep, TrainError> {
    let run = if folder.exists() {
        RunDir::open(folder)?
    } else {
        let run = RunDir::create(folder)?;
        run.write_config(config)?;
        run
    };
    let mut history = HistoryCsv::new(run.join("history.csv"));
    let observers: &mut [&mut dyn Observer<WganGpStep>] = &mut [&mut history, observer];
    let mut batches = batches_of(11, [1, 64, 64]);
    fit(&mut algorithm, &mut batches, &run, config, stop, observers)?;
    Ok(algorithm)
}

/// 13 steps in one go, and in three parts whose ends are no multiple of `n_critic` or of the
/// penalty's interval: the same bytes.
fn resumes_to_the_last_bit(model: &WganConfig, step: &WganGpStepConfig) {
    let folder = tempfile::tempdir().unwrap();
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let config = FitConfig { checkpoint_interval: 3, ..config(13) };
    let new = || algorithm(model, step);
    let on = |_: &WganGpStep, _: &Event| Ok(());
    let go = StopSignal::default();
    let unbroken = train(&whole, new(), &config, &go, &mut { on }).unwrap();

    // Interrupted after step 7; then killed after step 11: what is left is the checkpoint of
    // step 9.
    let stop = StopSignal::default();
    train(&parts, new(), &config, &stop, &mut stop_at(7, &stop)).unwrap();
    assert_eq!(RunDir::open(&parts).unwrap().checkpoints().unwrap(), [6, 7]);
    let mut kill = |_: &WganGpStep, event: &Event| match event {
        Event::Logged { step: 11, .. } => Err(TrainError::observer("killed")),
        _ => Ok(()),
    };
    train(&parts, new(), &config, &go, &mut kill).unwrap_err();
    assert_eq!(RunDir::open(&parts).unwrap().checkpoints().unwrap(), [7, 9]);
    let resumed = train(&parts, new(), &config, &go, &mut { on }).unwrap();

    assert_eq!(bytes_of(&unbroken), bytes_of(&resumed));
    let checkpoint = |run: &Path| fs::read(RunDir::open(run).unwrap().checkpoint_path(13)).unwrap();
    assert!(checkpoint(&whole) == checkpoint(&parts), "the files differ");
    let history = |run: &Path| History::open(&run.join("history.csv")).unwrap();
    assert_eq!(history(&whole), history(&parts));
    assert_eq!(history(&whole).steps, Vec::from_iter(1..=13));
    let names: Vec<_> = history(&whole).losses.into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
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
    let generator = WganGenerator::load(&whole, Device::Cpu).unwrap();
    let latent = Tensor::linspace(-1, 1, 18, (Kind::Float, Device::Cpu)).view([3, 6]);
    let samples = generator.sample(&latent).unwrap();
    assert_eq!(samples, unbroken.average().sample(&latent).unwrap());
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
    let third = (0..3).map(|_| batches.next_batch().unwrap()).last().unwrap();
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
