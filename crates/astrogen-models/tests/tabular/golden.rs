//! Names, shapes and outputs are PyTorch's.

use std::collections::BTreeMap;

use astrogen_models::TabularConfig;
use tch::{Kind, Tensor};

use crate::turn::alone;
use crate::{
    ACTIVATIONS, assert_close, below, contexts, critic, generator, golden, golden_pair, small,
};

fn shapes(named: impl IntoIterator<Item = (String, Tensor)>) -> BTreeMap<String, Vec<i64>> {
    named.into_iter().map(|(name, tensor)| (name, tensor.size())).collect()
}

#[test]
fn names_and_shapes_at_the_defaults_are_those_of_the_state_dict() {
    let _alone = alone(1);
    let golden = golden();
    let expected = |network: &str| -> BTreeMap<String, Vec<i64>> {
        let shapes = below(&golden, &format!("shape.{network}.")).into_iter();
        shapes.map(|(name, shape)| (name, Vec::try_from(shape).unwrap())).collect()
    };
    let config = TabularConfig::default();
    let (store, generator) = generator(&config);
    assert_eq!(shapes(store.variables()), expected("generator"));
    assert_eq!(shapes(generator.named_tensors()), expected("generator"));
    let (store, critic) = critic(&config);
    assert_eq!(shapes(store.variables()), expected("critic"));
    assert_eq!(shapes(critic.named_tensors()), expected("critic"));

    for (network, inputs) in [("generator", "noise"), ("critic", "genout")] {
        let names = expected(network);
        for branch in [inputs, "cond", "true", "out"] {
            assert!(names.contains_key(&format!("{branch}.0.weight")), "{network}: {names:?}");
        }
    }
}

#[test]
fn outputs_are_pytorchs_for_every_activation() {
    let _alone = alone(1);
    let golden = golden();
    let context = contexts(&golden);
    for (name, activation) in ACTIVATIONS {
        let ((_, generator), (_, critic)) =
            golden_pair(activation, &golden, &format!("{name}.initial"));
        let expected = &golden[&format!("{name}.fakes")];
        let fakes = generator.forward(&golden["latents"].get(0), &context);
        assert_close(&format!("{name}, fakes"), &fakes, expected, 1e-5);
        let scores = critic.given(&context).forward(&fakes);
        assert_close(name, &scores, &golden[&format!("{name}.scores")], 1e-5);

        // Checked, without gradients, and from another element type.
        let latent = golden["latents"].get(0).to_kind(Kind::Double);
        let samples = generator.sample(&latent, &context.to_kind(Kind::Double)).unwrap();
        assert!(fakes.requires_grad() && !samples.requires_grad());
        assert_eq!(samples.kind(), Kind::Float);
        assert_close(&format!("{name}, samples"), &samples, expected, 1e-5);
    }
}

#[test]
fn two_sets_of_features_are_scored_as_each_by_itself() {
    let _alone = alone(1);
    let golden = golden();
    let context = contexts(&golden);
    for (name, activation) in ACTIVATIONS {
        let (_, (_, critic)) = golden_pair(activation, &golden, &format!("{name}.initial"));
        let [real, fake] = [golden["reals"].get(0), golden[&format!("{name}.fakes")].copy()];
        let given = critic.given(&context);
        let [real_scores, fake_scores] = given.forward_two(&real, &fake);
        assert_close(name, &real_scores, &given.forward(&real), 1e-6);
        assert_close(name, &fake_scores, &given.forward(&fake), 1e-6);

        // The scores are of these contexts: with others they differ.
        let others = critic.given(&context.flip([0]));
        let moved = (others.forward(&real) - &real_scores).abs().max().double_value(&[]);
        assert!(moved > 0.1, "{name}: {moved:e}");
    }
}

#[test]
fn conditions_come_before_true_features() {
    let _alone = alone(1);
    let golden = golden();
    let (_, critic) = critic(&small(ACTIVATIONS[0].1));
    let (real, context) = (golden["reals"].get(0), contexts(&golden));
    let score = |context: &Tensor| critic.given(context).forward(&real);
    // With the branch of the conditions silenced, just the last three values count.
    for (name, tensor) in critic.named_tensors() {
        if name.starts_with("cond.") {
            let _ = tch::no_grad(|| tensor.shallow_clone().zero_());
        }
    }
    let with = |from: i64, count: i64| {
        let changed = context.copy();
        let _ = changed.narrow(1, from, count).neg_();
        changed
    };
    assert_eq!(score(&with(0, 6)), score(&context));
    assert_ne!(score(&with(6, 3)), score(&context));
}
