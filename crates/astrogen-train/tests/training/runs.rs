//! What a session promises of the folder of its run.

use std::fs;
use std::path::Path;

use astrogen_data::Images;
use astrogen_models::{DcganConfig, DcganGenerator, Upsampling};
use astrogen_train::TrainError;
use astrogen_train::checkpoint::Checkpoint;
use astrogen_train::fit::{EvaluateBy, Evaluation, Event, FitConfig, Observer, Outcome, fit};
use astrogen_train::gan::{DcganStep, DcganStepConfig};
use astrogen_train::interrupt::StopSignal;
use astrogen_train::log::{History, HistoryCsv, JsonLines};
use astrogen_train::run_dir::RunDir;
use astrogen_train::state::State;
use astrogen_train::step::{Losses, Step};
use tch::{Device, Tensor};

use crate::{alone, batches_of, bytes_of, config};

const MODEL: DcganConfig = DcganConfig {
    image_size: 32,
    channels: 2,
    latent_dim: 6,
    generator_features: 4,
    discriminator_features: 4,
    upsampling: Upsampling::Transposed,
    spectral_norm: false,
    minibatch_deviation: false,
};

fn algorithm() -> DcganStep {
    tch::manual_seed(11);
    DcganStep::new(&MODEL, &DcganStepConfig::default(), Device::Cpu).unwrap()
}

fn train<S: Step<Batch = Images>>(
    path: &Path,
    algorithm: &mut S,
    config: &FitConfig,
    observers: &mut [&mut dyn Observer<S>],
) -> Result<Outcome, TrainError> {
    let run = RunDir::create_or_resume(path)?;
    run.write_config(config)?;
    let mut batches = batches_of(11, [2, 32, 32]);
    fit(algorithm, &mut batches, &run, config, &StopSignal::default(), observers)
}

/// Names and contents of all files below a folder.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        if path.is_dir() {
            files.push((name, Vec::new()));
            files.extend(contents(&path));
        } else {
            files.push((name, fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn reading_a_run_changes_nothing_while_another_session_trains_in_it() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    train(&path, &mut algorithm(), &config(2), &mut []).unwrap();
    let session = RunDir::resume(&path).unwrap();
    fs::write(path.join("checkpoints/.weights-x.partial"), "being written").unwrap();
    let before = contents(&path);
    let run = RunDir::open(&path).unwrap();
    assert_eq!(run.checkpoints().unwrap(), [2]);
    assert_eq!(run.best_checkpoint().unwrap(), None);
    run.read_config::<FitConfig>().unwrap();
    DcganGenerator::load(run.path(), Device::Cpu).unwrap();
    assert_eq!(contents(&path), before);
    drop(session);

    // Settings and weights alone are enough to sample from.
    let bare = folder.path().join("bare");
    fs::create_dir(&bare).unwrap();
    for file in ["config.json", DcganGenerator::FILE] {
        fs::copy(path.join(file), bare.join(file)).unwrap();
    }
    let run = RunDir::open(&bare).unwrap();
    assert_eq!(run.checkpoints().unwrap(), [0; 0]);
    assert_eq!(fs::read_dir(&bare).unwrap().count(), 2);
}

#[test]
fn a_second_session_is_refused_by_the_name_of_the_first() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    train(&path, &mut algorithm(), &config(2), &mut []).unwrap();
    let first = RunDir::resume(&path).unwrap();
    let expected = format!("another session, process {}, trains in it", std::process::id());
    let refusals = [
        RunDir::resume(&path).unwrap_err(),
        train(&path, &mut algorithm(), &config(4), &mut []).unwrap_err(),
    ];
    for refusal in refusals {
        assert!(refusal.to_string().contains(&expected), "{refusal}");
    }
    drop(first);
    train(&path, &mut algorithm(), &config(4), &mut []).unwrap();
}

#[test]
fn a_folder_without_settings_can_be_started_again_and_a_users_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    drop(RunDir::create(&path).unwrap()); // killed before its settings were written
    fs::write(path.join(".run-x.partial"), "half").unwrap();
    let run = RunDir::create_or_resume(&path).unwrap();
    assert!(!path.join(".run-x.partial").exists());
    drop(run);
    fs::write(path.join("samples/mine.png"), "a picture").unwrap();
    let message = RunDir::create(&path).unwrap_err().to_string();
    assert!(message.contains("it is not empty"), "{message}");
}

#[test]
fn a_failure_leaves_the_score_of_a_checkpoint() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let score_of = |step| {
        let run = RunDir::open(&path).unwrap();
        Checkpoint::inspect(&run.checkpoint_path(step)).unwrap().score
    };
    // A failure right after the checkpoint of step 4 was scored.
    let mut values = [5.0, 1.0].into_iter();
    let mut score = EvaluateBy(|_: &DcganStep| Ok(values.next().unwrap()));
    let mut fail = |_: &DcganStep, event: &Event| match event {
        Event::Sample { step: 4 } | Event::Saved { step: 4, .. } => Err(TrainError::custom("full")),
        _ => Ok(()),
    };
    let settings = FitConfig { sample_interval: 100, ..config(9) };
    train(&path, &mut algorithm(), &settings, &mut [&mut score, &mut fail]).unwrap_err();
    assert_eq!(score_of(4), Some(1.0));
    // Resumes that fail at once, one of them while the checkpoint is scored again.
    let mut fail = |_: &DcganStep, event: &Event| match event {
        Event::Started { again: true, .. } => Err(TrainError::custom("full")),
        _ => Ok(()),
    };
    train(&path, &mut algorithm(), &settings, &mut [&mut fail]).unwrap_err();
    let mut fail = EvaluateBy(|_: &DcganStep| Err::<f64, _>(TrainError::custom("full")));
    train(&path, &mut algorithm(), &settings, &mut [&mut fail]).unwrap_err();
    assert_eq!(score_of(4), Some(1.0));
    // Worse ones to come do not take its place, nor its file.
    let mut score = EvaluateBy(|_: &DcganStep| Ok(7.0));
    train(&path, &mut algorithm(), &settings, &mut [&mut score]).unwrap();
    assert_eq!(score_of(4), Some(1.0));
    let run = RunDir::open(&path).unwrap();
    assert_eq!(run.best_checkpoint().unwrap(), Some((4, 1.0)));
    DcganGenerator::load(path.join("best"), Device::Cpu).unwrap();
}

#[test]
fn what_a_session_had_not_done_for_its_last_checkpoint_is_done_again() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let new_score = || {
        EvaluateBy(|_: &DcganStep| {
            Ok(Evaluation { score: Some(3.0), ..Evaluation::new([("distance", 3.0)]) })
        })
    };
    let run = |blocked: bool| {
        RunDir::create_or_resume(&path).unwrap().write_config(&config(2)).unwrap();
        let blocker = path.join("best");
        if blocked {
            fs::write(&blocker, "in the way").unwrap(); // of the export of the best
        } else {
            fs::remove_file(&blocker).unwrap();
        }
        let mut history = HistoryCsv::new(path.join("history.csv"));
        let mut json = JsonLines::new(path.join("log.jsonl"));
        train(&path, &mut algorithm(), &config(2), &mut [&mut history, &mut json, &mut new_score()])
    };
    run(true).unwrap_err();
    let outcome = run(false).unwrap();
    assert_eq!((outcome.step, outcome.interrupted), (2, false));
    DcganGenerator::load(path.join("best"), Device::Cpu).unwrap();
    assert_eq!(History::open(&path.join("scores.csv")).unwrap().steps, [2]);
    let log = fs::read_to_string(path.join("log.jsonl")).unwrap();
    assert_eq!(log.matches("\"event\":\"saved\"").count(), 1, "{log}");
    assert_eq!(log.matches("\"event\":\"logged\"").count(), 2, "{log}");
}

#[test]
fn a_bad_old_checkpoint_ends_no_run_and_stays() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    train(&path, &mut algorithm(), &config(4), &mut []).unwrap();
    let checkpoint = |name: &str| path.join("checkpoints").join(name);
    let whole = fs::read(checkpoint("step-00000002.safetensors")).unwrap();
    fs::write(checkpoint("step-00000002.safetensors"), &whole[..whole.len() / 2]).unwrap();
    fs::write(checkpoint("step-3.safetensors"), "notes").unwrap();
    let mut warnings = Vec::new();
    let mut listen = |_: &DcganStep, event: &Event| {
        if let Event::Warned { message } = event {
            warnings.push((*message).to_owned());
        }
        Ok(())
    };
    train(&path, &mut algorithm(), &config(10), &mut [&mut listen]).unwrap();
    assert_eq!(warnings.len(), 2, "once a file: {warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("step-3.safetensors")));
    let run = RunDir::open(&path).unwrap();
    assert_eq!(run.checkpoints().unwrap(), [2, 3, 8, 10]);
    assert_eq!(fs::read(checkpoint("step-3.safetensors")).unwrap(), b"notes");
    assert_eq!(run.best_checkpoint().unwrap(), None);
}

/// A step that changes its networks and then fails as libtorch does for want of memory.
#[derive(Debug)]
struct Failing {
    inner: DcganStep,
    calls: u64,
    fail_at: u64,
}

impl State for Failing {
    fn algorithm(&self) -> &'static str {
        self.inner.algorithm()
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.inner.state()
    }
}

impl Step for Failing {
    type Batch = Images;

    fn step(&mut self, batch: &Images) -> Result<Losses, TrainError> {
        self.calls += 1;
        let losses = self.inner.step(batch)?;
        if self.calls == self.fail_at {
            let _ = Tensor::zeros([1 << 60], (tch::Kind::Float, Device::Cpu));
        }
        Ok(losses)
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        self.inner.export(folder)
    }
}

#[test]
fn a_step_that_runs_out_of_memory_loses_no_step_before_it() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let settings = FitConfig { log_interval: 3, checkpoint_interval: 100, ..config(8) };
    let mut whole = algorithm();
    train(&folder.path().join("whole"), &mut whole, &settings, &mut []).unwrap();

    let path = folder.path().join("run");
    let mut failing = Failing { inner: algorithm(), calls: 0, fail_at: 6 };
    let error = train(&path, &mut failing, &settings, &mut []).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("a training step failed: "), "{message}");
    assert!(!message.contains("frame #"), "{message}");
    assert_eq!(RunDir::open(&path).unwrap().checkpoints().unwrap(), [5]);
    let mut resumed = algorithm();
    train(&path, &mut resumed, &settings, &mut []).unwrap();
    assert!(bytes_of(&resumed) == bytes_of(&whole), "another end");
}

#[test]
fn logs_that_a_kill_cut_have_every_step_once() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let run = |steps| {
        let mut history = HistoryCsv::new(path.join("history.csv"));
        let mut json = JsonLines::new(path.join("log.jsonl"));
        train(&path, &mut algorithm(), &config(steps), &mut [&mut history, &mut json]).unwrap();
    };
    run(5);
    fs::remove_file(path.join("checkpoints/step-00000005.safetensors")).unwrap();
    // As if killed within a line: the last number is cut, and looks like a whole one.
    for file in ["history.csv", "log.jsonl"] {
        let text = fs::read(path.join(file)).unwrap();
        fs::write(path.join(file), &text[..text.len() - 3]).unwrap();
    }
    assert_eq!(History::open(&path.join("history.csv")).unwrap().steps, [1, 2, 3, 4]);
    run(7);
    let steps = History::open(&path.join("history.csv")).unwrap().steps;
    assert_eq!(steps, [1, 2, 3, 4, 5, 6, 7]);
    let log = fs::read_to_string(path.join("log.jsonl")).unwrap();
    let logged: Vec<u64> = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line["event"] == "logged")
        .map(|line| line["step"].as_u64().unwrap())
        .collect();
    assert_eq!(logged, [1, 2, 3, 4, 5, 6, 7]);

    // A file in which there is nothing, or half a row of names, begins anew.
    for text in ["", "step,sec"] {
        fs::write(path.join("history.csv"), text).unwrap();
        let steps = RunDir::open(&path).unwrap().checkpoints().unwrap();
        let last = *steps.last().unwrap();
        run(last + 1);
        assert_eq!(History::open(&path.join("history.csv")).unwrap().steps, [last + 1]);
    }
}

#[test]
fn data_that_changed_under_a_run_is_told() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    train(&path, &mut algorithm(), &config(2), &mut []).unwrap();
    let told = |steps: u64, channels_of: usize| {
        let mut warnings = Vec::new();
        let mut listen = |_: &DcganStep, event: &Event| {
            if let Event::Warned { message } = event {
                warnings.push((*message).to_owned());
            }
            Ok(())
        };
        let run = RunDir::resume(&path).unwrap();
        let mut batches = crate::batches_from(11, [2, 32, 32], channels_of);
        let stop = StopSignal::default();
        let settings = config(steps);
        fit(&mut algorithm(), &mut batches, &run, &settings, &stop, &mut [&mut listen]).unwrap();
        warnings
    };
    assert_eq!(told(3, 0), [""; 0]);
    let warnings = told(4, 1);
    assert!(warnings.len() == 1 && warnings[0].contains("the data is not what"), "{warnings:?}");
}
