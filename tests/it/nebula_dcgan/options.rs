//! Options of the recipes: what a run keeps of them, and what is refused.

use std::fs;
use std::path::Path;

use super::{example, train, words};
use crate::program::{nebulae, utf8};

#[test]
fn augmentation_adapts_in_a_run_and_goes_on_after_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let run = |name: &str, options: &[&str]| {
        let out = folder.path().join(name);
        let mut arguments = train(&data, &out, "12");
        arguments.extend(options.iter().map(|&text| text.to_owned()));
        example().succeed(&words(&arguments));
        example().succeed(&["--resume", utf8(&out), "--steps", "13"]);
        let read = |file| fs::read_to_string(out.join(file)).expect("written");
        (read("config.json"), read("history.csv"))
    };
    let (config, history) = run("sharp", &["--augment", "auto"]);
    // A quarter of 12 steps of 4 images.
    assert!(config.contains("\"ramp_images\": 12,"), "{config}");
    let names = history.lines().next().expect("names");
    assert!(names.ends_with("augment_probability,overfitting"), "{names}");
    let (config, _) = run("article", &["--recipe", "article", "--augment", "0.3"]);
    assert!(config.contains("\"fixed\": 0.3"), "{config}");
    let mut arguments = train(&data, &folder.path().join("refused"), "2");
    arguments.extend(["--augment", "1.5"].map(str::to_owned));
    let told = example().refuse(&words(&arguments));
    assert!(told.contains("expected a probability from 0 to 1, or auto"), "{told}");
}

#[test]
fn the_articles_networks_have_options_that_a_run_keeps() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let out = folder.path().join("run");
    let mut arguments = train(&data, &out, "3");
    let options = ["--upsampling", "bilinear", "--spectral-norm", "--minibatch-deviation"];
    arguments.extend(options.into_iter().chain(["--lecam", "0.1"]).map(str::to_owned));
    let told = example().succeed(&words(&arguments));
    assert!(told.contains("the article's recipe"), "{told}");
    let config = fs::read_to_string(out.join("config.json")).expect("a config");
    for setting in [
        "\"upsampling\": \"bilinear\"",
        "\"spectral_norm\": true",
        "\"minibatch_deviation\": true",
        "\"lecam\": 0.1",
    ] {
        assert!(config.contains(setting), "{setting}: {config}");
    }
    example().succeed(&["--resume", utf8(&out), "--steps", "5"]);
    example().succeed(&["sample", utf8(&out), "--count", "2"]);
    assert!(out.join("generated-1/grid.png").is_file());
}

#[test]
fn an_option_of_a_recipe_names_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let out = folder.path().join("run");
    let with = |options: &[&str]| {
        let arguments = train(&data, &out, "2");
        arguments.into_iter().chain(options.iter().map(|&text| text.to_owned())).collect()
    };
    let refuse = |options: &[&str]| {
        let arguments: Vec<String> = with(options);
        example().refuse(&words(&arguments))
    };
    let told = refuse(&["--recipe", "sharp", "--real-label", "0.9"]);
    assert!(told.contains("--real-label belongs to --recipe article"), "{told}");
    let told = refuse(&["--recipe", "r3gan", "--lecam", "0.1"]);
    assert!(told.contains("--lecam belongs to --recipe article"), "{told}");
    let told = refuse(&["--spectral-norm", "--gamma", "1"]);
    assert!(told.contains("--gamma") && told.contains("--spectral-norm"), "{told}");
    let told = refuse(&["--lecam", "-1"]);
    assert!(told.contains("lecam must be finite and at least 0"), "{told}");
    let told = refuse(&["--recipe", "article", "--translation", "4"]);
    assert!(told.contains("--translation belongs to --recipe sharp"), "{told}");
    let told = refuse(&["--recipe", "r3gan", "--discriminator-features", "4"]);
    assert!(told.contains("both of R3GAN's networks"), "{told}");
    let told = refuse(&["--instance-noise", "0.1", "--translation", "4"]);
    assert!(told.contains("--translation") && told.contains("--instance-noise"), "{told}");
    let told = refuse(&["--translation", "32"]);
    assert!(told.contains("from 0 to 31"), "{told}");
    // As before there were recipes.
    let arguments: Vec<String> = with(&["--real-label", "0.9", "--instance-noise", "0.3"]);
    let told = example().succeed(&words(&arguments));
    assert!(told.contains("the article's recipe"), "{told}");
}

#[test]
fn a_run_begins_with_the_networks_of_another_and_keeps_frozen_layers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    for recipe in ["sharp", "article", "r3gan"] {
        begins_with_another(&folder.path().join(recipe), &data, recipe);
    }
}

fn begins_with_another(folder: &Path, data: &Path, recipe: &str) {
    let (first, second) = (folder.join("first"), folder.join("second"));
    let train = |out: &Path, steps| {
        let mut arguments = train(data, out, steps);
        arguments.extend(["--recipe", recipe].map(str::to_owned));
        arguments
    };
    example().succeed(&words(&train(&first, "3")));
    let mut arguments = train(&second, "2");
    let options = ["--from", utf8(&first), "--freeze", "1", "--checkpoint-every", "1"];
    arguments.extend(options.map(str::to_owned));
    let told = example().succeed(&words(&arguments));
    assert!(told.contains("after 3 steps"), "{told}");
    let config = fs::read_to_string(second.join("config.json")).expect("a config");
    assert!(config.contains("\"frozen_layers\": 1") && config.contains("\"from\""), "{config}");
    // It goes on without the run that it began with.
    fs::remove_dir_all(&first).expect("removed");
    let told = example().succeed(&["--resume", utf8(&second), "--steps", "3"]);
    assert!(!told.contains("beginning with"), "{told}");
    // Nothing is made of a run that cannot begin.
    let third = folder.join("third");
    let told = example().refuse(&words(&{
        let mut arguments = train(&third, "2");
        arguments.extend(["--from".to_owned(), utf8(&first).to_owned()]);
        arguments
    }));
    assert!(told.contains("first") && !third.exists(), "{told}");
}

#[test]
fn a_run_stopped_before_its_first_checkpoint_begins_again_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let [first, second, third] = ["first", "second", "third"].map(|name| folder.path().join(name));
    let sharp = |out: &Path, steps| {
        let mut arguments = train(&data, out, steps);
        arguments.extend(["--recipe", "sharp"].map(str::to_owned));
        arguments
    };
    let from = ["--from".to_owned(), utf8(&first).to_owned()];
    example().succeed(&words(&sharp(&first, "3")));
    example().succeed(&words(&[sharp(&second, "2"), from.to_vec()].concat()));
    let weights = || fs::read(second.join("generator.safetensors")).expect("weights");
    let before = weights();
    fs::remove_dir_all(second.join("checkpoints")).expect("removed");
    // The other run is no longer what it was.
    example().succeed(&["--resume", utf8(&first), "--steps", "5"]);
    let told = example().succeed(&["--resume", utf8(&second)]);
    assert!(told.contains("step-00000003.safetensors, after 3 steps"), "{told}");
    assert!(before == weights(), "it ends in the same bytes");

    // Killed before its first checkpoint, after the other run let go of the one that it began with.
    let checkpoint = |run: &Path, step| run.join(format!("checkpoints/step-{step:08}.safetensors"));
    fs::remove_file(checkpoint(&second, 2)).expect("removed");
    fs::write(second.join("saved.json"), "0").expect("written");
    example().succeed(&["--resume", utf8(&first), "--steps", "8", "--checkpoint-every", "1"]);
    let began_with = checkpoint(&first, 3);
    if began_with.exists() {
        fs::remove_file(began_with).expect("removed"); // the best, which stays
    }
    example().succeed(&["--resume", utf8(&second)]);
    assert!(before == weights(), "it ends in the same bytes");

    // Other images than it learnt from change nothing of it.
    let files = ["config.json", "data.json", "samples/real.png"];
    let written = || files.map(|file| fs::read(first.join(file)).expect("written"));
    let before = written();
    let mut files = fs::read_dir(&data).expect("files").flatten().map(|file| file.path());
    let image = files.find(|path| !path.ends_with("broken.fits")).expect("an image");
    fs::remove_file(image).expect("removed");
    let told = example().refuse(&["--resume", utf8(&first), "--steps", "9"]);
    assert!(told.contains("the run was trained on") && before == written(), "{told}");

    let recipe = ["--recipe", "article"].map(str::to_owned);
    let article = [train(&data, &third, "2"), recipe.to_vec(), from.to_vec()].concat();
    let told = example().refuse(&words(&article));
    assert!(told.contains("written by relativistic") && !third.exists(), "{told}");
    for count in ["0", "1000000000000"] {
        let told = example().refuse(&["sample", utf8(&first), "--count", count]);
        assert!(told.contains("--count must be at least 1 and at most 1000000"), "{told}");
    }
    assert!(!first.join("generated-1").exists());
}

#[test]
fn a_number_that_few_images_have_not_does_not_choose() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (data, out) = (nebulae(folder.path(), 48), folder.path().join("run"));
    let by = ["--recipe", "sharp", "--best-by", "coverage"].map(str::to_owned);
    let told = example().refuse(&words(&[train(&data, &out, "2"), by.to_vec()].concat()));
    assert!(told.contains("need 16 to train on") && !out.exists(), "{told}");
}
