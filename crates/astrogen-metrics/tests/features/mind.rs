//! MIND.

use astrogen_metrics::{mind, mind_with};
use proptest::prelude::*;
use tch::Tensor;

use crate::{golden, holed, libtorch_is_left_alone, normal, values};

#[test]
fn the_distance_is_that_of_the_formula() {
    let golden = golden();
    let (real, fake) = (golden["real"].narrow(0, 0, 50), &golden["fake"]);
    let got = mind_with(&real, fake, &golden["directions"]).unwrap();
    let expected = values(&golden["mind"])[0];
    assert!((got / expected - 1.0).abs() < 1e-6, "{got} {expected}");
}

#[test]
fn normal_distributions_have_the_distance_of_the_formula() {
    // Of deviations 1 and 3 along every direction: 3 D (3 - 1)^2.
    let (real, fake) = (normal([4000, 3], 1), normal([4000, 3], 2) * 3.0);
    let got = mind(&real, &fake, 200, 1).unwrap();
    assert!((got / 36.0 - 1.0).abs() < 0.1, "{got}");
}

#[test]
fn the_larger_table_is_drawn_from_by_the_seed_and_libtorch_is_left_alone() {
    let (real, fake) = (normal([300, 4], 1), normal([200, 4], 2));
    let distance = |seed| mind(&real, &fake, 50, seed).unwrap();
    assert_eq!(distance(3), distance(3));
    assert_ne!(distance(3), distance(4));
    assert!(distance(3) < 0.5 && mind(&fake, &real, 50, 3).unwrap() < 0.5);
    assert!(libtorch_is_left_alone(|| {
        distance(3);
    }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_laws_of_a_distance(
        seed: u64,
        shift in prop::array::uniform3(-3.0..3.0f64),
        roll in 1i64..50,
    ) {
        let (real, fake) = (normal([60, 3], seed), normal([60, 3], seed ^ 1) * 1.5);
        let expected = mind(&real, &fake, 40, 2).unwrap();
        prop_assert!(expected > 0.05);
        let close = |got: f64, expected: f64| (got - expected).abs() < 1e-5 * expected;
        prop_assert!(close(mind(&fake, &real, 40, 2).unwrap(), expected));
        let rolled = mind(&real.roll([roll], [0]), &fake.flip([0]), 40, 2).unwrap();
        prop_assert!(close(rolled, expected));
        // A common place is of no matter, however far.
        let far = mind(&(&real + 1e6), &(&fake + 1e6), 40, 2).unwrap();
        prop_assert!(close(far, expected));
        prop_assert_eq!(mind(&real, &real.roll([roll], [0]), 40, 2).unwrap(), 0.0);
        // Three times the squared length of a shift, exactly along an orthogonal basis.
        let shift = Tensor::from_slice(&shift);
        let basis = Tensor::linalg_qr(&normal([3, 3], seed), "reduced").0;
        let length = 3.0 * shift.square().sum(tch::Kind::Double).double_value(&[]);
        let shifted = mind_with(&real, &(&real + &shift), &basis).unwrap();
        prop_assert!((shifted - length).abs() < 1e-5 * (1.0 + length), "{} {}", shifted, length);
    }
}

#[test]
fn refusals_say_what_was_expected() {
    let good = normal([5, 2], 1);
    let message =
        |fake: &Tensor, directions| mind(&good, fake, directions, 1).unwrap_err().to_string();
    assert!(message(&good, 0).contains("number of directions must be 1 to 65536, got 0"));
    assert!(message(&normal([5, 3], 1), 8).contains("of as many columns"));
    assert!(message(&holed(&good, f64::NAN), 8).contains("fake table must be finite"));
    assert!(message(&holed(&good, 1e60), 8).contains("features in float32 must be finite"));
    let with = |fake: &Tensor, directions: &Tensor| {
        mind_with(&good, fake, directions).unwrap_err().to_string()
    };
    assert!(with(&normal([4, 2], 1), &good).contains("as many rows each, got 5 real and 4 fake"));
    assert!(with(&good, &normal([4, 3], 1)).contains("expected directions [J, 2], got [4, 3]"));
}
