//! Runs that begin from another run's weights.

use std::fs;

use astrogen_models::SharpConfig;
use astrogen_train::checkpoint::Checkpoint;
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen_train::run_dir::RunDir;
use astrogen_train::state::State;
use astrogen_train::step::Step;
use astrogen_train::transfer::begin_from;
use astrogen_train::{DcganStep, DcganStepConfig};
use tch::{Device, Kind, Tensor};

use crate::{alone, bytes_of};

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

fn batch() -> astrogen_data::Images {
    astrogen_data::Images(Tensor::randn([6, 2, 32, 32], (Kind::Float, Device::Cpu)).tanh())
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
    assert_eq!(begin_from(&new, &run).unwrap(), 2);
    let (theirs, ours) = (bytes_of(&earlier), bytes_of(&new));
    for (name, bytes) in &ours {
        let of_a_network =
            ["generator.", "critic.", "average."].iter().any(|part| name.starts_with(part))
                && name != "average.updates";
        let expected = if of_a_network { &theirs[name] } else { &before[name] };
        assert!(bytes == expected, "{name}");
    }
    assert!(theirs["optimizer.critic.step"] != ours["optimizer.critic.step"]);
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
fn other_networks_algorithms_and_empty_runs_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = trained(folder.path());
    let wider = step(&SharpConfig { generator_features: 3, ..MODEL }, 2);
    let before = bytes_of(&wider);
    let message = begin_from(&wider, &run).unwrap_err().to_string();
    assert!(message.contains("output.weight"), "{message}");
    assert!(before == bytes_of(&wider), "nothing is copied");
    let dcgan = DcganStep::new(&Default::default(), &DcganStepConfig::default(), Device::Cpu);
    let message = begin_from(&dcgan.unwrap(), &run).unwrap_err().to_string();
    assert!(message.contains("written by relativistic"), "{message}");
    let empty = RunDir::create(&folder.path().join("empty")).unwrap();
    let message = begin_from(&wider, &empty).unwrap_err().to_string();
    assert!(message.contains("no checkpoint to begin from"), "{message}");
    assert_eq!(wider.algorithm(), "relativistic");
}
