//! Gaussian mixtures against scikit-learn, and the laws they keep. `golden/gaussian_mixture.py`
//! made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashMap;

use astrogen_metrics::{GaussianMixture, GaussianMixtureConfig};
use tch::{Device, Kind, Tensor};

fn golden() -> HashMap<String, Tensor> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/gaussian_mixture.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

fn difference(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    (a - b).abs().max().double_value(&[])
}

fn start(golden: &HashMap<String, Tensor>, index: usize) -> GaussianMixture {
    let part = |name: &str| &golden[&format!("start.{name}.{index}")];
    GaussianMixture::new(part("weights"), part("means"), part("covariances")).unwrap()
}

/// Rows about three places, and the same each time.
fn rows(count: i64) -> Tensor {
    let values: Vec<f64> = (0..count * 2)
        .map(|i| {
            let wave = (0.37 * i as f64).sin() + (1.93 * i as f64).cos() + (0.011 * i as f64).sin();
            wave + 8.0 * ((i / 2) % 3) as f64 * if i % 2 == 0 { 1.0 } else { -0.5 }
        })
        .collect();
    Tensor::from_slice(&values).view([count, 2])
}

#[test]
fn fits_are_those_of_scikit_learn() {
    let golden = golden();
    for index in 0..3 {
        let of = |name: &str| &golden[&format!("{name}.{index}")];
        let start = start(&golden, index);
        let expected = Vec::<f64>::try_from(of("fit")).unwrap();
        let config = GaussianMixtureConfig {
            tolerance: 0.0,
            max_iterations: expected[0] as usize,
            ..GaussianMixtureConfig::default()
        };
        let fit = config.fit_from(&start, of("rows"), None).unwrap();
        assert_eq!(fit.iterations, expected[0] as usize);
        assert!((fit.lower_bound - expected[1]).abs() < 1e-8, "{} {expected:?}", fit.lower_bound);
        assert!(difference(fit.mixture.weights(), of("weights")) < 1e-8);
        assert!(difference(fit.mixture.means(), of("means")) < 1e-8);
        assert!(difference(fit.mixture.covariances(), of("covariances")) < 1e-8);
        let points = of("points");
        let log_prob = fit.mixture.log_prob(points).unwrap();
        let scale = of("log_prob").abs().max().double_value(&[]);
        assert!(difference(&log_prob, of("log_prob")) < 1e-8 * scale);
        let given: Vec<i64> = (1..points.size()[1]).collect();
        let conditional = fit.mixture.conditional_log_prob(points, &given).unwrap();
        let scale = of("conditional").abs().max().double_value(&[]);
        assert!(difference(&conditional, of("conditional")) < 1e-6 * scale);

        let config = GaussianMixtureConfig { tolerance: 1e-4, max_iterations: 500, ..config };
        let expected = Vec::<f64>::try_from(of("converged")).unwrap();
        let fit = config.fit_from(&start, of("rows"), None).unwrap();
        assert!(fit.converged);
        assert_eq!(fit.iterations, expected[0] as usize);
        assert!((fit.lower_bound - expected[1]).abs() < 1e-8);
    }
}

#[test]
fn one_component_is_the_gaussian_of_the_rows() {
    let rows = rows(500);
    let config = GaussianMixtureConfig { regularisation: 0.0, ..Default::default() };
    let fit = config.fit(&rows, None).unwrap();
    assert!(fit.converged);
    let mean = rows.mean_dim(&[0i64][..], false, None);
    let centred = &rows - &mean;
    let covariance = centred.tr().matmul(&centred) / 500.0;
    assert!(difference(&fit.mixture.means().get(0), &mean) < 1e-12);
    assert!(difference(&fit.mixture.covariances().get(0), &covariance) < 1e-11);
    let mean_log_prob = fit.mixture.log_prob(&rows).unwrap().mean(None).double_value(&[]);
    assert!((fit.lower_bound - mean_log_prob).abs() < 1e-10);
}

#[test]
fn components_are_found_whatever_the_units() {
    let rows = rows(600);
    let config = GaussianMixtureConfig { components: 3, starts: 3, seed: 4, ..Default::default() };
    let fit = config.fit(&rows, None).unwrap();
    let again = config.fit(&rows, None).unwrap();
    assert_eq!(difference(fit.mixture.means(), again.mixture.means()), 0.0);
    assert!(difference(fit.mixture.weights(), &Tensor::from_slice(&[1.0 / 3.0; 3])) < 0.02);
    let one = GaussianMixtureConfig { components: 1, ..config.clone() };
    assert!(fit.lower_bound > one.fit(&rows, None).unwrap().lower_bound + 0.5);

    let units = Tensor::from_slice(&[1e-7, 3e4]);
    let shift = Tensor::from_slice(&[2e-5, -1e7]);
    let there = |rows: &Tensor| rows * &units + &shift;
    let other = config.fit(&there(&rows), None).unwrap();
    assert_eq!(other.iterations, fit.iterations);
    let log_scale = units.log().sum(Kind::Double).double_value(&[]);
    assert!((other.lower_bound + log_scale - fit.lower_bound).abs() < 1e-7);
    let relative = (other.mixture.means() - there(fit.mixture.means())) / &units;
    assert!(relative.abs().max().double_value(&[]) < 1e-6);
}

#[test]
fn a_weight_of_two_is_a_row_twice() {
    let golden = golden();
    let (rows, start) = (&golden["rows.1"], start(&golden, 1));
    let config = GaussianMixtureConfig { tolerance: 0.0, max_iterations: 5, ..Default::default() };
    let mut weights = vec![1.0; 300];
    weights[..40].fill(2.0);
    weights[250..].fill(0.0);
    let weighted = config.fit_from(&start, rows, Some(&Tensor::from_slice(&weights))).unwrap();
    let repeated = Tensor::cat(&[rows.narrow(0, 0, 250), rows.narrow(0, 0, 40)], 0);
    let repeated = config.fit_from(&start, &repeated, None).unwrap();
    assert!((weighted.lower_bound - repeated.lower_bound).abs() < 1e-10);
    assert!(difference(weighted.mixture.means(), repeated.mixture.means()) < 1e-10);
    assert!(difference(weighted.mixture.covariances(), repeated.mixture.covariances()) < 1e-10);
}

#[test]
fn densities_integrate_to_one_and_marginals_are_their_integrals() {
    let mixture = start(&golden(), 1);
    let (count, step) = (601, 0.05);
    let axis = Tensor::arange(count, (Kind::Double, Device::Cpu)) * step - 15.0;
    let grid = Tensor::cartesian_prod(&[&axis, &axis]);
    let density = mixture.log_prob(&grid).unwrap().exp().view([count, count]);
    assert!((density.sum(Kind::Double).double_value(&[]) * step * step - 1.0).abs() < 1e-6);
    let along = density.sum_dim_intlist(&[1i64][..], false, Kind::Double) * step;
    let marginal = mixture.marginal(&[0]).unwrap().log_prob(&axis.unsqueeze(1)).unwrap().exp();
    assert!(difference(&along, &marginal) < 1e-7);
    // Given the first column, the second one's density integrates to 1.
    let conditional = mixture.conditional_log_prob(&grid, &[0]).unwrap().exp();
    let row = conditional.view([count, count]).get(300).sum(Kind::Double) * step;
    assert!((row.double_value(&[]) - 1.0).abs() < 1e-6);
    let all = mixture.conditional_log_prob(&grid, &[]).unwrap();
    assert_eq!(difference(&all, &mixture.log_prob(&grid).unwrap()), 0.0);
}

#[test]
fn refusals_say_what_was_expected() {
    let rows = rows(30);
    let message = |config: GaussianMixtureConfig, rows: &Tensor, weights: Option<&Tensor>| {
        config.fit(rows, weights).unwrap_err().to_string()
    };
    let plain = GaussianMixtureConfig::default;
    let with = |components| GaussianMixtureConfig { components, ..plain() };
    assert_eq!(message(with(0), &rows, None), "components must be 1 or more, got 0");
    assert_eq!(
        message(with(31), &rows, None),
        "the rows must be as many as the components or more, got 30 for 31 components"
    );
    let negative = GaussianMixtureConfig { tolerance: -1.0, ..plain() };
    assert_eq!(message(negative, &rows, None), "tolerance must be 0 or more, got -1");
    let nan = GaussianMixtureConfig { regularisation: f64::NAN, ..plain() };
    assert_eq!(message(nan, &rows, None), "regularisation must be 0 or more, got NaN");
    let none = GaussianMixtureConfig { max_iterations: 0, ..plain() };
    assert_eq!(message(none, &rows, None), "max_iterations must be 1 or more, got 0");
    let whole = rows.to_kind(Kind::Int64);
    assert!(message(plain(), &whole, None).contains("floating-point [N, D]"));
    assert!(message(plain(), &rows.view([-1]), None).contains("floating-point [N, D]"));
    let broken = &rows / (rows.narrow(0, 0, 1) - &rows);
    let got = message(plain(), &broken, None);
    assert!(got.contains("must be finite numbers, got 60 values"), "{got}");
    let constant =
        Tensor::cat(&[&rows, &Tensor::full([30, 1], 7.0, (Kind::Double, Device::Cpu))], 1);
    assert!(message(plain(), &constant, None).contains("got column 2 constant"));
    let few = rows.narrow(0, 0, 2).repeat([5, 1]);
    let got = message(with(3), &few, None);
    assert!(got.contains("different ones") && got.ends_with("got 2 for 3 components"), "{got}");
    let collapsed = GaussianMixtureConfig { regularisation: 0.0, ..with(2) };
    let got = message(collapsed, &few, None);
    assert!(got.starts_with("regularisation must be larger: a component has collapsed"), "{got}");
    for (weights, expected) in [
        (vec![1.0; 29], "must be [N], one per row, got [29] for rows [30, 2]"),
        (vec![0.0; 30], "must be 0 or more, not all of them 0, got 0e0 to 0e0"),
        (vec![-1.0; 30], "must be 0 or more"),
        (vec![f64::NAN; 30], "must be finite numbers"),
    ] {
        let got = message(plain(), &rows, Some(&Tensor::from_slice(&weights)));
        assert!(got.contains(expected), "{got}");
    }

    let mixture = start(&golden(), 1);
    let got = mixture.log_prob(&constant).unwrap_err().to_string();
    assert!(got.ends_with("got Double [30, 3] for D = 2"), "{got}");
    for (given, expected) in [
        (&[2i64][..], "different places from 0 below the number of columns, got [2]"),
        (&[0, 0], "different places"),
        (&[-1], "different places"),
        (&[0, 1], "fewer than all"),
    ] {
        let got = mixture.conditional_log_prob(&rows, given).unwrap_err().to_string();
        assert!(got.contains(expected), "{got}");
    }
    let [weights, means] = [mixture.weights(), mixture.means()];
    let new = |weights: &Tensor, covariances: &Tensor| {
        GaussianMixture::new(weights, means, covariances).unwrap_err().to_string()
    };
    let skew = mixture.covariances() + Tensor::from_slice(&[0.0, 0.1, 0.0, 0.0]).view([2, 2]);
    assert!(new(weights, &skew).contains("of symmetric covariances"));
    assert!(new(weights, &-mixture.covariances()).contains("positive definite"));
    assert!(new(&-weights, mixture.covariances()).contains("weights above 0"));
    assert!(new(weights, means).contains("[K, D, D]"));
}
