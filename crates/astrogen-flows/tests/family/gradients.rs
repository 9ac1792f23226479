//! Every weight gets a gradient, and a finite one.

use astrogen_nn::NamedTensors;
use tch::{Kind, Tensor};

use crate::{alone, contexts_of, features_of, flow, members};

#[test]
fn every_weight_gets_its_gradient() {
    let _alone = alone();
    for kind in [Kind::Float, Kind::Double] {
        for size in [[1, 0], [1, 2], [2, 2], [4, 0]] {
            let [features, context] = size;
            for (name, config) in members(features, context) {
                let (store, flow) = flow(&config, kind, 2);
                let x = features_of(name, 200, features, kind);
                let c = contexts_of(200, context, kind);
                let log_prob = flow.given(c.as_ref()).unwrap().log_prob(&x).unwrap();
                log_prob.mean(kind).neg().backward();
                for (weight, tensor) in store.named_tensors() {
                    if !tensor.requires_grad() {
                        continue;
                    }
                    let gradient = tensor.grad();
                    assert!(gradient.defined(), "{name} {size:?}: {weight} has none");
                    let finite = gradient.isfinite().all().int64_value(&[]) == 1;
                    assert!(finite, "{name} {size:?} {kind:?}: {weight}");
                    // A triangle of L and U, and the weights that a mask hides, count for nothing.
                    let some = gradient.abs().sum(kind).double_value(&[]) > 0.0;
                    assert!(
                        some || weight.ends_with(".L") || weight.ends_with(".U"),
                        "{name}: {weight}"
                    );
                }
            }
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let _alone = alone();
    for (name, config) in members(2, 1) {
        let (store, flow) = flow(&config, Kind::Double, 6);
        let x = features_of(name, 10, 2, Kind::Double);
        let c = contexts_of(10, 1, Kind::Double);
        let loss = || flow.given(c.as_ref()).unwrap().log_prob(&x).unwrap().mean(Kind::Double);
        loss().backward();
        for (weight, tensor) in store.named_tensors() {
            if !tensor.requires_grad() {
                continue;
            }
            let direction = Tensor::randn_like(&tensor);
            let step = 1e-6;
            let at = |by: f64| {
                tch::no_grad(|| {
                    let mut tensor = tensor.shallow_clone();
                    let _ = tensor.g_add_(&(&direction * by));
                    let loss = loss().double_value(&[]);
                    let _ = tensor.g_sub_(&(&direction * by));
                    loss
                })
            };
            let expected = (at(step) - at(-step)) / (2.0 * step);
            let got = (tensor.grad() * &direction).sum(Kind::Double).double_value(&[]);
            assert!(
                (got - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{name} {weight}: {got} {expected}"
            );
        }
    }
}

#[test]
fn a_polynomials_inverse_is_differentiable_too() {
    let _alone = alone();
    for (name, config) in members(1, 1) {
        let (_store, flow) = flow(&config, Kind::Double, 6);
        let c = contexts_of(5, 1, Kind::Double).unwrap();
        let z = Tensor::randn([5, 1], (Kind::Double, tch::Device::Cpu)).set_requires_grad(true);
        let given = flow.given(&c).unwrap();
        let x = given.inverse(&z).unwrap();
        let slope = Tensor::run_backward(&[x.sum(Kind::Double)], &[&z], false, false).remove(0);
        let (_, ladj) = given.call_and_ladj(&x.detach()).unwrap();
        let error = crate::largest(&(slope.squeeze_dim(1) - (-ladj).exp()));
        assert!(error < 1e-8, "{name}: {error:e}");
    }
}
