//! What is in the folder of a run, as far as a page shows it. Nothing but the settings has to be there.

use std::fs;
use std::path::{Path, PathBuf};

use astrogen_train::{History, RunDir};

use super::json::Json;
use super::pictures::Pictures;
use super::sessions::Log;

/// Most of a text that is shown as it is.
const TEXT: usize = 1 << 16;

/// The folder of a run, read.
#[derive(Debug)]
pub(super) struct Contents {
    /// What the folder is called.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) config: Option<Json>,
    pub(super) report: Option<Json>,
    /// The judgement of posteriors, of densities.
    pub(super) posterior: Option<Json>,
    pub(super) data: Option<Json>,
    /// The report in words, if a program wrote one.
    pub(super) words: Option<String>,
    /// The losses of the run, and of runs in it, by their folders' names.
    pub(super) losses: Vec<(String, History)>,
    /// The numbers of evaluations.
    pub(super) scores: Vec<(String, History)>,
    pub(super) log: Log,
    /// The logs of runs in it, by their folders' names.
    pub(super) inner_logs: Vec<(String, Log)>,
    /// The trials of a search, the best first.
    pub(super) trials: Option<Json>,
    /// Step and score of the best checkpoint.
    pub(super) best: Option<(u64, f64)>,
    pub(super) pictures: Pictures,
    /// What is said of files that cannot be read.
    pub(super) faults: Vec<String>,
}

impl Contents {
    /// Reads what is there.
    pub(super) fn of(run: &RunDir) -> Self {
        let mut faults = Vec::new();
        let mut json = |path: &Path| {
            read_json(path).unwrap_or_else(|fault| {
                faults.push(fault);
                None
            })
        };
        let config = json(&run.config_path());
        let report = json(&run.report_path("json"));
        let posterior = json(&run.join("posterior.json"));
        let data = json(&run.data_path());
        let words = fs::read_to_string(run.report_path("txt")).ok();
        let absolute = fs::canonicalize(run.path()).unwrap_or_else(|_| run.path().to_owned());
        let name =
            absolute.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        let mut contents = Self {
            name,
            path: run.path().to_owned(),
            config,
            report,
            posterior,
            data,
            words: words.filter(|words| words.len() <= TEXT),
            losses: Vec::new(),
            scores: Vec::new(),
            log: Log::read(&run.log_path()),
            inner_logs: Vec::new(),
            trials: read_trials(&run.join("search.csv")),
            best: run.best_checkpoint().ok().flatten(),
            pictures: Pictures::of(run),
            faults,
        };
        contents.histories(run);
        contents
    }

    /// Reads the tables of numbers by step, losses and evaluations, of the run and of those in it, whose
    /// logs are read, too.
    fn histories(&mut self, run: &RunDir) {
        let is_losses = |path: &Path| path.file_name() == run.history_path().file_name();
        let own = entries(run.path()).into_iter();
        for path in own.filter(|path| path.extension().is_some_and(|ending| ending == "csv")) {
            // Of tables of something else nothing is said.
            let Ok(history) = History::open(&path) else { continue };
            match is_losses(&path) {
                true => self.losses.insert(0, (String::new(), history)),
                false => self.scores.push((String::new(), history)),
            }
        }
        for folder in entries(run.path()).into_iter().filter(|path| path.is_dir()) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Ok(inner) = RunDir::open(&folder) else { continue };
            let log = Log::read(&inner.log_path());
            if !log.sessions.is_empty() {
                self.inner_logs.push((name.clone(), log));
            }
            if let Ok(history) = History::open(&inner.history_path()) {
                self.losses.push((name.clone(), history));
            }
            if let Ok(history) = History::open(&inner.scores_path()) {
                self.scores.push((name, history));
            }
        }
    }
}

/// What is in a folder, by name; nothing where it cannot be read.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// A file of JSON; none where there is no such file, and what is wrong with one that is something else.
fn read_json(path: &Path) -> Result<Option<Json>, String> {
    let Ok(text) = fs::read(path) else { return Ok(None) };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    serde_json::from_slice(&text).map(Some).map_err(|error| format!("{name} is not JSON: {error}"))
}

/// The table of a search, a row for each trial, the lowest score first and failures last; none where
/// there is no such file.
fn read_trials(path: &Path) -> Option<Json> {
    let mut reader = csv::Reader::from_path(path).ok()?;
    let names = reader.headers().ok()?.clone();
    let cell = |text: &str| match (text, text.parse::<u64>(), text.parse::<f64>()) {
        ("", ..) => Json::Null,
        (_, Ok(whole), _) => Json::Whole(whole.into()),
        (_, _, Ok(number)) => Json::Real(number),
        _ => Json::Text(text.to_owned()),
    };
    let rows = reader.records().map_while(Result::ok).map(|row| {
        let cells = names.iter().zip(&row);
        Json::Object(cells.map(|(name, text)| (name.to_owned(), cell(text))).collect())
    });
    let mut rows: Vec<Json> = rows.collect();
    let score = |row: &Json| row.get("score").and_then(Json::number).unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| score(a).total_cmp(&score(b)));
    (!rows.is_empty()).then_some(Json::List(rows))
}
