//! Passes without autograd: autograd's numbers in double precision, for networks of any size.

use astrogen_models::{Activation, TabularConfig, TabularPass};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tch::nn::VarStore;
use tch::{Kind, Tensor};

use crate::agreement::penalty::{scattered, spread_weights};
use crate::agreement::{Named, assert_all_close, gradients};
use crate::turn::alone;
use crate::{ACTIVATIONS, assert_close, critic, generator, small};

/// How close single precision comes.
const TOLERANCE: f64 = 1e-5;

/// Networks of any size with both activations that have passes, and a number of rows: some in
/// one block, some in many, some in blocks of unequal lengths.
fn cases() -> impl Iterator<Item = (TabularConfig, i64)> {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut below = move |limit: u32| 1 + i64::from(rng.next_u32() % limit);
    let mut cases = vec![(TabularConfig::default(), 200)];
    for case in 0..30 {
        let features = below(20);
        let [true_features, conditions, latent_dim] = [(); 3].map(|()| below(20));
        let [branch, trunk] = [(); 2].map(|()| (0..below(3)).map(|_| below(70)).collect());
        let activation = [Activation::LeakyRelu, Activation::Relu][case % 2];
        let config = TabularConfig {
            features,
            true_features,
            conditions,
            latent_dim,
            branch,
            trunk,
            activation,
        };
        cases.push((config, below(if case % 5 == 0 { 300 } else { 40 })));
    }
    cases.into_iter()
}

/// The same numbers in single and in double precision.
fn both(size: [i64; 2], phase: f64) -> (Tensor, Tensor) {
    let single = scattered(&size, phase).to_kind(Kind::Float);
    let double = single.to_kind(Kind::Double);
    (single, double)
}

/// Spreads the weights of a network, and gives them to one in double precision.
fn share_weights(single: &VarStore, double: &mut VarStore) {
    spread_weights(single);
    double.double();
    double.copy(single).unwrap();
}

/// The numbers of a tensor, row by row.
fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten(0, -1).try_into().unwrap()
}

/// `[N, ...]` from the numbers of its blocks of rows.
fn rows(blocks: Vec<Vec<f32>>, n: i64) -> Tensor {
    Tensor::from_slice(&blocks.concat()).view([n, -1])
}

fn by_name(pass: &mut TabularPass) -> Named {
    let gradients = pass.gradients();
    let named = pass.names().zip(gradients);
    named.map(|(name, gradient)| (name.to_owned(), gradient.to_kind(Kind::Double))).collect()
}

#[test]
fn a_pass_through_the_generator_is_autograds() {
    let _alone = alone(1);
    for (config, n) in cases() {
        let what = format!("{n} rows, {config:?}");
        let ((store, single), (mut double_store, double)) =
            (generator(&config), generator(&config));
        share_weights(&store, &mut double_store);
        let (latent, latent_64) = both([n, config.latent_dim], 0.2);
        let (context, context_64) = both([n, config.context_dim()], 0.7);
        let (signal, signal_64) = both([n, config.features], 0.4);

        let latent_64 = latent_64.set_requires_grad(true);
        let expected = double.forward(&latent_64, &context_64);
        let objective = (&expected * &signal_64).sum(None::<Kind>);
        let below = Tensor::run_backward(&[&objective], &[&latent_64], true, false).remove(0);

        let [latent, context, signal] = [latent, context, signal].map(|tensor| values(&tensor));
        let mut pass = single.pass().unwrap();
        let blocks = TabularPass::run([&mut pass], n as usize, |rows, [mut block]| {
            block.forward(&[rows.of(&latent)], rows.of(&context));
            block.backward(&[rows.of(&signal)]);
            block.weight_gradients(None);
            (block.outputs(0), block.input_gradient(0))
        });
        let (outputs, inputs) = blocks.into_iter().unzip();
        assert_close(&what, &rows(outputs, n), &expected, TOLERANCE);
        assert_close(&what, &rows(inputs, n), &below, TOLERANCE);
        let expected = gradients(&double_store, &objective);
        assert_all_close(&what, &by_name(&mut pass), &expected, TOLERANCE);
    }
}

/// Numbers of sets, and whether the last one is a tangent's.
const COMBINATIONS: [(usize, bool); 6] =
    [(2, false), (3, true), (1, true), (1, false), (3, false), (2, true)];

#[test]
fn a_pass_through_the_critic_is_autograds_differentiated_twice() {
    let _alone = alone(1);
    for (config, n) in cases() {
        let ((store, single), (mut double_store, double)) = (critic(&config), critic(&config));
        share_weights(&store, &mut double_store);
        let sets = [0.1, 0.3, 0.5].map(|phase| both([n, config.features], phase));
        let signals = [0.2, 0.6, 0.7].map(|phase| both([n, 1], phase));
        let (tangent, tangent_64) = both([n, config.features], 0.9);
        let (context, context_64) = both([n, config.context_dim()], 0.8);
        let [context, tangent] = [&context, &tangent].map(values);
        let mut pass = single.pass().unwrap();
        // Each run has the memory of the one before.
        for (n_sets, bent) in COMBINATIONS {
            let what = format!("{n_sets} sets, tangent {bent}, {n} rows, {config:?}");
            let (last, plain) = (n_sets - 1, n_sets - usize::from(bent));
            let given = double.given(&context_64);
            let points = sets[last].1.detach().set_requires_grad(true);
            let features = sets[..last].iter().map(|(_, features)| features).chain([&points]);
            let scores: Vec<_> = features.map(|features| given.forward(features)).collect();
            let weighed = |set: usize| scores[set].dot(&signals[set].1.squeeze_dim(1));
            let slopes = Tensor::run_backward(&[weighed(last)], &[&points], true, true).remove(0);
            let mut objective: Tensor = (0..plain).map(weighed).sum();
            if bent {
                objective += (&slopes * &tangent_64).sum(None::<Kind>);
            }

            let sets: Vec<_> = sets[..n_sets].iter().map(|(single, _)| values(single)).collect();
            let signals: Vec<_> = signals[..n_sets].iter().map(|(one, _)| values(one)).collect();
            let blocks = TabularPass::run([&mut pass], n as usize, |rows, [mut block]| {
                let [sets, signals] = [&sets, &signals]
                    .map(|sets| sets.iter().map(|set| rows.of(set)).collect::<Vec<_>>());
                block.forward(&sets, rows.of(&context));
                block.backward(&signals);
                let slopes = block.input_gradient(last);
                let outputs: Vec<_> = (0..n_sets).map(|set| block.outputs(set)).collect();
                block.weight_gradients(bent.then(|| rows.of(&tangent)));
                (outputs, slopes)
            });
            let (outputs, inputs): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
            for (set, expected) in scores.iter().enumerate() {
                let outputs = outputs.iter().map(|sets| sets[set].clone()).collect();
                assert_close(&what, &rows(outputs, n).squeeze_dim(1), expected, TOLERANCE);
            }
            assert_close(&what, &rows(inputs, n), &slopes, TOLERANCE);
            let expected = gradients(&double_store, &objective);
            assert_all_close(&what, &by_name(&mut pass), &expected, TOLERANCE);
        }
    }
}

#[test]
fn signals_of_equal_size_and_other_sign_leave_the_last_bias() {
    let _alone = alone(1);
    let (_store, critic) = critic(&TabularConfig::default());
    let n = 67;
    let [real, fake] = [0.1, 0.3].map(|phase| values(&both([n, 3], phase).0));
    let context = values(&both([n, 9], 0.5).0);
    let mut pass = critic.pass().unwrap();
    TabularPass::run([&mut pass], n as usize, |rows, [mut block]| {
        block.forward(&[rows.of(&real), rows.of(&fake)], rows.of(&context));
        let [down, up] = [-1.0, 1.0].map(|sign| vec![sign / n as f32; rows.count()]);
        block.backward(&[&down, &up]);
        block.weight_gradients(None);
    });
    let gradients = by_name(&mut pass);
    assert_eq!(gradients["out.4.bias"].double_value(&[0]), 0.0);
    assert!(gradients["out.2.bias"].abs().max().double_value(&[]) > 0.0);
}

#[test]
fn smooth_activations_and_other_precisions_have_no_passes() {
    let _alone = alone(1);
    for (name, activation) in ACTIVATIONS {
        let ((mut g, generator), (mut c, critic)) =
            (generator(&small(activation)), critic(&small(activation)));
        let smooth = activation == Activation::Elu;
        assert_eq!(generator.pass().is_none(), smooth, "{name}");
        assert_eq!(critic.pass().is_none(), smooth, "{name}");
        g.double();
        c.double();
        assert!(generator.pass().is_none(), "{name}");
        assert!(critic.pass().is_none(), "{name}");
    }
}
