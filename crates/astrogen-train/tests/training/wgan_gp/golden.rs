//! Five critic and two generator updates against PyTorch: same first weights, latents, reals
//! and interpolation weights.
//!
//! The values are made by `astrogen-models/tests/golden/wgan_gp.py`.

use std::collections::BTreeMap;
use std::path::Path;

use astrogen_losses::PenaltyDraw;
use astrogen_models::{WganConfig, weights};
use astrogen_train::step::Step;
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use tch::{Device, Tensor};

use super::{MODEL, tensor};
use crate::{alone, loss};

/// What `wgan_gp.py` trains.
const GOLDEN: WganConfig =
    WganConfig { latent_dim: 16, generator_features: 2, critic_features: 4, ..MODEL };

fn is_of_a_network(name: &str) -> bool {
    name.starts_with("generator.") || name.starts_with("critic.")
}

/// The tensors of the state that belong to the two networks.
fn networks(step: &WganGpStep) -> Vec<(String, Tensor)> {
    let mut state = step.state();
    state.retain(|(name, _)| is_of_a_network(name));
    state
}

#[track_caller]
fn assert_relative(what: &str, got: f64, expected: f64) {
    let error = (got - expected).abs() / expected.abs();
    assert!(error < 1e-5, "{what}: {got} differs from {expected} by {error:e}");
}

/// With a beta1 of 0 the first moment is the last gradient.
fn gradients_are(step: &WganGpStep, network: &str, golden: &BTreeMap<String, Tensor>) {
    let prefix = format!("grad.{network}.");
    let expected: Vec<_> = golden
        .iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix(&prefix)?, tensor)))
        .collect();
    assert!(!expected.is_empty());
    for (name, expected) in expected {
        let got = tensor(step, &format!("optimizer.{network}.exp_avg.{name}"));
        let worst = (got - expected).abs().max().double_value(&[]);
        let scale = expected.abs().max().double_value(&[]);
        assert!(worst <= 1e-5 * scale, "gradient of {network} {name}: {worst:e} of {scale:e}");
    }
}

#[test]
fn five_critic_and_two_generator_updates_agree_with_pytorch() {
    let _alone = alone();
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../astrogen-models/tests/golden/wgan_gp.safetensors");
    let golden = weights::read(file).unwrap().tensors;
    let take = |prefix: &str| -> BTreeMap<String, Tensor> {
        let named = golden.iter().filter_map(|(name, tensor)| {
            let name = name.strip_prefix(prefix)?;
            is_of_a_network(name).then(|| (name.to_owned(), tensor.shallow_clone()))
        });
        named.collect()
    };
    let mut step = WganGpStep::new(&GOLDEN, &WganGpStepConfig::default(), Device::Cpu).unwrap();
    weights::copy_into(networks(&step), &take("initial."), "the golden file").unwrap();

    let mut generator_updates = 0;
    for k in 0..5 {
        let [real, latent, weights] =
            ["reals", "latents", "weights"].map(|name| golden[name].get(k));
        let draw = PenaltyDraw { weights, noise: None };
        let ours = step.update_critic(&real, &latent, &draw).unwrap();
        let expected = |name: &str| golden[name].double_value(&[k]);
        for (name, key) in [
            ("critic_loss", "critic.losses"),
            ("gradient_penalty", "penalties"),
            ("gradient_norm", "gradient_norms"),
            ("real_score", "real_scores"),
            ("fake_score", "fake_scores"),
        ] {
            assert_relative(&format!("update {k}, {name}"), loss(&ours, name), expected(key));
        }
        let wasserstein = expected("real_scores") - expected("fake_scores");
        assert_relative(
            &format!("update {k}, wasserstein"),
            loss(&ours, "wasserstein"),
            wasserstein,
        );
        if k == 0 {
            gradients_are(&step, "critic", &golden);
        }

        if k == 2 || k == 4 {
            let latent = golden["generator.latents"].get(generator_updates);
            let ours = step.update_generator(&latent, &real).unwrap().double_value(&[]);
            let expected = golden["generator.losses"].double_value(&[generator_updates]);
            assert_relative(&format!("generator update {generator_updates}"), ours, expected);
            if k == 2 {
                gradients_are(&step, "generator", &golden);
            }
            generator_updates += 1;
        }
    }

    let expected = take("final.");
    let ours = networks(&step);
    assert_eq!(ours.len(), expected.len());
    for (name, tensor) in ours {
        // An update is about 1e-4 long.
        let difference = (&tensor - &expected[&name]).abs().max().double_value(&[]);
        assert!(difference < 2e-6, "{name} differs by {difference:e}");
    }
}
