//! A look at samples: what it leaves in the folder of a run, and says in the end.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex, PoisonError};

use astrogen_data::{ArrayDataset, BatchConfig, Batches};
use astrogen_metrics::{RealHalves, SlicedWassersteinConfig};
use astrogen_models::{DcganConfig, DcganGenerator, Generator, Upsampling};
use astrogen_report::SampleLook;
use astrogen_train::{
    Criterion, DcganStep, DcganStepConfig, FitConfig, GanStep, History, Outcome, RunDir, RunLog,
    StopSignal, fit,
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
    upsampling: Upsampling::Transposed,
    spectral_norm: false,
    minibatch_deviation: false,
};

/// Tests that draw from libtorch's one generator take turns.
static TURN: Mutex<()> = Mutex::new(());

fn batches() -> Batches {
    let pixels = Array4::from_shape_fn((12, 1, 32, 32), |(n, _, y, x)| {
        ((n * 7 + y * 5 + x * 3) % 17) as f32 / 8.5 - 1.0
    });
    let config = BatchConfig { batch_size: 4, seed: 1, ..BatchConfig::default() };
    Batches::new(Arc::new(ArrayDataset::new(pixels).unwrap()), &config, Device::Cpu).unwrap()
}

#[test]
fn the_best_generator_is_reported_on_images_that_did_not_choose_it() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
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

/// So many images of a bright spot on noise, of a seed.
fn spots(count: usize, seed: usize, batch_size: usize) -> Batches {
    let pixels = Array4::from_shape_fn((count, 1, 32, 32), |(n, _, y, x)| {
        let n = n + 1000 * seed;
        let (y, x) = (y as f32 - (8 + n * 7 % 16) as f32, x as f32 - (8 + n * 5 % 16) as f32);
        let noise = ((n * 31 + (y * 17.0 + x * 13.0) as usize * 7) % 101) as f32 / 1010.0;
        1.6 * (-(y * y + x * x) / (8 + n % 13) as f32).exp() - 0.9 + noise
    });
    let config = BatchConfig { batch_size, seed: 1, ..BatchConfig::default() };
    Batches::new(Arc::new(ArrayDataset::new(pixels).unwrap()), &config, Device::Cpu).unwrap()
}

#[test]
fn samples_have_all_numbers_pictures_and_the_audit_and_a_collapse_is_named() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    let config = FitConfig { steps: 2, checkpoint_interval: 2, ..FitConfig::default() };
    run.write_config(&config).unwrap();
    tch::manual_seed(5);
    let mut step = DcganStep::new(&MODEL, &DcganStepConfig::default(), Device::Cpu).unwrap();
    let mut batches = spots(60, 0, 20);
    let mut log = RunLog::quiet(&run).unwrap();
    let look = SampleLook::new(&run, &mut batches, &step, 0).unwrap();
    let mut look = look
        .with_held_out(Some([spots(60, 0, 1), spots(30, 1, 1)]))
        .unwrap()
        .with_physical(Some("adu"), |images| images.f_mul_scalar(100.0));
    let stop = StopSignal::default();
    let outcome =
        fit(&mut step, &mut batches, &run, &config, &stop, &mut [&mut log, &mut look]).unwrap();
    let report = look.finish(&step, &outcome).unwrap();
    assert!(report.remarks.is_empty(), "{:?}", report.remarks);

    let written: Value = run.read_json("report.json").unwrap();
    let numbers = written["quality"]["numbers"].as_array().unwrap();
    let of = |name: &str| numbers.iter().find(|number| number["name"] == name).unwrap();
    assert_eq!(written["quality"]["count"], 30);
    for name in ["sliced_wasserstein", "pixels", "frechet", "precision", "coverage"] {
        for part in ["value", "low", "high", "floor"] {
            assert!(of(name)[part].is_f64(), "{name}: {part}");
        }
    }
    assert!(of("pixels")["low"].as_f64() > of("pixels")["floor"].as_f64(), "it has learnt nothing");
    // The same in units of which a hundred are one.
    let physical = &written["pixels_physical"];
    assert_eq!(physical["unit"], "adu");
    for part in ["value", "low", "high", "floor"] {
        let [band, all] =
            [&physical["bands"][0], of("pixels")].map(|of| of[part].as_f64().unwrap());
        assert!((band - 100.0 * all).abs() < 1e-3 * band, "{part}: {band} for {all}");
    }
    let leakage = &written["leakage"];
    assert_eq!((&leakage["held_out"], &leakage["pairs"]), (&30.into(), &Value::Array(Vec::new())));
    let audit = &written["memorisation"];
    assert!(audit["copying"]["p_value"].as_f64().is_some_and(|p| p > 0.5), "{audit}");
    for name in ["quality", "power", "pixels", "closest"] {
        assert!(run.join(format!("figures/{name}.png")).is_file(), "{name}");
    }
    let text = report.to_string();
    for words in ["precision", "recall", "reals", "C_T", "pixels in adu, band by band: "] {
        assert!(text.contains(words), "{words}: {text}");
    }

    // Resumed and stopped: the same checkpoint is told of, and what takes time is not done again.
    let stopped = Outcome { interrupted: true, ..outcome.clone() };
    let again = look.finish(&step, &stopped).unwrap();
    assert!(again.remarks[0].contains("still tells all of the same checkpoint"), "{again}");
    assert_eq!(run.read_json::<Value>("report.json").unwrap(), written);
    let drawn = |name: &str| run.join(format!("figures/{name}.png")).is_file();
    assert!(["quality", "power", "pixels", "closest"].into_iter().all(drawn));
    // With a better checkpoint meanwhile neither numbers nor pictures of the other one stay.
    let mut other = written.clone();
    other["step"] = 1.into();
    run.write_json("report.json", &other).unwrap();
    let again = look.finish(&step, &stopped).unwrap();
    assert!(again.remarks[0].contains("are for the end of the run"), "{again}");
    let now: Value = run.read_json("report.json").unwrap();
    assert_eq!((&now["step"], now.get("quality")), (&written["step"], None));
    assert!(!["quality", "power", "pixels", "closest"].into_iter().any(drawn));

    // Two steps of training: nearly one image. The log says so.
    let scores = History::open(&run.scores_path()).unwrap();
    let names: Vec<&str> = scores.losses.iter().map(|(name, _)| &name[..]).collect();
    let expected = ["sliced_wasserstein", "floor", "nyquist_ratio", "diversity", "coverage"];
    assert_eq!(names, expected);
    assert!(scores.losses[3].1[0] < 0.5, "{:?}", scores.losses[3]);
    let log = std::fs::read_to_string(run.log_path()).unwrap();
    assert!(log.contains("the generator has collapsed: samples are only"), "{log}");
}

#[test]
fn held_out_images_that_are_training_images_are_told() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    let config = FitConfig { steps: 4, checkpoint_interval: 2, ..FitConfig::default() };
    run.write_config(&config).unwrap();
    tch::manual_seed(5);
    let mut step = DcganStep::new(&MODEL, &DcganStepConfig::default(), Device::Cpu).unwrap();
    let mut batches = spots(60, 0, 20);
    let mut log = RunLog::quiet(&run).unwrap();
    let look = SampleLook::new(&run, &mut batches, &step, 0).unwrap();
    // The first images of the training set are all that is held out.
    let mut look = look.with_held_out(Some([spots(60, 0, 1), spots(24, 0, 1)])).unwrap();
    assert!(run.join("figures/leakage.png").is_file());
    let stop = StopSignal::default();
    let outcome =
        fit(&mut step, &mut batches, &run, &config, &stop, &mut [&mut log, &mut look]).unwrap();
    let report = look.finish(&step, &outcome).unwrap();
    let words =
        "24 of 24 held-out images are nearly training images (the nearest at a distance of 0.00";
    assert!(report.to_string().contains(words), "{report}");
    let written: Value = run.read_json("report.json").unwrap();
    assert_eq!(written["leakage"]["pairs"].as_array().map(Vec::len), Some(24));
    let log = std::fs::read_to_string(run.log_path()).unwrap();
    let told = log.lines().filter(|line| line.contains(words));
    assert_eq!(told.count(), 1, "at the first evaluation, and not again: {log}");
}

#[test]
fn a_number_that_the_images_have_not_is_refused_before_anything_is_trained() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let alike = |count| {
        let pixels = Array4::from_elem((count, 1, 32, 32), 0.5);
        let config = BatchConfig { batch_size: 4, ..BatchConfig::default() };
        Batches::new(Arc::new(ArrayDataset::new(pixels).unwrap()), &config, Device::Cpu).unwrap()
    };
    for criterion in &SampleLook::criteria()[1..] {
        for (mut batches, got) in [
            (spots(15, 0, 5), "15 images"),
            // One whole batch of ten, and nine left over.
            (spots(19, 0, 10), "10 images 1x32x32"),
            (alike(20), "20 images"),
        ] {
            let message = SampleLook::check(criterion, &mut batches).unwrap_err().to_string();
            assert!(message.contains(got) && message.contains(criterion.name()), "{message}");
            assert!(message.contains("lower the batch size"), "{message}");
            for without in [Criterion::Score, SampleLook::criteria().remove(0)] {
                SampleLook::check(&without, &mut batches).unwrap();
            }
        }
        let mut batches = spots(19, 0, 4);
        SampleLook::check(criterion, &mut batches).unwrap();
        assert_eq!(batches.step(), 0, "it begins with the first batch");
    }
}
