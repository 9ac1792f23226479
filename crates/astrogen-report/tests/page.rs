//! Runs as pages: what they have, and what they must not have.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod folder;

use std::fs;
use std::path::Path;

use astrogen_report::write_page;
use astrogen_train::RunDir;
use folder::{picture, whole_run};
use scraper::{Html, Selector};

fn parsed(path: &Path) -> (String, Html) {
    let text = fs::read_to_string(path).unwrap();
    let html = Html::parse_document(&text);
    (text, html)
}

fn texts(html: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    let text = |element: scraper::ElementRef| {
        let text = element.text().collect::<String>();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    html.select(&selector).map(text).collect()
}

fn attributes(html: &Html, selector: &str, name: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    html.select(&selector).filter_map(|element| element.attr(name)).map(str::to_owned).collect()
}

#[test]
fn a_whole_run_is_a_page_with_all_its_sections() {
    let folder = tempfile::tempdir().unwrap();
    let run = whole_run(&folder.path().join("nebula-1"));
    let before = fs::read(run.config_path()).unwrap();
    let (text, html) = parsed(&write_page(&run).unwrap());
    assert_eq!(fs::read(run.config_path()).unwrap(), before);

    assert_eq!(html.errors, Vec::<std::borrow::Cow<str>>::new());
    assert_eq!(texts(&html, "h1"), ["nebula-1"]);
    assert_eq!(
        texts(&html, "h2"),
        [
            "Numbers",
            "Samples",
            "Figures",
            "Training",
            "Data",
            "Settings",
            "Environment and seeds",
            "Files"
        ]
    );
    assert_eq!(texts(&html, "nav a"), texts(&html, "h2"));
    for link in attributes(&html, "nav a, .skip", "href") {
        let target = Selector::parse(&link).unwrap();
        assert!(html.select(&target).next().is_some(), "{link}");
    }
    let facts = texts(&html, ".facts dd").join("|");
    assert!(facts.starts_with("300 of 400|stopped; it can be resumed|"), "{facts}");
    assert!(facts.contains("1 min 50 s in 2 sessions"), "{facts}");

    // Every picture is data, with words for who does not see it; every link stays in the folder.
    let sources = attributes(&html, "[src]", "src");
    assert_eq!(
        sources.len(),
        1 + 12 + 2 + 1,
        "reals, a dozen grids, two figures, one more picture"
    );
    assert!(sources.iter().all(|source| source.starts_with("data:image/png;base64,")));
    assert!(attributes(&html, "img", "alt").iter().all(|alt| !alt.is_empty()));
    for link in attributes(&html, "[href]", "href") {
        assert!(link.starts_with('#') || link.starts_with("./"), "{link}");
    }
    assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("url("));
    let policy = attributes(&html, "meta[http-equiv]", "content").concat();
    assert!(
        policy.starts_with("default-src 'none'; img-src data:; style-src 'sha256-"),
        "{policy}"
    );
    assert!(attributes(&html, "[style]", "style").is_empty());

    // The last grid is shown, the others are beside it; the slider waits for its script.
    assert_eq!(texts(&html, "#shown .file"), ["samples/step-00000300.png"]);
    assert_eq!(texts(&html, ".earlier figure").len(), 11);
    assert_eq!(attributes(&html, ".time input", "max"), ["11"]);
    assert_eq!(attributes(&html, ".time", "hidden").len(), 1);
    assert!(texts(&html, ".samples .note")[0].starts_with("12 of 30 grids"));

    // Numbers, curves, data, sessions.
    let tables = texts(&html, "table").join("|");
    assert!(tables.contains("Sliced Wasserstein17.39"), "{tables}");
    assert!(tables.contains("KID0.0123 (0.0111 to 0.0139), floor 0.002"), "{tables}");
    let charts = texts(&html, ".chart strong");
    assert_eq!(
        charts,
        [
            "Sliced Wasserstein",
            "Loss",
            "Gradient norm",
            "Pixels before the stretch",
            "Pixels after the stretch, as networks see them"
        ]
    );
    assert_eq!(texts(&html, ".legend").len(), 4);
    assert!(texts(&html, ".remarks li").contains(&"Step 100: samples have a fine mesh".to_owned()));
    let tables = texts(&html, "#environment table");
    assert!(tables[0].starts_with("Sessions"), "{tables:?}");
    assert!(tables.iter().any(|table| table.contains("A processor")), "{tables:?}");
    assert!(tables.iter().any(|table| table.contains("Data · Seed7")), "{tables:?}");
    assert_eq!(texts(&html, "caption").len(), texts(&html, "table").len());
    for table in attributes(&html, ".scroll", "tabindex") {
        assert_eq!(table, "0");
    }
}

#[test]
fn what_others_wrote_is_text_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let name = "<script>alert(1)</script>".replace('/', "~");
    let run = whole_run(&folder.path().join(&name));
    let evil = "\"><script src=x>alert(2)</script><img src=y onerror=z>";
    let config = serde_json::json!({"model": {evil: evil}, evil: [evil], "seed": 1});
    run.write_config(&config).unwrap();
    run.write_json("report.json", &serde_json::json!([{"id": evil, "deep": [{evil: {evil: 1}}]}]))
        .unwrap();
    run.write_data(&serde_json::json!({"skipped_files": [{"file": evil, "reason": evil}]}))
        .unwrap();
    let line = serde_json::json!({"event": "warned", "message": evil});
    let log = fs::read_to_string(run.log_path()).unwrap();
    fs::write(run.log_path(), format!("{log}{line}\n")).unwrap();
    fs::write(run.history_path(), "step,seconds,<script>_loss\n1,1,1\n2,2,2\n").unwrap();
    fs::write(run.join("<img src=q>.png"), picture(4, 4)).unwrap();
    let (_, html) = parsed(&write_page(&run).unwrap());
    assert_eq!(html.errors, Vec::<std::borrow::Cow<str>>::new());
    assert_eq!(texts(&html, "script").len(), 1, "its own");
    assert!(attributes(&html, "script", "src").is_empty());
    assert!(attributes(&html, "[onerror]", "onerror").is_empty());
    assert!(attributes(&html, "img", "src").iter().all(|source| source.starts_with("data:")));
    assert_eq!(texts(&html, "h1"), [name.as_str()]);
}

#[test]
fn pixels_are_drawn_of_every_folder_that_the_data_are_of() {
    let folder = tempfile::tempdir().unwrap();
    let band = |low: f64| {
        serde_json::json!({"low": low, "high": 9.0, "below": 0.0, "above": 0.0,
                           "counts": (1..=64).collect::<Vec<u32>>()})
    };
    let summary = |name: &str| {
        let histograms =
            serde_json::json!({"files": 3, "physical": [band(0.0)], "signed": [band(-1.0)]});
        serde_json::json!({"folder": format!("/sky/{name}"), "used": 3, "histograms": histograms})
    };
    let charts = ["Pixels before the stretch", "Pixels after the stretch, as networks see them"];
    for (name, data, headings, count) in [
        (
            "two",
            serde_json::json!([summary("survey"), summary("simulation")]),
            vec!["Pixels of survey", "Pixels of simulation"],
            2,
        ),
        (
            "nested",
            serde_json::json!({"labels": {"file": "a.csv"}, "images": summary("survey")}),
            vec!["Pixels"],
            1,
        ),
    ] {
        let run = whole_run(&folder.path().join(name));
        run.write_data(&data).unwrap();
        let (_, html) = parsed(&write_page(&run).unwrap());
        assert_eq!(texts(&html, "#data h3"), headings, "{name}");
        assert_eq!(texts(&html, "#data .chart strong"), charts.repeat(count), "{name}");
        let tables = texts(&html, "#data table").join("|");
        assert!(tables.contains("/sky/survey") && !tables.contains("Counts"), "{tables}");
    }
}

#[test]
fn a_run_that_diverged_is_told_of_at_the_step_of_its_weights() {
    let folder = tempfile::tempdir().unwrap();
    let run = whole_run(&folder.path().join("run"));
    let lines = [
        r#"{"event": "started", "step": 0, "steps": 6400, "time": 1.0}"#,
        r#"{"event": "logged", "step": 4990, "time": 2.0}"#,
        r#"{"event": "finished", "step": 4000, "interrupted": false, "time": 3.0}"#,
    ];
    fs::write(run.log_path(), lines.join("\n") + "\n").unwrap();
    let (_, html) = parsed(&write_page(&run).unwrap());
    let facts = texts(&html, ".facts dd").join("|");
    assert!(facts.starts_with("4000 of 6400|ended early|"), "{facts}");
    assert!(texts(&html, "#environment table").concat().contains("4000ended early"));
}

#[test]
fn a_run_of_nothing_but_settings_is_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("early");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("config.json"), r#"{"fit": {"steps": 10, "seed": 3}}"#).unwrap();
    let run = RunDir::open(&path).unwrap();
    let (_, html) = parsed(&write_page(&run).unwrap());
    assert_eq!(texts(&html, "h2"), ["Settings", "Environment and seeds", "Files"]);
    assert_eq!(texts(&html, ".facts dd"), ["none told of, of 10"]);
    // Once more: the page itself is no file of the run that it tells of.
    write_page(&run).unwrap();
    let names: Vec<_> =
        fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing is left beside it: {names:?}");
}

#[test]
fn files_that_are_damaged_are_told_of_or_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let run = whole_run(&folder.path().join("run"));
    fs::write(run.report_path("json"), "{\"a\":").unwrap();
    fs::write(run.log_path(), "no json\n{\"event\":\"logged\"}\n{\"eve").unwrap();
    fs::write(run.history_path(), "something,else\n1,2\n").unwrap();
    fs::write(run.sample_path(300, "png"), "no picture").unwrap();
    let (_, html) = parsed(&write_page(&run).unwrap());
    assert!(texts(&html, ".fault")[0].starts_with("report.json is not JSON"), "named");
    assert_eq!(texts(&html, "#shown .file"), ["samples/step-00000270.png"]);
    assert!(texts(&html, "h2").contains(&"Settings".to_owned()));
}

#[test]
fn pictures_that_there_is_no_room_for_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = whole_run(&folder.path().join("run"));
    let mut large = picture(4, 4);
    large.resize(13 << 20, 0); // what follows a picture is not looked at
    fs::write(run.join("a.png"), &large).unwrap();
    fs::write(run.join("b.png"), &large).unwrap();
    let (_, html) = parsed(&write_page(&run).unwrap());
    assert_eq!(texts(&html, "#figures .files li"), ["b.png"]);
}

#[test]
fn a_search_shows_its_trials_the_best_first_and_where_they_ran() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(&folder.path().join("search-1")).unwrap();
    let best_by = serde_json::json!({"highest": "coverage"});
    run.write_config(&serde_json::json!({"space": {}, "base": {}, "fit": {"best_by": best_by}}))
        .unwrap();
    let table =
        "trial,algorithm.n_critic,score,failure\n1,2,0.25,\n2,5,,<b>it failed</b>\n3,4,0.125,\n";
    fs::write(run.join("search.csv"), table).unwrap();
    for (trial, device) in [("trial-001", "cpu"), ("trial-003", "cuda:0")] {
        let trial = RunDir::create(&run.join(trial)).unwrap();
        trial.write_config(&serde_json::json!({})).unwrap();
        let log = format!(
            "{{\"event\":\"started\",\"step\":0,\"steps\":9,\"device\":\"{device}\",\"time\":1.0,\
             \"environment\":{{\"processor\":\"A processor\"}}}}\n"
        );
        fs::write(trial.log_path(), log).unwrap();
    }
    let (_, html) = parsed(&write_page(&run).unwrap());
    let rows = texts(&html, "#numbers tbody tr");
    assert_eq!(rows, ["340.125none", "120.25none", "25none<b>it failed</b>"]);
    let sessions = texts(&html, "#environment table").concat();
    assert!(sessions.contains("trial-001") && sessions.contains("cuda:0"), "{sessions}");
    assert!(sessions.contains("Environment of sessions trial-001, trial-003"), "{sessions}");
}
