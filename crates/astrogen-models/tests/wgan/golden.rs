//! Names, shapes and outputs of the plain networks are PyTorch's.

use astrogen_models::{Critic, Generator};
use tch::Kind;

use crate::turn::alone;
use crate::{
    CONFIG, Named, assert_close, below, critic, forms, generator, golden, golden_critic,
    golden_generator,
};

#[test]
fn names_and_shapes_are_those_of_the_state_dict() {
    let _alone = alone(1);
    let golden = golden();
    let expected = |network: &str| forms(&below(&golden, &format!("initial.{network}.")));
    let (store, generator) = generator(&CONFIG);
    assert_eq!(forms(&store.variables()), expected("generator"));
    let named: Named = generator.named_tensors().into_iter().collect();
    assert_eq!(forms(&named), expected("generator"));

    let (store, critic) = critic(&CONFIG);
    assert_eq!(forms(&store.variables()), expected("critic"));
    let named: Named = critic.named_tensors().into_iter().collect();
    assert_eq!(forms(&named), expected("critic"));
}

#[test]
fn outputs_in_train_mode_are_pytorchs() {
    let _alone = alone(1);
    let golden = golden();
    let (_, generator) = golden_generator(&CONFIG, &golden, "initial.generator.");
    let (_, critic) = golden_critic(&CONFIG, &golden, "initial.critic.");
    let fakes = generator.forward_t(&golden["latents"].get(0), true);
    assert_close("fakes", &fakes, &golden["initial.fakes"], 1e-5);
    let scores = critic.forward_t(&golden["reals"].get(0), true);
    assert_close("scores", &scores, &golden["initial.scores"], 1e-5);
}

#[test]
fn outputs_in_eval_mode_are_pytorchs() {
    let _alone = alone(1);
    let golden = golden();
    let (_, generator) = golden_generator(&CONFIG, &golden, "final.generator.");
    let (_, critic) = golden_critic(&CONFIG, &golden, "final.critic.");
    let samples = generator.sample(&golden["latents"].get(0)).unwrap();
    assert_close("samples", &samples, &golden["final.samples"], 1e-5);
    let scores = critic.score(&golden["final.samples"]).unwrap();
    assert!(!scores.requires_grad());
    assert_close("scores", &scores, &golden["final.scores"], 1e-5);
}

#[test]
fn a_store_in_double_precision_computes_in_it() {
    let _alone = alone(1);
    let golden = golden();
    let (mut store, critic) = golden_critic(&CONFIG, &golden, "initial.critic.");
    store.double();
    assert_eq!(critic.options().0, Kind::Double);
    // Images of another float type are brought along.
    let scores = critic.score(&golden["reals"].get(0)).unwrap();
    assert_eq!(scores.kind(), Kind::Double);
    assert_close("scores", &scores, &golden["initial.scores"], 1e-5);
}
