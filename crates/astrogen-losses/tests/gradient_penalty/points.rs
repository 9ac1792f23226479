//! Where the penalty is taken.

use astrogen_losses::{PenaltyDraw, PenaltyKind, interpolation_weights, penalty_points};
use proptest::prelude::*;
use tch::{Device, Kind, Tensor};

use crate::stack::{distance, values};

fn weights(values: &[f64]) -> PenaltyDraw {
    PenaltyDraw { weights: Tensor::from_slice(values), noise: None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_ends_are_exact(seed in 0u64..1000, scale in -8f64..8.0) {
        let (real, fake) = (values(&[2, 3, 2, 2], seed) * 10f64.powf(scale), values(&[2, 3, 2, 2], seed + 1));
        let points = penalty_points(PenaltyKind::TwoSided, &real, &fake, &weights(&[1.0, 0.0]));
        assert_eq!(points.get(0), real.get(0));
        assert_eq!(points.get(1), fake.get(1));
    }

    #[test]
    fn each_sample_has_one_weight(seed in 0u64..1000, w in 0f64..1.0) {
        let (real, fake) = (values(&[2, 2, 3, 3], seed), values(&[2, 2, 3, 3], seed + 1));
        let points = penalty_points(PenaltyKind::OneSided, &real, &fake, &weights(&[w, 1.0 - w]));
        let expected = |n: i64, w: f64| real.get(n) * w + fake.get(n) * (1.0 - w);
        assert!(distance(&points.get(0), &expected(0, w)) < 1e-14);
        assert!(distance(&points.get(1), &expected(1, 1.0 - w)) < 1e-14);
    }
}

#[test]
fn draws_fit_the_kind_and_the_reals() {
    let real = Tensor::zeros([64, 1, 2, 2], (Kind::Float, Device::Cpu));
    for kind in [PenaltyKind::TwoSided, PenaltyKind::OneSided, PenaltyKind::R1, PenaltyKind::R2] {
        assert!(PenaltyDraw::new(kind, &real).noise.is_none());
    }
    let draw = PenaltyDraw::new(PenaltyKind::Dragan, &real);
    assert_eq!(draw.noise.unwrap().size(), real.size());
    assert_eq!((draw.weights.size(), draw.weights.kind()), (vec![64], Kind::Float));

    let weights = interpolation_weights(4096, (Kind::Double, Device::Cpu));
    let (least, most) = (weights.min().double_value(&[]), weights.max().double_value(&[]));
    assert!(least >= 0.0 && most < 1.0, "{least} to {most}");
    assert!((weights.mean(None::<Kind>).double_value(&[]) - 0.5).abs() < 0.05);
}

#[test]
fn dragan_stays_within_half_a_deviation_above_the_reals() {
    let (real, fake) = (values(&[16, 3], 4), values(&[16, 3], 5));
    let points = |draw: &PenaltyDraw| penalty_points(PenaltyKind::Dragan, &real, &fake, draw);
    let draw = PenaltyDraw::new(PenaltyKind::Dragan, &real);
    let moved = points(&draw) - &real;
    let deviation = real.std(true).double_value(&[]);
    assert!(moved.min().double_value(&[]) >= -1e-15);
    assert!(moved.max().double_value(&[]) <= 0.5 * deviation);
    assert!(moved.max().double_value(&[]) > 0.2 * deviation);
    // Weight 1 is the real sample itself, and the fakes play no part.
    let at_the_reals = PenaltyDraw { weights: draw.weights.ones_like(), noise: draw.noise };
    assert_eq!(points(&at_the_reals), real);
}

#[test]
fn points_have_no_graph() {
    let (real, draw) = (values(&[2, 3], 1), weights(&[0.2, 0.7]));
    let fake = values(&[2, 3], 2).set_requires_grad(true);
    for kind in [PenaltyKind::TwoSided, PenaltyKind::R1, PenaltyKind::R2] {
        assert!(!penalty_points(kind, &real, &fake, &draw).requires_grad(), "{kind:?}");
    }
}

#[test]
#[should_panic(expected = "lie between batches of one shape, got [2, 3] and [2, 1]")]
fn batches_of_two_shapes_are_refused() {
    let (real, fake) = (values(&[2, 3], 1), values(&[2, 1], 2));
    let _ = penalty_points(PenaltyKind::TwoSided, &real, &fake, &weights(&[0.2, 0.7]));
}

#[test]
#[should_panic(expected = "one interpolation weight a sample: expected the shape [2], got [2, 3]")]
fn weights_by_pixel_are_refused() {
    let (real, fake) = (values(&[2, 3], 1), values(&[2, 3], 2));
    let draw = PenaltyDraw { weights: values(&[2, 3], 3), noise: None };
    let _ = penalty_points(PenaltyKind::TwoSided, &real, &fake, &draw);
}

#[test]
#[should_panic(expected = "DRAGAN's points need noise")]
fn dragan_without_noise_is_refused() {
    let real = values(&[2, 3], 1);
    let _ = penalty_points(PenaltyKind::Dragan, &real, &real, &weights(&[0.2, 0.7]));
}
