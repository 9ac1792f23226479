//! A look at samples: what it leaves in the folder of a run, and says in the end.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use astrogen_data::{ArrayDataset, BatchConfig, Batches};
use astrogen_metrics::{RealHalves, SlicedWassersteinConfig};
use astrogen_models::{DcganConfig, DcganGenerator, Generator};
use astrogen_report::SampleLook;
use astrogen_train::{
    DcganStep, DcganStepConfig, FitConfig, GanStep, History, RunDir, RunLog, StopSignal, fit,
};
use ndarray::Array4;
use serde_json::Value;
use tch::{Device, Tensor};

const MODEL: DcganConfig = DcganConfig {
    image_size: 32,
    channels: 1,
    latent_dim: 4,
    generator_features: 2,
    discriminator_features: 2,
};

fn batches() -> Batches {
    let pixels = Array4::from_shape_fn((12, 1, 32, 32), |(n, _, y, x)| {
        ((n * 7 + y * 5 + x * 3) % 17) as f32 / 8.5 - 1.0
    });
    let config = BatchConfig { batch_size: 4, seed: 1, ..BatchConfig::default() };
    Batches::new(Arc::new(ArrayDataset::new(pixels).unwrap()), &config, Device::Cpu).unwrap()
}

#[test]
fn the_best_generator_is_reported_on_images_that_did_not_choose_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    let config =
        FitConfig { steps: 4, sample_interval: 2, checkpoint_interval: 2, ..FitConfig::default() };
    run.write_config(&config).unwrap();
    tch::manual_seed(5);
    let mut step = DcganStep::new(&MODEL, &DcganStepConfig::default(), Device::Cpu).unwrap();
    let mut batches = batches();
    let mut log = RunLog::new(&run).unwrap();
    let mut look = SampleLook::new(&run, &mut batches, &step, 0).unwrap();
    let stop = StopSignal::default();
    let outcome =
        fit(&mut step, &mut batches, &run, &config, &stop, &mut [&mut log, &mut look]).unwrap();
    let report = look.finish(&step, &outcome).unwrap();

    for file in ["samples/real.png", "samples/step-00000002.png", "samples/step-00000004.png"] {
        assert!(run.join(file).is_file(), "{file}");
    }
    let (file, best) = report.best.clone().unwrap();
    assert_eq!(file, run.best_path().join(DcganGenerator::FILE));
    let scores = History::open(&run.scores_path()).unwrap();
    let of_best = scores.steps.iter().position(|&step| step == best.step).unwrap();
    assert_eq!(scores.losses[0].0, "sliced_wasserstein");
    assert!((scores.losses[0].1[of_best] - best.chosen_by).abs() < 1e-9);
    let written: Value = run.read_json("report.json").unwrap();
    assert_eq!(written["sliced_wasserstein"].as_f64(), Some(best.sliced_wasserstein));

    // Once more, by hand: the second half of the reals, and the second half of the latents.
    let mut again = self::batches();
    let real = Tensor::cat(&[(); 3].map(|()| again.next_batch().unwrap().0), 0);
    let halves = RealHalves::new(&real, SlicedWassersteinConfig::default(), 0).unwrap();
    tch::manual_seed(5);
    let fresh = DcganStep::new(&MODEL, &DcganStepConfig::default(), Device::Cpu).unwrap();
    let generator = GanStep::average(&fresh);
    let _grid = generator.latent(64);
    let reporting = generator.latent(12).narrow(0, 6, 6);
    let best_generator = DcganGenerator::load(run.best_path(), Device::Cpu).unwrap();
    let distance = halves.test(&best_generator.sample(&reporting).unwrap()).unwrap();
    assert_eq!(distance, best.sliced_wasserstein);
    assert_eq!(halves.floor(), best.floor);

    let text = report.to_string();
    assert!(text.starts_with("finished after 4 steps\n"), "{text}");
    assert!(!text.contains("losses.png"), "no row of the history, no curve: {text}");
    assert!(text.ends_with("on those that it was"), "{text}");
}
