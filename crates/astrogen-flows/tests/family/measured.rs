//! Rows measured with errors, or in part.

use std::f64::consts::PI;

use astrogen_flows::{Density, Flow, FlowConfig, Measured, MeasuredConfig, Unit, Units};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::{alone, flow};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

fn normal(x: f64, deviation: f64) -> f64 {
    -0.5 * (x / deviation).powi(2) - deviation.ln() - 0.5 * (2.0 * PI).ln()
}

/// A flow that is a standard normal distribution in the units of its networks.
fn identity(features: i64, units: Units) -> (VarStore, Flow) {
    let config = FlowConfig {
        identity: true,
        feature_units: units,
        hidden: vec![8],
        ..FlowConfig::maf(features, 0)
    };
    flow(&config, Kind::Double, 1)
}

fn measured<'a>(features: &'a Tensor, errors: Option<&'a Tensor>) -> Measured<'a> {
    Measured { features, errors, context: None, context_errors: None }
}

#[test]
fn errors_widen_a_normal_density_by_as_much() {
    let _alone = alone();
    let (_store, flow) = identity(2, Units::default());
    let x = Tensor::from_slice(&[0.3, -1.0, 0.0, 2.0, 1.0, 1.0]).view([3, 2]);
    let errors = Tensor::from_slice(&[0.5, 0.2, 0.0, 0.0, 1.0, 0.0]).view([3, 2]);
    let config = MeasuredConfig { draws: 20_000, seed: 4 };
    let found = measured(&x, Some(&errors)).log_prob(&flow, &config).unwrap();
    for row in 0..3 {
        let of = |i| {
            let deviation = (1.0 + errors.double_value(&[row, i]).powi(2)).sqrt();
            normal(x.double_value(&[row, i]), deviation)
        };
        let expected = of(0) + of(1);
        assert!((found[row as usize] - expected).abs() < 0.02, "{row}: {found:?} {expected}");
    }
    // The second row is exact.
    assert!((found[1] - normal(0.0, 1.0) - normal(2.0, 1.0)).abs() < 1e-12);
}

#[test]
fn missing_features_are_integrated_out_in_physical_units() {
    let _alone = alone();
    let units = Units(vec![
        vec![Unit::Standardize { loc: 20.0, scale: 2.0 }],
        vec![Unit::Log10, Unit::Standardize { loc: 3.0, scale: 0.5 }],
    ]);
    let (_store, flow) = identity(2, units);
    let nan = f64::NAN;
    let x = Tensor::from_slice(&[23.0, nan, nan, 500.0, nan, nan]).view([3, 2]);
    let config = MeasuredConfig { draws: 4000, seed: 1 };
    let found = measured(&x, None).log_prob(&flow, &config).unwrap();
    let log10 = (500_f64.log10() - 3.0) / 0.5;
    let expected = [
        normal(1.5, 1.0) - 2_f64.ln(),
        normal(log10, 1.0) - (0.5 * 500.0 * 10_f64.ln()).ln(),
        0.0, // nothing is known of it
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 0.05, "{found} {expected}");
    }
}

#[test]
fn a_missing_feature_of_any_flow_is_what_quadrature_gives() {
    let _alone = alone();
    for config in [FlowConfig::nsf(3, 1), FlowConfig::maf(3, 1), FlowConfig::galactic(4, 1)] {
        let small = FlowConfig { hidden: vec![12], transforms: 2, ..config };
        let (_store, flow) = flow(&small, Kind::Double, 7);
        let x = Tensor::randn([5, small.features], DOUBLE);
        let context = Tensor::randn([5, 1], DOUBLE);
        let steps = 3000;
        let grid: Vec<f64> = (0..=steps).map(|i| 40.0 * f64::from(i) / 3000.0 - 20.0).collect();
        let points = Tensor::from_slice(&grid);
        let expected = (0..5).map(|row| {
            let rows = x.get(row).unsqueeze(0).repeat([points.size()[0], 1]);
            rows.select(1, 1).copy_(&points);
            let given = flow.given(&context.get(row)).unwrap();
            let density = given.log_prob(&rows).unwrap().exp().sum(Kind::Double);
            (density.double_value(&[]) * 40.0 / 3000.0).ln()
        });
        let expected: Vec<f64> = expected.collect();
        let gone = x.copy();
        let _ = gone.select(1, 1).fill_(f64::NAN);
        let rows = Measured { context: Some(&context), ..measured(&gone, None) };
        let config = MeasuredConfig { draws: 20_000, seed: 2 };
        let found = rows.log_prob(&flow, &config).unwrap();
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 0.06, "{found} {expected}");
        }
    }
}

/// Half of its draws are contexts that none can be: the mean is over the others.
#[test]
fn contexts_that_cannot_be_are_no_draws() {
    let _alone = alone();
    for config in [FlowConfig::maf(1, 1), FlowConfig::nsf(1, 1)] {
        let units = Units(vec![vec![Unit::Log10]]);
        // Features that are independent of the context.
        let config = FlowConfig { identity: true, context_units: units, hidden: vec![8], ..config };
        let (_store, flow) = flow(&config, Kind::Double, 1);
        let x = Tensor::from_slice(&[0.3, -1.0]).view([2, 1]);
        let (context, errors) = (Tensor::ones([2, 1], DOUBLE), Tensor::full([2, 1], 1.0, DOUBLE));
        let rows = Measured {
            features: &x,
            errors: None,
            context: Some(&context),
            context_errors: Some(&errors),
        };
        let found = rows.log_prob(&flow, &MeasuredConfig { draws: 200, seed: 4 }).unwrap();
        for (found, x) in found.iter().zip([0.3, -1.0]) {
            assert!((found - normal(x, 1.0)).abs() < 1e-9, "{found}");
        }
        let none = Measured { context: Some(&(&context * -9.0)), context_errors: None, ..rows };
        assert!(none.log_prob(&flow, &MeasuredConfig::default()).unwrap()[0].is_nan());
    }
}

#[test]
fn a_posterior_of_measured_rows_is_that_of_exact_ones_without_errors() {
    let _alone = alone();
    let config = FlowConfig { hidden: vec![12], ..FlowConfig::nsf(3, 1) };
    let (_store, flow) = flow(&config, Kind::Double, 3);
    let (x, c) = (Tensor::randn([4, 3], DOUBLE), Tensor::randn([4, 1], DOUBLE));
    let grid: Vec<f64> = (0..200).map(|i| f64::from(i) / 20.0 - 5.0).collect();
    let exact = flow.given(&c).unwrap().posterior(&x, 2, &grid).unwrap();
    let _ = x.select(1, 2).fill_(f64::NAN); // what stands in the column does not matter
    let rows = Measured { context: Some(&c), ..measured(&x, None) };
    let found = rows.posterior(&flow, (2, &grid), &MeasuredConfig::default()).unwrap();
    assert!((found.density() - exact.density()).abs().max().double_value(&[]) < 1e-9);

    // Errors of a feature that the other follows make its density wider.
    let errors = Tensor::full([4, 3], 0.8, DOUBLE);
    let rows = Measured { errors: Some(&errors), ..rows };
    let wide = rows.posterior(&flow, (2, &grid), &MeasuredConfig::default()).unwrap();
    let width = |of: &astrogen_flows::Posterior| -> f64 {
        of.quantile(0.84).iter().zip(of.quantile(0.16)).map(|(high, low)| high - low).sum()
    };
    assert!(width(&wide) > 1.01 * width(&exact), "{} {}", width(&wide), width(&exact));
}

#[test]
fn a_row_has_its_number_whichever_rows_it_stands_among() {
    let _alone = alone();
    let (_store, flow) = identity(2, Units::default());
    let x = Tensor::randn([300, 2], DOUBLE);
    let errors = Tensor::full([300, 2], 0.4, DOUBLE);
    let config = MeasuredConfig { draws: 700, seed: 9 }; // more than one chunk
    let all = measured(&x, Some(&errors)).log_prob(&flow, &config).unwrap();
    let (first, few) = (x.narrow(0, 0, 7), errors.narrow(0, 0, 7));
    let some = measured(&first, Some(&few)).log_prob(&flow, &config).unwrap();
    for (all, some) in all.iter().zip(some) {
        assert!((all - some).abs() < 1e-12);
    }
}

#[test]
fn measurements_that_cannot_be_are_refused() {
    let _alone = alone();
    let (_store, flow) = identity(2, Units::default());
    let x = Tensor::zeros([3, 2], DOUBLE);
    let refused = |rows: Measured<'_>, draws| {
        let config = MeasuredConfig { draws, seed: 0 };
        rows.log_prob(&flow, &config).unwrap_err().to_string()
    };
    assert_eq!(refused(measured(&x, None), 0), "draws must be 1 or more, got 0");
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let errors = Tensor::from_slice(&[0.0, 1.0, 0.1, bad, -2.0, 0.5]).view([3, 2]);
        let message = "errors of features must be finite, 0 or more, got";
        let message = format!("{message} {bad} in row 1, column 1 (from 0)");
        assert_eq!(refused(measured(&x, Some(&errors)), 9), message);
    }
    let short = Tensor::zeros([2, 2], DOUBLE);
    let message = "errors of features must have shape [3, 2], got [2, 2]";
    assert_eq!(refused(measured(&x, Some(&short)), 9), message);
    let rows = Measured { context: Some(&short), ..measured(&x, None) };
    assert!(refused(rows, 9).starts_with("the flow takes 0 context values, got some"));

    let (_other, conditional) = crate::flow(&FlowConfig::maf(2, 1), Kind::Double, 1);
    let context = Tensor::full([3, 1], f64::NAN, DOUBLE);
    let rows = Measured { context: Some(&context), ..measured(&x, None) };
    let message = rows.log_prob(&conditional, &MeasuredConfig::default()).unwrap_err().to_string();
    assert!(message.starts_with("the context must be finite"), "{message}");
    assert!(message.ends_with("got NaN in row 0, column 0 (from 0)"), "{message}");
}
