//! R3GAN's networks in the step, with all that it anneals: four steps against PyTorch, and a resume.
//!
//! The values are made by `astrogen-models/tests/golden/r3gan.py`.

use astrogen_models::R3ganConfig;
use astrogen_train::annealing::Annealing;
use astrogen_train::optim::AdamConfig;
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen_train::schedule::Schedule;
use tch::Device;

use crate::agreement::{assert_networks, assert_relative, golden_file, load_networks};
use crate::{alone, batches_of, loss, resume, tensor};

fn model() -> R3ganConfig {
    R3ganConfig {
        image_size: 16,
        channels: 2,
        latent_dim: 5,
        widths: vec![8, 8, 4],
        group_width: 4,
        ..R3ganConfig::default()
    }
}

fn config(steps: u64) -> RelativisticStepConfig {
    let schedule = Schedule::Cosine { steps, end: 0.25 };
    let adam =
        AdamConfig { lr: 1e-3, betas: [0.0, 0.9], eps: 1e-2, schedule, ..AdamConfig::default() };
    RelativisticStepConfig {
        generator_optimizer: adam,
        critic_optimizer: adam,
        gamma: 0.4,
        penalty_interval: 1,
        // A half-life of two updates.
        ema_decay: 0.5f64.sqrt(),
        annealing: Some(Annealing { steps, beta2: 0.99, gamma: 0.1 }),
        ..Default::default()
    }
}

#[test]
fn four_steps_with_everything_annealed_agree_with_pytorch() {
    let _alone = alone();
    let golden = golden_file("r3gan.safetensors");
    let mut step = RelativisticStep::r3gan(&model(), &config(4), Device::Cpu).unwrap();
    load_networks(&step, &golden, "initial.");
    for k in 0..4 {
        let ours = step.update(&golden["reals"].get(k), &golden["latents"].get(k)).unwrap();
        for (name, key) in [
            ("critic_loss", "critic.losses"),
            ("gradient_penalty", "penalties"),
            ("real_score", "real_scores"),
            ("fake_score", "fake_scores"),
            ("generator_loss", "generator.losses"),
        ] {
            let expected = golden[key].double_value(&[k]);
            assert_relative(&format!("step {k}, {name}"), loss(&ours, name), expected);
        }
    }
    assert_networks(&step, &golden, "final.");
    for (name, expected) in golden.iter().filter(|(name, _)| name.starts_with("final.average.")) {
        let got = tensor(&step, name.strip_prefix("final.").unwrap());
        let difference = (got - expected).abs().max().double_value(&[]);
        assert!(difference < 2e-6, "{name} differs by {difference:e}");
    }
}

#[test]
fn a_resumed_run_with_everything_annealed_ends_in_the_same_bytes() {
    let _alone = alone();
    let new = || {
        tch::manual_seed(11);
        RelativisticStep::r3gan(&model(), &config(10), Device::Cpu).unwrap()
    };
    resume::resumes_to_the_last_bit(new, || batches_of(11, [2, 16, 16]));
}

#[test]
fn settings_are_the_authors_for_their_sizes() {
    let [small, large] = [64, 256].map(|size| RelativisticStepConfig::r3gan(size, 1000));
    assert_eq!((small.gamma, large.gamma, small.penalty_interval), (2.0, 150.0, 1));
    let between = [32, 128].map(|size| RelativisticStepConfig::r3gan(size, 1000).gamma);
    for (got, expected) in between.into_iter().zip([2.0 / 75f64.sqrt(), 2.0 * 75f64.sqrt()]) {
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
    for optimizer in [small.generator_optimizer, small.critic_optimizer] {
        assert_eq!((optimizer.lr, optimizer.betas), (2e-4, [0.0, 0.9]));
        assert_eq!(optimizer.schedule, Schedule::Cosine { steps: 1000, end: 0.25 });
    }
    let annealing = Annealing { steps: 1000, beta2: 0.99, gamma: 0.1 };
    assert_eq!(small.annealing, Some(annealing));
    // A half-life of 25 steps of 1000.
    assert!((small.ema_decay.powi(25) - 0.5).abs() < 1e-12);
    assert!(small.validate().is_ok());
    let text = serde_json::to_string(&small).unwrap();
    assert_eq!(serde_json::from_str::<RelativisticStepConfig>(&text).unwrap(), small);
    let none =
        RelativisticStepConfig { annealing: Some(Annealing { steps: 0, ..annealing }), ..small };
    let message = none.validate().unwrap_err().to_string();
    assert_eq!(message, "annealing steps must be at least 1, got 0");
}
