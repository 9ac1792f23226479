//! Energy, correlations, rank sums, the classifier and calibration by condition, against scipy and
//! scikit-learn, and what they have to see. `golden/two_sample.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::calibration::by_condition;
use astrogen_metrics::{
    ClassifierConfig, Correlation, EnergyConfig, Pit, Sorted, between_halves,
    classifier_two_sample, correlation_distance, energy_distance, pit_values, quantile_edges,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor};

fn golden() -> BTreeMap<String, Tensor> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/two_sample.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.contiguous().flatten(0, -1)).unwrap()
}

/// Normal deviates, float64, from a generator that is not libtorch's.
fn normal(shape: [i64; 2], seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| StandardNormal.sample(&mut rng)).collect();
    Tensor::from_slice(&values).view(shape)
}

/// Four normal columns of which the first two have this correlation.
fn correlated(rows: i64, correlation: f64, seed: u64) -> Tensor {
    let table = normal([rows, 4], seed);
    let mut second = table.narrow(1, 1, 1);
    let mixed = correlation * table.narrow(1, 0, 1) + (1.0 - correlation.powi(2)).sqrt() * &second;
    second.copy_(&mixed);
    table
}

#[track_caller]
fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs(), "{got} for {expected}");
}

fn energy(real: &Tensor, fake: &Tensor, standardise: bool) -> f64 {
    let config = EnergyConfig { standardise, ..EnergyConfig::default() };
    energy_distance(real, fake, &config, 1).unwrap()
}

#[test]
fn energy_distances_are_those_of_scipy() {
    let golden = golden();
    let (real, fake, expected) = (&golden["real"], &golden["fake"], values(&golden["energy"]));
    for (column, expected) in (0..).zip(&expected[..3]) {
        let got = energy(&real.narrow(1, column, 1), &fake.narrow(1, column, 1), false);
        close(got, *expected, 1e-7);
        let deviation = real.select(1, column).std(false).double_value(&[]).sqrt();
        let units = energy(&real.narrow(1, column, 1), &fake.narrow(1, column, 1), true);
        close(units * deviation, *expected, 1e-7);
    }
    close(energy(real, fake, false), expected[3], 1e-7);
    close(energy(real, fake, true), expected[4], 1e-7);
}

#[test]
fn energy_keeps_its_laws() {
    let (real, fake) = (normal([1500, 3], 1), normal([1300, 3], 2) * 1.3 + 0.2);
    let distance = energy(&real, &fake, false);
    close(energy(&fake, &real, false), distance, 1e-9);
    close(energy(&(&real + 1e3), &(&fake + 1e3), false), distance, 1e-6);
    close(energy(&(&real * 4.0), &(&fake * 4.0), false), 2.0 * distance, 1e-9);
    assert!(energy(&real, &real.flip([0]), true) < 1e-4);
    let floor = between_halves(&real, 3, |a, b| Ok(energy(a, b, true))).unwrap();
    assert!(energy(&real, &fake, true) > 2.0 * floor);
    let config = EnergyConfig { rows: 100, ..EnergyConfig::default() };
    let with = |seed| energy_distance(&real, &fake, &config, seed).unwrap();
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
}

#[test]
fn correlations_are_those_of_numpy_and_scipy() {
    let golden = golden();
    let kinds = [Correlation::Pearson, Correlation::Spearman];
    for (kind, expected) in kinds.into_iter().zip(values(&golden["correlation"]).chunks(4)) {
        let got = correlation_distance(&golden["real"], &golden["fake"], kind).unwrap();
        close(got.rms, expected[0], 1e-12);
        close(got.largest, expected[1], 1e-12);
        assert_eq!(got.columns.map(|column| column as f64), expected[2..]);
    }
}

#[test]
fn correlations_of_constant_fakes_are_none() {
    let real = correlated(500, 0.8, 1);
    let same = correlation_distance(&real, &real, Correlation::Spearman).unwrap();
    assert_eq!((same.rms, same.largest, same.columns), (0.0, 0.0, [0, 1]));
    let flat = correlated(500, 0.8, 2);
    let _ = flat.narrow(1, 1, 1).fill_(0.1);
    for kind in [Correlation::Pearson, Correlation::Spearman] {
        let got = correlation_distance(&real, &flat, kind).unwrap();
        assert_eq!(got.columns, [0, 1]);
        assert!((got.largest - 0.8).abs() < 0.06, "{got:?}");
    }
    let message = |real: &Tensor, fake: &Tensor| {
        correlation_distance(real, fake, Correlation::Pearson).unwrap_err().to_string()
    };
    assert!(message(&flat, &real).contains("column 1 constant"));
    let got = message(&real.narrow(0, 0, 1), &real);
    assert!(got.ends_with("got 4 columns, 1 real and 500 fake rows"), "{got}");
    assert!(message(&real.narrow(1, 0, 1), &real.narrow(1, 0, 1)).contains("two columns"));
}

#[test]
fn rank_sums_are_those_of_scipy() {
    let golden = golden();
    for (column, expected) in (0..).zip(values(&golden["mann_whitney"]).chunks(4)) {
        let sorted =
            |name: &str| Sorted::new("values", &values(&golden[name].select(1, column))).unwrap();
        let got = sorted("real").mann_whitney(&sorted("fake")).unwrap();
        assert_eq!(got.statistic, expected[0]);
        close(got.area, expected[1], 1e-14);
        close(got.p_less, expected[2], 1e-12);
        close(got.p_greater, expected[3], 1e-12);
        let back = sorted("fake").mann_whitney(&sorted("real")).unwrap();
        close(back.z, -got.z, 1e-12);
    }
    let equal = Sorted::new("values", &[2.0; 5]).unwrap();
    let got = equal.mann_whitney(&equal).unwrap();
    assert_eq!((got.area, got.z, got.p_less), (0.5, 0.0, 0.5));
}

#[test]
fn calibration_by_condition_is_that_of_scipy() {
    let golden = golden();
    let (pit, condition) = (values(&golden["pit"]), values(&golden["condition"]));
    let edges = quantile_edges(&condition, 3).unwrap();
    for (got, expected) in edges.iter().zip(values(&golden["edges"])) {
        close(*got, expected, 1e-14);
    }
    let bins = by_condition(&pit, &condition, &edges, 20).unwrap();
    assert_eq!(bins.len(), 3);
    for (bin, expected) in bins.iter().zip(values(&golden["calibration"]).chunks(5)) {
        let found = bin.calibration.unwrap();
        assert_eq!(bin.count as f64, expected[0]);
        close(found.coverage_68, expected[1], 1e-14);
        close(found.coverage_95, expected[2], 1e-14);
        close(found.ks.statistic, expected[3], 1e-12);
        close(found.ks.p_value, expected[4], 1e-11);
    }
    let rare = by_condition(&pit, &condition, &[0.0, 1.0, 1.0, 100.0], 1).unwrap();
    assert_eq!((rare[1].count, rare[1].calibration), (0, None));
    assert_eq!(by_condition(&pit, &condition, &edges, 51).unwrap()[0].calibration, None);
    let message = |pit: &[f64], condition: &[f64], edges: &[f64]| {
        by_condition(pit, condition, edges, 1).unwrap_err().to_string()
    };
    assert!(message(&pit, &condition[1..], &edges).contains("149 to bin by and 150 values"));
    assert!(message(&[1.5], &[0.0], &edges).contains("within 0 to 1"));
    assert!(message(&[0.5], &[0.0], &[1.0]).contains("edges"));
}

#[test]
fn a_sampler_that_is_wrong_in_opposite_ways_is_seen_by_condition() {
    const COUNT: usize = 4000;
    let deviates = values(&normal([COUNT as i64, 21], 5));
    let seeing: Vec<f64> = (0..COUNT).map(|at| (at * 37 % 101) as f64).collect();
    // Too narrow in good seeing, too wide in bad seeing: calibrated as a whole within a little.
    let width = |at: usize| if seeing[at] < 50.0 { 0.75 } else { 1.4 };
    let observed: Vec<f64> = deviates.chunks(21).map(|row| row[0]).collect();
    let rows = deviates.chunks(21).enumerate();
    let draws: Vec<f64> =
        rows.flat_map(|(at, row)| row[1..].iter().map(move |x| width(at) * x)).collect();
    let pit = pit_values(&observed, &draws, 7).unwrap();
    let all = Pit::new(&observed, &draws, 7).unwrap();
    assert_eq!(Pit::from_values(&pit).unwrap(), all);
    assert!((all.coverage(0.68) - 0.68).abs() < 0.04, "{}", all.coverage(0.68));
    let bins = by_condition(&pit, &seeing, &[0.0, 50.0, 101.0], 100).unwrap();
    let [good, bad] = [0, 1].map(|bin: usize| bins[bin].calibration.unwrap());
    assert!(good.coverage_68 < 0.6 && bad.coverage_68 > 0.76, "{good:?} {bad:?}");
    assert!(good.ks.p_value < 1e-4 && bad.ks.p_value < 1e-4);
}

fn told(real: &Tensor, fake: &Tensor) -> astrogen_metrics::ClassifierTwoSample {
    classifier_two_sample(real, fake, &ClassifierConfig::default()).unwrap()
}

#[test]
fn the_classifier_sees_what_it_has_to() {
    let real = correlated(2000, 0.5, 1);
    let apart = |fake: &Tensor| {
        let found = told(&real, fake);
        assert!(found.p_value < 1e-3 && found.auc > 0.53, "{found:?}");
        assert!(found.accuracy - 0.5 > 2.0 * found.standard_error, "{found:?}");
        found
    };
    apart(&correlated(2000, 0.0, 2)); // a wrong correlation
    let wide = correlated(2000, 0.5, 3);
    let _ = wide.narrow(1, 2, 1).g_mul_scalar_(1.4);
    apart(&wide); // a wrong width
    apart(&(correlated(2000, 0.5, 4) + 0.25)); // a shift
    let real = normal([2000, 2], 1);
    // Two peaks of the same mean and deviation: no square and no product shows them.
    let peaks =
        normal([2000, 2], 5) * (1.0 - 0.9f64.powi(2)).sqrt() + 0.9 * normal([2000, 2], 6).sign();
    assert!(told(&real, &peaks).p_value < 1e-6);
    // Whoever is elsewhere is told at once.
    let far = told(&real, &(&real + 50.0));
    assert_eq!((far.accuracy, far.auc, far.rows), (1.0, 1.0, 2000));
    assert!(far.p_value < 1e-100);
}

#[test]
fn equal_rows_are_called_different_no_more_often_than_said() {
    let trials = 100;
    let found: Vec<_> = (0..trials)
        .map(|seed| {
            told(&correlated(200, 0.5, 1000 + 2 * seed), &correlated(260, 0.5, 2 * seed + 1001))
        })
        .collect();
    let below = |p: f64| found.iter().filter(|found| found.p_value < p).count();
    assert!(below(0.05) <= 12, "{} of {trials} below 0.05", below(0.05));
    assert!((10..40).contains(&below(0.25)), "{} of {trials} below 0.25", below(0.25));
    let mean = found.iter().map(|found| found.accuracy).sum::<f64>() / trials as f64;
    let area = found.iter().map(|found| found.auc).sum::<f64>() / trials as f64;
    assert!((mean - 0.5).abs() < 0.015 && (area - 0.5).abs() < 0.015, "{mean} {area}");
    assert!(found.iter().all(|found| found.rows == 200));
}

#[test]
fn the_classifier_is_a_function_of_data_and_seed() {
    let (real, fake) = (normal([300, 3], 1), normal([400, 3], 2));
    tch::manual_seed(5);
    let undisturbed = Tensor::rand([4], (Kind::Double, Device::Cpu));
    tch::manual_seed(5);
    let first = told(&real, &fake);
    assert_eq!(Tensor::rand([4], (Kind::Double, Device::Cpu)), undisturbed);
    assert_eq!(first, told(&real, &fake));
    let config = ClassifierConfig { seed: 1, ..ClassifierConfig::default() };
    assert_ne!(first, classifier_two_sample(&real, &fake, &config).unwrap());
    // Units are of no matter; many columns go without products.
    let unit = Tensor::from_slice(&[1e-3, 1.0, 1e6]);
    let scaled = told(&(&real * &unit), &(&fake * &unit));
    assert!((scaled.auc - first.auc).abs() < 1e-3, "{scaled:?} {first:?}");
    let (real, fake) = (normal([400, 60], 1), normal([400, 60], 2) + 0.4);
    assert!(told(&real, &fake).p_value < 1e-3);
    let message = |real: &Tensor, fake: &Tensor, rows| {
        let config = ClassifierConfig { rows, seed: 0 };
        classifier_two_sample(real, fake, &config).unwrap_err().to_string()
    };
    assert!(message(&real, &fake.narrow(0, 0, 19), 100).contains("got 400 real and 19 fake"));
    assert_eq!(message(&real, &fake, 19), "rows must be 20 or more, got 19");
    assert!(message(&real, &fake.narrow(1, 0, 3), 100).contains("of as many columns"));
}
