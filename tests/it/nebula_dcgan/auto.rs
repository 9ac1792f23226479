//! Settings that are chosen, and a length that is a time.

use std::fs;

use super::{example, train, words};
use crate::program::{nebulae, utf8};

/// Arguments of a small run without its length, and others.
fn with(arguments: &[String], options: &[&str]) -> Vec<String> {
    let at = arguments.iter().position(|argument| argument == "--steps").expect("steps");
    let rest = arguments[..at].iter().chain(&arguments[at + 2..]).cloned();
    rest.chain(options.iter().map(|&text| text.to_owned())).collect()
}

#[test]
fn what_is_chosen_is_said_and_kept_and_what_was_given_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let out = folder.path().join("run");
    let short = ["--data", utf8(&data), "--out", utf8(&out), "--image-size", "32"];
    let options = ["--recipe", "auto", "--steps", "3", "--discriminator-features", "4"];
    let told = example().succeed(&[&short[..], &options].concat());
    for words in
        ["sharp: ahead of", "width   16: wider", "augment none", "steps   3", "sharp recipe"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let config = fs::read_to_string(out.join("config.json")).expect("a config");
    for setting in ["\"recipe\": \"sharp\"", "\"generator_features\": 16", "\"critic_features\": 4"]
    {
        assert!(config.contains(setting), "{setting}: {config}");
    }
    example().succeed(&["--resume", utf8(&out), "--steps", "5"]);

    // Networks that begin with those of another run are as wide.
    let second = folder.path().join("second");
    let arguments = ["--data", utf8(&data), "--out", utf8(&second), "--image-size", "32"];
    let options = ["--recipe", "auto", "--steps", "2", "--from", utf8(&out)];
    let told = example().succeed(&[&arguments[..], &options].concat());
    for words in ["width   16, that of the run it begins from", "after 5 steps"] {
        assert!(told.contains(words), "{words}: {told}");
    }

    // A time, and an augmentation that was given.
    let third = folder.path().join("third");
    let options = ["--recipe", "auto", "--augment", "0.1", "--gamma", "3", "--minutes", "0.001"];
    let told = example().succeed(&words(&with(&train(&data, &third, "2"), &options)));
    for words in
        ["width   4, as given", "augment as given", "gamma   3, as given", "steps fill 0.001 min"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn a_time_is_a_length_of_any_recipe() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    for recipe in ["sharp", "article", "r3gan"] {
        let out = folder.path().join(recipe);
        let arguments = train(&data, &out, "2");
        let options = ["--recipe", recipe, "--minutes", "0.001"];
        let told = example().succeed(&words(&with(&arguments, &options)));
        assert!(told.contains("steps fill 0.001 min"), "{told}");
    }
    let out = folder.path().join("none");
    let arguments = train(&data, &out, "2");
    let told = example().refuse(&words(&with(&arguments, &["--minutes", "0"])));
    assert!(told.contains("--minutes must be finite and above 0, got 0"), "{told}");
    let both: Vec<String> = arguments.into_iter().chain(["--minutes".into(), "1".into()]).collect();
    let told = example().refuse(&words(&both));
    assert!(told.contains("cannot be used with"), "{told}");
    assert!(!out.exists());
}
