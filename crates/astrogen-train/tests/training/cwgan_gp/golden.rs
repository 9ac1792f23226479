//! Five critic and two generator updates against PyTorch, for every activation, without and
//! with the squared error: same first weights, contexts, reals, latents and interpolation
//! weights.
//!
//! The values are made by `astrogen-models/tests/golden/cwgan_gp.py`.

use astrogen_losses::PenaltyDraw;
use astrogen_models::{Activation, TabularConfig};
use astrogen_train::cwgan_gp::{CwganGpStep, CwganGpStepConfig};
use tch::Device;

use crate::agreement::{
    assert_gradients, assert_networks, assert_relative, golden_file, load_networks,
};
use crate::{alone, loss};

#[test]
fn five_critic_and_two_generator_updates_agree_with_pytorch() {
    let _alone = alone();
    let golden = golden_file("cwgan_gp.safetensors");
    for (name, activation) in [
        ("leaky_relu", Activation::LeakyRelu),
        ("relu", Activation::Relu),
        ("elu", Activation::Elu),
    ] {
        for (run, mut config) in
            [("mse_0", CwganGpStepConfig::default()), ("mse_1", CwganGpStepConfig::original())]
        {
            config.generator_optimizer.eps = 1e-4;
            config.critic_optimizer.eps = 1e-4;
            let prefix = format!("{name}.{run}");
            let gradients = format!("{prefix}.grad.");
            let beta1 = config.critic_optimizer.betas[0];
            let model = TabularConfig {
                branch: vec![16, 8],
                trunk: vec![16, 16],
                activation,
                ..Default::default()
            };
            let mut step = CwganGpStep::new(&model, &config, Device::Cpu).unwrap();
            load_networks(&step, &golden, &format!("{name}.initial."));

            let mut generator_updates = 0;
            for k in 0..5 {
                let [context, real, latent, weights] =
                    ["contexts", "reals", "latents", "weights"].map(|name| golden[name].get(k));
                let draw = PenaltyDraw { weights, noise: None };
                let ours = step.update_critic(&context, &real, &latent, &draw).unwrap();
                for name in ["critic_loss", "gradient_penalty", "gradient_norm"] {
                    let expected = golden[&format!("{prefix}.{name}")].double_value(&[k]);
                    let what = format!("{prefix}, update {k}, {name}");
                    assert_relative(&what, loss(&ours, name), expected);
                }
                // A difference of means, near 0 where they are of order 1.
                let expected = golden[&format!("{prefix}.wasserstein")].double_value(&[k]);
                let error = (loss(&ours, "wasserstein") - expected).abs();
                assert!(error < 2e-6, "{prefix}, update {k}, wasserstein: {error:e}");
                if k == 0 {
                    assert_gradients(&step, "critic", beta1, &golden, &gradients);
                }

                if k == 2 || k == 4 {
                    let latent = golden["generator.latents"].get(generator_updates);
                    let ours = step.update_generator(&context, &real, &latent).unwrap();
                    let expected = golden[&format!("{prefix}.generator_loss")]
                        .double_value(&[generator_updates]);
                    let what = format!("{prefix}, generator update {generator_updates}");
                    assert_relative(&what, ours.double_value(&[]), expected);
                    if k == 2 {
                        assert_gradients(&step, "generator", beta1, &golden, &gradients);
                    }
                    generator_updates += 1;
                }
            }
            assert_networks(&step, &golden, &format!("{prefix}.final."));
        }
    }
}
