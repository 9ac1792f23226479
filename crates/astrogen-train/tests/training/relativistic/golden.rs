//! Four steps against PyTorch: same first weights, latents, noise and reals.
//!
//! The values are made by `astrogen-models/tests/golden/sharp.py`.

use astrogen_models::SharpConfig;
use astrogen_train::optim::AdamConfig;
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen_train::schedule::Schedule;
use tch::Device;

use super::MODEL;
use crate::agreement::{assert_networks, assert_relative, golden_file, load_networks};
use crate::{alone, loss};

#[test]
fn four_steps_with_lazy_penalties_and_a_falling_rate_agree_with_pytorch() {
    let _alone = alone();
    let golden = golden_file("sharp.safetensors");
    let model = SharpConfig { generator_features: 4, critic_features: 4, ..MODEL };
    let schedule = Schedule::Linear { steps: 4, end: 0.1 };
    let adam =
        AdamConfig { lr: 1e-3, betas: [0.0, 0.99], eps: 1e-2, schedule, ..AdamConfig::default() };
    let config = RelativisticStepConfig {
        generator_optimizer: adam,
        critic_optimizer: adam,
        gamma: 0.2,
        ..Default::default()
    };
    let mut step = RelativisticStep::new(&model, &config, Device::Cpu).unwrap();
    load_networks(&step, &golden, "initial.");

    for k in 0..4 {
        tch::manual_seed(100 + k); // the noise of this step
        let ours = step.update(&golden["reals"].get(k), &golden["latents"].get(k)).unwrap();
        for (name, key) in [
            ("critic_loss", "critic.losses"),
            ("real_score", "real_scores"),
            ("fake_score", "fake_scores"),
            ("generator_loss", "generator.losses"),
        ] {
            let expected = golden[key].double_value(&[k]);
            assert_relative(&format!("step {k}, {name}"), loss(&ours, name), expected);
        }
        // Between its turns the history keeps the last one's.
        let penalty = golden["penalties"].double_value(&[k - k % 2]);
        assert_relative(&format!("step {k}, penalty"), loss(&ours, "gradient_penalty"), penalty);
    }
    assert_networks(&step, &golden, "final.");
}
