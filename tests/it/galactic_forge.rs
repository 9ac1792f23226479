//! Galaxies from their images and stars, as a program: an autoencoder that is stopped and goes on, a
//! flow that is trained, judged and sampled, and bad input.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use astrogen::catalog::{Catalog, CatalogOptions};
use astrogen::sky::galaxy::ViewConfig;
use astrogen::sky::{SuiteConfig, simulate_galaxies};
use astrogen::stars::{COLUMNS, GalaxyFile, Layout, StarArrayWriter};

use crate::program::{Program, text, utf8};

/// Thirteen galaxies of 300 stars and 64 pixels; two have stars or an image alone, and the last has
/// only forty stars.
pub(crate) fn suite(folder: &Path) -> PathBuf {
    let suite = folder.join("suite");
    let view = ViewConfig { size: 64, ..ViewConfig::default() };
    let config = SuiteConfig { galaxies: 13, stars: 300, view, ..SuiteConfig::default() };
    let files = simulate_galaxies(&suite, &config, 1).expect("galaxies");
    fs::remove_file(&files[10].image).expect("removed");
    fs::remove_file(&files[11].stars).expect("removed");
    let galaxy = GalaxyFile::find(&files[12].stars).expect("found")[0].read(&Layout::default());
    let galaxy = galaxy.expect("read");
    let columns = COLUMNS.map(|name| &galaxy.stars.column(name).expect("there")[..40]);
    fs::remove_file(&files[12].stars).expect("removed");
    let mut writer = StarArrayWriter::create(&files[12].stars, 40).expect("created");
    writer.write(&columns).expect("written");
    writer.finish().expect("whole");
    suite
}

/// Arguments and more of them, with spaces between.
fn words<'a>(arguments: &[&'a str], more: &'a str) -> Vec<&'a str> {
    arguments.iter().copied().chain(more.split(' ')).collect()
}

/// Starts the example in a folder, where its runs go.
fn start(example: &Program, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = example.command(arguments);
    command.current_dir(folder);
    command
}

/// What it says, if it succeeds.
fn succeed(example: &Program, folder: &Path, arguments: &[&str]) -> String {
    let output = start(example, folder, arguments).output().expect("the example starts");
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

#[test]
fn galaxies_are_learnt_judged_and_sampled() {
    let example = Program::build("galactic_forge");
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = temporary.path();
    let suite = suite(folder);
    let [stars, images] = ["stars", "images"].map(|name| suite.join(name));
    let mut train = vec!["train", "--stars", utf8(&stars), "--images", utf8(&images)];
    let small =
        "--min-stars 100 --flow maf --transforms 2 --hidden 16 --batch-size 64 --components 2";
    train.extend(small.split(' '));

    // The autoencoder is stopped as by Ctrl-C or a system that shuts down, and goes on.
    let arguments = words(&train, "--steps 20 --encoder-steps 400 --out whole");
    let mut command = start(&example, folder, &arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let encoder = folder.join("runs/galaxy-encoder-1");
    for _ in 0..6000 {
        // The first of forty; which ones are kept changes as it goes on.
        let mut saved = fs::read_dir(encoder.join("checkpoints")).into_iter().flatten().flatten();
        if saved.any(|entry| entry.path().extension().is_some_and(|of| of == "safetensors")) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let kill = format!("kill -TERM {}", child.id());
    assert!(Command::new("bash").args(["-c", &kill]).status().expect("bash runs").success());
    let output = child.wait_with_output().expect("it ends");
    let told = text(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("images without stars, left out: g0011"), "{told}");
    assert!(told.contains("stars without an image, left out: g0010"), "{told}");
    assert!(told.contains("stopped; --encoder runs/galaxy-encoder-1 goes on"), "{told}");
    assert!(!encoder.join("report.json").exists() && !folder.join("whole").exists());
    let go_on = "--steps 20 --encoder runs/galaxy-encoder-1 --out whole";
    let told = succeed(&example, folder, &words(&train, go_on));
    assert!(told.contains("error of a pixel's reconstruction"), "{told}");
    assert!(told.contains("8 galaxies to train on, 1 to choose by, 1 left out"), "{told}");
    assert!(told.contains("stars without an image's latents, left out: g0010"), "{told}");
    assert!(told.contains("too few stars left, left out: g0012"), "{told}");
    assert!(told.contains("galaxies left out: 1"), "{told}");
    // A galaxy that cleaning drops takes its image with it.
    let learnt = fs::read_to_string(encoder.join("report.json")).expect("written");
    let learnt: serde_json::Value = serde_json::from_str(&learnt).expect("JSON");
    assert_eq!(learnt["train_galaxies"], 8, "{learnt}");
    for name in ["report.json", "conditions.json", "best/flow.safetensors", "figures"] {
        assert!(folder.join("whole").join(name).exists(), "{name}");
    }
    assert!(told.contains("the stars of all galaxies as one table, "), "{told}");
    assert!(folder.join("whole/figures/quality.png").exists());
    let judged = fs::read_to_string(folder.join("whole/report.json")).expect("written");
    let judged: serde_json::Value = serde_json::from_str(&judged).expect("JSON");
    assert_eq!(judged["quality"]["numbers"].as_array().map(Vec::len), Some(7), "{judged}");
    let seen = fs::read_to_string(encoder.join("data.json")).expect("written");
    assert!(seen.contains("\"histograms\"") && seen.contains("\"signed\""), "{seen}");
    // One that is trained already is used as it is.
    let again = go_on.replace("whole", "again");
    let told = succeed(&example, folder, &words(&train, &again));
    assert!(!told.contains("training an autoencoder"), "{told}");
    let read = |name: &str| fs::read(folder.join(name)).expect("written");
    assert!(read("whole/flow.safetensors") == read("again/flow.safetensors"), "another flow");

    // A galaxy that it has seen is none to be judged.
    let settings = String::from_utf8(read("runs/galaxy-encoder-1/config.json")).expect("text");
    let settings: serde_json::Value = serde_json::from_str(&settings).expect("JSON");
    let unseen = settings["left_out"][0].as_str().expect("an id").to_owned();
    let seen = if unseen == "g0003" { "g0004" } else { "g0003" };
    let arguments = format!("{} --leave-out {seen}", go_on.replace("whole", "never"));
    let output = start(&example, folder, &words(&train, &arguments)).output().expect("it starts");
    let told = text(&output);
    assert!(!output.status.success() && !folder.join("never").exists(), "{told}");
    assert!(told.contains(&format!("it has not seen (--leave-out {unseen})")), "{told}");

    // Judged again, and gone on with by passes over the stars.
    let report = read("whole/report.json");
    // As it was judged: libtorch's sums round by the number of its threads.
    let told = succeed(&example, folder, &["evaluate", "whole", "--threads", "1"]);
    assert!(told.contains("figures/ in whole"), "{told}");
    assert!(report == read("whole/report.json"), "judged otherwise");
    let resumed = ["--resume", "again", "--epochs", "1", "--checkpoint-every", "7"];
    succeed(&example, folder, &resumed);
    let before = read("again/config.json");
    for (option, value, words) in [
        ("--precision", "bf16", "the networks of this program take f32 or tf32"),
        ("--flow", "nice", "--flow cannot be given with --resume"),
    ] {
        let told = example.refuse(&["--resume", utf8(&folder.join("again")), option, value]);
        assert!(told.contains(words) && before == read("again/config.json"), "{told}");
    }
    let settings = String::from_utf8(before).expect("text");
    let settings: serde_json::Value = serde_json::from_str(&settings).expect("JSON");
    assert_eq!(settings["fit"]["checkpoint_interval"], 7);
    let steps = settings["fit"]["steps"].as_u64().expect("a number");
    assert!((30..=37).contains(&steps), "8 galaxies of 300 stars in batches of 64: {steps}");
    assert!(folder.join(format!("again/checkpoints/step-{steps:08}.safetensors")).exists());

    sampled(&example, folder, &images);

    // Of galaxies of which nothing is told.
    let bare = "--min-stars 100 --flow maf --transforms 1 --hidden 8 --steps 4 --components 1";
    let bare = words(&["--stars", utf8(&stars), "--out", "bare", "--parameters"], bare);
    let told = succeed(&example, folder, &bare);
    assert!(told.contains("log-likelihood"), "{told}");
}

/// Stars in every format, of galaxies that are known, in between and pictured.
fn sampled(example: &Program, folder: &Path, images: &Path) {
    let (run, file) = (folder.join("whole"), |name: &str| folder.join(name));
    let sample = |out: &str, more: &[&str]| {
        let out = file(out);
        let common = ["sample", utf8(&run), "--count", "1000", "--out", utf8(&out)];
        example.succeed(&[&common[..], more].concat())
    };
    for name in ["a.npy", "a.fits", "a.parquet", "a.hdf5"] {
        let told = sample(name, &["--galaxy", "g0003", "--set", "m_stars=2e10"]);
        assert!(told.contains("1000 stars in"), "{told}");
    }
    let galaxy = &GalaxyFile::find(&file("a.npy")).expect("a file")[0];
    let galaxy = galaxy.read(&Layout::default()).expect("its stars");
    for name in ["a.fits", "a.parquet", "a.hdf5"] {
        let catalog = Catalog::open(file(name), &CatalogOptions::default()).expect("a catalogue");
        let columns = catalog.read(&COLUMNS).expect("its rows").0;
        for (column, values) in COLUMNS.into_iter().zip(columns.values()) {
            let array = galaxy.stars.column(column).expect("a column");
            let apart = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-7 * b.abs();
            assert!(!array.iter().zip(values).any(apart), "{name}: {column}");
        }
        let mass: f64 = columns.column("mass").expect("masses").iter().sum();
        assert!((mass / 2e10 - 1.0).abs() < 1e-9, "{name}: {mass}");
    }
    sample("between.npy", &["--between", "g0003", "g0004", "0.5"]);
    let told = sample("far.npy", &["--galaxy", "g0003", "--set", "tau50=40", "tau10=30"]);
    assert!(told.contains("warning: tau50 = 4.000000e1 is outside"), "{told}");
    assert!(told.contains("warning: tau10"), "{told}");
    let image = images.join("g0003.png");
    let told = sample("pictured.npy", &["--image", utf8(&image)]);
    assert!(told.contains("those of galaxy g"), "{told}");

    for (more, words) in [
        (vec!["--galaxy", "g0077"], "g0077: it is none of those of the run"),
        (vec!["--galaxy", "g0003", "--set", "tau99=1"], "one of m_stars, tau50"),
        (vec!["--galaxy", "g0003", "--set", "m_stars=-1"], "finite and above 0"),
        (vec!["--galaxy", "g0003", "--count", "0"], "count must be at least 1"),
        (vec!["--between", "g0003", "g0004", "half"], "no number from 0 to 1"),
        (vec!["--between", "g0003", "g0004", "2"], "share must be from 0 to 1"),
        (vec!["--image", utf8(&image), "--encoder", utf8(folder)], "config.json"),
    ] {
        let out = file("never.npy");
        let common = ["sample", utf8(&run), "--out", utf8(&out)];
        let told = example.refuse(&[&common[..], &more].concat());
        assert!(told.contains(words), "{more:?}: {told}");
        assert!(!out.exists(), "{more:?}");
    }
    let out = file("a.npy");
    let told = example.refuse(&["sample", utf8(&run), "--galaxy", "g0003", "--out", utf8(&out)]);
    assert!(told.contains("exists; name a file that does not"), "{told}");
}

#[test]
fn what_is_typed_wrong_is_refused_before_a_folder_is_made() {
    let example = Program::build("galactic_forge");
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = temporary.path();
    let suite = suite(folder);
    let (stars, images, run) = (suite.join("stars"), suite.join("images"), folder.join("run"));
    for (more, words) in [
        (vec!["--log10", "fehh"], "log10 must be among x, y"),
        (vec!["--features", "x", "spin"], "spin"),
        (vec!["--parameters", "m_star"], "unknown parameter \"m_star\""),
        (vec!["--leave-out", "g0055"], "g0055 is none of the"),
        (vec!["--min-stars", "1000"], "too few stars left, left out: g0000"),
        (vec!["--held-out", "1"], "held_out must be from 0 to below 1"),
        (vec!["--floor", "age=0"], "floors.age"),
        (vec!["--column", "x=px"], "layout without columns"),
        (vec!["--encoder", utf8(folder)], "--encoder needs --images"),
        (vec!["--lr", "0"], "lr"),
        (
            vec!["--images", utf8(&images), "--min-stars", "1000"],
            "0 have the 1000 stars of --min-stars",
        ),
        (vec!["--images", utf8(&images), "--lr", "-1"], "lr must be a finite number above 0"),
        (vec!["--images", utf8(&images), "--latent-noise", "-1"], "latent_noise must be 0 or more"),
        (vec!["--images", utf8(&images), "--hidden", "0"], "hidden"),
        (vec!["--images", utf8(&images), "--best-by", "fid"], "name one of validation_nll"),
        (vec!["--patience", "0"], "--patience must be at least 1"),
        (vec!["--images", utf8(&stars)], "stars"),
        // Before minutes go into an autoencoder.
        (vec!["--images", utf8(&images), "--log10", "fehh"], "log10 must be among x, y"),
        (vec!["--images", utf8(&images), "--parameters", "m_star"], "unknown parameter"),
        (vec!["--images", utf8(&images), "--held-out", "1"], "held_out must be from 0"),
        (vec!["--images", utf8(&images), "--leave-out", "g9999"], "g9999 is none of the"),
        (vec!["--images", utf8(&images), "--batch-size", "0"], "batch_size must be at least 1"),
        (vec!["--images", utf8(&images), "--steps", "0"], "steps must be at least 1"),
        (vec!["--images", utf8(&images), "--out", utf8(folder)], "not empty"),
        (vec!["--encoder-steps", "9"], "are of an autoencoder of images"),
        (vec!["--latents", utf8(folder), "--full-encoder"], "cannot be used with"),
    ] {
        let common = ["--stars", utf8(&stars), "--out", utf8(&run), "--min-stars", "100"];
        let common = match more.iter().find(|option| ["--min-stars", "--out"].contains(option)) {
            Some(&"--min-stars") => &common[..4],
            Some(_) => &common[..2],
            None => &common[..],
        };
        let told = example.refuse(&[common, &more].concat());
        assert!(told.contains(words), "{more:?}: {told}");
        assert!(!told.contains("training an autoencoder"), "{more:?}: {told}");
        assert!(!run.exists(), "{more:?}");
    }
    for (mode, words) in [
        ("--help", ["evaluate", "sample", "--full-encoder"]),
        ("train --help", ["--floor", "--resume", "metals, where that is one"]),
        ("sample --help", ["--between", "must not exist", "auto, cpu, cuda"]),
        ("evaluate --help", ["Judges the flow of a run again", "<RUN>", "Usage"]),
    ] {
        let output =
            Command::new(example.path()).args(mode.split(' ')).output().expect("it starts");
        assert!(output.status.success());
        let told = text(&output);
        for words in words {
            assert!(told.contains(words), "{mode}: {words}: {told}");
        }
    }
}
