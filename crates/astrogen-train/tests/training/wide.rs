//! Steps of networks whose widths are multiples of 16, which pass by kernels of their own, against
//! PyTorch. `golden/wide.py` made the values and says by which formula weights and inputs are made.

use std::collections::BTreeMap;
use std::path::Path;

use astrogen_losses::PenaltyDraw;
use astrogen_models::{DcganConfig, WganConfig, weights};
use astrogen_train::gan::{DcganStep, DcganStepConfig};
use astrogen_train::state::State;
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use tch::{Device, Kind, Tensor};

use crate::{alone, loss};

fn scattered(size: &[i64], phase: f64) -> Tensor {
    let count = Tensor::arange(size.iter().product::<i64>(), (Kind::Double, Device::Cpu));
    ((count * 12.9898 + phase).sin() * 43758.5453).frac().view(size)
}

fn reals(step: i64) -> Tensor {
    scattered(&[16, 3, 32, 32], 100.0 + step as f64).to_kind(Kind::Float)
}

fn latents(phase: i64) -> Tensor {
    (scattered(&[16, 16], phase as f64) * 2.0).to_kind(Kind::Float)
}

/// The parameters of both networks by their names.
fn parameters(step: &dyn State) -> BTreeMap<String, Tensor> {
    let is_of_a_network = |name: &str| {
        ["generator.", "discriminator.", "critic."].iter().any(|prefix| name.starts_with(prefix))
    };
    let state = step.state().into_iter();
    state.filter(|(name, tensor)| is_of_a_network(name) && tensor.requires_grad()).collect()
}

fn fill(step: &dyn State) {
    tch::no_grad(|| {
        for (phase, (name, mut tensor)) in parameters(step).into_iter().enumerate() {
            let size = tensor.size();
            let values = scattered(&size, phase as f64);
            let values = match size.len() {
                1 => values * 0.1 + if name.ends_with("weight") { 1.0 } else { 0.0 },
                _ => values * (3.0 / (tensor.numel() as f64 / size[0] as f64)).sqrt(),
            };
            tensor.copy_(&values);
        }
    });
}

fn golden() -> BTreeMap<String, Tensor> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/wide.safetensors");
    weights::read(file).unwrap().tensors
}

#[track_caller]
fn assert_loss(what: &str, got: f64, expected: f64) {
    let apart = (got - expected).abs();
    assert!(apart <= 1e-4 * expected.abs().max(0.1), "{what}: {got} for {expected}");
}

#[track_caller]
fn assert_final(step: &dyn State, golden: &BTreeMap<String, Tensor>, prefix: &str) {
    let ours = parameters(step);
    assert_eq!(golden.keys().filter(|name| name.starts_with(prefix)).count(), ours.len());
    for (name, tensor) in ours {
        let expected = &golden[&format!("{prefix}{name}")];
        let first = tensor.detach().reshape([-1]).slice(0, 0, 200, 1);
        let worst = (first - expected).abs().max().double_value(&[]);
        assert!(worst < 1e-4, "{name} differs by {worst:e}");
    }
}

#[test]
fn four_steps_of_a_dcgan_agree_with_pytorch() {
    let _alone = alone();
    let golden = golden();
    let model = DcganConfig {
        image_size: 32,
        latent_dim: 16,
        generator_features: 16,
        discriminator_features: 16,
        ..DcganConfig::default()
    };
    let mut step = DcganStep::new(&model, &DcganStepConfig::default(), Device::Cpu).unwrap();
    fill(&step);
    for k in 0..4 {
        let ours = step.update(&reals(k), &latents(200 + k)).unwrap();
        for (column, name) in ["discriminator_loss", "generator_loss"].into_iter().enumerate() {
            let expected = golden["dcgan.losses"].double_value(&[k, column as i64]);
            assert_loss(&format!("step {k}, {name}"), loss(&ours, name), expected);
        }
    }
    assert_final(&step, &golden, "dcgan.final.");
}

#[test]
fn five_updates_of_critic_and_generator_agree_with_pytorch() {
    let _alone = alone();
    let golden = golden();
    let model = WganConfig {
        image_size: 32,
        latent_dim: 16,
        generator_features: 16,
        critic_features: 16,
        ..WganConfig::default()
    };
    let mut step = WganGpStep::new(&model, &WganGpStepConfig::default(), Device::Cpu).unwrap();
    fill(&step);
    for k in 0..5 {
        let expected = |column: i64| golden["wgan.losses"].double_value(&[k, column]);
        let weights = scattered(&[16], 300.0 + k as f64).abs().to_kind(Kind::Float);
        let draw = PenaltyDraw { weights, noise: None };
        let ours = step.update_critic(&reals(k), &latents(200 + k), &draw).unwrap();
        assert_loss(&format!("update {k}"), -loss(&ours, "wasserstein"), expected(0));
        assert_loss(&format!("update {k}"), loss(&ours, "gradient_penalty"), expected(1));
        let ours = step.update_generator(&latents(400 + k), &reals(k)).unwrap();
        assert_loss(&format!("generator, {k}"), ours.double_value(&[]), expected(2));
    }
    assert_final(&step, &golden, "wgan.final.");
}
