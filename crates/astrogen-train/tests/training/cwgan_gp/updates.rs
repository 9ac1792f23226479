//! What an update changes and what it leaves alone, and what it minimises.

use std::collections::BTreeMap;

use astrogen_data::Rows;
use astrogen_losses::{GradientPenaltyConfig, PenaltyDraw, PenaltyKind};
use astrogen_models::{Activation, TabularCritic, TabularGenerator, weights};
use astrogen_train::cwgan_gp::{CwganGpStep, CwganGpStepConfig};
use astrogen_train::state::State;
use astrogen_train::step::Step;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::{FLOAT, algorithm, algorithm_of, model, parts, rows, rows_of};
use crate::{alone, bytes_of, changed, loss, tensor, with_gradients};

fn draw(real: &Tensor) -> PenaltyDraw {
    PenaltyDraw::new(PenaltyKind::TwoSided, real)
}

#[test]
fn an_update_of_the_critic_leaves_the_generator() {
    let _alone = alone();
    let mut step = algorithm(&CwganGpStepConfig::default());
    let before = bytes_of(&step);
    let [context, real, latent] = parts();
    step.update_critic(&context, &real, &latent, &draw(&real)).unwrap();
    let changed = changed(&before, &bytes_of(&step));
    let expected = |name: &&String| {
        name.starts_with("critic.")
            || name.starts_with("optimizer.critic.")
            || name.starts_with("last.gradient_")
    };
    let unexpected: Vec<_> = changed.iter().filter(|name| !expected(name)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    // Eight layers of weight and bias, but for the last bias: it is added to the scores of reals
    // and fakes alike.
    let count = changed.iter().filter(|name| name.starts_with("critic.")).count();
    assert_eq!(count, 15, "{changed:?}");
    assert_eq!(with_gradients(&step), [""; 0]);
}

#[test]
fn an_update_of_the_generator_leaves_the_critic() {
    let _alone = alone();
    for config in [CwganGpStepConfig::default(), CwganGpStepConfig::original()] {
        let mut step = algorithm(&config);
        let before = bytes_of(&step);
        let [context, real, latent] = parts();
        let _ = step.update_generator(&context, &real, &latent).unwrap();
        let changed = changed(&before, &bytes_of(&step));
        let of_the_critic: Vec<_> =
            changed.iter().filter(|name| name.contains("critic.")).collect();
        assert!(of_the_critic.is_empty(), "{of_the_critic:?}");
        let count = |prefix: &str| changed.iter().filter(|name| name.starts_with(prefix)).count();
        assert_eq!((count("generator."), count("average.")), (16, 17));
        assert_eq!(with_gradients(&step), [""; 0], "no gradient is left behind");
    }
}

#[test]
fn the_generator_is_updated_after_every_n_critic_updates_of_the_critic() {
    let _alone = alone();
    let mut step = algorithm(&CwganGpStepConfig { n_critic: 3, ..Default::default() });
    let counts: Vec<_> = (0..7)
        .map(|_| {
            let losses = step.step(&rows()).unwrap();
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
    for activation in [Activation::Relu, Activation::Elu] {
        let penalty = GradientPenaltyConfig { interval: 2, ..Default::default() };
        let config = CwganGpStepConfig { penalty, ..Default::default() };
        let mut step = algorithm_of(activation, &config);
        let mut history = Vec::new();
        for _ in 0..4 {
            let losses = step.step(&rows()).unwrap();
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
}

/// Copies of both networks as they are now.
fn copies(step: &CwganGpStep) -> (TabularGenerator, TabularCritic) {
    let below = |prefix: &str| -> BTreeMap<String, Tensor> {
        let state = step.state().into_iter();
        state
            .filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?.into(), tensor)))
            .collect()
    };
    let (g, c) = (VarStore::new(Device::Cpu), VarStore::new(Device::Cpu));
    let model = model(Activation::LeakyRelu);
    let networks =
        (model.init_generator(&g.root()).unwrap(), model.init_critic(&c.root()).unwrap());
    weights::load_into(&g, &below("generator.")).unwrap();
    weights::load_into(&c, &below("critic.")).unwrap();
    networks
}

#[test]
fn the_squared_error_is_added_to_the_generators_loss_by_its_weight() {
    let _alone = alone();
    let [context, real, latent] = parts();
    for mse_weight in [0.0, 1.0, 2.5] {
        let mut step = algorithm(&CwganGpStepConfig { mse_weight, ..Default::default() });
        let (generator, critic) = copies(&step);
        let fake = generator.sample(&latent, &context).unwrap();
        let error = (&fake - &real).square().mean(Kind::Float).double_value(&[]);
        assert!(error > 0.1, "an error of {error:e} would hide a difference");
        let score = critic.given(&context).forward(&fake).mean(Kind::Float).double_value(&[]);
        let got = step.update_generator(&context, &real, &latent).unwrap().double_value(&[]);
        let expected = mse_weight * error - score;
        assert!((got - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{got} and {expected}");
    }
}

#[test]
fn contexts_are_given_and_features_are_what_is_learnt() {
    let _alone = alone();
    let config = CwganGpStepConfig { n_critic: 1, ..Default::default() };
    let batch = rows();
    let mut step = algorithm(&config);
    tch::manual_seed(4);
    step.step(&batch).unwrap();
    let whole = bytes_of(&step);

    // The parts, by hand, with the step's own draws.
    let mut step = algorithm(&config);
    tch::manual_seed(4);
    let Rows { context, features: real, .. } = batch;
    let latent = Tensor::randn([4, 4], FLOAT);
    step.update_critic(&context, &real, &latent, &draw(&real)).unwrap();
    let _ = step.update_generator(&context, &real, &Tensor::randn([4, 4], FLOAT)).unwrap();
    assert!(whole == bytes_of(&step));
}

#[test]
fn inputs_that_do_not_go_together_are_refused_with_both_shapes() {
    let _alone = alone();
    let mut step = algorithm(&CwganGpStepConfig::default());
    let before = bytes_of(&step);
    let [context, real, latent] = parts();
    let zeros = |size: &[i64]| Tensor::zeros(size, FLOAT);
    let mut refusals = |context: &Tensor, real: &Tensor, latent: &Tensor| {
        let messages = [
            step.update_critic(context, real, latent, &draw(&zeros(&[4, 3]))).unwrap_err(),
            step.update_generator(context, real, latent).unwrap_err(),
        ];
        let [critic, generator] = messages.map(|message| message.to_string());
        assert_eq!(critic, generator);
        critic
    };
    let features = "observed features must have shape [N, 3], got";
    assert_eq!(refusals(&context, &zeros(&[4, 2]), &latent), format!("{features} [4, 2]"));
    assert_eq!(refusals(&context, &zeros(&[0, 3]), &latent), format!("{features} [0, 3]"));
    assert_eq!(
        refusals(&zeros(&[4, 8]), &real, &latent),
        "contexts must have shape [4, 9], got [4, 8]"
    );
    assert_eq!(
        refusals(&zeros(&[5, 9]), &real, &latent),
        "contexts must have shape [4, 9], got [5, 9]"
    );
    assert_eq!(
        refusals(&context, &real, &zeros(&[4, 8])),
        "latents must have shape [4, 4], got [4, 8]"
    );
    let bad_draw = PenaltyDraw { weights: zeros(&[4, 1]), noise: None };
    let error = step.update_critic(&context, &real, &latent, &bad_draw).unwrap_err();
    assert_eq!(error.to_string(), "interpolation weights must have shape [4], got [4, 1]");

    for size in [&[4, 2][..], &[0, 3], &[4, 3, 2, 1], &[3], &[]] {
        let batch = Rows { context: zeros(&[4, 9]), features: zeros(size), weights: None };
        let message = step.step(&batch).unwrap_err().to_string();
        assert!(
            message.starts_with("observed features must have shape [N, 3], got ["),
            "{message}"
        );
    }
    for size in [&[4, 8][..], &[5, 9], &[4, 9, 1, 1], &[]] {
        let batch = Rows { context: zeros(size), features: zeros(&[4, 3]), weights: None };
        let message = step.step(&batch).unwrap_err().to_string();
        assert!(message.starts_with("contexts must have shape [4, 9], got ["), "{message}");
    }
    assert!(before == bytes_of(&step), "what is refused changes nothing");
}

#[test]
fn updates_are_the_same_bits_on_any_number_of_threads() {
    let _alone = alone();
    let before = tch::get_num_threads();
    let after = [1, 2, 3, 8].map(|threads| {
        tch::set_num_threads(threads);
        let config = CwganGpStepConfig { n_critic: 1, ..CwganGpStepConfig::original() };
        let mut step = algorithm(&config);
        // Rows of several blocks, of unequal lengths.
        let batch = rows_of(&Tensor::randn([203, 12], FLOAT));
        for _ in 0..3 {
            step.step(&batch).unwrap();
        }
        bytes_of(&step)
    });
    tch::set_num_threads(before);
    assert!(after.iter().all(|bytes| *bytes == after[0]));
}
