//! Chains of layers in plain Rust: autograd's numbers in double precision, on any number of
//! threads.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod turn;

use std::sync::Mutex;

use astrogen_nn::dense::{Chain, Dense, DenseGradient, Trail, block_count, in_blocks};
use astrogen_nn::layers::{Sequential, leaky_relu};
use astrogen_nn::{Initialization, NamedTensors};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, kind};

use turn::alone;

const SLOPE: f64 = 0.2;

/// Weights and biases of fully connected layers of these widths, one after the other.
fn weights(widths: &[i64]) -> Vec<Tensor> {
    let store = VarStore::new(Device::Cpu);
    let mut net = Sequential::build(store.root());
    for pair in widths.windows(2) {
        net = net.linear(pair[0], pair[1]).unwrap();
    }
    let net = net.finish();
    net.init(Initialization::Uniform).unwrap();
    net.named_tensors().into_iter().map(|(_, tensor)| tensor.detach()).collect()
}

fn chain(weights: &[Tensor]) -> Chain {
    let last = weights.len() / 2 - 1;
    let layers = weights.chunks(2).enumerate().map(|(i, pair)| {
        let [outputs, inputs] = pair[0].size()[..] else { panic!("a weight has two axes") };
        let slope = if i < last { SLOPE as f32 } else { 1.0 };
        let mut layer = Dense::zeros([inputs as usize, outputs as usize], slope);
        layer.set(&pair[0], 0, &pair[1]);
        layer
    });
    Chain::new(layers.collect())
}

fn forward(weights: &[Tensor], xs: &Tensor) -> Tensor {
    let last = weights.len() / 2 - 1;
    weights.chunks(2).enumerate().fold(xs.shallow_clone(), |xs, (i, pair)| {
        let ys = xs.linear(&pair[0], Some(&pair[1]));
        if i < last { leaky_relu(&ys, SLOPE) } else { ys }
    })
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten(0, -1).try_into().unwrap()
}

#[track_caller]
fn assert_close(what: &str, got: &Tensor, expected: &Tensor) {
    let worst = (got.to_kind(Kind::Double) - expected).abs().max().double_value(&[]);
    let scale = expected.abs().max().double_value(&[]);
    assert!(worst <= 1e-5 * scale, "{what}: {worst:e} of {scale:e}");
}

/// `[rows, out]`, `[rows, in]` and the gradients of all weights and biases, in blocks.
fn pass(weights: &[Tensor], xs: &Tensor, signal: &Tensor) -> (Tensor, Tensor, Vec<Tensor>) {
    let chain = chain(weights);
    let (n, inputs, outputs) = (xs.size()[0], xs.size()[1] as usize, signal.size()[1] as usize);
    let (xs, signal) = (values(xs), values(signal));
    let mut trails: Vec<Trail> = (0..block_count(n as usize)).map(|_| chain.trail()).collect();
    let made = in_blocks(n as usize, [&mut trails], |rows, [trail]| {
        trail.input(rows.count()).fill(0, rows.of(&xs), inputs, 0);
        chain.forward(trail, None);
        trail.output_signals().fill(0, rows.of(&signal), outputs, 0);
        chain.backward(trail);
        chain.gradients(trail, rows.count(), 1);
        let all = 0..rows.count();
        let below: Vec<_> = chain.input_gradient(trail, all.clone()).values(all.clone()).collect();
        (trail.outputs().values(all).collect::<Vec<_>>(), below)
    });
    let (ys, below): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    let mut gradients: Vec<_> = weights.iter().map(Tensor::zeros_like).collect();
    for (layer, pair) in gradients.chunks_mut(2).enumerate() {
        let [weight, bias] = pair else { panic!("a weight and a bias") };
        let blocks = trails.iter().map(|trail| &trail.gradients()[layer]).collect();
        DenseGradient::sum(&[blocks], weight, bias);
    }
    let rows = |blocks: Vec<Vec<f32>>| Tensor::from_slice(&blocks.concat()).view([n, -1]);
    (rows(ys), rows(below), gradients)
}

#[test]
fn a_pass_is_autograds() {
    let _alone = alone(1);
    for (widths, n) in [
        (vec![3, 5], 1),
        (vec![1, 1, 1], 7),
        (vec![5, 16, 3], 64),
        (vec![9, 70, 33, 2], 300),
        (vec![17, 128, 128, 1], 1000),
    ] {
        let weights = weights(&widths);
        let (inputs, outputs) = (widths[0], widths[widths.len() - 1]);
        let xs = Tensor::randn([n, inputs], kind::FLOAT_CPU);
        let signal = Tensor::randn([n, outputs], kind::FLOAT_CPU);
        let (ys, below, gradients) = pass(&weights, &xs, &signal);

        let double = |tensor: &Tensor| tensor.to_kind(Kind::Double).set_requires_grad(true);
        let weights: Vec<_> = weights.iter().map(double).collect();
        let xs = double(&xs);
        let expected = forward(&weights, &xs);
        let what = format!("{widths:?}, {n} rows");
        assert_close(&what, &ys, &expected);
        let objective = (expected * signal.to_kind(Kind::Double)).sum(None::<Kind>);
        let mut by = vec![&xs];
        by.extend(&weights);
        let expected = Tensor::run_backward(&[objective], &by, false, false);
        assert_close(&what, &below, &expected[0]);
        for (got, expected) in gradients.iter().zip(&expected[1..]) {
            assert_close(&what, got, expected);
        }
    }
}

#[test]
fn results_are_the_same_bits_on_any_number_of_threads() {
    let _alone = alone(1);
    let weights = weights(&[9, 70, 2]);
    let (xs, signal) =
        (Tensor::randn([500, 9], kind::FLOAT_CPU), Tensor::randn([500, 2], kind::FLOAT_CPU));
    let before = tch::get_num_threads();
    let once = pass(&weights, &xs, &signal);
    for threads in [1, 2, 5] {
        tch::set_num_threads(threads);
        let again = pass(&weights, &xs, &signal);
        assert!((&again.0, &again.1) == (&once.0, &once.1), "{threads} threads");
        assert!(again.2 == once.2, "{threads} threads");
    }
    tch::set_num_threads(before);
}

#[test]
fn every_row_is_in_one_block_and_results_are_in_order() {
    let _alone = alone(1);
    for rows in [0, 1, 63, 64, 65, 1000, 5000] {
        let numbers: Vec<usize> = (0..rows).collect();
        let seen = Mutex::new(0);
        let mut states = vec![0; block_count(rows)];
        let blocks = in_blocks(rows, [&mut states], |block, [state]| {
            *state += block.count();
            *seen.lock().unwrap() += 1;
            block.of(&numbers).to_vec()
        });
        assert_eq!(blocks.concat(), numbers);
        assert_eq!(states.iter().sum::<usize>(), rows);
        assert_eq!(*seen.lock().unwrap(), block_count(rows));
    }
}

#[test]
#[should_panic(expected = "single precision on the CPU")]
fn weights_in_double_precision_are_refused() {
    let _alone = alone(1);
    let bias = Tensor::zeros([1], kind::FLOAT_CPU);
    Dense::zeros([1, 1], 1.0).set(&Tensor::zeros([1, 1], kind::DOUBLE_CPU), 0, &bias);
}
