//! A generator with known latents, images from elsewhere, and anomalies that are known.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use astrogen_anomaly::{
    AnomalyConfig, AnomalyError, Finder, Finds, InjectConfig, InversionConfig, Look, Method, Trial,
    inject, invert, train_autoencoder,
};
use astrogen_data::{ArrayDataset, BatchConfig, Batches};
use astrogen_models::{Autoencoder, AutoencoderConfig, DcganConfig, Generator, WganConfig};
use astrogen_preprocess::{Pipeline, PipelineConfig, Scaling};
use astrogen_sky::Anomaly;
use astrogen_train::{
    DcganStep, DcganStepConfig, FitConfig, RunDir, State, StopSignal, WganGpStep, WganGpStepConfig,
};
use ndarray::Array4;
use tch::{Device, Kind, Tensor, nn};

/// libtorch has one generator of random numbers in a process: tests that draw from it take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Networks with fresh weights, of images [1, 32, 32].
fn step() -> WganGpStep {
    let model = WganConfig {
        image_size: 32,
        channels: 1,
        latent_dim: 6,
        generator_features: 8,
        critic_features: 8,
        ..WganConfig::default()
    };
    tch::manual_seed(3);
    let step = WganGpStep::new(&model, &WganGpStepConfig::default(), Device::Cpu).unwrap();
    // First weights are small, and so is what they make.
    for (_, weight) in step.state().into_iter().filter(|(_, of)| of.dim() == 4) {
        let _ = tch::no_grad(|| weight.shallow_clone().g_mul_scalar_(10.0));
    }
    step
}

fn autoencoder() -> Autoencoder {
    let store = nn::VarStore::new(Device::Cpu);
    let config = AutoencoderConfig {
        image_size: 32,
        channels: 1,
        widths: vec![4, 8],
        latent_dim: 4,
        ..AutoencoderConfig::default()
    };
    config.init(&store.root()).unwrap()
}

/// Images of latents that only this function knows.
fn own_images(step: &WganGpStep, n: i64) -> Tensor {
    tch::manual_seed(11);
    let generator = step.average();
    generator.sample(&generator.latent(n)).unwrap()
}

#[test]
fn a_generator_finds_its_own_images_again_and_no_others() {
    let _turn = turn();
    let step = step();
    let images = own_images(&step, 5);
    let mean = |of: &Tensor| of.mean(Kind::Double).double_value(&[]);
    let config = InversionConfig { starts: 32, steps: 0, ..InversionConfig::default() };
    let nearest = invert(&step, &images, &config).unwrap();
    let config = InversionConfig { steps: 150, ..config };
    let found = invert(&step, &images, &config).unwrap();
    let (start, end) = (mean(&nearest.pixels), mean(&found.pixels));
    assert!(start > 0.02 && end < 0.2 * start, "{end} after {start}");
    assert_eq!(found.images.size(), images.size());
    assert!(found.features.is_some());
    let lengths = found.latents.norm_scalaropt_dim(2.0, [1i64], false);
    assert!(lengths.max().double_value(&[]) <= 6f64.sqrt() * (1.0 + 1e-6));

    let other = images.flip([2i64]) * -1.0;
    let other = mean(&invert(&step, &other, &config).unwrap().pixels);
    assert!(other > 3.0 * end, "{other} beside {end}");

    let again = invert(&step, &images, &config).unwrap();
    assert_eq!(again.latents, found.latents, "the same seed");
}

#[test]
fn images_from_elsewhere_are_ranked_first_and_written_down() {
    let _turn = turn();
    let (step, autoencoder) = (step(), autoencoder());
    let own = own_images(&step, 9);
    let odd = own.narrow(0, 0, 1).flip([3i64]) * -1.0;
    let images = Tensor::cat(&[&own.narrow(0, 0, 4), &odd, &own.narrow(0, 4, 5)], 0);
    let inversion = InversionConfig { starts: 32, steps: 100, ..InversionConfig::default() };
    let finder = Finder::new(&step, &autoencoder, &inversion).unwrap();
    let look = finder.look(&images).unwrap();
    let methods: Vec<Method> = look.scores.iter().map(|(method, _)| *method).collect();
    assert_eq!(
        methods,
        [Method::Opponent, Method::Features, Method::Generator, Method::Autoencoder]
    );
    let names: Vec<String> = (0..10).map(|image| format!("sky, {image}.fits")).collect();
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(&folder.path().join("found")).unwrap();
    let finds = Finds::write(&run, &names, &images, &look, None).unwrap();
    let first = finds.finds.iter().find(|find| find.method == Method::Generator).unwrap();
    assert_eq!((first.rank, first.image.as_str()), (1, "sky, 4.fits"));
    assert!(finds.to_string().contains("generator    1. sky, 4.fits"), "{finds}");

    let mut table = csv::Reader::from_path(run.join("anomalies.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let column = header.iter().position(|name| name == "generator_rank").unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 10);
    let odd = rows.iter().position(|row| &row[0] == "sky, 4.fits").unwrap();
    assert_eq!(&rows[odd][column], "1");
    assert!(odd < 4, "those come first that are first by one score");
    assert!(run.join("figures/finds.png").is_file());
    let read: Finds =
        serde_json::from_str(&fs::read_to_string(run.join("report.json")).unwrap()).unwrap();
    assert_eq!(read, finds);
}

/// Limits of 0 to 1 and no curve: signed values are light between them.
fn light() -> (Pipeline, Scaling) {
    let scaling = Scaling {
        background: vec![0.0; 2],
        limits: vec![[0.0, 1.0]; 2],
        equalization: vec![],
        fill: vec![],
    };
    let config = PipelineConfig { stretch: "linear".parse().unwrap(), ..PipelineConfig::default() };
    (Pipeline::new(config).unwrap(), scaling)
}

#[test]
fn every_image_gets_light_of_its_kind_and_the_same_every_time() {
    let _turn = turn();
    tch::manual_seed(2);
    let images = Tensor::rand([6, 2, 32, 32], (Kind::Float, Device::Cpu)) - 0.9;
    let (pipeline, scaling) = light();
    let (odd, kinds) = inject(&images, &pipeline, &scaling, &InjectConfig::default()).unwrap();
    let [merger, trail, rays, ring] = Anomaly::ALL;
    assert_eq!(kinds, [merger, trail, rays, ring, merger, trail]);
    assert_eq!(odd.size(), images.size());
    for image in 0..6 {
        let added = odd.get(image) - images.get(image);
        assert!(added.min().double_value(&[]) > -1e-6, "light is added");
        assert!(added.max().double_value(&[]) > 0.1, "and seen, in image {image}");
    }
    let (again, _) = inject(&images, &pipeline, &scaling, &InjectConfig::default()).unwrap();
    assert_eq!(again, odd);
    let other = InjectConfig { seed: 1, ..InjectConfig::default() };
    assert_ne!(inject(&images, &pipeline, &scaling, &other).unwrap().0, odd);
    for contrast in [0.0, f64::NAN] {
        let config = InjectConfig { contrast, ..InjectConfig::default() };
        let error = inject(&images, &pipeline, &scaling, &config).unwrap_err();
        assert!(error.to_string().contains("contrast must be"), "{error}");
    }
}

#[test]
fn scores_that_tell_all_anomalies_have_the_area_one_and_those_that_guess_have_not() {
    let kinds: Vec<Anomaly> = Anomaly::ALL.into_iter().cycle().take(8).collect();
    let plain = [
        (Method::Generator, vec![0.1, 0.2, 0.3, 0.4]),
        (Method::Opponent, vec![1.0, 2.0, 3.0, 4.0]),
    ];
    let odd = [(Method::Generator, vec![0.9; 8]), (Method::Opponent, vec![2.5; 8])];
    let trial = Trial::of(&plain, &odd, &kinds).unwrap();
    assert_eq!((trial.plain, trial.rows.len()), (4, 10));
    for row in &trial.rows {
        let expected = if row.method == Method::Generator { 1.0 } else { 0.5 };
        assert_eq!(row.auc, expected);
        assert!(row.low < row.auc && row.high >= row.auc, "{row:?}");
        assert_eq!(row.images, if row.anomaly == "all" { 8 } else { 2 });
    }
    let told = trial.to_string();
    assert!(told.contains("cosmic rays") && told.contains("\n  all "), "{told}");
    // An image less of a kind is one less; no kind, no row.
    let trial = Trial::of(&plain, &[(Method::Generator, vec![0.9])], &kinds[..1]).unwrap();
    assert_eq!(trial.rows.len(), 2);
}

#[test]
fn a_trial_leaves_half_of_the_images_plain() {
    let _turn = turn();
    let (step, autoencoder) = (step(), autoencoder());
    let inversion = InversionConfig { starts: 8, steps: 1, ..InversionConfig::default() };
    let finder = Finder::new(&step, &autoencoder, &inversion).unwrap();
    let images = own_images(&step, 17);
    let look: Look = finder.look(&images).unwrap();
    let (pipeline, mut scaling) = light();
    (scaling.background, scaling.limits) = (vec![0.0], vec![[0.0, 1.0]]);
    let light = (&pipeline, &scaling);
    let config = InjectConfig::default();
    let (trial, odd) = Trial::run(&finder, &images, &look, light, &config).unwrap().unwrap();
    assert_eq!((trial.plain, odd.size()[0]), (9, 8));
    let few = images.narrow(0, 0, 15);
    let look = finder.look(&few).unwrap();
    assert!(Trial::run(&finder, &few, &look, light, &config).unwrap().is_none());
}

#[test]
fn an_autoencoder_is_trained_and_kept() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    let pixels = Array4::from_shape_fn((8, 1, 32, 32), |(n, _, y, x)| {
        ((n + y + 2 * x) % 7) as f32 / 3.5 - 1.0
    });
    let mut config = AnomalyConfig::new([1, 32, 32], 3, 0);
    config.batches = BatchConfig { batch_size: 4, ..config.batches };
    let images = Arc::new(ArrayDataset::new(pixels).unwrap());
    let train = |config: &AnomalyConfig, stop: &StopSignal| {
        let mut watch = astrogen_train::log::Progress::default();
        train_autoencoder(&run, config, images.clone(), Device::Cpu, stop, &mut watch)
    };
    let stop = StopSignal::default();
    let trained = train(&config, &stop).unwrap().unwrap();
    let unit = Tensor::rand([2, 1, 32, 32], (Kind::Float, Device::Cpu));
    assert_eq!(trained.encode(&unit).unwrap().size(), [2, 32]);
    assert!(run.join("autoencoder.safetensors").is_file() && run.log_path().is_file());
    config.fit = FitConfig { steps: 0, ..config.fit };
    assert!(matches!(train(&config, &stop), Err(AnomalyError::Train(_))));
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let _turn = turn();
    let (step, autoencoder) = (step(), autoencoder());
    let refuse = |config: InversionConfig| {
        Finder::new(&step, &autoencoder, &config).map(drop).unwrap_err().to_string()
    };
    let told = refuse(InversionConfig { starts: 0, ..InversionConfig::default() });
    assert!(told.contains("starts must be 1 to 100,000, got 0"), "{told}");
    let told = refuse(InversionConfig { feature_weight: 1.5, ..InversionConfig::default() });
    assert!(told.contains("feature_weight must be from 0 to 1, got 1.5"), "{told}");
    let told = refuse(InversionConfig { lr: f64::NAN, ..InversionConfig::default() });
    assert!(told.contains("lr must be"), "{told}");

    let colour = Tensor::zeros([2, 3, 32, 32], (Kind::Float, Device::Cpu));
    let told = invert(&step, &colour, &InversionConfig::default()).unwrap_err().to_string();
    assert!(told.contains("[N, 1, 32, 32]") && told.contains("[2, 3, 32, 32]"), "{told}");
    let store = nn::VarStore::new(Device::Cpu);
    let other = AutoencoderConfig {
        image_size: 16,
        channels: 1,
        widths: vec![4],
        ..AutoencoderConfig::default()
    };
    let other = other.init(&store.root()).unwrap();
    let told = Finder::new(&step, &other, &InversionConfig::default()).map(drop).unwrap_err();
    assert!(told.to_string().contains("[1, 16, 16] and [1, 32, 32]"), "{told}");
    // What is said of an image must not depend on those beside it.
    for minibatch_deviation in [false, true] {
        let model = DcganConfig {
            image_size: 32,
            channels: 1,
            generator_features: 2,
            discriminator_features: 2,
            minibatch_deviation,
            ..DcganConfig::default()
        };
        let dcgan = DcganStep::new(&model, &DcganStepConfig::default(), Device::Cpu).unwrap();
        let finder = Finder::new(&dcgan, &autoencoder, &InversionConfig::default());
        let told = finder.map(drop).map_err(|error| error.to_string());
        match minibatch_deviation {
            false => assert_eq!(told, Ok(())),
            true => assert!(told.unwrap_err().contains("judges each image by itself")),
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    run.write_config(&0).unwrap();
    // Nor is what it began with.
    let images = Arc::new(ArrayDataset::new(Array4::<f32>::zeros((4, 1, 32, 32))).unwrap());
    let config = BatchConfig { batch_size: 2, ..BatchConfig::default() };
    run.save_beginning(&step, &Batches::new(images, &config, Device::Cpu).unwrap()).unwrap();
    assert_eq!(run.checkpoints().unwrap(), [0]);
    let told = Finder::trained(step, run.path()).map(drop).unwrap_err().to_string();
    assert!(told.contains("has no checkpoint yet: train it first"), "{told}");
}
