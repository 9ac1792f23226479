//! The crate's own passes against tensor operations.

use astrogen_flows::{BaseConfig, Flow, FlowConfig, FlowPass};
use astrogen_nn::NamedTensors;
use tch::{Device, Kind, Tensor, no_grad};

use crate::{alone, contexts_of, features_of, flow, largest, largest_between, members};

/// The flow with the same weights in double precision.
fn double(config: &FlowConfig, flow: &Flow) -> (tch::nn::VarStore, Flow) {
    let (store, same) = crate::flow(config, Kind::Double, 0);
    no_grad(|| {
        for ((name, to), (other, from)) in same.named_tensors().iter().zip(flow.named_tensors()) {
            assert_eq!(name, &other);
            to.shallow_clone().copy_(&from);
        }
    });
    (store, same)
}

/// Sizes that make steps of every kind: single features, groups, more rows than a block.
const SIZES: [[i64; 2]; 6] = [[1, 0], [1, 2], [2, 0], [4, 3], [6, 1], [5, 0]];

fn values(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.flatten(0, -1)).unwrap()
}

#[test]
fn passes_have_the_numbers_of_tensor_operations() {
    let _alone = alone();
    for size in SIZES {
        let [features, context] = size;
        for (name, config) in members(features, context) {
            let (_store, flow) = flow(&config, Kind::Float, 3);
            let (_double, exact) = double(&config, &flow);
            let x = features_of(name, 150, features, Kind::Float);
            let all = contexts_of(150, context, Kind::Float);
            for c in [all.as_ref(), all.as_ref().map(|all| all.get(0)).as_ref()] {
                let given = flow.given(c).unwrap();
                let (z, ladj) = no_grad(|| given.call_and_ladj(&x)).unwrap();
                let back = no_grad(|| given.inverse(&x)).unwrap();
                assert!(!z.requires_grad());
                let expected = exact.given(c).unwrap();
                let (exact_z, exact_ladj) = expected.call_and_ladj(&x).unwrap();
                let error = largest_between(name, &z, &exact_z);
                assert!(error < 3e-4, "{name} {size:?} z: {error:e}");
                let error = largest(&(ladj - exact_ladj));
                assert!(error < 3e-4, "{name} {size:?} ladj: {error:e}");
                let exact_back = expected.inverse(&x).unwrap();
                let scale = exact_back.abs().clamp_min(1.0);
                let error = largest_between(name, &(back / &scale), &(exact_back / &scale));
                assert!(error < 2e-3, "{name} {size:?} inverse: {error:e}");
            }
        }
    }
}

#[test]
fn gradients_of_passes_are_those_of_autograd() {
    let _alone = alone();
    for size in [[1, 2], [2, 0], [4, 3], [6, 1]] {
        let [features, context] = size;
        for (name, config) in members(features, context) {
            let (_store, flow) = flow(&config, Kind::Float, 5);
            let (store, exact) = double(&config, &flow);
            let x = features_of(name, 150, features, Kind::Float);
            let c = contexts_of(150, context, Kind::Float);
            let weights = Tensor::rand([150], (Kind::Float, Device::Cpu));
            let mut pass = FlowPass::new(&flow).unwrap();
            for weights in [None, Some(&weights)] {
                let (loss, gradients) = pass.loss_and_gradients(&x, c.as_ref(), weights).unwrap();
                let log_prob = exact.given(c.as_ref()).unwrap().log_prob(&x).unwrap();
                let expected = match weights {
                    None => -log_prob.mean(Kind::Double),
                    Some(weights) => -(log_prob * weights).mean(Kind::Double),
                };
                let error = (loss - expected.double_value(&[])).abs();
                assert!(error < 1e-4, "{name} {size:?}: {error:e}");
                let mut named: Vec<(String, Tensor)> = store.named_tensors();
                named.retain(|(_, tensor)| tensor.requires_grad());
                named.sort_by(|a, b| a.0.cmp(&b.0));
                assert!(pass.names().eq(named.iter().map(|(name, _)| name.as_str())), "{name}");
                let all: Vec<&Tensor> = named.iter().map(|(_, tensor)| tensor).collect();
                let expected = Tensor::run_backward(&[expected], &all, false, false);
                for (((weight, _), got), expected) in named.iter().zip(&gradients).zip(&expected) {
                    assert_eq!(got.size(), expected.size(), "{name} {weight}");
                    let scale = largest(expected).max(0.1);
                    let error = largest(&(got - expected)) / scale;
                    assert!(error < 1e-3, "{name} {size:?} {weight}: {error:e}\n{got}\n{expected}");
                }
            }
        }
    }
}

#[test]
fn gradients_of_passes_are_those_of_finite_differences() {
    let _alone = alone();
    for (name, config) in members(4, 2) {
        let (_store, flow) = flow(&config, Kind::Float, 6);
        let x = features_of(name, 40, 4, Kind::Float);
        let c = contexts_of(40, 2, Kind::Float);
        let mut pass = FlowPass::new(&flow).unwrap();
        let (_, gradients) = pass.loss_and_gradients(&x, c.as_ref(), None).unwrap();
        let names: Vec<String> = pass.names().map(str::to_owned).collect();
        for (wanted, gradient) in names.iter().zip(&gradients) {
            let named = flow.named_tensors();
            let (_, weight) = named.iter().find(|(name, _)| name == wanted).unwrap();
            let weight = weight.detach();
            let direction = gradient / (gradient.norm() + 1e-12);
            let step = 1e-3;
            let mut at = |by: f64| {
                let before = weight.copy();
                let _ = weight.shallow_clone().g_add_(&(&direction * by));
                let (loss, _) = pass.loss_and_gradients(&x, c.as_ref(), None).unwrap();
                weight.shallow_clone().copy_(&before);
                loss
            };
            let expected = (at(step) - at(-step)) / (2.0 * step);
            let got = (gradient * &direction).sum(Kind::Double).double_value(&[]);
            // ReLU and bins have corners.
            let near = (got - expected).abs() < 2e-3 + 0.05 * expected.abs();
            assert!(near, "{name} {wanted}: {got} {expected}");
        }
    }
}

#[test]
fn threads_and_pieces_change_no_bit() {
    let _alone = alone();
    let before = tch::get_num_threads();
    for (name, config) in members(4, 2) {
        let (_store, flow) = flow(&config, Kind::Float, 7);
        let rows = 700;
        let x = features_of(name, rows, 4, Kind::Float);
        let c = contexts_of(rows, 2, Kind::Float).unwrap();
        let mut pass = FlowPass::new(&flow).unwrap();
        let mut first = None;
        for threads in [1, 2, 5] {
            tch::set_num_threads(threads);
            let given = flow.given(&c).unwrap();
            let (z, ladj) = no_grad(|| given.call_and_ladj(&x)).unwrap();
            let back = no_grad(|| given.inverse(&x)).unwrap();
            let mut samples = vec![0.0; 700 * 4];
            given.sample_rows(1000, 3, &mut samples).unwrap();
            let (loss, gradients) = pass.loss_and_gradients(&x, Some(&c), None).unwrap();
            let gradients: Vec<_> = gradients.iter().map(values).collect();
            let all = (values(&z), values(&ladj), values(&back), samples, loss, gradients);
            match &first {
                None => first = Some(all),
                Some(first) => assert!(*first == all, "{name}: {threads} threads"),
            }
            // Pieces of the same rows.
            for (from, to) in [(0, 1), (1, 64), (64, 500), (500, 700)] {
                let part = |of: &Tensor| of.narrow(0, from, to - from);
                let given = flow.given(&part(&c)).unwrap();
                let piece = no_grad(|| given.call_and_ladj(&part(&x))).unwrap();
                let (z, ladj) = (part(&z), part(&ladj));
                assert!(values(&piece.0) == values(&z), "{name}");
                assert!(values(&piece.1) == values(&ladj), "{name}");
                let mut piece = vec![0.0; (to - from) as usize * 4];
                given.sample_rows(1000 + from as u64, 3, &mut piece).unwrap();
                let all = first.as_ref().map(|first| &first.3[from as usize * 4..to as usize * 4]);
                assert!(all.is_some_and(|all| all == piece), "{name} {from}");
            }
        }
    }
    tch::set_num_threads(before);
}

#[test]
fn rows_of_a_table_are_drawn_from_the_flow() {
    let _alone = alone();
    let bases =
        [BaseConfig::Uniform { bound: 3.0 }, BaseConfig::Beta { concentration: 9.0, bound: 5.0 }];
    let maf = FlowConfig { hidden: vec![8], ..FlowConfig::maf(2, 1) };
    let bases = bases.map(|base| ("maf", FlowConfig { base, ..maf.clone() }));
    for (name, config) in members(2, 1).into_iter().chain(bases) {
        let base = config.base;
        let (_store, flow) = flow(&config, Kind::Float, 4);
        let (_double, exact) = double(&config, &flow);
        let context = Tensor::from_slice(&[0.3]);
        let mut samples = vec![0.0; 2 * 4000];
        flow.given(&context).unwrap().sample_rows(5, 1, &mut samples).unwrap();
        let made = Tensor::from_slice(&samples).view([4000, 2]);
        let expected = flow.given(&context).unwrap().sample(4000).unwrap();
        let means = |of: &Tensor| of.tanh().mean_dim(0, false, Kind::Double);
        let error = largest(&(means(&made) - means(&expected)));
        assert!(error < 0.06, "{name} {base:?}: {error}");
        // In double precision, by tensors, the same rows.
        let mut same = vec![0.0; 2 * 500];
        exact.given(&context).unwrap().sample_rows(5, 1, &mut same).unwrap();
        let same = Tensor::from_slice(&same).view([500, 2]);
        let scale = same.abs().clamp_min(1.0);
        let error = largest_between(name, &(made.narrow(0, 0, 500) / &scale), &(same / &scale));
        assert!(error < 2e-3, "{name} {base:?}: {error}");
    }
    let (_store, flow) = flow(&FlowConfig::maf(3, 0), Kind::Float, 4);
    let message = flow.given(None).unwrap().sample_rows(0, 1, &mut [0.0; 4]).unwrap_err();
    assert!(message.to_string().contains("[N * 3], got [4]"), "{message}");
}

#[test]
fn odd_values_spoil_no_other_row_of_a_block() {
    let _alone = alone();
    let odd = [
        0.0f32,
        -0.0,
        5.0,
        -5.0,
        3.0,
        -3.0,
        4.999_999,
        11.0,
        -11.0,
        1e-40,
        -1e-45,
        1e30,
        -1e30,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
    ];
    for (name, config) in members(4, 2) {
        let (_store, flow) = flow(&config, Kind::Float, 3);
        let x = features_of(name, 40, 4, Kind::Float);
        let c = contexts_of(40, 2, Kind::Float).unwrap();
        let given = flow.given(&c).unwrap();
        let run = |x: &Tensor| {
            no_grad(|| {
                let (z, ladj) = given.call_and_ladj(x).unwrap();
                [z, ladj.unsqueeze(1), given.inverse(x).unwrap()]
            })
        };
        let before = run(&x);
        for column in 0..4 {
            let some = Tensor::from_slice(&odd);
            x.narrow(0, 0, 17).select(1, column).copy_(&some.roll([column * 5], [0]));
        }
        let after = run(&x);
        for (before, after) in before.iter().zip(&after) {
            let rest = |of: &Tensor| values(&of.narrow(0, 17, 23));
            assert!(rest(before) == rest(after), "{name}");
        }
        // A number that is none makes none, as with tensors.
        let log_prob = no_grad(|| given.log_prob(&x)).unwrap();
        let by_tensors = given.log_prob(&x).unwrap();
        for i in 0..17 {
            let (got, expected) = (log_prob.double_value(&[i]), by_tensors.double_value(&[i]));
            let nan = (0..4).any(|j| x.double_value(&[i, j]).is_nan());
            assert!(!nan || got.is_nan() && expected.is_nan(), "{name} {i}: {got} {expected}");
        }
    }
}

#[test]
fn weights_that_change_are_read_anew() {
    let _alone = alone();
    let (_store, flow) = flow(&FlowConfig::maf(3, 0), Kind::Float, 3);
    let x = features_of("maf", 10, 3, Kind::Float);
    let given = flow.given(None).unwrap();
    let log_prob = || no_grad(|| given.log_prob(&x)).unwrap();
    let mut pass = FlowPass::new(&flow).unwrap();
    let before = (log_prob(), pass.loss_and_gradients(&x, None, None).unwrap().0);
    no_grad(|| {
        for (_, weight) in flow.named_tensors().iter().filter(|(_, of)| of.requires_grad()) {
            let _ = weight.shallow_clone().g_mul_scalar_(1.5);
        }
    });
    let after = (log_prob(), pass.loss_and_gradients(&x, None, None).unwrap().0);
    assert!(largest(&(&before.0 - &after.0)) > 1e-3 && before.1 != after.1);
    let mean = after.0.mean(Kind::Double).double_value(&[]);
    assert!((mean + after.1).abs() < 1e-5 * after.1.abs());
    assert!(given.log_prob(&x).unwrap().requires_grad(), "gradients are for tensors");
}

#[test]
fn batches_that_do_not_fit_are_refused() {
    let (_store, flow) = flow(&FlowConfig::maf(3, 2), Kind::Float, 3);
    let mut pass = FlowPass::new(&flow).unwrap();
    let zeros = |size: &[i64]| Tensor::zeros(size, (Kind::Float, Device::Cpu));
    let mut refused = |x: &[i64], c: Option<&[i64]>| {
        let c = c.map(zeros);
        pass.loss_and_gradients(&zeros(x), c.as_ref(), None).unwrap_err().to_string()
    };
    assert!(refused(&[4, 2], Some(&[4, 2])).contains("features must have shape [4, 3]"));
    assert!(refused(&[0, 3], Some(&[0, 2])).contains("features must have shape [1, 3]"));
    assert!(refused(&[4, 3], Some(&[3, 2])).contains("the context must have shape [4, 2]"));
    assert!(refused(&[4, 3], None).contains("takes 2 context values, got none"));
    let elu =
        FlowConfig { activation: astrogen_flows::masked::Activation::Elu, ..FlowConfig::maf(3, 2) };
    assert!(FlowPass::new(&crate::flow(&elu, Kind::Float, 3).1).is_none());
    assert!(FlowPass::new(&crate::flow(&FlowConfig::maf(3, 2), Kind::Double, 3).1).is_none());
}
