//! Runs that begin from another run's weights.

use std::fs;

use astrogen_data::Images;
use astrogen_models::{DcganConfig, R3ganConfig, SharpConfig, WganConfig};
use astrogen_train::checkpoint::Checkpoint;
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen_train::run_dir::RunDir;
use astrogen_train::state::State;
use astrogen_train::step::Step;
use astrogen_train::transfer::begin_from;
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use astrogen_train::{DcganStep, DcganStepConfig, EvaluateBy, StopSignal, fit};
use tch::{Device, Kind, Tensor};

use crate::{alone, batches_of, bytes_of, config, tensor};

const MODEL: SharpConfig = SharpConfig {
    image_size: 32,
    channels: 2,
    latent_dim: 6,
    generator_features: 2,
    critic_features: 3,
};

fn step(model: &SharpConfig, seed: i64) -> RelativisticStep {
    tch::manual_seed(seed);
    RelativisticStep::new(model, &RelativisticStepConfig::default(), Device::Cpu).unwrap()
}

fn batch() -> Images {
    Images(Tensor::randn([6, 2, 32, 32], (Kind::Float, Device::Cpu)).tanh())
}

/// A run with one checkpoint, after two steps.
fn trained(folder: &std::path::Path) -> (RunDir, RelativisticStep) {
    let run = RunDir::create(&folder.join("run")).unwrap();
    let mut trained = step(&MODEL, 1);
    for _ in 0..2 {
        trained.step(&batch()).unwrap();
    }
    let checkpoint = Checkpoint { step: 2, samples: 6, data: None, score: None, processes: 1 };
    fs::create_dir_all(run.checkpoint_path(2).parent().unwrap()).unwrap();
    checkpoint.save(&run.checkpoint_path(2), &trained).unwrap();
    (run, trained)
}

#[test]
fn networks_begin_with_the_others_weights_and_optimisers_anew() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (run, earlier) = trained(folder.path());
    let new = step(&MODEL, 2);
    let before = bytes_of(&new);
    assert_eq!(begin_from(&new, &run.newest_checkpoint().unwrap()).unwrap(), 2);
    let (theirs, ours) = (bytes_of(&earlier), bytes_of(&new));
    for (name, bytes) in &ours {
        let of_a_network =
            ["generator.", "critic.", "average."].iter().any(|part| name.starts_with(part));
        let expected = if of_a_network { &theirs[name] } else { &before[name] };
        assert!(bytes == expected, "{name}");
    }
    assert!(theirs["optimizer.critic.step"] != ours["optimizer.critic.step"]);
}

/// By an average that forgot it as it forgets untrained weights nothing would be left after ten steps.
#[test]
fn the_average_goes_on_from_the_others() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (run, earlier) = trained(folder.path());
    let updates = earlier.state().into_iter().find(|(name, _)| name == "average.updates").unwrap();
    let _ = updates.1.shallow_clone().fill_(100_000);
    let checkpoint = Checkpoint { step: 3, samples: 6, data: None, score: None, processes: 1 };
    checkpoint.save(&run.checkpoint_path(3), &earlier).unwrap();
    let mut new = step(&MODEL, 2);
    begin_from(&new, &run.newest_checkpoint().unwrap()).unwrap();
    let average = |step: &RelativisticStep| tensor(step, "average.output.weight").copy();
    let (before, source) = (average(&new), tensor(&new, "generator.output.weight").copy());
    new.step(&batch()).unwrap();
    let decay = RelativisticStepConfig::default().ema_decay;
    let moved = (average(&new) - &before).norm().double_value(&[]);
    let away = (tensor(&new, "generator.output.weight") - &before).norm().double_value(&[]);
    assert!((moved - (1.0 - decay) * away).abs() < 1e-3 * (1.0 - decay) * away, "{moved} {away}");
    assert!((source - before).norm().double_value(&[]) > 0.0);
}

#[test]
fn what_a_run_began_with_is_its_checkpoint_of_step_0() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = trained(folder.path());
    let newest = run.newest_checkpoint().unwrap();
    let begun = |seed, name: &str| {
        let new = step(&MODEL, seed);
        begin_from(&new, &newest).unwrap();
        (new, RunDir::create(&folder.path().join(name)).unwrap())
    };
    let train = |mut new: RelativisticStep, run: &RunDir| {
        let mut batches = batches_of(6, [2, 32, 32]);
        let mut score = EvaluateBy(|_: &RelativisticStep| Ok(1.0));
        let stop = StopSignal::default();
        fit(&mut new, &mut batches, run, &config(2), &stop, &mut [&mut score]).unwrap();
        bytes_of(&new)
    };
    let (new, whole) = begun(2, "whole");
    let expected = train(new, &whole);

    // Killed before its first checkpoint; the other run is gone.
    let (new, killed) = begun(2, "killed");
    killed.save_beginning(&new, &batches_of(6, [2, 32, 32])).unwrap();
    fs::remove_dir_all(run.path()).unwrap();
    assert!(expected == train(step(&MODEL, 9), &killed), "it goes on alike");
    assert_eq!(killed.checkpoints().unwrap(), [0, 2]);
    assert_eq!(
        killed.best_checkpoint().unwrap(),
        Some((2, 1.0)),
        "untrained networks have no score"
    );

    // One that has checkpoints keeps to them.
    killed.save_beginning(&step(&MODEL, 4), &batches_of(6, [2, 32, 32])).unwrap();
    assert_eq!(Checkpoint::inspect(&killed.newest_checkpoint().unwrap()).unwrap().step, 2);
}

#[test]
fn frozen_layers_of_the_critic_keep_their_weights() {
    let _alone = alone();
    let config = RelativisticStepConfig { frozen_layers: 2, ..Default::default() };
    tch::manual_seed(3);
    let mut step = RelativisticStep::new(&MODEL, &config, Device::Cpu).unwrap();
    let before = bytes_of(&step);
    step.step(&batch()).unwrap();
    let after = bytes_of(&step);
    let same = |name: &str| before[name] == after[name];
    assert!(same("critic.net.0.weight") && same("critic.net.2.bias"));
    assert!(!same("critic.net.4.weight") && !same("generator.output.weight"));
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<RelativisticStepConfig>(&text).unwrap(), config);
    assert!(!serde_json::to_string(&RelativisticStepConfig::default()).unwrap().contains("frozen"));
}

#[test]
fn frozen_layers_of_other_opponents_keep_their_weights() {
    let _alone = alone();
    let kept = |step: &mut dyn Step<Batch = Images>, names: &[(&str, bool)]| {
        let before = bytes_of(step);
        step.step(&batch()).unwrap();
        let after = bytes_of(step);
        for (name, kept) in names {
            assert_eq!(before[*name] == after[*name], *kept, "{name}");
        }
    };
    let (channels, frozen_layers) = (2, 1);
    let model = R3ganConfig { channels, ..R3ganConfig::new(32, 16) };
    let config = RelativisticStepConfig { frozen_layers, ..RelativisticStepConfig::r3gan(32, 9) };
    kept(
        &mut RelativisticStep::r3gan(&model, &config, Device::Cpu).unwrap(),
        &[
            ("critic.ExtractionLayer.Layer.weight", true),
            ("critic.MainLayers.0.Layers.1.LinearLayer3.Layer.weight", true),
            ("critic.MainLayers.1.Layers.1.LinearLayer3.Layer.weight", false),
        ],
    );
    let model = DcganConfig { image_size: 32, channels, ..DcganConfig::default() };
    let config = DcganStepConfig { frozen_layers, ..DcganStepConfig::default() };
    kept(
        &mut DcganStep::new(&model, &config, Device::Cpu).unwrap(),
        &[("discriminator.net.0.weight", true), ("discriminator.net.2.weight", false)],
    );
    let model = WganConfig { image_size: 32, channels, ..WganConfig::default() };
    let config = WganGpStepConfig { frozen_layers, n_critic: 1, ..WganGpStepConfig::default() };
    kept(
        &mut WganGpStep::new(&model, &config, Device::Cpu).unwrap(),
        &[("critic.net.0.weight", true), ("critic.net.2.weight", false)],
    );
}

#[test]
fn an_opponent_that_could_learn_nothing_is_refused() {
    let _alone = alone();
    for (frozen_layers, refused) in [(3, false), (4, true), (usize::MAX, true)] {
        let config = RelativisticStepConfig { frozen_layers, ..Default::default() };
        let step = RelativisticStep::new(&MODEL, &config, Device::Cpu);
        assert_eq!(step.is_err(), refused, "{frozen_layers}");
        if let Err(error) = step {
            let message = error.to_string();
            assert!(message.contains("frozen_layers must be fewer than"), "{message}");
        }
    }
}

#[test]
fn other_networks_algorithms_and_empty_runs_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = trained(folder.path());
    let wider = step(&SharpConfig { generator_features: 3, ..MODEL }, 2);
    let before = bytes_of(&wider);
    let newest = run.newest_checkpoint().unwrap();
    let message = begin_from(&wider, &newest).unwrap_err().to_string();
    assert!(message.contains("output.weight"), "{message}");
    assert!(before == bytes_of(&wider), "nothing is copied");
    let dcgan = DcganStep::new(&Default::default(), &DcganStepConfig::default(), Device::Cpu);
    let message = begin_from(&dcgan.unwrap(), &newest).unwrap_err().to_string();
    assert!(message.contains("written by relativistic"), "{message}");
    let empty = RunDir::create(&folder.path().join("empty")).unwrap();
    let message = empty.newest_checkpoint().unwrap_err().to_string();
    assert!(message.contains("no checkpoint yet: train it first"), "{message}");
    assert_eq!(wider.algorithm(), "relativistic");
}
