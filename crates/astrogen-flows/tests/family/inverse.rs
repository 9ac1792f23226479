//! Forth and back, and the determinant of what lies between.

use tch::Kind;

use crate::{alone, contexts_of, features_of, flow, largest, largest_between, members};

#[test]
fn what_goes_forth_comes_back() {
    let _alone = alone();
    for (kind, tolerance) in [(Kind::Double, 1e-9), (Kind::Float, 2e-3)] {
        for size in [[1, 0], [1, 2], [2, 0], [4, 3], [5, 0]] {
            let [features, context] = size;
            for (name, config) in members(features, context) {
                let (_store, flow) = flow(&config, kind, 3);
                let x = features_of(name, 50, features, kind);
                let c = contexts_of(50, context, kind);
                let given = flow.given(c.as_ref()).unwrap();
                let (z, ladj) = given.call_and_ladj(&x).unwrap();
                let back = given.inverse(&z).unwrap();
                let error = largest_between(name, &back, &x);
                assert!(error < tolerance, "{name} {size:?} {kind:?}: {error:e}");
                assert_eq!(ladj.size(), [50], "{name}");
            }
        }
    }
}

#[test]
fn the_log_determinant_is_that_of_autograds_jacobian() {
    let _alone = alone();
    for size in [[1, 0], [2, 2], [4, 0], [5, 3]] {
        let [features, context] = size;
        for (name, config) in members(features, context) {
            let (_store, flow) = flow(&config, Kind::Double, 5);
            let x = features_of(name, 7, features, Kind::Double).set_requires_grad(true);
            let c = contexts_of(7, context, Kind::Double);
            let (z, ladj) = flow.given(c.as_ref()).unwrap().call_and_ladj(&x).unwrap();
            // Rows do not depend on each other: the sum over rows has all their gradients.
            let rows: Vec<_> = (0..features)
                .map(|i| {
                    let sum = z.select(1, i).sum(Kind::Double);
                    tch::Tensor::run_backward(&[sum], &[&x], true, false).remove(0)
                })
                .collect();
            let jacobian = tch::Tensor::stack(&rows, 1);
            let expected = jacobian.det().abs().log();
            let error = largest(&(ladj - expected));
            assert!(error < 1e-8, "{name} {size:?}: {error:e}");
        }
    }
}

#[test]
fn an_identity_to_begin_with_changes_nothing() {
    let _alone = alone();
    for size in [[1, 2], [4, 0], [4, 2]] {
        let [features, context] = size;
        for (name, config) in members(features, context) {
            if name == "galactic" || name == "ncsf" {
                continue; // the one has none, the other turns its angles
            }
            let config = astrogen_flows::FlowConfig { identity: true, ..config };
            tch::manual_seed(1);
            let mut store = tch::nn::VarStore::new(tch::Device::Cpu);
            store.set_kind(Kind::Double);
            let flow = config.init(&store.root()).unwrap();
            let x = features_of(name, 20, features, Kind::Double);
            let c = contexts_of(20, context, Kind::Double);
            let (z, ladj) = flow.given(c.as_ref()).unwrap().call_and_ladj(&x).unwrap();
            // A sum of squares has its least slope on top, and a soft clip between two of them.
            let ladj = largest(&ladj);
            if name == "sospf" {
                assert!(ladj < 4.0, "{name}: {ladj}");
            } else {
                assert!(largest(&(z - x)) < 1e-12 && ladj < 1e-12, "{name} {size:?}: {ladj}");
            }
        }
    }
}
