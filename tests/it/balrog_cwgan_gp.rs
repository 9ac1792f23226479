//! The example as its users meet it: a survey's files in, an emulator, its numbers and figures,
//! observed magnitudes for a catalogue, a search, and bad input.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use astrogen::catalog::{Catalog, CatalogOptions};
use astrogen::sky::survey::{CATALOGUE, CONDITIONS, SELECTION};
use astrogen::sky::{Survey, SurveyConfig};

use crate::program::{Program, utf8};

fn example() -> &'static Program {
    static EXAMPLE: OnceLock<Program> = OnceLock::new();
    EXAMPLE.get_or_init(|| Program::build("balrog_cwgan_gp"))
}

/// A small survey's files.
pub(crate) fn survey(folder: &Path) -> PathBuf {
    let folder = folder.join("survey");
    let config = SurveyConfig { galaxies: 6000, nside: 64, ..SurveyConfig::default() };
    Survey::simulate(&config, 3).expect("a survey").save(&folder).expect("room for it");
    folder
}

/// The options that name a survey's files and columns.
pub(crate) fn columns(survey: &Path) -> Vec<String> {
    let map = |name: &str| utf8(&survey.join(format!("{name}.fits"))).to_owned();
    let mut options: Vec<String> =
        ["--catalog", utf8(&survey.join(CATALOGUE)), "--ra", "RA", "--dec", "DEC"]
            .map(str::to_owned)
            .into();
    for (option, kind) in [("--true", "TRUE"), ("--observed", "MEAS")] {
        options.push(option.to_owned());
        options.extend(["R", "I", "Z"].map(|band| format!("{kind}_MAG_{band}")));
    }
    for name in CONDITIONS {
        options.extend(["--condition".to_owned(), format!("{name}={}", map(name))]);
    }
    for (option, name) in ["--footprint", "--foreground", "--bad-regions"].iter().zip(SELECTION) {
        options.extend([(*option).to_owned(), map(name)]);
    }
    options
}

fn run(arguments: &[&str], more: &[String]) -> String {
    let more = more.iter().map(String::as_str);
    example().succeed(&arguments.iter().copied().chain(more).collect::<Vec<_>>())
}

#[test]
fn a_survey_becomes_an_emulator_with_numbers_figures_and_rows() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let survey = survey(folder.path());
    let out = folder.path().join("run");
    let small = ["--batch-size", "100", "--held-out", "0.3", "--judged", "1000"].map(str::to_owned);
    let options = [columns(&survey), small.into()].concat();

    // Half the epochs, then the other half: the metrics go on.
    let told = run(&["train", "--epochs", "4", "--out", utf8(&out)], &options);
    assert!(told.contains("rows kept; dropped"), "{told}");
    assert!(told.contains("a Gaussian regression of the same rows, to be beaten"), "{told}");
    run(&["train", "--resume", utf8(&out), "--epochs", "6"], &[]);
    let metrics = fs::read_to_string(out.join("metrics.csv")).expect("metrics");
    assert!(metrics.starts_with("step,seconds,score,ks_bands,ks_colours,sliced_wasserstein\n"));
    assert_eq!(metrics.lines().count(), 7, "{metrics}");
    let reports = fs::read_to_string(out.join("reports.jsonl")).expect("reports");
    assert_eq!(reports.lines().filter(|line| line.contains("\"coverage_68\":0.")).count(), 6);
    for file in ["report.txt", "report.json", "history.csv", "metrics.png", "residuals.png"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    for file in ["colour-magnitude", "colour-colour", "tails", "colour-tails", "calibration"] {
        assert!(out.join(format!("{file}.png")).is_file(), "{file}");
    }
    let again = run(&["evaluate", utf8(&out)], &[]);
    let report = fs::read_to_string(out.join("report.txt")).expect("a report");
    assert!(again.contains(report.trim_end()), "{again}\n{report}");

    // Some rows chose the best epoch, others are reported on.
    let read = |file: &str| fs::read_to_string(out.join(file)).expect(file);
    let config: serde_json::Value = serde_json::from_str(&read("config.json")).expect("settings");
    let table = serde_json::from_value(config["data"].clone()).expect("settings of a table");
    let table = astrogen::tables::Table::open(&table).expect("a table");
    let report: serde_json::Value = serde_json::from_str(&read("report.json")).expect("a report");
    for name in ["generated", "Gaussian"] {
        assert_eq!(report[name]["rows"], table.test().rows.len(), "{name}");
        let quality = &report[name]["quality"];
        assert_eq!(quality["numbers"].as_array().map(Vec::len), Some(7), "{quality}");
        let calibrated = &report[name]["quantities"][0]["pit"]["by_condition"];
        assert_eq!(calibrated[0]["by"], "true R", "{calibrated}");
        assert!(calibrated[0]["bins"][0]["calibration"]["coverage_68"].is_f64(), "{calibrated}");
    }
    assert!(out.join("figures/quality.png").is_file());
    assert!(told.contains("residuals, truth and conditions as one table, "), "{told}");
    assert!(told.contains("least calibrated "), "{told}");
    for line in reports.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a report");
        let validation = table.validation().rows.len();
        assert!(validation <= 1000, "as many rows as there are judge each epoch");
        assert_eq!(line["report"]["rows"], validation);
    }

    // A run from before there were test rows is reported on what it has, and that is said.
    let now = read("config.json");
    let before = now.replace("\"test_fraction\": 0.5", "\"test_fraction\": 0.0");
    assert_ne!(now, before);
    fs::write(out.join("config.json"), &before).expect("written");
    let told = run(&["evaluate", utf8(&out)], &[]);
    assert!(told.contains("these rows chose the best epoch too"), "{told}");
    let rows = table.test().rows.len() + table.validation().rows.len();
    assert!(told.contains(&format!("generated against observed, {rows} rows")), "{told}");
    fs::write(out.join("config.json"), now).expect("written");

    // The same rows whatever the chunks, the threads and the format.
    let catalog = |name: &str| folder.path().join(name);
    let emulate = |name: &str, more: &[&str]| {
        let path = catalog(name);
        let arguments = [&["emulate", utf8(&out), "--out", utf8(&path)], more].concat();
        run(&arguments, &[])
    };
    let told = emulate("one.fits", &[]);
    assert!(told.contains("by outside the footprint"), "{told}");
    emulate("two.fits", &["--chunk", "700", "--threads", "1"]);
    emulate("three.parquet", &["--chunk", "1111"]);
    emulate("seed.parquet", &["--seed", "1"]);
    assert!(
        fs::read(catalog("one.fits")).expect("written")
            == fs::read(catalog("two.fits")).expect("written")
    );
    let read = |name: &str| {
        let catalog = Catalog::open(catalog(name), &CatalogOptions::default()).expect("one");
        let (columns, _) = catalog.read(&["ROW", "MEAS_MAG_I"]).expect("its columns");
        ["ROW", "MEAS_MAG_I"].map(|name| columns.column(name).expect("a column").to_vec())
    };
    let [rows, magnitudes] = read("one.fits");
    assert!(rows.len() > 4000 && rows.is_sorted());
    assert!(magnitudes.iter().all(|value| (10.0..40.0).contains(value)));
    assert_eq!(read("one.fits"), read("three.parquet"));
    assert_ne!(read("one.fits")[1], read("seed.parquet")[1]);
    let told = example().refuse(&["emulate", utf8(&out), "--out", utf8(&catalog("one.fits"))]);
    assert!(told.contains("name a file that does not"), "{told}");
}

#[test]
fn a_stopped_search_goes_on_and_lists_the_best_first() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let survey = survey(folder.path());
    let space = folder.path().join("space.json");
    fs::write(&space, r#"{"algorithm.n_critic": [1, 3], "batches.batch_size": [100]}"#)
        .expect("written");
    let out = folder.path().join("search");
    let arguments = ["search", "--space", utf8(&space), "--epochs", "1", "--out", utf8(&out)];
    let by = ["--best-by", "ks_bands", "--checkpoint-every", "10"].map(str::to_owned);
    let told = run(&arguments, &[columns(&survey), by.into()].concat());
    assert!(told.contains("2 of 2 trials done"), "{told}");
    assert!(told.contains("the best trial, "), "{told}");
    let reported =
        ["trial-001", "trial-002"].map(|trial| out.join(trial).join("report.txt").exists());
    assert_eq!(reported.iter().filter(|&&reported| reported).count(), 1, "the best one alone");

    // Without its last line the table is that of a search which was stopped.
    let path = out.join("search.csv");
    let table = fs::read_to_string(&path).expect("a table");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    let metrics = fs::read_to_string(out.join("trial-001/metrics.csv")).expect("metrics");
    let ks = metrics.lines().skip(1).map(|row| row.split(',').nth(3).expect("a cell").parse());
    let best = ks.map(|ks: Result<f64, _>| ks.expect("a number")).fold(f64::INFINITY, f64::min);
    assert_eq!(lines[1].split(',').nth(3), Some(&best.to_string()[..]), "{table}{metrics}");
    let page = fs::read_to_string(out.join("report.html")).expect("a page");
    assert!(page.contains("Trials, the best first") && page.contains(">Device<"));
    fs::write(&path, format!("{}\n{}\n", lines[0], lines[1])).expect("written");
    fs::remove_dir_all(out.join("trial-002")).expect("removed");
    run(&["search", "--resume", utf8(&out)], &[]);
    assert_eq!(fs::read_to_string(&path).expect("a table"), table);
    let told = example().refuse(&["search", "--resume", utf8(&out), "--epochs", "2"]);
    assert!(told.contains("a search goes on with trials as long as those before"), "{told}");
    let settings = || fs::read_to_string(out.join("config.json")).expect("settings");
    let before = settings();
    for (option, number, reason) in [
        ("--trials", "2", "this search tries all combinations of its lists"),
        ("--patience", "7", "a search goes on with trials by the rules of those before"),
    ] {
        let told = example().refuse(&["search", "--resume", utf8(&out), option, number]);
        assert!(told.contains(reason) && settings() == before, "{told}");
    }
    // Fewer trials than are done, of a search that draws them.
    let drawn = before.replace("\"trials\": null", "\"trials\": 2");
    fs::write(out.join("config.json"), &drawn).expect("written");
    let told = example().refuse(&["search", "--resume", utf8(&out), "--trials", "1"]);
    assert!(told.contains("search table") && settings() == drawn && drawn != before, "{told}");

    fs::write(&space, r#"{"algorithm.critic": [1, 3]}"#).expect("written");
    let refused = [&["search", "--space", utf8(&space)][..]].concat();
    let more = columns(&survey);
    let refused: Vec<&str> = refused.into_iter().chain(more.iter().map(String::as_str)).collect();
    let told = example().refuse(&refused);
    assert!(told.contains("critic_optimizer"), "{told}");
    fs::write(&space, r#"{"algorithm.n_critic": [1], "algorithm.n_critic": [3]}"#)
        .expect("written");
    let told = example().refuse(&refused);
    assert!(told.contains("`algorithm.n_critic` stands twice"), "{told}");
    fs::write(&space, r#"{"algorithm.n_critic": [1, 3]}"#).expect("written");
    let none = folder.path().join("none");
    for (options, reason) in [
        (["--steps", "0"], "steps must be at least 1"),
        (["--lr", "0"], "lr must be"),
        (["--batch-size", "1000000"], "batch size"),
    ] {
        let options = [&refused[..], &options, &["--out", utf8(&none)]].concat();
        let told = example().refuse(&options);
        assert!(told.contains(reason) && !none.exists(), "{told}");
        let train = [&["train"], &options[3..]].concat();
        let told = example().refuse(&train);
        assert!(told.contains(reason) && !none.exists(), "{told}");
    }
}

#[test]
fn bad_catalogues_and_columns_are_answered_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let survey = survey(folder.path());
    let refuse = |from: &str, to: &str| {
        let options = columns(&survey);
        let options: Vec<String> = options.iter().map(|text| text.replace(from, to)).collect();
        let options: Vec<&str> =
            ["train"].into_iter().chain(options.iter().map(String::as_str)).collect();
        example().refuse(&options)
    };
    for (from, to, answers) in [
        ("MEAS_MAG_I", "MEAS_MAGI", "nearest: \"MEAS_MAG_I\""),
        ("catalogue.fits", "catalog.fits", "catalog.fits"),
        ("catalogue.fits", "survey.json", "survey.json"),
        ("fwhm_i.fits", "catalogue.fits", "catalogue.fits"),
    ] {
        let told = refuse(from, to);
        assert!(told.contains(answers), "{from} -> {to}: {told}");
    }

    let whole = fs::read(survey.join(CATALOGUE)).expect("a catalogue");
    fs::write(survey.join(CATALOGUE), &whole[..whole.len() / 2 + 7]).expect("written");
    let told = refuse("", "");
    assert!(told.contains(CATALOGUE), "{told}");
    let told = example().refuse(&["train", "--catalog", "x.fits"]);
    assert!(told.contains("--observed"), "{told}");
    let told = example().refuse(&["train", "--best-by", "fid"]);
    assert!(told.contains("name one of score, ks_bands, ks_colours"), "{told}");
    let told = example().refuse(&["evaluate", utf8(folder.path())]);
    assert!(told.contains("run folder"), "{told}");
}
