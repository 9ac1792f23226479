//! The density of a catalogue's columns, as a program: trained, resumed, sampled, evaluated.

use std::fs;
use std::path::{Path, PathBuf};

use astrogen::catalog::{Catalog, CatalogOptions};

use crate::program::{Program, utf8};

/// A catalogue of 1200 rows: `z` follows `mag` with scatter, `flux` over powers of ten.
pub(crate) fn catalogue(folder: &Path) -> PathBuf {
    let mut state = 1_u64;
    let mut even = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    let mut rows = "mag,z,flux,error,weight\n".to_owned();
    for _ in 0..1200 {
        let mag = 20.0 + 4.0 * even();
        let z = 0.1 * (mag - 19.0) + 0.05 * (even() + even() + even() - 1.5);
        let flux = 10_f64.powf(0.4 * (25.0 - mag) + 0.1 * even());
        rows += &format!("{mag},{z},{flux},0.05,{}\n", 1.0 + even());
    }
    let path = folder.join("galaxies.csv");
    fs::write(&path, rows).expect("written");
    path
}

/// The columns of a catalogue.
fn read(path: &Path, names: &[&str]) -> Vec<Vec<f64>> {
    let catalog = Catalog::open(path, &CatalogOptions::default()).expect("a catalogue");
    let columns = catalog.read(names).expect("its rows").0;
    columns.values().to_vec()
}

#[test]
fn a_density_is_trained_resumed_and_used() {
    let example = Program::build("flow_density");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, catalog) = (|name: &str| folder.path().join(name), catalogue(folder.path()));
    let (whole, parts) = (file("whole"), file("parts"));
    let mut common =
        vec!["--catalog", utf8(&catalog), "--features", "z", "flux", "--context", "mag"];
    common.extend("--log10 flux --weights weight --hidden 16 --batch-size 100".split(' '));
    common.extend("--components 2 --held-out 0.3 --lr 5e-3".split(' '));
    let train = |more: &[&str]| example.succeed(&[&common[..], more].concat());

    let told = train(&["--steps", "300", "--out", utf8(&whole)]);
    assert!(told.contains("log-likelihood of 180 held-out rows"), "{told}");
    assert!(told.contains("mixture of 2 Gaussians"), "{told}");
    for name in ["corner.png", "report.json", "config.json", "best/flow.safetensors"] {
        assert!(whole.join(name).is_file(), "{name}");
    }
    // A run that is gone on with ends in the same bytes.
    train(&["--steps", "300", "--out", utf8(&parts), "--seed", "0"]);
    let weights = |run: &Path| fs::read(run.join("flow.safetensors")).expect("weights");
    assert_eq!(weights(&whole), weights(&parts));
    let told = example.succeed(&["--resume", utf8(&parts)]);
    assert!(told.contains("log-likelihood of 180 held-out rows"), "{told}");
    // What is refused leaves its settings as they are.
    let settings = || fs::read_to_string(parts.join("config.json")).expect("settings");
    let before = settings();
    let told = example.refuse(&["--resume", utf8(&parts), "--steps", "0"]);
    assert!(told.contains("steps must be at least 1") && before == settings(), "{told}");
    let told = example.refuse(&["--resume", utf8(&parts), "--lr", "1e-4"]);
    assert!(told.contains("--lr cannot be given with --resume") && before == settings(), "{told}");
    // Beyond the end of its schedule nothing is learnt.
    let told = example.succeed(&["--resume", utf8(&parts), "--steps", "301"]);
    assert!(told.contains("the learning rate is 0 from step 300 on"), "{told}");
    assert_eq!(weights(&whole), weights(&parts));

    // Samples for each row, in the catalogue's units.
    let samples = file("samples.fits");
    let run = utf8(&whole);
    let arguments = ["sample", run, "--catalog", utf8(&catalog), "--count", "2"];
    example.succeed(&[&arguments[..], &["--out", utf8(&samples)]].concat());
    let drawn = read(&samples, &["ROW", "z", "flux"]);
    assert_eq!((drawn[0].len(), drawn[0][5]), (2400, 2.0));
    assert!(drawn[2].iter().all(|flux| *flux > 0.0), "the logarithm was learnt");
    let told = example.refuse(&[&arguments[..], &["--out", utf8(&samples)]].concat());
    assert!(told.contains("exists"), "{told}");
    let told = example.refuse(&["sample", run, "--out", utf8(&file("no.fits"))]);
    assert!(told.contains("mag"), "{told}");

    // Likelihoods: exact, with errors, and of a row that misses a feature.
    let short = file("short.csv");
    fs::write(&short, "mag,z,flux,error\n22,0.3,15,0.2\n22,,15,0.2\n22,0.3,15,\n,0.3,15,0.2\n")
        .expect("written");
    let log_prob = |name: &str, more: &[&str]| {
        let out = file(name);
        let arguments = ["log-prob", run, "--catalog", utf8(&short), "--out", utf8(&out)];
        let told = example.succeed(&[&arguments[..], more].concat());
        let found = read(&out, &["LOG_PROB"]).remove(0);
        let unknown = found.iter().filter(|number| number.is_nan()).count();
        assert_eq!(told.contains(&format!("{} rows in ", found.len())), unknown == 0, "{told}");
        assert_eq!(told.contains(&format!("rows, {unknown} of them NaN")), unknown > 0, "{told}");
        found
    };
    let exact = log_prob("exact.parquet", &[]);
    assert!(exact[0].is_finite() && exact[1].is_finite() && exact[3].is_nan(), "{exact:?}");
    assert_eq!(exact[0], exact[2]);
    let odd = log_prob("odd.fits", &["--errors", "z=error"]);
    let finite = odd.iter().map(|number| number.is_finite());
    assert_eq!(
        finite.collect::<Vec<_>>(),
        [true, true, false, false],
        "no error, no context: {odd:?}"
    );
    let arguments = ["log-prob", run, "--catalog", utf8(&short), "--errors", "z=error", "z=flux"];
    let told = example.refuse(&[&arguments[..], &["--out", utf8(&file("bad.fits"))]].concat());
    assert!(told.contains("column z: errors are given for it twice"), "{told}");
    fs::write(&short, "mag,z,flux,error\n22,0.3,15,0.2\n22,0.3,15,0\n").expect("written");
    let wide = log_prob("wide.hdf5", &["--errors", "z=error", "--draws", "400"]);
    assert!(wide[0] < exact[0] && (wide[1] - exact[0]).abs() < 1e-4, "{wide:?} {exact:?}");

    // Posteriors: judged where the truth is known, written where it is not.
    let along = ["--column", "z", "--grid", "-0.5,1.5,201"];
    let told = example.succeed(&[&["posterior", run], &along[..]].concat());
    assert!(told.contains("posteriors of z of 180 held-out rows"), "{told}");
    assert!(told.contains("median  as a redshift, dz / (1 + z): bias"), "{told}");
    assert!(whole.join("pit.png").is_file() && whole.join("posterior.json").is_file());
    fs::write(&short, "mag,flux\n20,100\n,7\n24,2.5\n").expect("written");
    let out = file("posterior.fits");
    let more = ["--catalog", utf8(&short), "--out", utf8(&out)];
    example.succeed(&[&["posterior", run], &along[..], &more].concat());
    let found = read(&out, &["MEAN", "MODE", "Q16", "Q50", "Q84"]);
    assert!(found[0][0] < found[0][2] && found[2][0] < found[4][0], "{found:?}");
    assert!(found.iter().all(|column| column[1].is_nan()), "its context is missing: {found:?}");
    for (arguments, answers) in [
        (["--column", "mag", "--grid", "0,1,10"], "none of the features"),
        (["--column", "z", "--grid", "1,0,10"], "the lower end first"),
        (["--column", "flux", "--grid", "-2,-1,10"], "has no density on the grid"),
    ] {
        let told = example.refuse(&[&["posterior", run], &arguments[..]].concat());
        assert!(told.contains(answers), "{told}");
    }
}

#[test]
fn columns_that_have_no_density_are_refused_before_a_folder_is_made() {
    let example = Program::build("flow_density");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("odd.csv");
    let rows: String = (0..100).map(|i| format!("{i},{},7\n", i - 50)).collect();
    fs::write(&path, "x,y,same\n".to_owned() + &rows).expect("written");
    let run = folder.path().join("run");
    for (arguments, answers) in [
        (vec!["--features", "x", "same"], "column same: it has one value"),
        (vec!["--features", "x", "y", "--log10", "y"], "column y: its logarithm is asked for"),
        (vec!["--features", "x", "--log10", "y"], "none of the features"),
        (vec!["--features", "x", "x"], "each named once"),
        (vec!["--features", "x", "--context", "z"], "\"z\" is not in the table"),
        (vec!["--features", "x", "--flow", "glow"], "one of nice, real_nvp"),
        (vec!["--features", "x", "--members", "0"], "members must be at least 1"),
        (vec!["--features", "x", "--best-by", "nll"], "--best-by nll: name one of validation_nll"),
        (
            vec!["--features", "x", "--checkpoint-every", "0"],
            "--checkpoint-every must be at least 1",
        ),
        (vec!["--features", "x", "--held-out", "2"], "held_out"),
        (vec!["--features", "x", "--weights", "y"], "weights: expected numbers, 0 or more"),
        (vec!["--features", "x", "--batch-size", "0"], "batch_size: expected 1 or more"),
        (vec!["--features", "x", "--steps", "0"], "steps must be at least 1"),
        (vec!["--features", "x", "--precision", "bf16"], "f32 or tf32"),
        (vec!["--features", "x", "--flow", "pzflow", "--log10", "x"], "--log10: pzflow is made"),
        (vec!["--features", "x", "--flow", "pzflow", "--hidden", "8"], "--hidden: pzflow is made"),
        (vec!["--features", "x", "--flow", "ncsf", "--log10", "x"], "ncsf is for angles"),
    ] {
        let common = ["--catalog", utf8(&path), "--out", utf8(&run)];
        let told = example.refuse(&[&common[..], &arguments].concat());
        assert!(told.contains(answers), "{arguments:?}: {told}");
        assert!(!run.exists(), "{arguments:?}");
    }
}

#[test]
fn several_flows_are_one_density() {
    let example = Program::build("flow_density");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalog = catalogue(folder.path());
    let run = folder.path().join("run");
    let mut arguments = vec!["--catalog", utf8(&catalog), "--features", "z", "mag"];
    arguments.extend("--flow maf --hidden 8 --steps 20 --members 2 --components 1".split(' '));
    arguments.extend("--held-out 0.5 --checkpoint-every 5 --best-by validation_nll".split(' '));
    arguments.extend("--patience 20".split(' '));
    let told = example.succeed(&[&arguments[..], &["--out", utf8(&run)]].concat());
    assert!(told.contains("mixture of 1 Gaussians"), "{told}");
    assert!(run.join("member-2/best/flow.safetensors").is_file());
    let read_text = |name: &str| fs::read_to_string(run.join(name)).expect("written");
    let scores = read_text("member-1/scores.csv");
    let steps = scores.lines().skip(1).map(|row| row.split(',').next().expect("a step"));
    assert_eq!(steps.collect::<Vec<_>>(), ["5", "10", "15", "20"], "{scores}");
    let config: serde_json::Value = serde_json::from_str(&read_text("config.json")).expect("JSON");
    assert_eq!(config["fit"]["best_by"]["lowest"], "validation_nll");
    assert_eq!(config["fit"]["patience"], 20);

    // Samples beside held-out rows as tables, in words, numbers and a picture; and on the page.
    assert!(told.contains("samples beside held-out rows as tables, 100 rows each"), "{told}");
    assert!(told.contains("  classifier           0."), "{told}");
    let report: serde_json::Value = serde_json::from_str(&read_text("report.json")).expect("JSON");
    let numbers = report["quality"]["numbers"].as_array().expect("numbers");
    for number in numbers {
        assert!(["value", "low", "high", "floor"].iter().all(|part| number[part].is_f64()));
    }
    assert_eq!(numbers.len(), 7, "{report}");
    assert!(run.join("figures/quality.png").is_file());
    let page = read_text("report.html");
    assert!(page.contains(">Energy</td>"), "{page}");
    let out = folder.path().join("samples.fits");
    let sample = ["sample", utf8(&run), "--count", "100", "--out", utf8(&out)];
    example.succeed(&sample);
    assert_eq!(read(&out, &["z"])[0].len(), 100);
    let other = folder.path().join("other.fits");
    let arguments = ["sample", utf8(&run), "--catalog", utf8(&catalog), "--out", utf8(&other)];
    let told = example.refuse(&arguments);
    assert!(told.contains("must be none, since the density has no context"), "{told}");
    assert!(!other.exists());
}
