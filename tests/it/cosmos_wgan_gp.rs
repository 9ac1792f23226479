//! The example as its users meet it: a run, a resume, samples and walks, and bad input.

use std::fs;

use astrogen::fits::FitsFile;
use astrogen::sky::{NebulaConfig, simulate_nebulae};

use crate::program::{Program, nebulae, utf8};

const SMALL: [&str; 8] =
    ["--features", "2", "--batch-size", "4", "--n-critic", "2", "--upsampling", "bilinear"];

#[test]
fn a_run_resumes_to_the_same_bytes_and_samples_walks_and_fits_files() {
    let example = Program::build("cosmos_wgan_gp");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 64);
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let train = |out, steps| {
        let arguments = ["--data", utf8(&data), "--out", utf8(out), "--steps", steps];
        example.succeed(&[&arguments[..], &SMALL].concat());
    };
    train(&whole, "7");
    train(&parts, "4");
    // What it was begun with, it goes on with.
    let settings = parts.join("config.json");
    let config = fs::read_to_string(&settings).expect("settings");
    assert!(config.contains("\"sample_interval\": 100,"), "{config}");
    let config = config.replace("\"sample_interval\": 100,", "\"sample_interval\": 5,");
    fs::write(&settings, config).expect("written");
    example.succeed(&["--resume", utf8(&parts), "--steps", "7"]);
    assert!(parts.join("samples/step-00000005.png").is_file(), "a grid at every fifth step");
    for file in [
        "checkpoints/step-00000007.safetensors",
        "generator.safetensors",
        "samples/step-00000007.png",
    ] {
        let (one, other) = (fs::read(whole.join(file)), fs::read(parts.join(file)));
        assert!(one.expect("written") == other.expect("written"), "{file} differs");
    }

    let out = folder.path().join("samples");
    example.succeed(&["sample", utf8(&whole), "--count", "2", "--walks", "3", "--out", utf8(&out)]);
    for file in ["grid.png", "walks.png"] {
        assert!(out.join(file).is_file(), "{file} is missing");
    }
    let fits = fs::read_dir(&out).expect("a folder").map(|entry| entry.expect("an entry").path());
    let fits: Vec<_> = fits.filter(|path| path.extension().is_some_and(|e| e == "fits")).collect();
    assert_eq!(fits.len(), 2);
    let file = FitsFile::open(&fits[0]).expect("a FITS file");
    assert_eq!(file.hdus()[0].header.get::<&str>("BUNIT"), Some("electron"));

    let told = example.refuse(&["sample", utf8(&whole), "--count", "-1"]);
    assert!(told.contains("--count must be at least 1"), "{told}");
    example.succeed_unread(&["sample", utf8(&whole), "--count", "1"]);

    let augmented = folder.path().join("augmented");
    let options = ["--data", utf8(&data), "--out", utf8(&augmented), "--steps", "8"];
    example.succeed(&[&options[..], &SMALL, &["--augment", "auto", "--lecam", "0.1"]].concat());
    let config = fs::read_to_string(augmented.join("config.json")).expect("a config");
    assert!(config.contains("\"ramp_images\": 8,"), "{config}");
    assert!(config.contains("\"lecam\": 0.1"), "{config}");
    example.succeed(&["--resume", utf8(&augmented), "--steps", "9"]);

    let begun = folder.path().join("begun");
    let options = ["--data", utf8(&data), "--out", utf8(&begun), "--steps", "1"];
    let from = ["--from", utf8(&whole), "--freeze", "1"];
    let told = example.succeed(&[&options[..], &SMALL, &from].concat());
    assert!(told.contains("step-00000007.safetensors, after 7 steps"), "{told}");
    // One update of the critic, whose first layer stays.
    let same = |name: &str| {
        let [one, other] = [(&whole, 7), (&begun, 1)].map(|(run, step)| {
            let file = run.join(format!("checkpoints/step-{step:08}.safetensors"));
            let named = tch::Tensor::read_safetensors(file).expect("weights");
            named.into_iter().find(|(other, _)| other == name).expect("a weight").1
        });
        one == other
    };
    assert!(same("generator.net.0.weight") && same("critic.net.0.weight"));
    assert!(!same("critic.net.2.weight"));

    // One batch of ten, which is too few for a number that sixteen have.
    let few = folder.path().join("few");
    let sky = NebulaConfig { size: 64, ..NebulaConfig::default() };
    simulate_nebulae(&few, &sky, 19, 3).expect("nebulae");
    let refused = folder.path().join("refused");
    let options = ["--data", utf8(&few), "--batch-size", "10", "--out", utf8(&refused)];
    let told = example.refuse(&[&options[..], &["--best-by", "coverage"]].concat());
    assert!(told.contains("coverage of 10 images 3x64x64") && !refused.exists(), "{told}");

    // Before the work of drawing, or what else is wrong is found.
    let used = ["sample", utf8(&parts), "--count", "2", "--out", utf8(&whole)];
    fs::remove_file(parts.join("generator.safetensors")).expect("removed");
    let told = example.refuse(&used);
    assert!(told.contains("it is not empty"), "{told}");

    let [data, whole] = [utf8(&data), utf8(&whole)];
    let cases: &[(&[&str], &[&str])] = &[
        (&["--image-size", "16"], &["image_size", "32 to 256"]),
        (&["--n-critic", "0"], &["n_critic", "at least 1"]),
        (&["--penalty-weight", "-1"], &["gradient penalty weight", "at least 0"]),
        (&["--lr", "0"], &["lr", "above 0"]),
        (&["--lecam", "-1"], &["lecam", "at least 0"]),
        (&["--augment", "2"], &["--augment", "a probability from 0 to 1, or auto"]),
        (&["--best-by", "fid"], &["--best-by fid", "sliced_wasserstein, diversity, coverage"]),
        (&["--lr", "-1"], &["lr", "above 0"]),
        (&["--features", "-1"], &["features"]),
        (&["--from", "nowhere"], &["nowhere"]),
        (&["--from", whole, "--features", "3"], &["step-00000007.safetensors", "weight"]),
        (&["--from", whole, "--features", "2", "--freeze", "9"], &["frozen_layers", "fewer"]),
    ];
    for (arguments, parts) in cases {
        let refused = folder.path().join("refused");
        let common = ["--data", data, "--batch-size", "4", "--out", utf8(&refused)];
        let told = example.refuse(&[&common[..], arguments].concat());
        for part in *parts {
            assert!(told.contains(part), "{arguments:?}: {part:?} is not in: {told}");
        }
        assert!(!refused.exists(), "a refused run makes no folder");
    }
}
