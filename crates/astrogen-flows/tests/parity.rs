//! Every member of the family against zuko, and GalacticFlow's layers against their own formulas.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use astrogen_flows::{Architecture, Flow, FlowConfig, Member};
use astrogen_nn::weights;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

const SIZES: [[i64; 2]; 3] = [[2, 0], [3, 2], [5, 3]];

fn golden() -> BTreeMap<String, Tensor> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/flows.safetensors");
    weights::read(path).unwrap().tensors
}

/// The config of a case, as the script has it.
fn config(member: Member, size: [i64; 2]) -> FlowConfig {
    let [features, context] = size;
    let (transforms, hidden) = match size {
        _ if member == Member::Galactic => (2, vec![10, 10]),
        [2, 0] => (2, vec![8]),
        [3, 2] => (2, vec![16, 12]),
        _ => (3, vec![12, 12]),
    };
    FlowConfig { transforms, hidden, ..member.config(features, context) }
}

/// The flow of a case with zuko's weights, in this precision.
fn flow(golden: &BTreeMap<String, Tensor>, case: &str, config: &FlowConfig, kind: Kind) -> Flow {
    let mut store = VarStore::new(Device::Cpu);
    store.set_kind(kind);
    let flow = config.init(&store.root()).unwrap();
    let prefix = format!("{case}.weights.");
    let mut tensors: BTreeMap<String, Tensor> = golden
        .iter()
        .filter_map(|(name, tensor)| {
            let name = name.strip_prefix(&prefix)?;
            let cast = tensor.is_floating_point();
            let tensor = if cast { tensor.to_kind(kind) } else { tensor.shallow_clone() };
            Some((name.to_owned(), tensor))
        })
        .collect();
    // The base's numbers are constants there.
    for (name, tensor) in flow.named_tensors() {
        if name.starts_with("base.") {
            tensors.insert(name, tensor);
        }
    }
    // By name: every name, shape and element type has to fit.
    weights::copy_into(store.variables(), &tensors, "zuko").unwrap();
    flow
}

fn cases() -> Vec<(String, FlowConfig)> {
    let mut cases = Vec::new();
    for (name, member) in Member::ALL {
        let sizes = if member == Member::Galactic { vec![[2, 0], [4, 2]] } else { SIZES.to_vec() };
        for size in sizes {
            cases.push((format!("{name}.{}x{}", size[0], size[1]), config(member, size)));
        }
    }
    cases
}

#[track_caller]
fn assert_near(got: &Tensor, expected: &Tensor, tolerance: f64, what: &str) {
    let (got, expected) = (got.to_kind(Kind::Double), expected.to_kind(Kind::Double));
    assert_eq!(got.size(), expected.size(), "{what}");
    let scale = expected.abs().clamp_min(1.0);
    let error = ((&got - &expected).abs() / scale).max().double_value(&[]);
    assert!(error <= tolerance, "{what}: {error:e} of at most {tolerance:e}\n{got}\n{expected}");
}

#[test]
fn every_member_has_the_numbers_of_its_reference() {
    let golden = golden();
    for (case, config) in cases() {
        for (kind, tolerance, passes) in
            [(Kind::Double, 1e-10, false), (Kind::Float, 1e-5, false), (Kind::Float, 1e-5, true)]
        {
            let flow = flow(&golden, &case, &config, kind);
            let at = |name: &str| &golden[&format!("{case}.{name}")];
            let context = golden.get(&format!("{case}.context"));
            let given = flow.given(context).unwrap();
            // Without gradients, the crate's own passes in single precision; with them, tensors.
            let _no_grad = (kind == Kind::Float && passes).then(tch::no_grad_guard);
            let (z, ladj) = given.call_and_ladj(at("x")).unwrap();
            assert_near(&z, at("z"), tolerance, &format!("{case} z {kind:?}"));
            assert_near(&ladj, at("ladj"), tolerance, &format!("{case} ladj {kind:?}"));
            let log_prob = given.log_prob(at("x")).unwrap();
            assert_near(&log_prob, at("log_prob"), tolerance, &format!("{case} log_prob {kind:?}"));

            // zuko halves a bracket down to 1e-6 to invert polynomials, from [-10, 10] on.
            let polynomial = case.starts_with("sospf") || case.starts_with("bpf");
            let tolerance = if polynomial { 2e-5 } else { tolerance };
            let tolerance = if kind == Kind::Float { tolerance.max(1e-4) } else { tolerance };
            let back = given.inverse(at("latents")).unwrap();
            let first = if case.starts_with("sospf") { 4 } else { 0 }; // those before are beyond 10
            let rows = |of: &Tensor| of.slice(0, first, None, 1);
            let what = format!("{case} inverse {kind:?}");
            assert_near(&rows(&back), &rows(at("back")), tolerance, &what);
        }
    }
}

#[test]
fn names_are_those_of_the_state_dicts() {
    let golden = golden();
    for (case, config) in cases() {
        let store = VarStore::new(Device::Cpu);
        let flow = config.init(&store.root()).unwrap();
        let prefix = format!("{case}.weights.");
        let mut expected: Vec<(String, Vec<i64>)> = golden
            .iter()
            .filter_map(|(name, tensor)| {
                Some((name.strip_prefix(&prefix)?.to_owned(), tensor.size()))
            })
            .collect();
        let named = flow.named_tensors().into_iter();
        let mut got: Vec<(String, Vec<i64>)> = named
            .filter(|(name, _)| !name.starts_with("base."))
            .map(|(name, tensor)| (name, tensor.size()))
            .collect();
        expected.sort();
        got.sort();
        assert_eq!(got, expected, "{case}");
        // Masks and orders are what zuko builds.
        for (name, tensor) in flow.named_tensors() {
            if name.ends_with("mask") || name.ends_with("order") {
                assert_eq!(tensor, golden[&format!("{prefix}{name}")], "{case}: {name}");
            }
        }
    }
    assert!(matches!(
        FlowConfig::galactic(4, 2).architecture,
        Architecture::Galactic { bins: 8, .. }
    ));
}
