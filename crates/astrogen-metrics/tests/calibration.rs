//! Calibration: samplers that are right, biased, too narrow and too wide are told apart.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_metrics::Pit;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

const COUNT: usize = 20_000;
const DRAWS: usize = 19;

/// Objects of differing mean and width, the truth drawn from their own distribution, and a
/// sampler that knows the mean up to `bias` and the width up to `factor`, in units of the width.
fn pit(bias: f64, factor: f64) -> Pit {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let (mut observed, mut draws) = (Vec::new(), Vec::new());
    for _ in 0..COUNT {
        let (mean, width): (f64, f64) = (rng.random_range(-3.0..3.0), rng.random_range(0.1..2.0));
        let mut deviate = || -> f64 { StandardNormal.sample(&mut rng) };
        observed.push(mean + width * deviate());
        draws.extend((0..DRAWS).map(|_| mean + width * (bias + factor * deviate())));
    }
    Pit::new(&observed, &draws, 5).unwrap()
}

#[test]
fn a_right_sampler_is_even_within_the_error() {
    let right = pit(0.0, 1.0);
    let ks = right.kolmogorov_smirnov();
    assert!(ks.p_value > 0.01 && ks.statistic < 0.012, "{ks:?}");
    let expected = COUNT as f64 / 20.0;
    for count in right.histogram(20) {
        let error = (expected * 0.95).sqrt();
        assert!((count as f64 - expected).abs() < 4.0 * error, "{count}");
    }
    for level in [0.5, 0.68, 0.95] {
        let error = (level * (1.0 - level) / COUNT as f64).sqrt();
        assert!((right.coverage(level) - level).abs() < 4.0 * error, "at {level}");
    }
    let floor = (19.0 / (2.0 * std::f64::consts::PI * COUNT as f64)).sqrt();
    let distance = right.total_variation(20);
    assert!((0.4..1.8).contains(&(distance / floor)), "{distance} {floor}");
}

#[test]
fn wrong_samplers_have_the_shapes_the_text_tells() {
    let ends = |pit: &Pit| {
        let counts = pit.histogram(10);
        (counts[0] as f64 / 2000.0, counts[5] as f64 / 2000.0, counts[9] as f64 / 2000.0)
    };
    let narrow = pit(0.0, 0.7);
    let (first, middle, last) = ends(&narrow);
    assert!(first > 1.5 && last > 1.5 && middle < 0.9, "a bowl: {first} {middle} {last}");
    assert!(narrow.coverage(0.68) < 0.57);
    let wide = pit(0.0, 1.5);
    let (first, middle, last) = ends(&wide);
    assert!(first < 0.6 && last < 0.6 && middle > 1.2, "a hill: {first} {middle} {last}");
    assert!(wide.coverage(0.68) > 0.8);
    let (first, _, last) = ends(&pit(-0.5, 1.0));
    assert!(first < 0.6 && last > 1.6, "up to the right when too low: {first} {last}");
    for wrong in [narrow, wide, pit(-0.5, 1.0), pit(0.1, 1.0)] {
        assert!(wrong.kolmogorov_smirnov().p_value < 1e-3);
        assert!(wrong.total_variation(20) > 0.03);
    }
}

proptest! {
    #[test]
    fn ties_are_spread_evenly_and_the_same_each_time(seed: u64, tied in 0usize..8, below in 0usize..8) {
        let mut draws = vec![5.0; tied];
        draws.extend(vec![4.0; below]);
        draws.push(6.0);
        let each = draws.len();
        let observed = vec![5.0; 400];
        let pit = Pit::new(&observed, &draws.repeat(400), seed).unwrap();
        let low = below as f64 / (each + 1) as f64;
        let high = (below + tied + 1) as f64 / (each + 1) as f64;
        prop_assert!(pit.values().iter().all(|value| (low..high).contains(value)));
        let mean = pit.values().iter().sum::<f64>() / 400.0;
        prop_assert!((mean - 0.5 * (low + high)).abs() < 0.08 * (high - low));
        prop_assert_eq!(&pit, &Pit::new(&observed, &draws.repeat(400), seed).unwrap());
        prop_assert_ne!(pit, Pit::new(&observed, &draws.repeat(400), seed ^ 1).unwrap());
    }
}

#[test]
fn histograms_hold_every_value() {
    let pit = Pit::new(&[0.0, 9.0, 5.0], &[1.0, 4.0, 7.0], 1).unwrap();
    assert_eq!(pit.histogram(2), [2, 1], "below, above, below");
    assert_eq!(pit.histogram(1), [3]);
    assert_eq!(pit.histogram(0), [0usize; 0]);
    assert_eq!(pit.total_variation(0), 0.0);
    assert!((pit.total_variation(2) - 1.0 / 6.0).abs() < 1e-15);
    assert_eq!((pit.coverage(0.0), pit.coverage(1.0)), (0.0, 1.0));
}

#[test]
fn refusals_say_what_was_expected() {
    let message =
        |observed: &[f64], draws: &[f64]| Pit::new(observed, draws, 1).unwrap_err().to_string();
    assert_eq!(
        message(&[1.0, 2.0], &[1.0, 2.0, 3.0]),
        "the draws must be equally many for each observed value, got 3 for 2 observed values"
    );
    assert!(message(&[], &[1.0]).contains("observed values"));
    assert!(message(&[1.0], &[]).contains("the draws must be finite numbers, one at least"));
    assert!(message(&[1.0], &[f64::NAN]).contains("got 1 values, 1 of them not finite"));
}
