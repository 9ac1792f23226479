//! The example as its users meet it: a run, a resume, and networks that do not fit.

use std::fs;

use crate::program::{Program, nebulae, utf8};

#[test]
fn a_run_of_own_networks_resumes_to_the_same_bytes_and_is_sampled_from() {
    let example = Program::build("custom_model");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 64);
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let common = ["--data", utf8(&data), "--image-size", "32"];
    let train = |out, steps| {
        example.succeed(&[&common[..], &["--out", utf8(out), "--steps", steps]].concat())
    };
    train(&whole, "12");
    train(&parts, "4");
    let told = example.succeed(&["--resume", utf8(&parts), "--steps", "12"]);
    assert!(told.contains("step-00000012.png"), "{told}");
    for file in [
        "checkpoints/step-00000012.safetensors",
        "generator.safetensors",
        "samples/step-00000012.png",
    ] {
        let (one, other) = (fs::read(whole.join(file)), fs::read(parts.join(file)));
        assert!(one.expect("written") == other.expect("written"), "{file} differs");
    }
    for file in ["config.json", "history.csv", "samples/step-00000004.png"] {
        assert!(parts.join(file).is_file(), "{file} is missing");
    }

    let told = example.refuse(&["--resume", utf8(&parts), "--image-size", "64"]);
    assert!(told.contains("--image-size cannot be given with --resume"), "{told}");
    let refused = folder.path().join("refused");
    let told = example.refuse(&[&common[..], &["--out", utf8(&refused), "--steps", "0"]].concat());
    assert!(told.contains("steps must be at least 1"), "{told}");
    for size in ["30", "2"] {
        let arguments = ["--data", utf8(&data), "--image-size", size, "--out", utf8(&refused)];
        let told = example.refuse(&arguments);
        assert!(told.contains("height and width multiples of 8"), "{size}: {told}");
    }
    assert!(!refused.exists());

    let config = fs::read_to_string(parts.join("config.json")).expect("written");
    let narrow = config.replace("\"width\": 64", "\"width\": 3");
    assert_ne!(narrow, config);
    fs::write(parts.join("config.json"), narrow).expect("written");
    let told = example.refuse(&["--resume", utf8(&parts), "--steps", "16"]);
    assert!(told.contains("width must be at least 4, got 3"), "{told}");
}
