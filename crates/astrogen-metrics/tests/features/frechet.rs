//! The Fréchet distance.

use astrogen_metrics::frechet_distance;
use proptest::prelude::*;
use tch::{Kind, Tensor};

use crate::{golden, holed, normal, values};

#[test]
fn distance_and_parts_are_those_of_torch_fidelity() {
    let golden = golden();
    let got = frechet_distance(&golden["real"], &golden["fake"]).unwrap();
    let expected = values(&golden["frechet"]);
    for (got, expected) in [got.distance, got.means, got.covariances].iter().zip(&expected) {
        assert!((got - expected).abs() < 1e-12 * expected, "{got} {expected}");
    }
    assert_eq!((got.features, got.real_rows, got.fake_rows), (8, 60, 50));
    assert!(got.full_rank() && got.real_rank == 8, "{got}");
    assert!(!got.to_string().contains("rank"));
}

#[test]
fn features_that_are_nearly_copies_cost_no_digits() {
    let golden = golden();
    let got = frechet_distance(&golden["copies.real"], &golden["copies.fake"]).unwrap().distance;
    let expected = values(&golden["copies.frechet"])[0];
    assert!((got / expected - 1.0).abs() < 1e-13, "{got} {expected}");
}

#[test]
fn normal_distributions_have_the_distance_of_the_formula() {
    // Independent columns of deviations a and b: |difference of means|^2 + sum of (a - b)^2.
    // Rows whose mean is 0 and whose covariance is 1 exactly.
    let rows = normal([40, 3], 1);
    let rows = &rows - rows.mean_dim(0, true, None);
    let (orthogonal, _) = Tensor::linalg_qr(&rows, "reduced");
    let exact = orthogonal * 39f64.sqrt();
    let (a, b) = (Tensor::from_slice(&[1.0, 2.0, 0.5]), Tensor::from_slice(&[3.0, 0.1, 0.5]));
    let offset = Tensor::from_slice(&[0.0, 4.0, -3.0]);
    let got = frechet_distance(&(&exact * &a), &(exact.flip([0]) * &b + &offset)).unwrap();
    assert!((got.means - 25.0).abs() < 1e-10, "{got}");
    assert!((got.covariances - (4.0 + 3.61)).abs() < 1e-10, "{got}");
    // Turned against each other: of covariances diag(1, 0) and diag(0, 1), say, the root is 0.
    let axis = |column: i64| &exact * Tensor::eye(3, (Kind::Double, tch::Device::Cpu)).get(column);
    let got = frechet_distance(&axis(0), &axis(1)).unwrap();
    assert!((got.distance - 2.0).abs() < 1e-12, "{got}");
    assert_eq!((got.real_rank, got.fake_rank), (1, 1));
}

#[test]
fn fewer_rows_than_features_are_seen_and_said() {
    let (real, fake) = (normal([40, 64], 1), normal([30, 64], 2));
    let few = frechet_distance(&real, &fake).unwrap();
    assert_eq!((few.real_rank, few.fake_rank), (39, 29));
    assert!(!few.full_rank());
    let said = few.to_string();
    let expected = "covariances of rank 39 and 29 for 64 features: too few rows, the distance is \
                    too large";
    assert!(said.contains(expected) && said.contains("40 real and 30 fake rows"), "{said}");
    let many = frechet_distance(&normal([4000, 64], 1), &normal([4000, 64], 2)).unwrap();
    assert!(many.full_rank() && few.distance > 10.0 * many.distance, "{few} {many}");
    // Enough rows, of features that depend on each other.
    let copies = Tensor::cat(&[&real.narrow(1, 0, 3), &real.narrow(1, 0, 3)], 1);
    let got = frechet_distance(&copies, &(&copies * 2.0 + 1e3)).unwrap();
    assert_eq!((got.real_rank, got.fake_rank), (3, 3));
    assert!(!got.to_string().contains("too few"), "{got}");
}

#[test]
fn directions_without_variance_add_nothing() {
    // 60 rows of 500 features: a root of an eigenvalue's rounding is 1e-8, of 440 of them.
    let rows = normal([60, 500], 1);
    let got = frechet_distance(&rows, &rows.flip([0])).unwrap();
    assert!(got.distance < 1e-10, "{got}");
    let constant = frechet_distance(&rows.ones_like(), &(rows.ones_like() * 3.0)).unwrap();
    assert_eq!((constant.distance, constant.means), (2000.0, 2000.0));
    assert_eq!((constant.real_rank, constant.fake_rank), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_laws_of_a_distance(
        seed: u64,
        shift in prop::array::uniform4(-5.0..5.0f64),
        roll in 1i64..30,
        rows in prop_oneof![Just(3i64), Just(40)],
    ) {
        let (real, fake) = (normal([rows, 4], seed), normal([30, 4], seed ^ 1) * 1.7 + 0.4);
        let distance = |a: &Tensor, b: &Tensor| frechet_distance(a, b).unwrap().distance;
        let expected = distance(&real, &fake);
        prop_assert!(expected > 0.1);
        prop_assert!((distance(&fake, &real) - expected).abs() < 1e-10 * expected);
        let other = distance(&real.roll([roll], [0]), &fake.flip([0]));
        prop_assert!((other - expected).abs() < 1e-10 * expected);
        prop_assert!(distance(&real, &real.roll([roll], [0])) < 1e-11);
        let length: f64 = shift.iter().map(|s| s * s).sum();
        let shifted = distance(&real, &(&real + Tensor::from_slice(&shift)));
        prop_assert!((shifted - length).abs() < 1e-10 * (1.0 + length), "{} {}", shifted, length);
        // In units of 1000 the squared distance is a million times as large.
        let units = distance(&(&real * 1e3), &(&fake * 1e3));
        prop_assert!((units / expected / 1e6 - 1.0).abs() < 1e-10);
    }
}

#[test]
fn refusals_say_what_was_expected() {
    let good = normal([5, 2], 1);
    let message =
        |real: &Tensor, fake: &Tensor| frechet_distance(real, fake).unwrap_err().to_string();
    assert!(message(&good, &normal([5, 3], 1)).contains("of as many columns"));
    assert!(message(&good, &holed(&good, f64::NAN)).contains("fake table must be finite"));
    assert_eq!(
        message(&good.narrow(0, 0, 1), &good),
        "the tables must be of two rows or more each, got 1 real and 5 fake rows where 2 are needed"
    );
}
