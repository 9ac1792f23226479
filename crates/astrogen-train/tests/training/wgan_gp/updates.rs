//! What an update changes and what it leaves alone, and the families of losses.

use std::collections::BTreeMap;

use astrogen_data::Images;
use astrogen_losses::{
    AdversarialConfig, AdversarialLoss, GradientPenaltyConfig, PenaltyDraw, PenaltyKind,
};
use astrogen_models::{
    Critic, CriticNormalization, Generator, WganConfig, WganCritic, WganGenerator, weights,
};
use astrogen_train::state::State;
use astrogen_train::step::Step;
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::{MODEL, algorithm, images, latents, no_penalty};
use crate::{alone, bytes_of, changed, loss, tensor, with_gradients};

fn draw(real: &Tensor) -> PenaltyDraw {
    PenaltyDraw::new(PenaltyKind::TwoSided, real)
}

#[test]
fn an_update_of_the_critic_leaves_the_generators_weights() {
    let _alone = alone();
    let mut step = algorithm(&MODEL, &WganGpStepConfig::default());
    let before = bytes_of(&step);
    let real = images();
    step.update_critic(&real, &latents(), &draw(&real)).unwrap();
    let changed = changed(&before, &bytes_of(&step));
    let expected = |name: &&String| {
        // All of the critic, and the statistics of the generator in train mode.
        name.starts_with("critic.")
            || name.starts_with("optimizer.critic.")
            || name.starts_with("last.")
            || (name.starts_with("generator.")
                && ["running_mean", "running_var", "num_batches_tracked"]
                    .iter()
                    .any(|buffer| name.ends_with(buffer)))
    };
    let unexpected: Vec<_> = changed.iter().filter(|name| !expected(name)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    let count = |prefix: &str| changed.iter().filter(|name| name.starts_with(prefix)).count();
    // Five convolutions of weight and bias, but for the last bias: it is added to the scores of
    // reals and fakes alike. Four normalisations of three buffers.
    assert_eq!((count("critic."), count("generator.")), (9, 12));
    assert_eq!(tensor(&step, "generator.net.1.num_batches_tracked").int64_value(&[]), 1);
    assert_eq!(with_gradients(&step), [""; 0]);
}

#[test]
fn an_update_of_the_generator_leaves_the_critic() {
    let _alone = alone();
    let mut step = algorithm(&MODEL, &WganGpStepConfig::default());
    let before = bytes_of(&step);
    let _ = step.update_generator(&latents(), &images()).unwrap();
    let changed = changed(&before, &bytes_of(&step));
    let of_the_critic: Vec<_> = changed.iter().filter(|name| name.contains("critic.")).collect();
    assert!(of_the_critic.is_empty(), "{of_the_critic:?}");
    let count = |prefix: &str| changed.iter().filter(|name| name.starts_with(prefix)).count();
    // Five convolutions; gain, bias and three buffers of four normalisations.
    assert_eq!((count("generator."), count("average.")), (25, 26));
    assert_eq!(with_gradients(&step), [""; 0], "no gradient is left behind");
}

#[test]
fn the_generator_is_updated_after_every_n_critic_updates_of_the_critic() {
    let _alone = alone();
    let config = WganGpStepConfig { n_critic: 3, ..Default::default() };
    let mut step = algorithm(&MODEL, &config);
    let real = Images(images());
    let counts: Vec<_> = (0..7)
        .map(|_| {
            let losses = step.step(&real).unwrap();
            let updates = tensor(&step, "optimizer.generator.step").int64_value(&[]);
            (updates, loss(&losses, "generator_loss") != 0.0)
        })
        .collect();
    let updates: Vec<_> = counts.iter().map(|(updates, _)| *updates).collect();
    assert_eq!(updates, [0, 0, 1, 1, 1, 2, 2]);
    assert!(counts.iter().all(|&(updates, has_loss)| has_loss == (updates > 0)));
    assert_eq!(tensor(&step, "optimizer.critic.step").int64_value(&[]), 7);
}

#[test]
fn a_lazy_penalty_is_kept_in_the_history_between() {
    let _alone = alone();
    let penalty = GradientPenaltyConfig { interval: 2, ..Default::default() };
    let config = WganGpStepConfig { penalty, ..Default::default() };
    let mut step = algorithm(&MODEL, &config);
    let mut history = Vec::new();
    for _ in 0..4 {
        let losses = step.step(&Images(images())).unwrap();
        let of = |name| loss(&losses, name);
        let [penalty, norm] = [of("gradient_penalty"), of("gradient_norm")];
        // The loss has the penalty at its turn only.
        let due = history.len() % 2 == 0;
        let expected = -of("wasserstein") + if due { penalty } else { 0.0 };
        assert!((of("critic_loss") - expected).abs() < 1e-5);
        history.push((penalty, norm));
    }
    assert_eq!((history[0], history[2]), (history[1], history[3]));
    assert_ne!(history[0], history[2]);
    assert!(history.iter().all(|&(penalty, norm)| penalty > 0.0 && norm > 0.0));
}

#[test]
fn clipped_weights_stay_within_their_limit() {
    let _alone = alone();
    let config =
        WganGpStepConfig { penalty: no_penalty(), weight_clip: Some(0.01), ..Default::default() };
    let mut step = algorithm(&MODEL, &config);
    for _ in 0..3 {
        let losses = step.step(&Images(images())).unwrap();
        assert_eq!(loss(&losses, "gradient_penalty"), 0.0);
        let largest = |prefix: &str| {
            let state = step.state().into_iter();
            let weights = state.filter(|(name, _)| name.starts_with(prefix));
            weights.map(|(_, weight)| weight.abs().max().double_value(&[])).fold(0.0, f64::max)
        };
        assert_eq!(largest("critic."), f64::from(0.01_f32), "the limit is reached, not passed");
        assert!(largest("generator.") > 0.01, "only the critic is clipped");
    }
}

#[test]
fn critics_that_are_not_piecewise_linear_train_too() {
    // The last bias is added to the scores of reals and fakes alike, and the last weight has
    // one row, whose singular vector is 1.
    const RESTING: [&str; 3] =
        ["critic.net.8.bias", "critic.net.11.bias", "critic.net.8.parametrizations.weight.0._u"];
    let _alone = alone();
    let normalized = |critic_normalization| WganConfig { critic_normalization, ..MODEL };
    let models = [
        normalized(CriticNormalization::Layer),
        normalized(CriticNormalization::Instance),
        WganConfig { spectral_norm: true, ..MODEL },
    ];
    for model in models {
        let config = WganGpStepConfig { n_critic: 2, ..Default::default() };
        let mut step = algorithm(&model, &config);
        let before = bytes_of(&step);
        for _ in 0..4 {
            let losses = step.step(&Images(images())).unwrap();
            assert!(losses.iter().all(|(_, value)| value.double_value(&[]).is_finite()));
            assert!(loss(&losses, "gradient_norm") > 0.0, "{model:?}");
        }
        let changed = changed(&before, &bytes_of(&step));
        let unchanged: Vec<_> = before
            .keys()
            .filter(|name| name.starts_with("critic.") || name.starts_with("generator."))
            .filter(|name| !changed.contains(name) && !RESTING.contains(&name.as_str()))
            .collect();
        assert!(unchanged.is_empty(), "{model:?}: {unchanged:?}");
    }
}

/// Copies of both networks as they are now.
fn copies(step: &WganGpStep) -> (WganGenerator, WganCritic) {
    let below = |prefix: &str| -> BTreeMap<String, Tensor> {
        let state = step.state().into_iter();
        state
            .filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?.into(), tensor)))
            .collect()
    };
    let (g, c) = (VarStore::new(Device::Cpu), VarStore::new(Device::Cpu));
    let networks =
        (MODEL.init_generator(&g.root()).unwrap(), MODEL.init_critic(&c.root()).unwrap());
    weights::load_into(&g, &below("generator.")).unwrap();
    weights::load_into(&c, &below("critic.")).unwrap();
    networks
}

#[test]
fn every_family_of_losses_minimises_its_own_formula() {
    let _alone = alone();
    let mean = |values: Tensor| values.mean(Kind::Float).double_value(&[]);
    type Formula = fn(&Tensor, &Tensor) -> Tensor;
    let families: [(AdversarialLoss, Formula, Formula); 5] = [
        (AdversarialLoss::Wasserstein, |real, fake| fake - real, |_, fake| -fake),
        (
            AdversarialLoss::Hinge,
            |real, fake| (-real + 1.0).relu() + (fake + 1.0).relu(),
            |_, fake| -fake,
        ),
        (
            AdversarialLoss::LeastSquares,
            |real, fake| ((real - 1.0).square() + fake.square()) / 2.0,
            |_, fake| (fake - 1.0).square() / 2.0,
        ),
        (
            AdversarialLoss::Relativistic,
            |real, fake| (fake - real).softplus(),
            |real, fake| (real - fake).softplus(),
        ),
        (
            AdversarialLoss::CrossEntropy(AdversarialConfig::default()),
            |real, fake| (-real).softplus() + fake.softplus(),
            |_, fake| (-fake).softplus(),
        ),
    ];
    for (family, critic_loss, generator_loss) in families {
        let config =
            WganGpStepConfig { loss: family.clone(), penalty: no_penalty(), ..Default::default() };
        let mut step = algorithm(&MODEL, &config);
        // First weights are so small that all scores are near 0.
        for (name, mut weight) in step.state() {
            if name.starts_with("critic.") {
                let _ = tch::no_grad(|| weight.g_mul_scalar_(12.0));
            }
        }
        for _ in 0..2 {
            let (real, latent) = (images(), latents());
            let (generator, critic) = copies(&step);
            let fake = generator.forward_t(&latent, true);
            let scores = |images: &Tensor| critic.forward_t(images, true);
            let distance = mean((scores(&real) - scores(&fake)).abs());
            assert!(distance > 0.1, "scores {distance:e} apart would hide differences");
            let expected = mean(critic_loss(&scores(&real), &scores(&fake)));
            let losses = step.update_critic(&real, &latent, &draw(&real)).unwrap();
            let got = loss(&losses, "critic_loss");
            assert!((got - expected).abs() < 1e-5, "{family:?}: {got} and {expected}");

            let (generator, critic) = copies(&step);
            let fake = generator.forward_t(&latent, true);
            let scores = |images: &Tensor| critic.forward_t(images, true);
            let expected = mean(generator_loss(&scores(&real), &scores(&fake)));
            let got = step.update_generator(&latent, &real).unwrap().double_value(&[]);
            assert!((got - expected).abs() < 1e-5, "{family:?}: {got} and {expected}");
        }
    }
}

#[test]
fn inputs_that_do_not_go_together_are_refused_with_both_shapes() {
    let _alone = alone();
    let mut step = algorithm(
        &MODEL,
        &WganGpStepConfig { loss: AdversarialLoss::Relativistic, ..Default::default() },
    );
    let (real, latent) = (images(), latents());
    let zeros = |size: &[i64]| Tensor::zeros(size, (Kind::Float, Device::Cpu));
    let draw = || draw(&real);
    let mut refusal = |real: &Tensor, latent: &Tensor, draw: PenaltyDraw| {
        step.update_critic(real, latent, &draw).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(&zeros(&[4, 3, 64, 64]), &latent, draw()),
        "images must have shape [N, 1, 64, 64], got [4, 3, 64, 64]"
    );
    assert_eq!(
        refusal(&zeros(&[0, 1, 64, 64]), &latent, draw()),
        "images must have shape [N, 1, 64, 64], got [0, 1, 64, 64]"
    );
    assert_eq!(
        refusal(&real, &zeros(&[3, 6]), draw()),
        "latents must have shape [4, 6], got [3, 6]"
    );
    assert_eq!(
        refusal(&real, &latent, PenaltyDraw { weights: zeros(&[4, 1]), noise: None }),
        "interpolation weights must have shape [4], got [4, 1]"
    );
    let message = step.update_generator(&zeros(&[4, 5]), &real).unwrap_err().to_string();
    assert_eq!(message, "latents must have shape [N, 6], got [4, 5]");
    let message = step.update_generator(&zeros(&[3, 6]), &real).unwrap_err().to_string();
    assert_eq!(message, "images must have shape [3, 1, 64, 64], got [4, 1, 64, 64]");
    step.step(&Images(zeros(&[]))).unwrap_err();
}
