//! Inputs at the ends of what numbers there are: nothing aborts, and one row spoils no other.

use astrogen_flows::{FlowConfig, Unit, Units};
use proptest::prelude::*;
use tch::{Kind, Tensor};

use crate::{alone, contexts_of, features_of, flow, members};

/// Values that break formulas.
const ODD: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    5.0,
    -5.0,
    3.0,
    -3.0,
    4.999_999_9,
    10.0,
    -11.0,
    1e-40,
    1e30,
    -1e30,
    f64::INFINITY,
    f64::NAN,
];

#[test]
fn odd_values_abort_nothing_and_spoil_no_other_row() {
    let _alone = alone();
    for kind in [Kind::Float, Kind::Double] {
        for (name, config) in members(4, 2) {
            let (_store, flow) = flow(&config, kind, 3);
            let c = contexts_of(17, 2, kind).unwrap();
            let x = features_of(name, 17, 4, kind);
            for column in 0..4 {
                let odd = Tensor::from_slice(&ODD).to_kind(kind);
                x.narrow(0, 0, 16).select(1, column).copy_(&odd.roll([column * 3], [0]));
            }
            let given = flow.given(&c).unwrap();
            let log_prob = given.log_prob(&x).unwrap();
            let back = given.inverse(&x).unwrap();
            let alone = flow.given(&c.narrow(0, 16, 1)).unwrap();
            let row = x.narrow(0, 16, 1);
            let close = |a: f64, b: f64| (a - b).abs() < 1e-3;
            let own = alone.log_prob(&row).unwrap().double_value(&[0]);
            assert!(own.is_finite() && close(own, log_prob.double_value(&[16])), "{name}: {own}");
            let own = alone.inverse(&row).unwrap().double_value(&[0, 0]);
            assert!(own.is_finite() && close(own, back.double_value(&[16, 0])), "{name}: {own}");
        }
    }
}

/// A logarithm of what is not above 0, say. A spline takes parameters that are no numbers for values
/// outside of its box, and would be the identity.
#[test]
fn nothing_is_known_given_a_context_that_its_units_cannot_take() {
    let _alone = alone();
    for kind in [Kind::Float, Kind::Double] {
        for (name, config) in members(3, 2) {
            let log10 = Units(vec![vec![Unit::Log10], vec![]]);
            let (_store, flow) = flow(&FlowConfig { context_units: log10, ..config }, kind, 3);
            let x = features_of(name, 4, 3, kind);
            let c = Tensor::from_slice(&[1.0, 0.5, -1.0, 0.5, 0.0, 0.5, 2.0, f64::NAN]);
            let c = c.view([4, 2]).to_kind(kind);
            let known =
                |of: &Tensor| Vec::<i64>::try_from(of.isfinite().to_kind(Kind::Int64)).unwrap();
            let given = flow.given(&c).unwrap();
            assert_eq!(known(&given.log_prob(&x).unwrap()), [1, 0, 0, 0], "{name}");
            let (samples, density) = given.sample_and_log_prob(2).unwrap();
            for (samples, density) in
                [(0, 0), (1, 1)].map(|(i, j)| (samples.get(i), density.get(j)))
            {
                assert_eq!(known(&samples.select(1, 2)), [1, 0, 0, 0], "{name}");
                assert_eq!(known(&density), [1, 0, 0, 0], "{name}");
            }
            if kind == Kind::Float {
                let mut rows = [0.0; 4 * 3];
                given.sample_rows(5, 1, &mut rows).unwrap();
                let finite = rows.chunks(3).map(|row| row.iter().all(|of| of.is_finite()));
                assert!(finite.eq([true, false, false, false]), "{name}: {rows:?}");
                let one = flow.given(&c.get(1)).unwrap();
                one.sample_rows(5, 1, &mut rows).unwrap();
                assert!(rows.iter().all(|of| of.is_nan()), "{name}: {rows:?}");
            }
        }
    }
}

#[test]
fn numbers_beyond_a_box_are_left_alone_with_finite_gradients() {
    let _alone = alone();
    for (name, config) in members(2, 1) {
        if !["nsf", "nsf_coupling", "bpf"].contains(&name) {
            continue;
        }
        let (store, flow) = flow(&config, Kind::Float, 3);
        let c = contexts_of(4, 1, Kind::Float).unwrap();
        let x = Tensor::from_slice(&[1e30f32, -1e30, 5.0, -5.0, 1e-40, 0.0, 6.0, 0.1]).view([4, 2]);
        let given = flow.given(&c).unwrap();
        let log_prob = given.call_and_ladj(&x).unwrap().1;
        log_prob.sum(Kind::Float).backward();
        for (weight, tensor) in astrogen_nn::NamedTensors::named_tensors(&store) {
            if tensor.requires_grad() && tensor.grad().defined() {
                let finite = tensor.grad().isfinite().all().int64_value(&[]) == 1;
                // A network that sees 1e30 has no finite outputs for others to be given by.
                assert!(finite || name != "bpf" && weight.contains("hyper"), "{name}: {weight}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn any_features_come_back(values in prop::collection::vec(-4.5f64..4.5, 8), seed in 0i64..1000) {
        let _alone = alone();
        for (name, config) in members(4, 0) {
            let (_store, flow) = flow(&config, Kind::Double, seed);
            let x = Tensor::from_slice(&values).view([2, 4]);
            let x = if name == "ncsf" { x.clamp(-3.1, 3.1) } else { x };
            let given = flow.given(None).unwrap();
            let (z, ladj) = given.call_and_ladj(&x).unwrap();
            let back = given.inverse(&z).unwrap();
            prop_assert!(crate::largest_between(name, &back, &x) < 1e-7, "{}", name);
            prop_assert!(ladj.isfinite().all().int64_value(&[]) == 1, "{}", name);
        }
    }
}
