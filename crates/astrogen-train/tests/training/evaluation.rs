//! Evaluations: one record for all logs, and the checkpoint that is chosen by it.

use std::fs;
use std::path::Path;

use astrogen_models::{DcganConfig, Upsampling};
use astrogen_train::log::{HistoryCsv, JsonLines, Progress};
use astrogen_train::{
    Criterion, DcganStep, DcganStepConfig, EvaluateBy, Evaluation, Event, FitConfig, History,
    Observer, Outcome, RunDir, RunLog, StopSignal, TrainError, fit,
};
use serde_json::{Value, json};
use tch::Device;

use crate::{alone, config, stop_at};

const MODEL: DcganConfig = DcganConfig {
    image_size: 32,
    channels: 1,
    latent_dim: 4,
    generator_features: 2,
    discriminator_features: 2,
    upsampling: Upsampling::Transposed,
    spectral_norm: false,
    minibatch_deviation: false,
};

fn train(
    folder: &Path,
    config: &FitConfig,
    observers: &mut [&mut dyn Observer<DcganStep>],
) -> Result<Outcome, TrainError> {
    train_until(&StopSignal::default(), folder, config, observers)
}

fn train_until(
    stop: &StopSignal,
    folder: &Path,
    config: &FitConfig,
    observers: &mut [&mut dyn Observer<DcganStep>],
) -> Result<Outcome, TrainError> {
    let run = RunDir::create_or_resume(folder)?;
    run.write_config(config)?;
    tch::manual_seed(3);
    let mut step = DcganStep::new(&MODEL, &DcganStepConfig::default(), Device::Cpu)?;
    let mut batches = crate::batches_of(11, [1, 32, 32]);
    fit(&mut step, &mut batches, &run, config, stop, observers)
}

/// Evaluations with these distances, one after the other.
fn distances(of: &[f64]) -> impl Observer<DcganStep> {
    let mut of = of.iter().copied();
    EvaluateBy(move |_: &DcganStep| {
        let distance = of.next().unwrap();
        let numbers = Evaluation::new([("distance", distance), ("coverage", 10.0 - distance)]);
        Ok(Evaluation { score: Some(distance), report: Some(json!({"tenths": [1, 2]})), ..numbers })
    })
}

#[test]
fn all_logs_have_one_record_of_all_evaluators() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let session = |steps, of: &[f64]| {
        let run = RunDir::create_or_resume(&path).unwrap();
        run.write_config(&config(steps)).unwrap();
        let mut log = RunLog::new(&run).unwrap();
        drop(run);
        let mut other = EvaluateBy(|_: &DcganStep| {
            // A second number of one name, and a second score, are not heard.
            let numbers = Evaluation::new([("distance", 99.0), ("floor", 0.5)]);
            Ok(Evaluation { score: Some(-1.0), ..numbers })
        });
        let mut told = Vec::new();
        let mut listen = |_: &DcganStep, event: &Event| {
            if let Event::Evaluated { step, evaluation } = event {
                told.push((*step, evaluation.numbers.clone(), evaluation.score));
            }
            Ok(())
        };
        let mut distances = distances(of);
        let observers: &mut [&mut dyn Observer<DcganStep>] =
            &mut [&mut log, &mut distances, &mut other, &mut listen];
        train(&path, &config(steps), observers).unwrap();
        told
    };
    let told = session(4, &[3.0, 2.0]);
    let named = |distance| {
        let numbers = [("distance", distance), ("coverage", 10.0 - distance), ("floor", 0.5)];
        numbers.map(|(name, value)| (name.to_owned(), value)).to_vec()
    };
    assert_eq!(told, [(2, named(3.0), Some(3.0)), (4, named(2.0), Some(2.0))]);
    session(6, &[5.0]);

    let run = RunDir::open(&path).unwrap();
    let scores = History::open(&run.scores_path()).unwrap();
    assert_eq!(scores.steps, [2, 4, 6]);
    let column = |name: &str| &scores.losses.iter().find(|(other, _)| other == name).unwrap().1;
    assert_eq!(column("distance"), &[3.0, 2.0, 5.0]);
    assert_eq!(column("floor"), &[0.5; 3]);
    let lines = |path| -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let reports = lines(run.reports_path());
    assert_eq!(reports[2], json!({"step": 6, "report": {"tenths": [1, 2]}}));
    let log = lines(run.log_path());
    let evaluated: Vec<_> = log.iter().filter(|line| line["event"] == "evaluated").collect();
    assert_eq!(evaluated.len(), 3);
    let numbers = json!({"distance": 5.0, "coverage": 5.0, "floor": 0.5});
    assert_eq!((&evaluated[2]["numbers"], &evaluated[2]["score"]), (&numbers, &json!(5.0)));
    assert_eq!(run.best_checkpoint().unwrap(), Some((4, 2.0)));
}

#[test]
fn the_best_checkpoint_is_chosen_by_any_number() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let best = |name: &str, best_by| {
        let path = folder.path().join(name);
        let settings = FitConfig { best_by, ..config(6) };
        train(&path, &settings, &mut [&mut distances(&[3.0, 1.0, 2.0])])?;
        RunDir::open(&path)?.best_checkpoint()
    };
    assert_eq!(best("score", Criterion::Score).unwrap(), Some((4, 1.0)));
    assert_eq!(best("lowest", Criterion::Lowest("coverage".into())).unwrap(), Some((2, 7.0)));
    assert_eq!(best("highest", Criterion::Highest("coverage".into())).unwrap(), Some((4, -9.0)));
    let message = best("none", Criterion::Lowest("fid".into())).unwrap_err().to_string();
    assert_eq!(
        message,
        r#"best_by names "fid", and evaluations have ["distance", "coverage"]: name one of these"#
    );
}

#[test]
fn training_ends_early_when_nothing_gets_better_and_stays_ended() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let settings = FitConfig { patience: Some(4), ..config(100) };
    let mut warnings = Vec::new();
    let mut listen = |_: &DcganStep, event: &Event| {
        if let Event::Warned { message } = event {
            warnings.push((*message).to_owned());
        }
        Ok(())
    };
    let mut falling = distances(&[5.0, 2.0, 3.0, 4.0]);
    let outcome = train(&path, &settings, &mut [&mut falling, &mut listen]).unwrap();
    assert_eq!((outcome.step, outcome.interrupted), (8, false));
    let message = "no checkpoint was better than that of step 4, 4 steps ago: training ends early";
    assert_eq!(warnings, [message]);
    // No evaluation is asked for, since nothing is left to do.
    let outcome = train(&path, &settings, &mut [&mut distances(&[])]).unwrap();
    assert_eq!((outcome.step, outcome.interrupted), (8, false));
    let outcome = train(&path, &config(10), &mut []).unwrap();
    assert_eq!(outcome.step, 10, "without patience it goes on");
    let message = FitConfig { patience: Some(0), ..config(1) }.validate().unwrap_err().to_string();
    assert_eq!(message, "patience must be at least 1, got 0");
}

/// Of held-out rows that a density gives nothing to.
#[test]
fn a_score_that_is_not_finite_is_none() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut scores = distances(&[f64::INFINITY, f64::NAN, 3.0, f64::NEG_INFINITY]);
    train(&path, &config(8), &mut [&mut scores]).unwrap();
    assert_eq!(RunDir::open(&path).unwrap().best_checkpoint().unwrap(), Some((6, 3.0)));
}

/// It has checkpoints at even steps; an unstopped run would not have asked at step 5.
#[test]
fn a_run_that_is_stopped_between_checkpoints_is_as_patient_as_another() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let settings = FitConfig { patience: Some(3), ..config(8) };
    let stop = StopSignal::default();
    let mut rising = distances(&[5.0, 6.0, 7.0]);
    train_until(&stop, &path, &settings, &mut [&mut rising, &mut stop_at(5, &stop)]).unwrap();
    let mut falling = distances(&[1.0, 0.5]);
    let outcome = train(&path, &settings, &mut [&mut falling]).unwrap();
    assert_eq!((outcome.step, outcome.interrupted), (8, false));
}

#[test]
fn the_numbers_of_a_score_are_written_down_once_a_checkpoint() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let run = |steps, stop_after: Option<u64>| {
        let mut value = 0.0;
        let mut score = EvaluateBy(|_: &DcganStep| {
            value += 1.0;
            let numbers = Evaluation::new([("distance", value), ("floor", 0.5)]);
            Ok(Evaluation { score: Some(value), remark: Some("far".to_owned()), ..numbers })
        });
        let mut history = HistoryCsv::new(path.join("history.csv"));
        let mut json = JsonLines::new(folder.path().join("log.jsonl"));
        let mut progress = Progress::default();
        let stop = StopSignal::default();
        let mut stop_at = stop_at(stop_after.unwrap_or(u64::MAX), &stop);
        train_until(
            &stop,
            &path,
            &config(steps),
            &mut [&mut history, &mut json, &mut progress, &mut score, &mut stop_at],
        )
        .unwrap();
    };
    run(6, Some(5));
    run(8, None);
    let scores = History::open(&path.join("scores.csv")).unwrap();
    // The second session counts anew, from step 6.
    assert_eq!(scores.steps, [2, 4, 5, 6, 8]);
    assert_eq!(scores.losses[0], ("distance".to_owned(), vec![1.0, 2.0, 3.0, 1.0, 2.0]));
    assert_eq!(scores.losses[1], ("floor".to_owned(), vec![0.5; 5]));
    let log = fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
    let saved = log.lines().find(|line| line.contains(r#""event":"saved""#)).unwrap();
    assert!(saved.contains(r#""numbers":{"distance":1.0,"floor":0.5}"#), "{saved}");
    assert!(saved.contains(r#""score":1.0"#), "{saved}");
    let losses = History::open(&path.join("history.csv")).unwrap();
    assert!(losses.losses.iter().all(|(name, _)| name != "distance"));
}

#[test]
fn a_file_of_an_earlier_version_keeps_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.csv");
    let scores = folder.path().join("scores.csv");
    fs::write(&scores, "step,seconds,gone,distance\n2,1.000,7,0.5\n").unwrap();
    let mut history = HistoryCsv::new(&path);
    let step = 4;
    let numbers = [("coverage", 0.25), ("distance", 0.125)];
    let evaluation = Evaluation::new(numbers);
    let mut observe = |event: &Event| Observer::<()>::observe(&mut history, &(), event).unwrap();
    observe(&Event::Started { step: 2, steps: 9, again: false, device: Device::Cpu });
    observe(&Event::Evaluated { step, evaluation: &evaluation });
    let text = fs::read_to_string(&scores).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["step,seconds,gone,distance", "2,1.000,7,0.5"]);
    let cells: Vec<&str> = lines[2].split(',').collect();
    assert_eq!((cells[0], cells[2], cells[3]), ("4", "NaN", "0.125"), "{text}");
}
