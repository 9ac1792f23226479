//! Five critic and two generator updates against PyTorch: same first weights, latents, reals
//! and interpolation weights.
//!
//! The values are made by `astrogen-models/tests/golden/wgan_gp.py`.

use astrogen_losses::PenaltyDraw;
use astrogen_models::WganConfig;
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use tch::Device;

use super::MODEL;
use crate::agreement::{
    assert_gradients, assert_networks, assert_relative, golden_file, load_networks,
};
use crate::{alone, loss};

/// What `wgan_gp.py` trains.
const GOLDEN: WganConfig =
    WganConfig { latent_dim: 16, generator_features: 2, critic_features: 4, ..MODEL };

#[test]
fn five_critic_and_two_generator_updates_agree_with_pytorch() {
    let _alone = alone();
    let golden = golden_file("wgan_gp.safetensors");
    let mut step = WganGpStep::new(&GOLDEN, &WganGpStepConfig::default(), Device::Cpu).unwrap();
    load_networks(&step, &golden, "initial.");

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
            assert_gradients(&step, "critic", 0.0, &golden, "grad.");
        }

        if k == 2 || k == 4 {
            let latent = golden["generator.latents"].get(generator_updates);
            let ours = step.update_generator(&latent, &real).unwrap().double_value(&[]);
            let expected = golden["generator.losses"].double_value(&[generator_updates]);
            assert_relative(&format!("generator update {generator_updates}"), ours, expected);
            if k == 2 {
                assert_gradients(&step, "generator", 0.0, &golden, "grad.");
            }
            generator_updates += 1;
        }
    }

    assert_networks(&step, &golden, "final.");
}
