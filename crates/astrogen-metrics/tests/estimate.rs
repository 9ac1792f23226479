//! Intervals and floors: what is compared with what, and how often an interval holds the truth.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::cell::RefCell;

use astrogen_metrics::{
    Estimate, EstimateConfig, MetricsError, MmdConfig, estimate, estimate_all, kolmogorov_smirnov,
    maximum_mean_discrepancy,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor};

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.flatten(0, -1)).unwrap()
}

/// Normal deviates, float64, from a generator that is not libtorch's.
fn normal(rows: i64, seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> = (0..rows).map(|_| StandardNormal.sample(&mut rng)).collect();
    Tensor::from_slice(&values).view([rows, 1])
}

fn means(real: &Tensor, fake: &Tensor) -> f64 {
    fake.mean(Kind::Double).double_value(&[]) - real.mean(Kind::Double).double_value(&[])
}

/// The difference of the means, Kolmogorov-Smirnov and the squared discrepancy.
fn three(real: &Tensor, fake: &Tensor) -> Result<Vec<f64>, MetricsError> {
    let config = MmdConfig { bandwidth: Some(1.0), standardise: false, ..MmdConfig::default() };
    Ok(vec![
        means(real, fake),
        kolmogorov_smirnov(&values(real), &values(fake))?.statistic,
        maximum_mean_discrepancy(real, fake, &config, 0)?.squared,
    ])
}

#[test]
fn an_interval_holds_the_mean_as_often_as_it_says() {
    const ROWS: i64 = 60;
    const TRIALS: u64 = 250;
    for (shift, counts) in [(0.6, 0.80..0.97), (0.0, 0.84..1.0001)] {
        let pair = |seed: u64| (normal(2 * ROWS, 2 * seed), normal(ROWS, 2 * seed + 1) + shift);
        let mut truth = [0.0; 3];
        for seed in 0..1500 {
            let (real, fake) = pair(10_000 + seed);
            let found = three(&real.narrow(0, 0, ROWS), &fake).unwrap();
            truth.iter_mut().zip(found).for_each(|(sum, found)| *sum += found / 1500.0);
        }
        let mut held = [0.0; 3];
        for seed in 0..TRIALS {
            let (real, fake) = pair(seed);
            let config = EstimateConfig { seed, ..EstimateConfig::default() };
            let found = estimate_all(&real, &fake, &config, three).unwrap();
            for ((held, found), truth) in held.iter_mut().zip(found).zip(truth) {
                let inside = (found.low..=found.high).contains(&truth);
                *held += f64::from(u8::from(inside)) / TRIALS as f64;
            }
        }
        // The difference of the means is linear: it has to be near 0.9 with and without a shift.
        assert!((0.84..0.96).contains(&held[0]), "{held:?} at {shift}");
        assert!(held[1..].iter().all(|held| counts.contains(held)), "{held:?} at {shift}");
    }
}

#[test]
fn value_and_floor_are_between_sets_of_one_size_that_share_no_row() {
    let real = Tensor::arange(21, (Kind::Double, Device::Cpu)).view([21, 1]);
    let fake = Tensor::arange(8, (Kind::Double, Device::Cpu)).view([8, 1, 1]) + 100.0;
    let seen = RefCell::new(Vec::new());
    let metric = |a: &Tensor, b: &Tensor| {
        seen.borrow_mut().push((values(a), values(b)));
        Ok(means(a, b))
    };
    let found = estimate(&real, &fake, &EstimateConfig::default(), metric).unwrap();
    let seen = seen.into_inner();
    assert_eq!(seen.len(), 22);
    let different = |rows: &[f64]| {
        let mut rows = rows.to_vec();
        rows.sort_unstable_by(f64::total_cmp);
        rows.dedup();
        rows.len()
    };
    let ((test, fakes), (validation, again)) = (&seen[0], &seen[1]);
    assert_eq!(test, again);
    assert_eq!(different(&[test.clone(), validation.clone()].concat()), 16);
    assert_eq!((different(fakes), fakes.len()), (8, 8));
    for (real, fake) in &seen[2..] {
        assert_eq!((different(real), real.len()), (4, 4), "without replacement");
        assert_eq!((different(fake), fake.len()), (4, 4));
        assert!(real.iter().all(|row| test.contains(row)));
        assert!(fake.iter().all(|row| fakes.contains(row)));
    }
    let mean = |rows: &[f64]| rows.iter().sum::<f64>() / rows.len() as f64;
    assert!((found.value - (mean(fakes) - mean(test))).abs() < 1e-12);
    assert!((found.floor - (mean(test) - mean(validation))).abs() < 1e-12);
    assert!(found.low < found.value && found.value < found.high);
}

#[test]
fn images_and_seeds() {
    let [real, fake] = [3, 4].map(|seed| normal(40 * 48, seed).view([40, 3, 4, 4]));
    let fake = fake.to_kind(Kind::Float);
    let spread =
        |real: &Tensor, fake: &Tensor| Ok((fake.std(true) - real.std(true)).double_value(&[]));
    let with = |seed| {
        let config = EstimateConfig { seed, ..EstimateConfig::default() };
        estimate(&real, &fake, &config, spread).unwrap()
    };
    tch::manual_seed(5);
    let undisturbed = Tensor::rand([4], (Kind::Double, Device::Cpu));
    tch::manual_seed(5);
    assert_eq!(with(1), with(1));
    assert_eq!(Tensor::rand([4], (Kind::Double, Device::Cpu)), undisturbed);
    assert_ne!(with(1), with(2));
    let json = serde_json::to_string(&with(1)).unwrap();
    assert_eq!(serde_json::from_str::<Estimate>(&json).unwrap(), with(1));
}

#[test]
fn numbers_are_written_as_far_as_they_are_known() {
    let text = |value, low, high, floor| Estimate { value, low, high, floor }.to_string();
    assert_eq!(text(1234.5, 1100.0, 1300.0, 3.2), "1234 (1100 to 1300; floor 3)");
    assert_eq!(text(0.5, 0.5, 0.5, 0.25), "0.500 (0.500 to 0.500; floor 0.250)");
    assert_eq!(text(-2e-9, -3e-9, -1e-9, 0.0), "-2.00e-9 (-3.00e-9 to -1.00e-9; floor 0.00e0)");
    assert_eq!(text(0.0, 0.0, 0.0, 0.0), "0.00e0 (0.00e0 to 0.00e0; floor 0.00e0)");
}

#[test]
fn refusals_say_what_was_expected() {
    let message = |real: &Tensor, fake: &Tensor, config: &EstimateConfig| {
        estimate(real, fake, config, |a, b| Ok(means(a, b))).unwrap_err().to_string()
    };
    let plain = EstimateConfig::default();
    assert_eq!(
        message(&normal(7, 1), &normal(9, 2), &plain),
        "the sets must be of 8 real and 4 fake rows or more for an interval, got 7 real and 9 fake"
    );
    assert!(message(&normal(8, 1), &normal(3, 2), &plain).contains("8 real and 3 fake"));
    assert!(message(&normal(8, 1), &Tensor::from(1.0), &plain).contains("8 real and 0 fake"));
    let few = EstimateConfig { replicates: 18, ..plain.clone() };
    assert_eq!(
        message(&normal(8, 1), &normal(8, 2), &few),
        "replicates must be 2 / (1 - level) - 1 or more, got 18 at a level of 0.9"
    );
    assert!(EstimateConfig { replicates: 19, ..plain.clone() }.validate().is_ok());
    for level in [0.0, 1.0, f64::NAN] {
        let config = EstimateConfig { level, ..plain.clone() };
        assert!(
            message(&normal(8, 1), &normal(8, 2), &config).starts_with("level must be above 0")
        );
    }
    let broken = |a: &Tensor, _: &Tensor| Ok(if a.size()[0] < 4 { f64::NAN } else { 1.0 });
    let got = estimate(&normal(8, 1), &normal(8, 2), &plain, broken).unwrap_err().to_string();
    assert!(got.contains("the metric's numbers must be finite numbers"), "{got}");
    let uneven = |a: &Tensor, _: &Tensor| Ok(vec![1.0; a.size()[0] as usize]);
    let got = estimate_all(&normal(8, 1), &normal(8, 2), &plain, uneven).unwrap_err().to_string();
    assert_eq!(got, "the metric's numbers must be equally many each time, got 4 and 2");
}
