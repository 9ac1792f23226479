//! From images of simulated galaxies to latents.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use astrogen_data::Dataset;
use astrogen_forge::{
    Encoder, EncoderConfig, EncoderRecipe, EncoderReport, ForgeError, GalaxyImages, Latents,
    train_encoder,
};
use astrogen_images::Shrink;
use astrogen_models::AutoencoderConfig;
use astrogen_sky::galaxy::ViewConfig;
use astrogen_sky::{SuiteConfig, simulate_galaxies};
use astrogen_train::{AutoencoderStep, Event, RunDir, StopSignal, TrainError};
use ndarray::array;
use tch::{Device, Kind};

/// libtorch has one random generator for the whole program, so these tests take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nobody(_: &AutoencoderStep, _: &Event) -> Result<(), TrainError> {
    Ok(())
}

/// So many galaxies, in frames of `pixels` pixels; the folder of their images.
fn suite(folder: &Path, galaxies: usize, pixels: usize) -> PathBuf {
    let view = ViewConfig { size: pixels, ..ViewConfig::default() };
    let config = SuiteConfig { galaxies, stars: 300, view, ..SuiteConfig::default() };
    simulate_galaxies(folder, &config, 1).unwrap();
    folder.join("images")
}

fn small() -> AutoencoderConfig {
    AutoencoderConfig {
        image_size: 16,
        widths: vec![8, 16],
        latent_dim: 3,
        ..AutoencoderConfig::default()
    }
}

fn ids(of: &[&str]) -> Vec<String> {
    of.iter().map(|id| id.to_string()).collect()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ForgeError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn images_are_known_by_id_and_compared_with_stars() {
    let folder = tempfile::tempdir().unwrap();
    let images = GalaxyImages::open(suite(folder.path(), 4, 32), &small(), Shrink::Light).unwrap();
    assert_eq!(images.ids(), ids(&["g0000", "g0001", "g0002", "g0003"]));
    assert_eq!((images.len(), images.shape()), (4, [3, 16, 16]));
    let least = images.sample(1).unwrap().iter().copied().fold(f32::INFINITY, f32::min);
    assert!((-1.0..0.0).contains(&least), "the sky is dark in signed range: {least}");

    let both = images.restrict(["g0003", "g0001", "g0009"]);
    assert_eq!(both.images.ids(), ids(&["g0001", "g0003"]));
    assert_eq!(both.without_stars, ids(&["g0000", "g0002"]));
    assert_eq!(both.without_image, ids(&["g0009"]));
    for (own, whole) in [(0, 1), (1, 3)] {
        assert_eq!(both.images.sample(own).unwrap(), images.sample(whole).unwrap());
    }
    assert!(both.images.sample(2).is_err());

    let (train, held_out) = images.split(&ids(&["g0002"])).unwrap();
    assert_eq!((train.len(), held_out.ids()), (3, &ids(&["g0002"])[..]));
    let message = refusal(both.images.split(&ids(&["g0001", "g0002"])));
    assert!(message.contains("an image in") && message.ends_with("got g0002"), "{message}");
    let message = refusal(both.images.split(&ids(&["g0001", "g0003"])));
    assert!(message.contains("fewer than the 2 galaxies"), "{message}");
}

#[test]
fn folders_that_cannot_be_used_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let images = suite(folder.path(), 3, 32);
    let open = || GalaxyImages::open(&images, &small(), Shrink::Light);
    fs::create_dir(images.join("again")).unwrap();
    let twice = images.join("again/g0001.png");
    fs::copy(images.join("g0001.png"), &twice).unwrap();
    let message = refusal(open());
    assert!(message.contains("two images of the galaxy g0001"), "{message}");
    assert!(message.contains("again/g0001.png") && message.contains("keep one"), "{message}");
    fs::remove_file(twice).unwrap();

    let damaged = images.join("g0004.png");
    fs::write(&damaged, b"\x89PNG\r\n\x1a\n").unwrap();
    let message = refusal(open());
    assert!(message.contains("an image that cannot be used") && message.contains("g0004"));
    fs::remove_file(damaged).unwrap();

    // Another size, and one that is smaller than the network's images too.
    for (name, pixels) in [("b", 24), ("c", 12)] {
        let other = tempfile::tempdir().unwrap();
        let image = suite(other.path(), 1, pixels).join("g0000.png");
        fs::copy(image, images.join(format!("{name}.png"))).unwrap();
    }
    let message = refusal(open());
    let sizes = "(1 of 12x12 pixels, such as c.png; 1 of 24x24 pixels, such as b.png; \
                 3 of 32x32 pixels, such as g0000.png)";
    assert!(message.contains(sizes), "{message}");
    let message = refusal(GalaxyImages::open(folder.path().join("none"), &small(), Shrink::Light));
    assert!(message.contains("none"), "{message}");
}

fn train(
    folder: &Path,
    config: &EncoderConfig,
    images: &GalaxyImages,
    stop: &StopSignal,
    watch: &mut dyn FnMut(&Event),
) -> Option<EncoderReport> {
    let run = RunDir::create_or_resume(folder).unwrap();
    let mut watch = |_: &AutoencoderStep, event: &Event| -> Result<(), TrainError> {
        watch(event);
        Ok(())
    };
    train_encoder(&run, config, images, Device::Cpu, stop, &mut watch).unwrap()
}

#[test]
fn a_stopped_run_goes_on_to_the_same_bytes() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let images = GalaxyImages::open(suite(folder.path(), 9, 32), &small(), Shrink::Light).unwrap();
    let recipe = EncoderRecipe { model: small(), epochs: 1, steps: 24, ..EncoderRecipe::quick() };
    let config = recipe.config(&images, ids(&["g0002", "g0007"])).unwrap();
    let config = EncoderConfig {
        fit: astrogen_train::FitConfig { checkpoint_interval: 5, patience: None, ..config.fit },
        ..config
    };
    assert_eq!((config.batches.batch_size, config.fit.steps), (4, 24));
    let never = StopSignal::default();
    let whole = folder.path().join("whole");
    let report = train(&whole, &config, &images, &never, &mut |_| ()).unwrap();
    let (stop, parts) = (StopSignal::default(), folder.path().join("parts"));
    let stopped = train(&parts, &config, &images, &stop, &mut |event| {
        if matches!(event, Event::Saved { step: 10, .. }) {
            stop.raise();
        }
    });
    assert!(stopped.is_none());
    let resumed = train(&parts, &config, &images, &never, &mut |_| ());
    assert_eq!(resumed.as_ref(), Some(&report));
    for name in [
        "config.json",
        "report.json",
        "autoencoder.safetensors",
        "best/autoencoder.safetensors",
        "checkpoints/step-00000024.safetensors",
        "reconstructions.png",
        "traversal.png",
    ] {
        assert!(
            fs::read(whole.join(name)).unwrap() == fs::read(parts.join(name)).unwrap(),
            "{name}"
        );
    }

    // The run alone gives latents back.
    let encoder = Encoder::load(&whole, Device::Cpu).unwrap();
    assert_eq!(encoder.config(), &config);
    let latents = encoder.encode(&images).unwrap();
    assert_eq!((latents.ids.as_slice(), latents.values.dim()), (images.ids(), (9, 3)));
    let one = encoder.encode_file(images.folder().join("g0007.png")).unwrap();
    let apart = (&one - &latents.get("g0007").unwrap()).mapv(f32::abs);
    assert!(apart.iter().all(|&apart| apart < 1e-5), "{apart}");
    let decoded = encoder.decode(&latents.values).unwrap();
    assert_eq!(decoded.size(), [9, 3, 16, 16]);
    assert!(decoded.min().double_value(&[]) >= 0.0 && decoded.max().double_value(&[]) <= 1.0);
    assert_eq!((report.train_galaxies, report.held_out_galaxies), (7, 2));
    let held_out = images.split(&config.held_out).unwrap().1;
    let latents = encoder.encode(&held_out).unwrap();
    let (mut sum, decoded) = (0.0, encoder.decode(&latents.values).unwrap());
    for (number, decoded) in decoded.split(1, 0).into_iter().enumerate() {
        let pixels: Vec<f32> = held_out.sample(number).unwrap().iter().copied().collect();
        let image = (tch::Tensor::from_slice(&pixels).view_as(&decoded) + 1.0) * 0.5;
        sum += (decoded - image).square().mean(Kind::Double).double_value(&[]) / 2.0;
    }
    assert!((sum / report.held_out_error - 1.0).abs() < 1e-4, "{sum} {report:?}");
}

#[test]
fn training_ends_early_where_nothing_gets_better() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let images = GalaxyImages::open(suite(folder.path(), 5, 32), &small(), Shrink::Light).unwrap();
    // Steps that are far too long: the first checkpoint stays the best, or near to it.
    let recipe = EncoderRecipe { model: small(), lr: 1.0, steps: 400, ..EncoderRecipe::quick() };
    let config = recipe.config(&images, ids(&["g0000"])).unwrap();
    assert_eq!((config.fit.checkpoint_interval, config.fit.patience), (10, Some(100)));
    let mut last = 0;
    let report =
        train(&folder.path().join("run"), &config, &images, &StopSignal::default(), &mut |e| {
            if let Event::Finished { step, .. } = e {
                last = *step;
            }
        });
    assert!(report.is_some() && last < 400, "{last}");
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let images = GalaxyImages::open(suite(folder.path(), 3, 32), &small(), Shrink::Light).unwrap();
    let recipe = EncoderRecipe { model: small(), ..EncoderRecipe::quick() };
    let message = refusal(recipe.config(&images, vec![]));
    assert!(message.contains("held_out must be the ids of one galaxy or more"), "{message}");
    let message = refusal(recipe.config(&images, ids(&["g0001", "g0001"])));
    assert!(message.contains("g0001 twice"), "{message}");
    let config = recipe.config(&images, ids(&["g0001"])).unwrap();
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<EncoderConfig>(&text).unwrap(), config);
    let unknown = text.replacen("\"images\"", "\"colour\":1,\"images\"", 1);
    assert!(serde_json::from_str::<EncoderConfig>(&unknown).is_err());

    let run = RunDir::create(&folder.path().join("run")).unwrap();
    let larger = EncoderConfig { model: AutoencoderConfig { image_size: 32, ..small() }, ..config };
    let stop = StopSignal::default();
    let message = refusal(train_encoder(&run, &larger, &images, Device::Cpu, &stop, &mut nobody));
    assert!(message.contains("[3, 32, 32]") && message.contains("[3, 16, 16]"), "{message}");
    let message = refusal(Encoder::load(folder.path(), Device::Cpu));
    assert!(message.contains("config.json"), "{message}");
}

#[test]
fn the_default_is_galacticforges() {
    let recipe = EncoderRecipe::default();
    assert_eq!(recipe.model.image_shape(), [3, 448, 448]);
    assert_eq!(recipe.model.widths, [64, 128, 256, 512, 1024, 2048]);
    assert_eq!((recipe.model.latent_dim, recipe.lr, recipe.batch_size), (16, 3e-5, 4));
    assert_eq!((recipe.epochs, recipe.cosine), (100, false));
}

#[test]
fn latents_come_back_and_files_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("latents");
    let latents = Latents { ids: ids(&["g2", "g1"]), values: array![[1.0, -2.5], [0.25, 3e-9]] };
    latents.save(&folder).unwrap();
    let back = Latents::open(&folder).unwrap();
    assert_eq!(back.ids, ids(&["g1", "g2"]));
    for id in ["g1", "g2"] {
        assert_eq!(back.get(id), latents.get(id));
    }
    assert_eq!(back.get("g3"), None);
    latents.save(&folder).unwrap(); // the same: left as they are
    let before = fs::read(folder.join("g1_latent.npy")).unwrap();
    let other = Latents { ids: ids(&["g0", "g1"]), values: array![[0.0, 0.0], [0.5, 1.0]] };
    let message = refusal(other.save(&folder));
    assert!(message.contains("g1_latent.npy exists"), "{message}");
    assert!(!folder.join("g0_latent.npy").exists(), "nothing is written");
    assert_eq!(fs::read(folder.join("g1_latent.npy")).unwrap(), before);

    for (latents, words) in [
        (Latents { ids: ids(&["a"]), ..other.clone() }, "ids must be 2, as many as rows"),
        (Latents { ids: ids(&["a", "a"]), ..other.clone() }, "a twice"),
        (Latents { ids: ids(&["a", "../b"]), ..other.clone() }, "names of files"),
        (Latents { values: array![[0.0], [f32::NAN]], ..other.clone() }, "must be finite"),
    ] {
        let message = refusal(latents.save(&folder));
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn latents_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Latents::open(folder.path());
    assert!(refusal(open()).contains("no latents"));
    fs::write(folder.path().join("notes.txt"), "words").unwrap();
    assert!(refusal(open()).contains("no latents"));
    let one = |id: &str, row: &[f32]| {
        let values = ndarray::Array2::from_shape_vec((1, row.len()), row.to_vec()).unwrap();
        Latents { ids: ids(&[id]), values }.save(folder.path()).unwrap();
    };
    one("g1", &[1.0, 2.0]);
    let [plain, latent] = ["g1.npy", "g1_latent.npy"].map(|name| folder.path().join(name));
    fs::copy(&latent, &plain).unwrap();
    let message = refusal(open());
    assert!(message.contains("g1_latent.npy") && message.contains("g1.npy"), "{message}");
    fs::remove_file(&latent).unwrap();
    assert_eq!(open().unwrap().ids, ids(&["g1"]));

    one("g2", &[1.0, 2.0, 3.0]);
    let message = refusal(open());
    assert!(message.contains("g2_latent.npy: expected 2 latents, as in"), "{message}");
    fs::remove_file(folder.path().join("g2_latent.npy")).unwrap();

    let npy = |shape: &str, values: &[f32]| {
        let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        text += &" ".repeat(117 - text.len());
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        bytes.extend(text.bytes().chain([b'\n']));
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        fs::write(folder.path().join("g3_latent.npy"), bytes).unwrap();
        refusal(open())
    };
    for (message, words) in [
        (npy("(1, 2)", &[0.0; 2]), "expected latents of shape [L], got [1, 2]"),
        (npy("(2,)", &[0.0, f32::NAN]), "latent 1 is NaN"),
        (npy("(2,)", &[f32::INFINITY, 0.0]), "latent 0 is inf"),
        (npy("(2,)", &[0.0]), ""),
        (npy("(0,)", &[]), "empty"),
        (npy("(2, 2, 2)", &[0.0; 8]), ""),
    ] {
        assert!(message.contains("g3_latent.npy") && message.contains(words), "{message}");
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn galacticforges_latents_are_read() {
    let Some(data) = std::env::var_os("ASTROGEN_REAL_DATA").map(PathBuf::from) else {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
        return;
    };
    let latents = Latents::open(data.join("galforge/latents")).unwrap();
    assert_eq!(latents.values.dim(), (80, 16));
    assert_eq!(latents.ids[0], "g1.05e11");
    assert!(latents.get("g2.54e11").is_some());
}
