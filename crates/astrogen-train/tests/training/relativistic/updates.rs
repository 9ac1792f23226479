//! What an update changes and what it leaves alone, and batches that cannot be.

use astrogen_data::Images;
use astrogen_data::augment::Translation;
use astrogen_models::{Critic, Generator};
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen_train::schedule::Schedule;
use astrogen_train::step::Step;
use tch::{Device, Kind, Tensor};

use super::{MODEL, algorithm, images, latents};
use crate::{alone, bytes_of, changed, copy_of, loss, tensor, with_gradients};

#[test]
fn a_step_changes_all_weights_and_leaves_no_gradients() {
    let _alone = alone();
    let mut step = algorithm(&RelativisticStepConfig::default());
    let before = bytes_of(&step);
    step.step(&Images(images(6))).unwrap();
    let changed = changed(&before, &bytes_of(&step));
    let unchanged: Vec<_> = before
        .keys()
        .filter(|name| !name.starts_with("optimizer."))
        .filter(|name| !changed.contains(name))
        .collect();
    // The last bias is added to all scores, and only their differences count: rounding moves it, or
    // nothing does.
    assert!(unchanged.iter().all(|name| *name == "critic.net.6.bias"), "{unchanged:?}");
    assert_eq!(with_gradients(&step), [""; 0]);
    // Noise too is learnt, and one pass of the generator serves both updates.
    assert!(changed.iter().any(|name| name == "generator.stages.0.noise.weight"));
    let passes = tensor(&step, "generator.input.norm.num_batches_tracked").int64_value(&[]);
    assert_eq!(passes, 1);
}

#[test]
fn the_updates_minimise_their_formulas() {
    let _alone = alone();
    let config = RelativisticStepConfig { gamma: 0.0, ..Default::default() };
    let mut step = algorithm(&config);
    let (real, latent) = (images(6), latents(3));
    let (store, generator) = copy_of(&step, "generator.", |path| MODEL.init_generator(path));
    let (_critic_store, critic) = copy_of(&step, "critic.", |path| MODEL.init_critic(path));
    assert_eq!(store.device(), Device::Cpu);
    tch::manual_seed(3);
    let fake = tch::no_grad(|| generator.forward_t(&latent, true));
    let scores = |images: &Tensor| critic.score(images).unwrap();
    let difference = scores(&fake) - scores(&real.narrow(0, 0, 3));
    let expected = difference.softplus().mean(Kind::Float).double_value(&[]);
    tch::manual_seed(3);
    let losses = step.update(&real, &latent).unwrap();
    let got = loss(&losses, "critic_loss");
    assert!((got - expected).abs() < 1e-5, "{got} {expected}");
    // The generator's comes after the critic's update, on the other reals.
    let (_store, critic) = copy_of(&step, "critic.", |path| MODEL.init_critic(path));
    let scores = |images: &Tensor| critic.score(images).unwrap();
    let difference = scores(&real.narrow(0, 3, 3)) - scores(&fake);
    let expected = difference.softplus().mean(Kind::Float).double_value(&[]);
    let got = loss(&losses, "generator_loss");
    assert!((got - expected).abs() < 1e-5, "{got} {expected}");
}

#[test]
fn the_critic_sees_the_first_half_of_a_batch_and_the_generator_the_second() {
    let _alone = alone();
    let config = RelativisticStepConfig::default();
    let batch = images(6);
    let run = |batch: &Tensor| {
        let mut step = algorithm(&config);
        tch::manual_seed(1);
        let losses = step.step(&Images(batch.shallow_clone())).unwrap();
        (loss(&losses, "critic_loss"), loss(&losses, "generator_loss"))
    };
    let (critic, generator) = run(&batch);
    let other = batch.copy();
    other.narrow(0, 3, 3).copy_(&images(3));
    let (same, another) = run(&other);
    assert_eq!(critic, same);
    assert_ne!(generator, another);
}

#[test]
fn learning_rates_fall_on_a_line_to_their_share_and_stay() {
    let _alone = alone();
    let run = |schedule| {
        let mut config = RelativisticStepConfig { ema_decay: 0.0, ..Default::default() };
        config.generator_optimizer.schedule = schedule;
        config.critic_optimizer.schedule = schedule;
        let mut step = algorithm(&config);
        (0..6)
            .map(|_| {
                let weight = |step: &RelativisticStep| tensor(step, "generator.output.bias").copy();
                let before = weight(&step);
                let _ = step.step(&Images(images(4))).unwrap();
                // The first step of Adam without a first moment is the rate; later ones are near.
                (weight(&step) - before).abs().max().double_value(&[])
            })
            .collect::<Vec<_>>()
    };
    let (falling, constant) =
        (run(Schedule::Linear { steps: 4, end: 0.1 }), run(Schedule::Constant));
    assert!((falling[0] - 2e-3).abs() < 1e-5 && (constant[0] - 2e-3).abs() < 1e-5);
    assert!(constant[5] > 2e-4, "{constant:?}");
    assert!(falling[5] < 1e-3, "{falling:?}");
}

#[test]
fn shifts_change_what_the_critic_sees_of_both() {
    let _alone = alone();
    let translation = Translation { pixels: 8, probability: 1.0 };
    let scores = |translation| {
        let mut step = algorithm(&RelativisticStepConfig { translation, ..Default::default() });
        tch::manual_seed(2);
        let (real, latent) = (images(8), latents(4));
        let losses = step.update(&real, &latent).unwrap();
        [loss(&losses, "real_score"), loss(&losses, "fake_score")]
    };
    let (still, moved) = (scores(Translation::default()), scores(translation));
    assert!(still[0] != moved[0] && still[1] != moved[1], "{still:?} {moved:?}");
}

#[test]
fn batches_that_cannot_be_halved_are_refused_with_their_shape() {
    let _alone = alone();
    let mut step = algorithm(&RelativisticStepConfig::default());
    let message = |step: &mut RelativisticStep, batch: Tensor| {
        step.step(&Images(batch)).unwrap_err().to_string()
    };
    assert_eq!(
        message(&mut step, images(0)),
        "images must have shape [N, 2, 32, 32], got [0, 2, 32, 32]"
    );
    for (n, even) in [(1, 2), (5, 4)] {
        assert_eq!(
            message(&mut step, images(n)),
            format!(
                "images, half of them for the generator, must have shape [{even}, 2, 32, 32], got \
                 [{n}, 2, 32, 32]"
            )
        );
    }
    let zeros = |size: &[i64]| Tensor::zeros(size, (Kind::Float, Device::Cpu));
    step.step(&Images(zeros(&[]))).unwrap_err();
    assert_eq!(
        message(&mut step, zeros(&[4, 2, 64, 64])),
        "images must have shape [N, 2, 32, 32], got [4, 2, 64, 64]"
    );
    let message = step.update(&images(8), &latents(3)).unwrap_err().to_string();
    assert_eq!(message, "latents must have shape [4, 6], got [3, 6]");
}
