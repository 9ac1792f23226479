//! A run in one go and the same run in parts.

use std::fs;
use std::path::{Path, PathBuf};

use astrogen_data::Batches;
use astrogen_train::TrainError;
use astrogen_train::fit::{Event, FitConfig, Observer, fit};
use astrogen_train::interrupt::StopSignal;
use astrogen_train::log::{History, HistoryCsv};
use astrogen_train::run_dir::RunDir;
use astrogen_train::step::Step;
use tempfile::TempDir;

use crate::{bytes_of, config, stop_at};

/// Trains in a folder, new or old, with a history beside the checkpoints.
fn train<S: Step>(
    folder: &Path,
    mut algorithm: S,
    mut batches: Batches<S::Batch>,
    stop: &StopSignal,
    observer: &mut dyn Observer<S>,
) -> Result<S, TrainError> {
    let config = FitConfig { checkpoint_interval: 3, ..config(13) };
    let run = if folder.exists() {
        RunDir::open(folder)?
    } else {
        let run = RunDir::create(folder)?;
        run.write_config(&config)?;
        run
    };
    let mut history = HistoryCsv::new(run.join("history.csv"));
    let observers: &mut [&mut dyn Observer<S>] = &mut [&mut history, observer];
    fit(&mut algorithm, &mut batches, &run, &config, stop, observers)?;
    Ok(algorithm)
}

/// A run in one go.
pub(crate) struct Whole<S> {
    /// The folder that holds the run's.
    _folder: TempDir,
    /// The run's folder.
    pub(crate) run: PathBuf,
    /// The algorithm after it.
    pub(crate) step: S,
    /// The names of the losses.
    pub(crate) losses: Vec<String>,
}

/// 13 steps in one go, and in three parts whose ends are no multiple of 2 or 5: the same bytes.
pub(crate) fn resumes_to_the_last_bit<S: Step>(
    new: impl Fn() -> S,
    batches: impl Fn() -> Batches<S::Batch>,
) -> Whole<S> {
    let folder = tempfile::tempdir().unwrap();
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let on = |_: &S, _: &Event| Ok(());
    let go = StopSignal::default();
    let unbroken = train(&whole, new(), batches(), &go, &mut { on }).unwrap();

    // Interrupted after step 7; then failing after step 11, and the checkpoint that is written
    // of that taken away, as if it had been killed: what is left is the checkpoint of step 9.
    let stop = StopSignal::default();
    train(&parts, new(), batches(), &stop, &mut stop_at(7, &stop)).unwrap();
    assert_eq!(RunDir::open(&parts).unwrap().checkpoints().unwrap(), [6, 7]);
    let mut kill = |_: &S, event: &Event| match event {
        Event::Logged { step: 11, .. } => Err(TrainError::custom("killed")),
        _ => Ok(()),
    };
    let killed = train(&parts, new(), batches(), &go, &mut kill);
    assert!(killed.is_err(), "the run was killed");
    let run = RunDir::open(&parts).unwrap();
    assert_eq!(run.checkpoints().unwrap(), [7, 9, 11]);
    fs::remove_file(run.checkpoint_path(11)).unwrap();
    let resumed = train(&parts, new(), batches(), &go, &mut { on }).unwrap();

    assert_eq!(bytes_of(&unbroken), bytes_of(&resumed));
    let checkpoint = |run: &Path| fs::read(RunDir::open(run).unwrap().checkpoint_path(13)).unwrap();
    assert!(checkpoint(&whole) == checkpoint(&parts), "the files differ");
    let history = |run: &Path| History::open(&run.join("history.csv")).unwrap();
    assert_eq!(history(&whole), history(&parts));
    assert_eq!(history(&whole).steps, Vec::from_iter(1..=13));
    let losses = history(&whole).losses.into_iter().map(|(name, _)| name).collect();
    Whole { _folder: folder, run: whole, step: unbroken, losses }
}
