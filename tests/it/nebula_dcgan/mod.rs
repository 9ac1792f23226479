//! The example as its users meet it: a run, a kill, a resume, samples, and bad input.

mod auto;
mod options;
mod signals;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use astrogen::fits::{FitsFile, Header, Value, write_image};
use ndarray::Array3;

use crate::program::{Program, nebulae, text, utf8};

fn example() -> &'static Program {
    static EXAMPLE: OnceLock<Program> = OnceLock::new();
    EXAMPLE.get_or_init(|| Program::build("nebula_dcgan"))
}

const SMALL: [&str; 8] =
    ["--image-size", "32", "--features", "4", "--batch-size", "4", "--seed", "7"];

fn train(data: &Path, out: &Path, steps: &str) -> Vec<String> {
    let arguments = ["--data", utf8(data), "--out", utf8(out), "--steps", steps];
    arguments.iter().chain(&SMALL).map(|&text| text.to_owned()).collect()
}

/// A run in one go and one that is killed, by a recipe that saves every `interval` steps.
fn a_killed_run_resumes_to_the_same_bytes(recipe: &str, interval: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let steps = interval + 20;
    let arguments = |out| {
        let mut arguments = train(&data, out, &steps.to_string());
        arguments.extend(["--recipe".to_owned(), recipe.to_owned()]);
        arguments
    };

    let told = example().succeed(&words(&arguments(&whole)));
    assert!(told.contains("broken.fits"), "a bad file is named: {told}");
    assert!(told.contains("sliced Wasserstein") && told.contains("(floor "), "{told}");
    assert!(told.contains("on training images that it was not chosen by"), "{told}");
    let last = format!("samples/step-{steps:08}.png");
    for file in [
        "config.json",
        "data.json",
        "report.json",
        "report.html",
        "generator.safetensors",
        "history.csv",
        "scores.csv",
        "log.jsonl",
        "losses.png",
        "samples/real.png",
        &last,
    ] {
        assert!(whole.join(file).is_file(), "{file} is missing");
    }
    let scores = fs::read_to_string(whole.join("scores.csv")).expect("scores");
    assert!(
        scores.starts_with("step,seconds,sliced_wasserstein,floor,nyquist_ratio\n"),
        "{scores}"
    );

    // Killed as soon as its first checkpoint is there.
    let mut child = example().command(&words(&arguments(&killed))).spawn().expect("it starts");
    let first = killed.join(format!("checkpoints/step-{interval:08}.safetensors"));
    while !first.exists() {
        assert!(
            child.try_wait().expect("a child").is_none(),
            "it ended before its first checkpoint"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("killed");
    child.wait().expect("dead");
    example().succeed(&["--resume", utf8(&killed)]);
    let checkpoint = format!("checkpoints/step-{steps:08}.safetensors");
    for file in [&checkpoint, "generator.safetensors", "report.json", &last] {
        let (one, other) = (fs::read(whole.join(file)), fs::read(killed.join(file)));
        assert!(one.expect("written") == other.expect("written"), "{file} differs");
    }
    folder
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn a_killed_sharp_run_resumes_to_the_same_bytes_and_samples_in_physical_units() {
    let folder = a_killed_run_resumes_to_the_same_bytes("sharp", 1000);
    let whole = folder.path().join("whole");

    // Samples, twice from one seed.
    let sample = |name: &str| {
        let out = folder.path().join(name);
        let arguments =
            ["sample", utf8(&whole), "--count", "3", "--seed", "5", "--out", utf8(&out)];
        example().succeed(&arguments);
        assert!(out.join("grid.png").is_file());
        out
    };
    let (out, again) = (sample("samples"), sample("again"));
    let mut fits: Vec<_> = fs::read_dir(&out)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    fits.retain(|path| path.extension().is_some_and(|extension| extension == "fits"));
    assert_eq!(fits.len(), 3);
    for path in fits {
        let name = path.file_name().expect("a name");
        assert!(
            fs::read(&path).expect("read") == fs::read(again.join(name)).expect("read"),
            "{name:?} differs"
        );
        let file = FitsFile::open(&path).expect("a FITS file");
        let header = &file.hdus()[0].header;
        assert_eq!(header.value("SEED"), Some(&Value::Integer(5)));
        assert_eq!(header.get::<&str>("BUNIT"), Some("electron"));
        for key in ["MODEL", "STRETCH", "INTERVAL"] {
            assert!(matches!(header.value(key), Some(Value::Text(_))), "{key}");
        }
    }
}

#[test]
fn a_killed_run_of_the_article_resumes_and_one_from_before_recipes_goes_on() {
    let folder = a_killed_run_resumes_to_the_same_bytes("article", 200);
    let run = folder.path().join("whole");
    let config = fs::read_to_string(run.join("config.json")).expect("a config");
    let named = "\"recipe\": \"article\",";
    assert!(config.contains(named), "{config}");
    fs::write(run.join("config.json"), config.replace(named, "")).expect("written");
    let told = example().succeed(&["--resume", utf8(&run), "--steps", "222"]);
    assert!(told.contains("the article's recipe"), "{told}");
    example().succeed(&["sample", utf8(&run), "--count", "2"]);
    assert!(run.join("generated-1/grid.png").is_file());
}

#[test]
fn r3gan_trains_resumes_and_is_sampled() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let out = folder.path().join("run");
    let mut arguments = train(&data, &out, "3");
    let options = ["--recipe", "r3gan", "--gamma", "0.5", "--checkpoint-every", "2"];
    arguments.extend(options.map(str::to_owned));
    let told = example().succeed(&words(&arguments));
    assert!(told.contains("by the R3GAN recipe"), "{told}");
    let config = fs::read_to_string(out.join("config.json")).expect("a config");
    assert!(config.contains("\"gamma\": 0.5") && config.contains("\"annealing\""), "{config}");
    let page = fs::read_to_string(out.join("report.html")).expect("a page");
    assert!(page.contains("Images · R3GAN"));
    example().succeed(&["--resume", utf8(&out), "--steps", "5"]);
    example().succeed(&["sample", utf8(&out), "--count", "2"]);
    assert!(out.join("generated-1/grid.png").is_file());
}

#[test]
fn a_full_disk_stops_the_run_and_leaves_the_last_checkpoint_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let out = folder.path().join("run");
    let arguments = train(&data, &out, "3");
    example().succeed(&words(&arguments));
    let checkpoint = out.join("checkpoints/step-00000003.safetensors");
    let before = fs::read(&checkpoint).expect("a checkpoint");

    // A limit on the size of files stands for the full disk: the system refuses the write.
    let blocks = before.len() / 1024 / 2;
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let output = Command::new("bash")
        .args([
            "-c",
            &script,
            "bash",
            utf8(example().path()),
            "--resume",
            utf8(&out),
            "--steps",
            "6",
            "--threads",
            "1",
        ])
        .output()
        .expect("bash runs");
    let told = text(&output);
    assert!(!output.status.success(), "{told}");
    assert!(told.contains("step-00000006.safetensors"), "{told}");
    assert!(fs::read(&checkpoint).expect("still there") == before, "the old checkpoint changed");
    let left = fs::read_dir(out.join("checkpoints")).expect("a folder").count();
    assert_eq!(left, 1, "half a file was left behind");
    example().succeed(&["--resume", utf8(&out), "--steps", "6"]);
}

#[test]
fn images_that_need_an_option_train_and_nobody_has_to_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    for number in 0..8 {
        // Colours on the first axis, as numpy's [H, W, C].
        let value = |(y, x, c): (usize, usize, usize)| (c * number + y * x % 17) as f32;
        let pixels = Array3::from_shape_fn((48, 48, 3), value);
        write_image(data.join(format!("{number}.fits")), &pixels, &Header::new()).expect("written");
    }
    let out = folder.path().join("run");
    let mut arguments = train(&data, &out, "2");
    let told = example().refuse(&words(&arguments));
    assert!(told.contains("state the axis order"), "{told}");
    arguments.extend(["--axis-order", "hwc", "--max-bad-fraction", "0.6"].map(str::to_owned));
    example().succeed_unread(&words(&arguments));
    let config = fs::read_to_string(out.join("config.json")).expect("a config");
    for words in ["\"hwc\"", "\"max_bad_fraction\": 0.6"] {
        assert!(config.contains(words), "{config}");
    }
    assert!(!config.contains("\"max_bad_fraction\": 0.5"), "of pictures too: {config}");
    example().succeed_unread(&["sample", utf8(&out), "--count", "1"]);
}

#[test]
fn the_best_is_best_in_what_is_asked_for_and_a_file_that_is_there_twice_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let mut header = Header::new();
    header.push("BUNIT", "adu", "unit of the pixels");
    for number in 0..48 {
        let value = |(band, y, x): (usize, usize, usize)| {
            let [dy, dx] = [y.abs_diff(6 + number * 7 % 20), x.abs_diff(6 + number * 5 % 20)];
            let spot = 900.0 * (-((dy * dy + dx * dx) as f32) / (6 + number % 9) as f32).exp();
            spot + ((number * 31 + (band + 3) * (y * 17 + x * 13)) % 101) as f32
        };
        let pixels = Array3::from_shape_fn((3, 32, 32), value);
        write_image(data.join(format!("{number}.fits")), &pixels, &header).expect("written");
    }
    for number in 0..8 {
        let twice = data.join(format!("{number}-again.fits"));
        fs::copy(data.join(format!("{number}.fits")), twice).expect("copied");
    }
    let out = folder.path().join("run");
    let mut arguments = train(&data, &out, "12");
    let more = "--held-out 0.4 --best-by coverage --checkpoint-every 3 --patience 3";
    arguments.extend(more.split(' ').map(str::to_owned));
    let told = example().succeed(&words(&arguments));

    // Nothing that is so small gets better than at first.
    assert!(told.contains("training ends early"), "{told}");
    let read = |name: &str| fs::read_to_string(out.join(name)).expect(name);
    let report: serde_json::Value = serde_json::from_str(&read("report.json")).expect("JSON");
    let scores = read("scores.csv");
    assert!(scores.starts_with("step,seconds,sliced_wasserstein,"), "{scores}");
    let best = scores.lines().skip(1).max_by(|a, b| {
        let coverage = |row: &str| row.rsplit(',').next().and_then(|cell| cell.parse::<f64>().ok());
        // The earliest of equals.
        coverage(a).partial_cmp(&coverage(b)).expect("numbers").then(std::cmp::Ordering::Greater)
    });
    let best: Vec<&str> = best.expect("a row").split(',').collect();
    assert_eq!(report["step"].to_string(), best[0], "{scores}");
    let chosen_by = report["chosen_by"].as_f64().expect("a number");
    let distance: f64 = best[2].parse().expect("a number");
    assert!((chosen_by - distance).abs() < 1e-6 * distance, "{report}");

    // Pixels in the files' unit, and what is in both splits.
    assert_eq!(report["pixels_physical"]["unit"], "adu");
    assert_eq!(report["pixels_physical"]["bands"].as_array().map(Vec::len), Some(3));
    assert!(told.contains("pixels in adu, band by band: "), "{told}");
    assert!(told.contains("held-out image"), "{told}");
    let pairs = report["leakage"]["pairs"].as_array().expect("pairs");
    assert!((1..=8).contains(&pairs.len()), "{pairs:?}");
    assert!(pairs.iter().all(|pair| pair["distance"].as_f64() < Some(1e-3)), "{pairs:?}");
    assert!(out.join("figures/leakage.png").is_file());
}

#[test]
fn bad_input_is_answered_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let data = utf8(&data);
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    let full = folder.path().join("full");
    fs::create_dir(&full).expect("a folder");
    fs::write(full.join("thesis.txt"), "years of work").expect("written");
    let out = folder.path().join("out");
    let out = utf8(&out);
    let cases: &[(&[&str], &[&str])] = &[
        (&["--data", "no/such/folder"], &["no/such/folder"]),
        (&["--data", utf8(&empty)], &["no usable image", "FITS"]),
        (&["--data", data, "--image-size", "60"], &["60", "64"]),
        (&["--data", data, "--image-size", "64"], &["48x48", "64x64"]),
        (&["--data", data, "--image-size", "32", "--batch-size", "64"], &["64", "12"]),
        (&["--data", data, "--stretch", "sepia"], &["sepia", "asinh"]),
        (&["--data", data, "--interval", "zoom"], &["zoom", "zscale"]),
        (
            &["--data", data, "--image-size", "32", "--batch-size", "4", "--lr", "-1"],
            &["lr", "above 0"],
        ),
        (&["--data", data, "--image-size", "32", "--strict"], &["broken.fits"]),
        (&["--data", data, "--image-size", "32", "--device", "cuda:99"], &["cuda"]),
        (
            &["--data", data, "--image-size", "32", "--batch-size", "4", "--steps", "0"],
            &["steps", "at least 1"],
        ),
        (
            &["--data", data, "--image-size", "32", "--batch-size", "4", "--out", utf8(&full)],
            &["not empty"],
        ),
        (
            &["--data", data, "--image-size", "32", "--batch-size", "4", "--out", "/dev/null/run"],
            &["/dev/null/run"],
        ),
        (&["--data", data, "--best-by", "fid"], &["sliced_wasserstein, diversity, coverage"]),
        (&["--data", data, "--patience", "0"], &["--patience must be at least 1"]),
        // Before steps are tried.
        (
            &["--data", data, "--image-size", "32", "--minutes", "60", "--out", utf8(&full)],
            &["not empty"],
        ),
        (&["--resume", utf8(&empty), "--best-by", "coverage"], &["cannot be used with"]),
        (
            &["--resume", utf8(&empty), "--steps", "9", "--lr", "1e-4", "--seed", "5"],
            &["--seed, --lr cannot be given with --resume", "a new run takes others"],
        ),
        (&["--resume", utf8(&empty)], &["config.json"]),
        (&["sample", utf8(&empty)], &["config.json"]),
    ];
    for (arguments, parts) in cases {
        let mut arguments = arguments.to_vec();
        if !arguments.contains(&"--out") && arguments.contains(&"--data") {
            arguments.extend(["--out", out]);
        }
        let told = example().refuse(&arguments);
        for part in *parts {
            assert!(told.contains(part), "{arguments:?}: {part:?} is not in: {told}");
        }
    }
    assert_eq!(fs::read_to_string(full.join("thesis.txt")).expect("kept"), "years of work");
    assert!(!Path::new(out).exists(), "a refused run makes no folder");
}
