//! The table of the scores: in its file, in print, and after a stop.

use std::fs;
use std::path::{Path, PathBuf};

use astrogen_train::TrainError;
use astrogen_train::search::{SearchTable, Trial};
use serde_json::json;
use tempfile::TempDir;

use super::{reason, space};

const GRID: &str = r#"{"optimizer.lr": [1e-3, 0.00012345], "activation": ["relu", "elu, soft"]}"#;

fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.csv");
    (folder, path)
}

fn grid() -> Vec<Trial> {
    space(GRID).trials(None, 0).unwrap()
}

fn ok(score: f64) -> Result<f64, String> {
    Ok(score)
}

fn failed(reason: &str) -> Result<f64, String> {
    Err(reason.into())
}

/// Why a file is refused, without its name.
#[track_caller]
fn refusal(path: &Path, trials: Vec<Trial>) -> String {
    match SearchTable::open(path, trials).unwrap_err() {
        TrainError::SearchTable { path: at, reason } => {
            assert_eq!(at, path);
            reason
        }
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_stopped_search_goes_on_where_it_was() {
    let (_folder, path) = file();
    let mut table = SearchTable::open(&path, grid()).unwrap();
    assert!(!path.exists(), "nothing is done, nothing is written");
    assert_eq!(table.next_trial().unwrap().number, 1);
    table.record(1, ok(0.1 + 0.2)).unwrap();
    table.record(2, failed("loss is not finite,\nat step 7")).unwrap();
    drop(table);

    let mut table = SearchTable::open(&path, grid()).unwrap();
    assert_eq!(table.outcome(1), Some(Ok(0.1 + 0.2)), "to the last bit");
    assert_eq!(table.outcome(2), Some(Err("loss is not finite,\nat step 7")));
    assert_eq!(table.outcome(3), None);
    assert_eq!(table.next_trial().unwrap().number, 3);
    table.record(4, ok(-1e-300)).unwrap();
    table.record(3, ok(0.3)).unwrap();
    assert_eq!(table.next_trial(), None);
    let (best, score) = table.best().unwrap();
    assert_eq!((best.number, score), (4, -1e-300));
    assert_eq!(best.settings[1].1, "elu, soft");

    // Whatever the order in which they were done, the file is in that of the trials.
    let text = fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("trial,optimizer.lr,activation,score,failure"));
    assert_eq!(lines.next(), Some("1,0.001,relu,0.30000000000000004,"));
    assert_eq!(lines.next(), Some("2,0.001,\"elu, soft\",,\"loss is not finite,"));
    let again = SearchTable::open(&path, grid()).unwrap();
    assert_eq!(again.best().unwrap().1, -1e-300);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left over");
}

#[test]
fn a_search_may_be_made_longer() {
    let (_folder, path) = file();
    let space = space(r#"{"lr": {"log_uniform": [1e-5, 1e-3]}, "n": {"integer": [1, 9]}}"#);
    let mut table = SearchTable::open(&path, space.trials(Some(3), 7).unwrap()).unwrap();
    for number in 1..=3 {
        table.record(number, ok(number as f64)).unwrap();
    }
    let longer = SearchTable::open(&path, space.trials(Some(5), 7).unwrap()).unwrap();
    assert_eq!(longer.next_trial().unwrap().number, 4);
    // Not shorter than what was done, and not with another seed.
    let message = refusal(&path, space.trials(Some(2), 7).unwrap());
    assert!(message.starts_with("it holds trial \"3\", which this search has not"), "{message}");
    let message = refusal(&path, space.trials(Some(3), 8).unwrap());
    assert!(message.starts_with("`lr` of trial 1 is "), "{message}");
    assert!(message.ends_with("another search space or seed; choose another file"), "{message}");
}

#[test]
fn the_table_of_another_space_is_refused() {
    let (_folder, path) = file();
    SearchTable::open(&path, grid()).unwrap().record(1, ok(1.0)).unwrap();
    for other in [
        r#"{"optimizer.lr": [1e-3], "slope": [0.2]}"#,
        r#"{"activation": ["relu"], "optimizer.lr": [1e-3]}"#,
        r#"{"optimizer.lr": [1e-3]}"#,
    ] {
        let message = refusal(&path, space(other).trials(None, 0).unwrap());
        let expected = "its columns are trial, optimizer.lr, activation, score, failure, and those \
                        of this search trial, ";
        assert!(message.starts_with(expected), "{message}");
    }
    let other = r#"{"optimizer.lr": [2e-3], "activation": ["relu"]}"#;
    assert_eq!(
        refusal(&path, space(other).trials(None, 0).unwrap()),
        "`optimizer.lr` of trial 1 is 0.001 in it, and 0.002 in this search: it is of another \
         search space or seed; choose another file"
    );
}

#[test]
fn files_that_are_no_table_are_refused() {
    let (_folder, path) = file();
    let head = "trial,optimizer.lr,activation,score,failure";
    for (text, expected) in [
        (String::new(), "its columns are , and"),
        ("step,seconds\n1,2\n".into(), "its columns are step, seconds, and"),
        (format!("{head}\n1,0.001,relu\n"), "CSV error: record 1"),
        (format!("{head}\nx,0.001,relu,1,\n"), "it holds trial \"x\", which"),
        (format!("{head}\n9,0.001,relu,1,\n"), "it holds trial \"9\", which"),
        (format!("{head}\n1,0.001,relu,1,\n1,0.001,relu,1,\n"), "trial 1 stands twice in it"),
        (format!("{head}\n1,0.001,relu,,\n"), "trial 1 must have a finite score or a failure"),
        (format!("{head}\n1,0.001,relu,1,bad\n"), "trial 1 must have a finite score or a failure"),
        (format!("{head}\n1,0.001,relu,NaN,\n"), "trial 1 must have a finite score or a failure"),
        (format!("{head}\n1,0.001,relu,low,\n"), "trial 1 must have a finite score or a failure"),
    ] {
        fs::write(&path, &text).unwrap();
        let message = refusal(&path, grid());
        assert!(message.starts_with(expected), "{text:?}: {message}");
    }
    fs::write(&path, b"trial,\xff\xfe").unwrap();
    assert!(!refusal(&path, grid()).is_empty());
    // A folder, and a place that is not there.
    let error = SearchTable::open(path.parent().unwrap(), grid()).unwrap_err();
    assert!(matches!(error, TrainError::Io { .. }), "{error}");
    let mut table = SearchTable::open(path.join("no/where.csv"), grid()).unwrap();
    let error = table.record(1, ok(1.0)).unwrap_err();
    assert!(matches!(error, TrainError::Io { .. }), "{error}");

    fs::write(&path, "trial").unwrap();
    let message = SearchTable::open(&path, grid()).unwrap_err().to_string();
    assert!(message.starts_with(&format!("search table {}: its", path.display())), "{message}");
}

#[test]
fn what_cannot_be_entered_is_refused() {
    let (_folder, path) = file();
    let mut table = SearchTable::open(&path, grid()).unwrap();
    assert_eq!(reason(table.record(5, ok(1.0))), "there is no trial 5");
    table.record(2, ok(1.0)).unwrap();
    assert_eq!(reason(table.record(2, ok(1.0))), "trial 2 is done already");
    table.record(1, ok(f64::NAN)).unwrap();
    assert_eq!(table.outcome(1), Some(Err("its score is NaN")));
    table.record(3, failed("")).unwrap();
    assert_eq!(table.outcome(3), Some(Err("it failed")));
    SearchTable::open(&path, grid()).unwrap();

    let mut trials = grid();
    trials[1].number = 1;
    assert_eq!(reason(SearchTable::open(&path, trials)), "trial 1 stands twice");
    let mut trials = grid();
    trials[2].settings.push(("more".into(), json!(1)));
    assert_eq!(
        reason(SearchTable::open(&path, trials)),
        "trial 3 has other settings than the first one"
    );
}

#[test]
fn the_best_is_printed_first_and_failures_last() {
    let (_folder, path) = file();
    let mut table = SearchTable::open(&path, grid()).unwrap();
    assert_eq!(table.to_string(), "trial  score  optimizer.lr  activation\n0 of 4 trials done");
    table.record(1, failed("loss is not finite\nat step 7")).unwrap();
    table.record(2, ok(0.51234567)).unwrap();
    table.record(4, ok(0.25)).unwrap();
    let expected = "\
trial   score  optimizer.lr  activation
    4    0.25      1.234e-4   elu, soft
    2  0.5123         0.001   elu, soft
    1  failed         0.001        relu  loss is not finite
3 of 4 trials done, 1 failed";
    assert_eq!(table.to_string(), expected);
    // The first of equals comes first, and is the best.
    table.record(3, ok(0.25)).unwrap();
    assert_eq!(table.best().unwrap().0.number, 3);
    assert!(table.to_string().lines().nth(1).unwrap().starts_with("    3    0.25"));
}
