//! The loop: resume, retention, bad numbers, bad files.

use std::fs;
use std::path::Path;

use astrogen_data::{Batches, Images};
use astrogen_models::{DcganConfig, DcganGenerator, Generator, Upsampling, weights};
use astrogen_train::TrainError;
use astrogen_train::checkpoint::Checkpoint;
use astrogen_train::fit::{EvaluateBy, Event, FitConfig, Observer, Outcome, fit, fit_in_memory};
use astrogen_train::gan::{DcganStep, DcganStepConfig};
use astrogen_train::interrupt::StopSignal;
use astrogen_train::log::{History, HistoryCsv, JsonLines, Progress, TensorBoard};
use astrogen_train::run_dir::RunDir;
use astrogen_train::state::State;
use astrogen_train::step::{Losses, Step};
use tch::{Device, Tensor};

use crate::{alone, bytes_of, config, stop_at};

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

fn batches_of(samples: usize) -> Batches {
    crate::batches_of(samples, [2, 32, 32])
}

/// The folder of a run, new or old.
fn run_dir(folder: &Path) -> Result<RunDir, TrainError> {
    if folder.exists() {
        return RunDir::open(folder);
    }
    let run = RunDir::create(folder)?;
    run.write_config(&config(1))?;
    Ok(run)
}

fn train(
    folder: &Path,
    config: &FitConfig,
    stop: &StopSignal,
    observers: &mut [&mut dyn Observer<DcganStep>],
) -> Result<(Outcome, DcganStep), TrainError> {
    let run = run_dir(folder)?;
    let mut algorithm = algorithm();
    let outcome = fit(&mut algorithm, &mut batches_of(11), &run, config, stop, observers)?;
    Ok((outcome, algorithm))
}

#[test]
fn the_loop_without_a_folder_ends_in_the_same_weights() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let stop = StopSignal::default();
    let (_, in_folder) = train(&folder.path().join("run"), &config(3), &stop, &mut []).unwrap();
    let (mut algorithm, mut steps) = (algorithm(), Vec::new());
    let observe = |_: &DcganStep, step, losses: &Losses| {
        steps.push((step, losses.len()));
        Ok(())
    };
    fit_in_memory(&mut algorithm, &mut batches_of(11), 3, config(3).seed, observe).unwrap();
    assert_eq!(bytes_of(&algorithm), bytes_of(&in_folder));
    assert_eq!(steps.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(steps.iter().all(|(_, losses)| *losses > 0));
}

fn sample_bytes(algorithm: &DcganStep) -> Vec<f32> {
    let latent = Tensor::linspace(-1, 1, 18, (tch::Kind::Float, Device::Cpu)).view([3, 6]);
    Vec::try_from(algorithm.average().sample(&latent).unwrap().flatten(0, -1)).unwrap()
}

#[test]
fn a_resumed_run_ends_in_the_same_bytes() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (_, whole) =
        train(&folder.path().join("whole"), &config(9), &StopSignal::default(), &mut []).unwrap();

    // Interrupted after step 3, which is no checkpoint step and ends within an epoch.
    let parts = folder.path().join("parts");
    let stop = StopSignal::default();
    let (outcome, _) = train(&parts, &config(9), &stop, &mut [&mut stop_at(3, &stop)]).unwrap();
    assert_eq!((outcome.step, outcome.interrupted), (3, true));
    // Killed after step 5: what is left is the checkpoint of step 4.
    let mut kill = |_: &DcganStep, event: &Event| match event {
        Event::Logged { step: 5, .. } => Err(TrainError::custom("killed")),
        _ => Ok(()),
    };
    train(&parts, &config(9), &StopSignal::default(), &mut [&mut kill]).unwrap_err();
    let (outcome, resumed) = train(&parts, &config(9), &StopSignal::default(), &mut []).unwrap();
    assert_eq!((outcome.step, outcome.interrupted), (9, false));

    assert_eq!(bytes_of(&whole), bytes_of(&resumed));
    assert_eq!(sample_bytes(&whole), sample_bytes(&resumed));
    let checkpoint = |name: &str| {
        fs::read(folder.path().join(name).join("checkpoints/step-00000009.safetensors")).unwrap()
    };
    assert!(checkpoint("whole") == checkpoint("parts"), "the files differ");
}

#[test]
fn another_seed_or_step_count_changes_the_bytes() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, config: &FitConfig| {
        let path = folder.path().join(name);
        bytes_of(&train(&path, config, &StopSignal::default(), &mut []).unwrap().1)
    };
    let one = run("one", &config(3));
    assert_ne!(one, run("seed", &FitConfig { seed: 10, ..config(3) }));
    assert_ne!(one, run("steps", &config(4)));
}

#[test]
fn the_last_checkpoints_and_the_best_are_kept() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut scores = [f64::NAN, 1.0, 2.0, 5.0, 4.0].into_iter();
    let mut score = EvaluateBy(|_: &DcganStep| Ok(scores.next().unwrap()));
    train(&path, &config(10), &StopSignal::default(), &mut [&mut score]).unwrap();
    let run = RunDir::open(&path).unwrap();
    assert_eq!(run.checkpoints().unwrap(), [4, 8, 10]);
    assert_eq!(run.best_checkpoint().unwrap(), Some((4, 1.0)));

    let checkpoint = weights::read(run.checkpoint_path(4)).unwrap();
    let best = weights::read(path.join("best").join(DcganGenerator::FILE)).unwrap();
    for (name, tensor) in &best.tensors {
        assert_eq!(tensor, &checkpoint.tensors[&format!("average.{name}")], "{name}");
    }
    let latest = weights::read(path.join(DcganGenerator::FILE)).unwrap();
    assert!(latest.tensors.iter().any(|(name, tensor)| tensor != &best.tensors[name]));
    DcganGenerator::load(&path, Device::Cpu).unwrap();
}

#[test]
fn a_bad_number_stops_the_run_and_the_last_good_checkpoint_stays() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut poison = |algorithm: &DcganStep, event: &Event| {
        if matches!(event, Event::Logged { step: 5, .. }) {
            let (_, mut weight) = algorithm
                .state()
                .into_iter()
                .find(|(name, _)| name == "generator.net.3.weight")
                .unwrap();
            let _ = tch::no_grad(|| weight.fill_(f64::NAN));
        }
        Ok(())
    };
    let error = train(&path, &config(9), &StopSignal::default(), &mut [&mut poison]).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("discriminator_loss is not finite at step 6"), "{message}");
    let run = RunDir::open(&path).unwrap();
    assert_eq!(run.checkpoints().unwrap(), [2, 4]);
    let resumed = algorithm();
    Checkpoint::load(&run.checkpoint_path(4), &resumed).unwrap();
    assert!(sample_bytes(&resumed).iter().all(|value| value.is_finite()));
}

#[test]
fn what_fails_beside_the_algorithm_loses_no_step() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (_, whole) =
        train(&folder.path().join("whole"), &config(9), &StopSignal::default(), &mut []).unwrap();
    let full = || Err(TrainError::custom(std::io::Error::other("no space left")));

    let mut log = |_: &DcganStep, event: &Event| match event {
        Event::Logged { step: 7, .. } => full(),
        _ => Ok(()),
    };
    let mut look = |_: &DcganStep, event: &Event| match event {
        Event::Sample { step: 4 } => full(),
        _ => Ok(()),
    };
    let mut score = EvaluateBy(|_: &DcganStep| full().map(|()| 0.0));
    let observers: [(&str, &mut dyn Observer<DcganStep>, u64); 3] =
        [("log", &mut log, 7), ("look", &mut look, 4), ("score", &mut score, 2)];
    for (name, observer, at) in observers {
        let path = folder.path().join(name);
        let stop = StopSignal::default();
        let error = train(&path, &config(9), &stop, &mut [observer]).unwrap_err();
        assert!(error.to_string().contains("no space left"), "{error}");
        assert_eq!(RunDir::open(&path).unwrap().checkpoints().unwrap().last(), Some(&at));
        let (_, resumed) = train(&path, &config(9), &stop, &mut []).unwrap();
        assert!(bytes_of(&resumed) == bytes_of(&whole), "{name}: another end");
    }
}

#[test]
fn a_checkpoint_never_holds_a_bad_number() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut poison = |algorithm: &DcganStep, event: &Event| {
        if matches!(event, Event::Logged { step: 4, .. }) {
            let state = algorithm.state();
            let (_, moment) = state
                .iter()
                .find(|(name, _)| name.starts_with("optimizer.generator.exp_avg_sq."))
                .unwrap();
            let _ = moment.shallow_clone().fill_(f64::INFINITY);
        }
        Ok(())
    };
    let error = train(&path, &config(9), &StopSignal::default(), &mut [&mut poison]).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("optimizer.generator.exp_avg_sq.net.0.weight is not finite at step 4"),
        "{message}"
    );
    assert_eq!(RunDir::open(&path).unwrap().checkpoints().unwrap(), [2]);
}

#[test]
fn the_logs_of_a_resumed_run_read_as_one() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let run = |fail_at: Option<u64>| {
        let mut fail = |_: &DcganStep, event: &Event| match event {
            Event::Logged { step, .. } if Some(*step) == fail_at => {
                Err(TrainError::custom("killed"))
            }
            _ => Ok(()),
        };
        drop(run_dir(&path)?);
        let mut history = HistoryCsv::new(path.join("history.csv"));
        let mut json = JsonLines::new(path.join("log.jsonl"));
        let mut board = TensorBoard::create(&path)?;
        let mut progress = Progress::default();
        let observers: &mut [&mut dyn Observer<DcganStep>] =
            &mut [&mut history, &mut json, &mut board, &mut progress, &mut fail];
        train(&path, &config(8), &StopSignal::default(), observers)
    };
    run(Some(5)).unwrap_err();
    assert_eq!(History::open(&path.join("history.csv")).unwrap().steps, [1, 2, 3, 4, 5]);
    run(None).unwrap();
    let history = History::open(&path.join("history.csv")).unwrap();
    assert_eq!(history.steps, [1, 2, 3, 4, 5, 6, 7, 8]);
    let names: Vec<_> = history.losses.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["discriminator_loss", "generator_loss", "real_score", "fake_score"]);

    let text = fs::read_to_string(path.join("log.jsonl")).unwrap();
    let events: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.iter().filter(|event| event["event"] == "started").count(), 2);
    assert_eq!(events.last().unwrap()["event"], "finished");
    let boards = fs::read_dir(&path).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("events.out.tfevents.")
    });
    assert_eq!(boards.count(), 2, "one event file a session");
}

#[test]
fn checkpoints_of_something_else_are_refused_with_the_reason() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    train(&path, &config(2), &StopSignal::default(), &mut []).unwrap();
    let run = RunDir::open(&path).unwrap();
    let file = run.checkpoint_path(2);
    let wider = DcganStep::new(
        &DcganConfig { generator_features: 8, ..MODEL },
        &DcganStepConfig::default(),
        Device::Cpu,
    )
    .unwrap();
    let before = bytes_of(&wider);
    let message = Checkpoint::load(&file, &wider).unwrap_err().to_string();
    for part in
        ["step-00000002.safetensors", "generator.net.0.weight", "[6, 16, 4, 4]", "[6, 32, 4, 4]"]
    {
        assert!(message.contains(part), "{part} not in {message}");
    }
    assert_eq!(bytes_of(&wider), before, "a refused checkpoint changes nothing");

    // The data shrank.
    let error = fit(
        &mut algorithm(),
        &mut batches_of(10),
        &run,
        &config(4),
        &StopSignal::default(),
        &mut [],
    );
    let message = error.unwrap_err().to_string();
    assert!(message.contains("trained on 11 samples, and the data now has 10"), "{message}");

    // Half a file, and a file that is no checkpoint.
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let message = Checkpoint::load(&file, &algorithm()).unwrap_err().to_string();
    assert!(message.contains("step-00000002.safetensors"), "{message}");
    fs::copy(path.join(DcganGenerator::FILE), &file).unwrap();
    let message = Checkpoint::load(&file, &algorithm()).unwrap_err().to_string();
    assert!(message.contains("not a checkpoint of a run"), "{message}");
}

#[test]
fn run_folders_are_numbered_and_never_overwritten() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let first = RunDir::create_next(folder.path(), "nebula").unwrap();
    let second = RunDir::create_next(folder.path(), "nebula").unwrap();
    assert!(first.path().ends_with("nebula-1") && second.path().ends_with("nebula-2"));
    let message = RunDir::open(first.path()).unwrap_err().to_string();
    assert!(message.contains("there is no config.json in it"), "{message}");
    first.write_config(&config(3)).unwrap();
    let message = RunDir::create(first.path()).unwrap_err().to_string();
    assert!(message.contains("it is not empty"), "{message}");
    assert_eq!(RunDir::open(first.path()).unwrap().read_config::<FitConfig>().unwrap(), config(3));
    let message = first.read_config::<DcganConfig>().unwrap_err().to_string();
    assert!(message.contains("not what this kind of run writes there"), "{message}");
}

#[test]
fn what_a_killed_session_left_half_written_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(folder.path()).unwrap();
    run.write_config(&config(1)).unwrap();
    let left = run.join("checkpoints/.weights-x7.partial");
    fs::write(&left, "half").unwrap();
    let mine = run.join("checkpoints/notes.partial");
    fs::write(&mine, "a user's own").unwrap();
    drop(run);
    RunDir::open(folder.path()).unwrap();
    assert!(left.exists(), "only a session that trains sweeps");
    RunDir::resume(folder.path()).unwrap();
    assert!(!left.exists() && mine.exists());
}

#[test]
fn batches_of_another_shape_are_refused_with_both_shapes() {
    let _alone = alone();
    let options = (tch::Kind::Float, Device::Cpu);
    let mut step = algorithm();
    let message =
        step.step(&Images(Tensor::zeros([4, 2, 16, 16], options))).unwrap_err().to_string();
    assert!(message.contains("[N, 2, 32, 32]") && message.contains("[4, 2, 16, 16]"), "{message}");
    let images = Tensor::zeros([4, 2, 32, 32], options);
    let message = step.update(&images, &Tensor::zeros([4, 5], options)).unwrap_err().to_string();
    assert!(message.contains("[N, 6]") && message.contains("[4, 5]"), "{message}");
    step.step(&Images(Tensor::zeros([], options))).unwrap_err();
}

#[test]
fn counts_of_zero_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(folder.path()).unwrap();
    let zero = FitConfig { log_interval: 0, ..config(2) };
    let error =
        fit(&mut algorithm(), &mut batches_of(8), &run, &zero, &StopSignal::default(), &mut []);
    assert_eq!(error.unwrap_err().to_string(), "log_interval must be at least 1, got 0");
}

#[test]
fn the_full_state_is_in_the_checkpoint() {
    let _alone = alone();
    let state = algorithm().state();
    let count = |prefix: &str| state.iter().filter(|(name, _)| name.starts_with(prefix)).count();
    let networks = count("generator.") + count("discriminator.");
    assert_eq!(count("average."), count("generator.") + 1);
    assert_eq!(state.len(), networks + count("average.") + count("optimizer."));
    let mut names: Vec<_> = state.iter().map(|(name, _)| name).collect();
    names.dedup();
    assert_eq!(names.len(), state.len(), "no name twice");
}
