//! Few labelled images and generated ones, as a program.

use std::fs;
use std::path::Path;

use astrogen::sky::{NebulaConfig, simulate_nebulae};

use crate::program::{Program, utf8};

/// A trial of seconds.
const SMALL: [&str; 14] = [
    "--image-size",
    "32",
    "--per-class",
    "4",
    "--generated",
    "5",
    "--repeats",
    "2",
    "--generator-steps",
    "2",
    "--classifier-steps",
    "4",
    "--seed",
    "3",
];

fn report(run: &Path) -> serde_json::Value {
    let text = fs::read_to_string(run.join("report.json")).expect("written");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn generated_images_are_judged_on_simulated_galaxies_and_on_a_folder_with_labels() {
    let example = Program::build("augment_scarce");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let small = &SMALL[..];
    let path = |name: &str| folder.path().join(name);

    // Simulated galaxies, which are made and gone.
    let told = example.succeed(&[small, &["--out", utf8(&path("simulated"))]].concat());
    assert!(told.contains("44 smooth, 44 spiral"), "{told}");
    assert!(told.contains("split 2 of 2: training classifiers"), "{told}");
    assert!(told.contains("generated images, accuracy: "), "{told}");
    for file in [
        "config.json",
        "data.json",
        "report.html",
        "figures/scores.png",
        "history.csv",
        "scores.csv",
    ] {
        assert!(path("simulated").join(file).is_file(), "{file}");
    }
    let simulated = report(&path("simulated"));
    assert_eq!(simulated["splits"].as_array().expect("a list").len(), 2);
    assert_eq!(simulated["scores"][2]["added_per_class"], 5);
    let answer = simulated["generated_images"].as_str().expect("words");
    assert!(["raises it", "lowers it", "no difference seen"].contains(&answer), "{answer}");

    // A folder, whose labels merge two classes and leave one out.
    let nebulae = NebulaConfig { size: 32, ..NebulaConfig::default() };
    let data = path("data");
    simulate_nebulae(&data, &nebulae, 42, 1).expect("nebulae");
    let mut files: Vec<_> = fs::read_dir(&data)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "fits"))
        .collect();
    files.sort();
    let mut table = String::from("name,kind\nnowhere,red\n");
    for (number, file) in files.iter().enumerate().skip(1) {
        let name = file.file_name().expect("a name").to_string_lossy();
        table += &format!("{name},{}\n", ["red", "blue", "green"][number % 3]);
    }
    let labels = path("labels.csv");
    fs::write(&labels, &table).expect("written");
    let of_folder = ["--data", utf8(&data), "--labels", utf8(&labels), "--id-column", "name"];
    let columns = ["--class-column", "kind", "--classes", "red+green,blue"];
    let of_folder = [&of_folder[..], small].concat();
    let run = path("folder");
    let told = example.succeed(&[&of_folder, &columns[..], &["--out", utf8(&run)]].concat());
    assert!(told.contains("14 blue, 27 red+green; 1 files without a label"), "{told}");
    assert!(told.contains("1 labels without a file"), "{told}");
    assert!(told.contains("no real images are left beside the few"), "{told}");
    assert_eq!(report(&run)["scores"].as_array().expect("a list").len(), 2);

    // What is there stays, and what cannot be is refused before anything is made.
    // Before labels are read, which are in another column.
    let wrong = ["--class-column", "class"];
    let told = example.refuse(&[&of_folder, &wrong[..], &["--out", utf8(&run)]].concat());
    assert!(told.contains("it is not empty"), "{told}");
    let new = path("new");
    let refuse = |of: &[&str]| {
        let told = example.refuse(&[&of_folder, of, &["--out", utf8(&new)]].concat());
        assert!(!new.exists(), "{of:?}");
        told
    };
    let told = refuse(&["--class-column", "class"]);
    assert!(told.contains("there is no column \"class\", but name, kind"), "{told}");
    let told = refuse(&["--class-column", "kind", "--classes", "red,pink"]);
    assert!(told.contains("class pink: no image is labelled so; labels are blue"), "{told}");
    let told = refuse(&["--class-column", "kind"]);
    assert!(told.contains("are needed, 4 to train on and 10 held out"), "{told}");
    let told = example.refuse(&["--data", utf8(&data)]);
    assert!(told.contains("--labels"), "{told}");
    let told = example.refuse(&["--per-class", "1"]);
    assert!(told.contains("per_class must be 2 or more, got 1"), "{told}");
    let told = example.refuse(&["--repeats", "1"]);
    assert!(told.contains("repeats must be 2 or more, got 1"), "{told}");
    fs::write(&labels, "name,kind\na\n").expect("written");
    let told = refuse(&columns);
    assert!(told.contains("line 2 has 1 cells where the first one has 2"), "{told}");
}
