//! Densities in physical units.

use astrogen_flows::{BaseConfig, FlowConfig, Unit, Units};
use tch::{Device, Kind, Tensor};

use crate::{alone, flow, largest};

#[test]
fn densities_are_those_of_the_physical_features() {
    let _alone = alone();
    let units = Units(vec![
        vec![Unit::Log10, Unit::Standardize { loc: 10.0, scale: 0.5 }],
        vec![Unit::Asinh { scale: 3.0 }],
        vec![Unit::Logit { low: -1.0, high: 4.0 }],
        vec![
            Unit::ShiftToBounds { low: 2.0, high: 8.0, bound: 4.0 },
            Unit::Softclip { bound: 5.0 },
        ],
    ]);
    let context_units = Units(vec![vec![Unit::Log10], vec![]]);
    let config = FlowConfig {
        feature_units: units,
        context_units,
        hidden: vec![8],
        ..FlowConfig::maf(4, 2)
    };
    let (_store, flow) = flow(&config, Kind::Double, 2);
    let context = Tensor::from_slice(&[1000.0, 0.1]);
    let given = flow.given(&context).unwrap();
    let x = given.sample(50).unwrap();
    assert!(x.select(1, 0).min().double_value(&[]) > 0.0, "masses are above 0");
    let inside = x.select(1, 2);
    assert!(inside.min().double_value(&[]) > -1.0 && inside.max().double_value(&[]) < 4.0);

    let x = x.set_requires_grad(true);
    let (z, ladj) = given.call_and_ladj(&x).unwrap();
    let rows: Vec<_> = (0..4)
        .map(|i| {
            let sum = z.select(1, i).sum(Kind::Double);
            Tensor::run_backward(&[sum], &[&x], true, false).remove(0)
        })
        .collect();
    let expected = Tensor::stack(&rows, 1).det().abs().log();
    assert!(largest(&(&ladj - expected)) < 1e-8);
    let back = given.inverse(&z.detach()).unwrap();
    assert!(largest(&((back - &x) / x.abs())) < 1e-8);
    // Another unit of the same thing: a mass in thousands has a density a thousand times as high.
    let mut other = config.clone();
    other.feature_units.0[0][1] = Unit::Standardize { loc: 7.0, scale: 0.5 };
    let store = tch::nn::VarStore::new(Device::Cpu);
    drop(store);
    let (_other_store, other) = crate::flow(&other, Kind::Double, 2);
    let thousandth = x.detach().copy();
    let _ = thousandth.select(1, 0).g_div_scalar_(1000.0);
    let here = given.log_prob(&x.detach()).unwrap();
    let there = other.given(&context).unwrap().log_prob(&thousandth).unwrap();
    assert!(largest(&(there - here - 1000.0_f64.ln())) < 1e-8);
}

#[test]
fn units_out_of_range_are_refused() {
    let refused = |units: Vec<Vec<Unit>>| {
        let config = FlowConfig { feature_units: Units(units), ..FlowConfig::maf(2, 0) };
        config.validate().unwrap_err().to_string()
    };
    assert_eq!(refused(vec![vec![]]), "units must be steps for 2 columns, or for none, got 1");
    let message = refused(vec![vec![Unit::Logit { low: 1.0, high: 1.0 }], vec![]]);
    assert!(message.contains("Logit") && message.contains("below the upper"), "{message}");
    assert!(Units::standardize(&[0.0], &[0.0]).is_err(), "a feature of one value");
}

#[test]
fn bases_in_boxes_are_densities() {
    let _alone = alone();
    let n = 4000;
    for base in
        [BaseConfig::Uniform { bound: 2.0 }, BaseConfig::Beta { concentration: 13.0, bound: 5.0 }]
    {
        let config = FlowConfig { base, identity: true, ..FlowConfig::maf(1, 0) };
        let store = {
            let mut store = tch::nn::VarStore::new(Device::Cpu);
            store.set_kind(Kind::Double);
            store
        };
        let flow = config.init(&store.root()).unwrap();
        let x = (Tensor::arange(n, (Kind::Double, Device::Cpu)) + 0.5) * (12.0 / n as f64) - 6.0;
        let given = flow.given(None).unwrap();
        let density = given.log_prob(&x.unsqueeze(1)).unwrap().exp();
        let integral = density.sum(Kind::Double).double_value(&[]) * 12.0 / n as f64;
        assert!((integral - 1.0).abs() < 2e-3, "{base:?}: {integral}");
        tch::manual_seed(4);
        let samples = given.sample(20_000).unwrap();
        let mean_square = samples.square().mean(Kind::Double).double_value(&[]);
        let expected = (density * x.square()).sum(Kind::Double).double_value(&[]) * 12.0 / n as f64;
        assert!((mean_square / expected - 1.0).abs() < 0.05, "{base:?}: {mean_square} {expected}");
    }
}
