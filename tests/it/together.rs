//! The examples as two processes that train together, as torchrun starts them.

use std::fs;
use std::path::Path;

use crate::balrog_cwgan_gp::{columns, survey};
use crate::flow_density::catalogue;
use crate::galactic_forge::suite;
use crate::program::{Program, nebulae, text, utf8};

/// What the first of two processes says, both of which succeed; the other one is silent.
fn succeed(example: &Program, folder: &Path, arguments: &[&str]) -> String {
    let outputs = example.together(folder, arguments);
    for output in &outputs {
        assert!(output.status.success(), "{arguments:?}: {}", text(output));
    }
    let [first, second] = outputs;
    assert_eq!(text(&second), "", "the second process");
    text(&first)
}

/// How many processes made the last checkpoint of a run, by its own words.
fn processes(run: &Path) -> usize {
    let checkpoints = fs::read_dir(run.join("checkpoints")).expect("checkpoints");
    let last = checkpoints.map(|entry| entry.expect("a file").path()).max().expect("a checkpoint");
    astrogen::train::Checkpoint::inspect(&last).expect("a checkpoint").processes
}

#[test]
fn images_are_learnt_by_two_processes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 64);
    let common =
        ["--data", utf8(&data), "--image-size", "32", "--features", "4", "--batch-size", "4"];
    for (name, recipe) in [
        ("nebula_dcgan", &["--recipe", "article"][..]),
        ("nebula_dcgan", &["--recipe", "sharp"]),
        ("nebula_dcgan", &["--recipe", "r3gan"]),
        ("cosmos_wgan_gp", &["--n-critic", "2"]),
    ] {
        let example = Program::build(name);
        let out = folder.path().join(format!("{name}{}", recipe[1]));
        let arguments = ["--out", utf8(&out), "--steps", "4"];
        let told = succeed(&example, folder.path(), &[&common[..], recipe, &arguments].concat());
        assert!(told.contains("finished after 4 steps"), "{told}");
        assert!(out.join("report.html").is_file());
        assert_eq!(processes(&out), 2);
        let told = succeed(&example, folder.path(), &["--resume", utf8(&out), "--steps", "6"]);
        assert!(told.contains("finished after 6 steps"), "{told}");
    }

    // Networks of one's own; one process draws, and an error of one is told by both.
    let example = Program::build("custom_model");
    let out = folder.path().join("custom");
    let common = ["--data", utf8(&data), "--image-size", "32"];
    let told = succeed(
        &example,
        folder.path(),
        &[&common[..], &["--out", utf8(&out), "--steps", "4"]].concat(),
    );
    assert!(told.contains("trained 4 steps"), "{told}");
    assert_eq!(processes(&out), 2);

    // A length that is a time is the first process's.
    let common =
        ["--data", utf8(&data), "--image-size", "32", "--features", "4", "--batch-size", "4"];
    let example = Program::build("nebula_dcgan");
    let out = folder.path().join("timed");
    let arguments = ["--recipe", "auto", "--minutes", "0.001", "--out", utf8(&out)];
    succeed(&example, folder.path(), &[&common[..], &arguments].concat());

    // One error, told by both and of both.
    let refused = folder.path().join("refused");
    let arguments = ["--recipe", "article", "--batch-size", "3", "--out", utf8(&refused)];
    for output in example.together(folder.path(), &[&common[..6], &arguments].concat()) {
        let told = text(&output);
        assert!(!output.status.success(), "{told}");
        assert!(told.contains("a multiple of the 2 processes that share a batch, got 3"), "{told}");
    }
}

#[test]
fn tables_are_learnt_by_two_processes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalog = catalogue(folder.path());
    let out = folder.path().join("density");
    let options = "--context mag --hidden 16 --batch-size 100 --components 2 --held-out 0.3 --members 2 \
                   --steps 40";
    let mut arguments = vec!["--catalog", utf8(&catalog), "--features", "z"];
    arguments.extend(options.split_whitespace());
    arguments.extend(["--out", utf8(&out)]);
    let told = succeed(&Program::build("flow_density"), folder.path(), &arguments);
    assert!(told.contains("log-likelihood of 180 held-out rows"), "{told}");
    assert_eq!([1, 2].map(|member| processes(&out.join(format!("member-{member}")))), [2, 2]);

    let survey = survey(folder.path());
    let out = folder.path().join("emulator");
    let options = [
        "train",
        "--batch-size",
        "100",
        "--held-out",
        "0.3",
        "--judged",
        "1000",
        "--epochs",
        "2",
        "--out",
        utf8(&out),
    ];
    let columns = columns(&survey);
    let arguments: Vec<&str> =
        options.into_iter().chain(columns.iter().map(String::as_str)).collect();
    let told = succeed(&Program::build("balrog_cwgan_gp"), folder.path(), &arguments);
    assert!(told.contains("a Gaussian regression of the same rows, to be beaten"), "{told}");
    let runs = ["", "gaussian", "first-half"].map(|name| processes(&out.join(name)));
    assert_eq!(runs, [2, 2, 2]);
}

#[test]
fn galaxies_are_learnt_by_two_processes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let suite = suite(folder.path());
    let [stars, images, out] = ["stars", "images", "run"].map(|name| suite.join(name));
    let options = "--min-stars 100 --flow maf --transforms 2 --hidden 16 --batch-size 64 --components 2 \
                   --steps 8 --encoder-steps 8";
    let mut arguments = vec!["train", "--stars", utf8(&stars), "--images", utf8(&images)];
    arguments.extend(options.split_whitespace());
    arguments.extend(["--out", utf8(&out)]);
    let example = Program::build("galactic_forge");
    let told = succeed(&example, folder.path(), &arguments);
    assert!(told.contains("error of a pixel's reconstruction"), "{told}");
    assert!(told.contains("galaxies left out: 1"), "{told}");
    assert_eq!(processes(&out), 2);
    assert_eq!(processes(&folder.path().join("runs/galaxy-encoder-1")), 2);
}
