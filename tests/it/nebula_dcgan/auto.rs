//! Settings that are chosen, and a length that is a time.

use std::fs;
use std::path::Path;

use super::{example, train, words};
use crate::program::{nebulae, utf8};

/// Arguments of a small run without its length, and others.
fn with(arguments: &[String], options: &[&str]) -> Vec<String> {
    let at = arguments.iter().position(|argument| argument == "--steps").expect("steps");
    let rest = arguments[..at].iter().chain(&arguments[at + 2..]).cloned();
    rest.chain(options.iter().map(|&text| text.to_owned())).collect()
}

/// The number that follows these words.
fn number_behind(text: &str, words: &str) -> f64 {
    let (_, rest) = text.split_once(words).unwrap_or_else(|| panic!("{words}: {text}"));
    let number: String = rest.chars().take_while(|&c| c.is_ascii_digit() || c == '.').collect();
    number.trim_end_matches('.').parse().unwrap_or_else(|_| panic!("{words}: {text}"))
}

#[test]
fn what_is_chosen_is_said_and_kept_and_what_was_given_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let out = folder.path().join("run");
    let short = ["--data", utf8(&data), "--out", utf8(&out), "--image-size", "32"];
    let options = ["--recipe", "auto", "--steps", "3", "--discriminator-features", "4"];
    let told = example().succeed(&[&short[..], &options].concat());
    for words in [
        "sharp: at 64 and 128 pixels",
        "width   16: wider",
        "batch   6, half of the images",
        "clip    none",
        "augment none",
        "steps   3, as given",
        "sharp recipe",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let config = fs::read_to_string(out.join("config.json")).expect("a config");
    for setting in ["\"recipe\": \"sharp\"", "\"generator_features\": 16", "\"critic_features\": 4"]
    {
        assert!(config.contains(setting), "{setting}: {config}");
    }
    let of_config = |name: &str| number_behind(&config, &format!("\"{name}\": "));
    assert_eq!(of_config("gamma"), number_behind(&told, "gamma   "));
    // Of twelve images a step takes six for each network, and three steps are few: 0.55 times the variance, and
    // 0.01 at least.
    let variance = number_behind(&told, "0.55 times the images' variance of ");
    assert!((of_config("gamma") - (0.55 * variance).max(0.01)).abs() < 0.006, "{told}");
    assert_eq!(of_config("batch_size"), 12.0);
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
    for words in [
        "width   4, as given",
        "augment as given",
        "gamma   3, as given",
        "as many as fill 0.001 min",
        "trying steps, to see how many",
        "steps fill 0.001 min",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn updates_are_limited_above_64_pixels_unless_a_limit_was_given() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 128);
    for (given, told, kept) in [
        (&[][..], "clip    1: above 64 pixels", "\"update_clipping\": 1.0"),
        (&["--update-clipping", "8"], "clip    8, as given", "\"update_clipping\": 8.0"),
    ] {
        let out = folder.path().join(format!("run{}", given.len()));
        let run = ["--recipe", "auto", "--data", utf8(&data), "--out", utf8(&out), "--steps", "1"];
        let small = ["--image-size", "128", "--features", "2", "--batch-size", "2"];
        let said = example().succeed(&[&run[..], &small, given].concat());
        assert!(said.contains(told), "{told}: {said}");
        let config = fs::read_to_string(out.join("config.json")).expect("a config");
        assert_eq!(config.matches(kept).count(), 2, "{kept}: {config}");
    }
}

#[test]
fn r3gan_is_chosen_where_the_sharp_recipe_has_no_networks() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let [first, second, third] = ["first", "second", "third"].map(|name| folder.path().join(name));
    let auto = |out: &Path, options: &[&str]| {
        let arguments = ["--recipe", "auto", "--data", utf8(&data), "--out", utf8(out)];
        let run = ["--steps", "2", "--batch-size", "4"];
        [&arguments[..], &run, options].concat().into_iter().map(str::to_owned).collect()
    };
    let arguments: Vec<String> = auto(&first, &["--image-size", "16", "--features", "16"]);
    let told = example().succeed(&words(&arguments));
    for words in [
        "r3gan: the sharp recipe has no",
        "width   16, as given",
        "batch   4, as given",
        "gamma   the recipe's",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let from = ["--from", utf8(&first)];
    let arguments: Vec<String> = auto(&second, &[&from[..], &["--image-size", "16"]].concat());
    let told = example().succeed(&words(&arguments));
    for words in ["width   16, that of the run it begins from", "after 2 steps"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    for (options, reason) in [
        (["--image-size", "16", "--discriminator-features", "4"], "both of R3GAN's networks"),
        (["--image-size", "32", "--from", utf8(&first)], "trained by the R3GAN recipe"),
        (["--image-size", "16", "--features", "9223372036854775807"], "1 to 65536"),
    ] {
        let arguments: Vec<String> = auto(&third, &options);
        let told = example().refuse(&words(&arguments));
        assert!(told.contains(reason) && !third.exists(), "{reason}: {told}");
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
