//! Odd images found by a trained run, as a program.

use std::fs;

use astrogen::sky::{NebulaConfig, simulate_nebulae};
use serde_json::Value;

use crate::program::{Program, utf8};

#[test]
fn a_run_ranks_images_that_it_has_not_seen_and_says_how_well() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let sky = NebulaConfig { size: 48, ..NebulaConfig::default() };
    simulate_nebulae(&path("sky"), &sky, 24, 1).expect("nebulae");
    simulate_nebulae(&path("other"), &sky, 5, 2).expect("nebulae");
    let [data, run, blind] = ["sky", "run", "blind"].map(path);
    let nebula = Program::build("nebula_dcgan");
    let small = ["--image-size", "32", "--features", "4", "--batch-size", "2", "--steps", "3"];
    let of = ["--data", utf8(&data), "--out"];
    nebula.succeed(&[&of[..], &[utf8(&run), "--held-out", "0.7"], &small].concat());
    nebula.succeed(&[&of[..], &[utf8(&blind), "--recipe", "article"], &small].concat());

    // By default the images that were held out.
    let example = Program::build("find_anomalies");
    let short = ["--autoencoder-steps", "2", "--inversion-steps", "2", "--threads", "1", "--out"];
    let found = path("found");
    let told = example.succeed(&[&[utf8(&run)], &short[..], &[utf8(&found)]].concat());
    assert!(told.contains("the oddest of 17 images"), "{told}");
    assert!(told.contains("from one of 9 without"), "{told}");
    for file in ["config.json", "data.json", "report.html", "anomalies.csv"] {
        assert!(found.join(file).is_file(), "{file}");
    }
    for figure in ["finds", "auc", "roc", "injected"] {
        assert!(found.join(format!("figures/{figure}.png")).is_file(), "{figure}");
    }
    let report = fs::read_to_string(found.join("report.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let rows = report["trial"]["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 5 * 4, "every score on every kind, and on all");
    let table = fs::read_to_string(found.join("anomalies.csv")).expect("a table");
    assert_eq!(table.lines().count(), 18, "{table}");
    assert!(table.lines().nth(1).expect("a row").starts_with("nebula-"), "{table}");

    // Other images by a discriminator; of few the scores are not tried.
    let few = path("few");
    let arguments = [utf8(&blind), "--data", utf8(&path("other"))].map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = example.succeed(&[&arguments[..], &short, &[utf8(&few)]].concat());
    assert!(told.contains("the oddest of 5 images"), "{told}");
    assert!(told.contains("too few images to try the scores"), "{told}");
    assert!(!few.join("figures/auc.png").exists());

    // What cannot be is refused before anything is made.
    let none = path("none");
    let told = example.refuse(&[utf8(&blind), "--out", utf8(&none)]);
    assert!(told.contains("held no images out") && told.contains("--data"), "{told}");
    // Before it is looked for images, of which there are none.
    let told = example.refuse(&[utf8(&blind), "--out", utf8(&found)]);
    assert!(told.contains("found: it is not empty"), "{told}");
    let told = example.refuse(&[utf8(&run), "--contrast", "0", "--out", utf8(&none)]);
    assert!(told.contains("contrast must be"), "{told}");
    let told = example.refuse(&[utf8(&data), "--out", utf8(&none)]);
    assert!(told.contains("config.json"), "{told}");
    let file = fs::read_dir(&data).expect("files").flatten().next().expect("a file").path();
    fs::copy(file, data.join("0.fits")).expect("copied");
    assert!(!none.exists());
    let told = example.succeed(&[&[utf8(&run)], &short[..], &[utf8(&none)]].concat());
    assert!(
        told.contains("warning: the images are not those that the run was trained on"),
        "{told}"
    );
}
