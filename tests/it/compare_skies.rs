//! Two folders of images held against each other, as a program.

use std::fs;

use astrogen::sky::{NebulaConfig, simulate_nebulae};

use crate::program::{Program, utf8};

#[test]
fn a_blurred_sky_differs_from_a_sharp_one_and_a_sharp_one_hardly() {
    let example = Program::build("compare_skies");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sharp = NebulaConfig { size: 48, ..NebulaConfig::default() };
    let blurred = NebulaConfig { fwhm: 3.0 * sharp.fwhm, ..sharp.clone() };
    for (name, config, count, seed) in
        [("sharp", &sharp, 48, 1), ("other", &sharp, 24, 2), ("blurred", &blurred, 24, 3)]
    {
        simulate_nebulae(&folder.path().join(name), config, count, seed).expect("nebulae");
    }
    let compare = |second: &str, out: &str| {
        let path = |name: &str| folder.path().join(name).display().to_string();
        let arguments = [&path("sharp"), &path(second), "--image-size", "32", "--threads", "1"];
        let told = example.succeed(&[&arguments[..], &["--out", &path(out)]].concat());
        let report = fs::read_to_string(folder.path().join(out).join("report.json"));
        let report: serde_json::Value =
            serde_json::from_str(&report.expect("written")).expect("JSON");
        let names = report["differ"].as_array().expect("a list").iter();
        let names = names.map(|number| number["name"].as_str().expect("a name").to_owned());
        (told, names.collect::<Vec<String>>())
    };
    let (told, differ) = compare("blurred", "far");
    assert!(differ.contains(&"power_spectrum".to_owned()), "{differ:?}");
    assert!(told.contains("numbers differ, of 24 images each"), "{told}");
    assert!(told.contains("differs by +"), "{told}");
    let (_, near) = compare("other", "near");
    assert!(near.len() < differ.len() && !near.contains(&"power_spectrum".to_owned()), "{near:?}");
    let far = folder.path().join("far");
    for file in ["config.json", "data.json", "report.html", "figures/quality.png"] {
        assert!(far.join(file).is_file(), "{file}");
    }

    // What is there stays; what cannot be compared is refused before anything is made.
    let [sharp, other] = ["sharp", "other"].map(|name| folder.path().join(name));
    let both = [utf8(&sharp), utf8(&other), "--image-size", "32", "--out"];
    // Before images are read, which are too few.
    let told = example.refuse(&[&both[..], &[utf8(&far), "--count", "3"]].concat());
    assert!(told.contains("far: it is not empty"), "{told}");
    let told = example.refuse(&[utf8(&sharp)]);
    assert!(told.contains("2 values required"), "{told}");
    let new = folder.path().join("new");
    let told = example.refuse(&[&both[..], &[utf8(&new), "--count", "3"]].concat());
    assert!(told.contains("3 and 3 images: 8 of the first"), "{told}");
    assert!(!new.exists());

    // A network of the user's: the one that the tests of metrics have, of 3 channels.
    let metrics = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/astrogen-metrics/tests/golden/");
    let [network, none] = ["features.pt", "features.py"].map(|name| format!("{metrics}{name}"));
    let told = example.refuse(&[&both[..], &[utf8(&new), "--network", &none]].concat());
    assert!(told.contains("features.py"), "{told}");
    let settings = folder.path().join("network.json");
    fs::write(&settings, r#"{"side": 32, "colour": 1}"#).expect("written");
    let of = ["--network", &network, "--network-config", utf8(&settings)];
    let told = example.refuse(&[&both[..], &[utf8(&new)], &of].concat());
    assert!(told.contains("network.json") && told.contains("colour"), "{told}");
    assert!(!new.exists());
    fs::write(&settings, r#"{"side": 32}"#).expect("written");
    let told = example.succeed(&[&both[..], &[utf8(&new), "--threads", "1"], &of].concat());
    assert!(told.contains("frechet") && new.join("report.json").is_file(), "{told}");
}
