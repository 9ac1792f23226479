//! Several processes end where one does.

use std::fs;

use astrogen_flows::Member;
use astrogen_models::{AutoencoderConfig, DcganConfig, R3ganConfig, SharpConfig, WganConfig};
use astrogen_train::log::History;
use astrogen_train::{
    AdamConfig, AdaptiveConfig, AugmentProbability, Augmentation, AutoencoderStep, Checkpoint,
    DcganStep, DcganStepConfig, Event, FlowStep, FlowStepConfig, RelativisticStep,
    RelativisticStepConfig, RunDir, Step, StopSignal, WganGpStep, WganGpStepConfig,
};
use tch::Device;

use crate::{bytes_of, config, folder, images, rows, run, train};

/// Trains by one process, by two and by four: the histories, and whether every process ends with the same
/// state. None in the processes.
fn histories<S: Step>(
    test: &str,
    steps: u64,
    sizes: &[usize],
    make: impl Fn() -> (S, astrogen_data::Batches<S::Batch>),
) -> Option<Vec<History>> {
    if let Some(folder) = folder() {
        let (mut algorithm, mut batches) = make();
        let silent = &mut |_: &S, _: &Event| Ok(());
        let to_the_end = (&StopSignal::default(), silent as _);
        train(&folder, &mut algorithm, &mut batches, &config(steps), to_the_end).unwrap();
        for (name, bytes) in bytes_of(&algorithm) {
            fs::write(folder.join(format!("{name}.{}", std::env::var("RANK").unwrap())), bytes)
                .unwrap();
        }
        return None;
    }
    let of = |&size: &usize| {
        let folder = tempfile::tempdir().unwrap();
        run(test, folder.path(), size);
        let (algorithm, _) = make();
        for (name, _) in algorithm.state() {
            let of = |rank: usize| fs::read(folder.path().join(format!("{name}.{rank}"))).unwrap();
            for rank in 1..size {
                assert!(of(rank) == of(0), "{name} of process {rank} of {size}");
            }
        }
        History::open(&folder.path().join("run/history.csv")).unwrap()
    };
    Some(sizes.iter().map(of).collect())
}

/// Every loss of every step, to this share of its size or of the largest of its kind.
fn assert_same(histories: &[History], most: f64) {
    let [one, others @ ..] = histories else { panic!("a history") };
    assert!(!others.is_empty() && !one.steps.is_empty());
    for other in others {
        assert_eq!(one.steps, other.steps);
        for ((name, one), (_, other)) in one.losses.iter().zip(&other.losses) {
            let largest = one.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            for (step, (one, other)) in one.iter().zip(other).enumerate() {
                let difference = (one - other).abs() / largest.max(1e-3);
                assert!(difference < most, "{name} of step {}: {one} and {other}", step + 1);
            }
        }
    }
}

#[test]
fn a_flow_learns_the_same() {
    let test = "same::a_flow_learns_the_same";
    let make = || {
        tch::manual_seed(3);
        let flow = astrogen_flows::FlowConfig {
            transforms: 2,
            hidden: vec![16],
            ..Member::Nsf.config(2, 1)
        };
        let optimizer = AdamConfig { lr: 5e-3, ..AdamConfig::default() };
        // A limit that is at work.
        let settings = FlowStepConfig { optimizer, max_gradient_norm: Some(0.5) };
        (FlowStep::new(&flow, &settings, Device::Cpu).unwrap(), rows(24))
    };
    if let Some(histories) = histories(test, 9, &[1, 2, 4], make) {
        assert_same(&histories, 1e-4);
    }
}

/// Latents, shifts, turns, noise and cutouts are those of one process, too.
#[test]
fn r3gan_learns_the_same_augmented() {
    let test = "same::r3gan_learns_the_same_augmented";
    let make = || {
        tch::manual_seed(3);
        let model = R3ganConfig::new(32, 8);
        let probability = AugmentProbability::Adaptive(AdaptiveConfig {
            initial: 0.5,
            interval: 1,
            ramp_images: 100,
            ..AdaptiveConfig::default()
        });
        let augment = Some(Augmentation { probability, ..Augmentation::default() });
        let settings = RelativisticStepConfig { augment, ..RelativisticStepConfig::default() };
        (RelativisticStep::r3gan(&model, &settings, Device::Cpu).unwrap(), images(20, 16))
    };
    if let Some(histories) = histories(test, 5, &[1, 2, 4], make) {
        assert_same(&histories, 2e-3);
    }
}

#[test]
fn an_autoencoder_learns_the_same() {
    let test = "same::an_autoencoder_learns_the_same";
    let make = || {
        tch::manual_seed(3);
        let model = AutoencoderConfig {
            image_size: 32,
            latent_dim: 4,
            widths: vec![8, 16],
            ..AutoencoderConfig::default()
        };
        let step = AutoencoderStep::new(&model, &Default::default(), Device::Cpu).unwrap();
        (step, images(20, 8))
    };
    if let Some(histories) = histories(test, 4, &[1, 2], make) {
        assert_same(&histories, 1e-3);
    }
}

/// Batch statistics are of a share: other numbers than one process has, but the same everywhere, averages
/// and running statistics included.
#[test]
fn networks_with_batch_normalisation_are_the_same_everywhere() {
    let test = "same::networks_with_batch_normalisation_are_the_same_everywhere";
    let make = || {
        tch::manual_seed(3);
        let model = DcganConfig {
            image_size: 32,
            generator_features: 8,
            discriminator_features: 8,
            ..DcganConfig::default()
        };
        let settings = DcganStepConfig { lecam: 0.1, ..DcganStepConfig::default() };
        (DcganStep::new(&model, &settings, Device::Cpu).unwrap(), images(20, 8))
    };
    histories(test, 5, &[2, 3 + 1], make);
}

#[test]
fn a_critic_that_learns_more_often_is_the_same_everywhere() {
    let test = "same::a_critic_that_learns_more_often_is_the_same_everywhere";
    let make = || {
        tch::manual_seed(3);
        let model = WganConfig {
            image_size: 32,
            generator_features: 8,
            critic_features: 8,
            ..WganConfig::default()
        };
        let settings = WganGpStepConfig { n_critic: 2, ..WganGpStepConfig::default() };
        (WganGpStep::new(&model, &settings, Device::Cpu).unwrap(), images(20, 8))
    };
    histories(test, 5, &[2], make);
}

/// Nine steps in one go, and in two parts; then on by one process, which says so.
#[test]
fn a_run_resumes_to_the_last_bit_in_the_same_group() {
    let test = "same::a_run_resumes_to_the_last_bit_in_the_same_group";
    let make = || {
        tch::manual_seed(3);
        let model = SharpConfig {
            image_size: 32,
            generator_features: 8,
            critic_features: 8,
            ..SharpConfig::default()
        };
        let step = RelativisticStep::new(&model, &RelativisticStepConfig::default(), Device::Cpu);
        (step.unwrap(), images(20, 8))
    };
    if let Some(folder) = folder() {
        let group = std::env::var("WORLD_SIZE").unwrap();
        let rank = std::env::var("RANK").unwrap();
        let (mut algorithm, mut batches) = make();
        let stop = StopSignal::default();
        let mut remarks = Vec::new();
        let mut steps = 0;
        let mut observer = |_: &_, event: &Event| {
            match event {
                Event::Warned { message } => remarks.push((*message).to_owned()),
                Event::Logged { step, .. } => {
                    steps = *step;
                    if folder.ends_with("parts") && *step == 6 && group == "2" {
                        stop.raise(); // of the first process alone: all stop
                    }
                }
                _ => {}
            }
            Ok(())
        };
        let all = if group == "1" { 11 } else { 9 };
        let outcome =
            train(&folder, &mut algorithm, &mut batches, &config(all), (&stop, &mut observer));
        let outcome = outcome.unwrap();
        if rank == "0" {
            assert_eq!(steps, outcome.step);
            fs::write(folder.join("remarks"), remarks.join("\n")).unwrap();
        }
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let [whole, parts] = ["whole", "parts"].map(|name| root.path().join(name));
    for folder in [&whole, &parts] {
        fs::create_dir(folder).unwrap();
        run(test, folder, 2);
    }
    let checkpoint = |folder: &std::path::Path, step| {
        RunDir::open(&folder.join("run")).unwrap().checkpoint_path(step)
    };
    let interrupted = Checkpoint::inspect(&checkpoint(&parts, 7)).unwrap();
    assert_eq!((interrupted.step, interrupted.processes), (7, 2));
    run(test, &parts, 2);
    assert!(fs::read(checkpoint(&whole, 9)).unwrap() == fs::read(checkpoint(&parts, 9)).unwrap());
    assert_eq!(fs::read_to_string(parts.join("remarks")).unwrap(), "");

    run(test, &parts, 1);
    let remarks = fs::read_to_string(parts.join("remarks")).unwrap();
    assert!(
        remarks.starts_with("the run was trained by 2 processes so far and is now by 1 process"),
        "{remarks}"
    );
    assert_eq!(Checkpoint::inspect(&checkpoint(&parts, 11)).unwrap().processes, 1);
}
