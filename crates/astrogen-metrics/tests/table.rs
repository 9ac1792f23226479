//! The sliced Wasserstein distance of tables: exact where it can be told, laws, refusals.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_metrics::{sliced_wasserstein_table, wasserstein_1};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Kind, Tensor};

/// Normal deviates, float64, from a generator that is not libtorch's.
fn normal(shape: [i64; 2], seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| StandardNormal.sample(&mut rng)).collect();
    Tensor::from_slice(&values).view(shape)
}

#[test]
fn one_column_has_the_distance_of_its_values() {
    let (real, fake) = (normal([300, 1], 1) * 2.5 + 22.0, normal([300, 1], 2) * 3.0 + 21.0);
    let values = |table: &Tensor| Vec::<f64>::try_from(table.flatten(0, -1)).unwrap();
    let deviation = real.std(false).double_value(&[]);
    let expected = wasserstein_1(&values(&real), &values(&fake)).unwrap() / deviation;
    // Both directions there are, up and down, see the same.
    let got = sliced_wasserstein_table(&real, &fake, 5, 9).unwrap();
    assert!((got - expected).abs() < 1e-6 * expected, "{got} {expected}");
}

#[test]
fn what_single_columns_cannot_show_is_seen() {
    // Two columns that go together, and the same columns each by itself in the same order.
    let first = normal([4000, 1], 1);
    let second = &first * 0.95 + normal([4000, 1], 2) * 0.3;
    let real = Tensor::cat(&[&first, &second], 1);
    let apart = Tensor::cat(&[&first, &second.roll([1], [0])], 1);
    let near = normal([4000, 1], 3);
    let like = Tensor::cat(&[&near, &(&near * 0.95 + normal([4000, 1], 4) * 0.3)], 1);
    let distance = |fake: &Tensor| sliced_wasserstein_table(&real, fake, 64, 5).unwrap();
    assert!(distance(&apart) > 4.0 * distance(&like), "{} {}", distance(&apart), distance(&like));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn units_and_order_are_of_no_matter(
        seed: u64,
        gains in prop::array::uniform3(prop_oneof![1e-6..1e6f64, -1e6..-1e-6f64]),
        offsets in prop::array::uniform3(-1e3..1e3f64),
        shift in 1i64..50,
    ) {
        let (real, fake) = (normal([60, 3], seed), normal([60, 3], seed ^ 1) * 1.5 + 0.2);
        let expected = sliced_wasserstein_table(&real, &fake, 30, 2).unwrap();
        prop_assert!(expected > 0.05);
        let signs = Tensor::from_slice(&gains).sign();
        let change = |table: &Tensor| {
            // Along mirrored axes the same directions see another shadow: mirror them back.
            (table * &signs + Tensor::from_slice(&offsets)) * Tensor::from_slice(&gains).abs()
        };
        let mirrored =
            sliced_wasserstein_table(&(&real * &signs), &(&fake * &signs), 30, 2).unwrap();
        let got =
            sliced_wasserstein_table(&change(&real), &change(&fake).roll([shift], [0]), 30, 2);
        let got = got.unwrap();
        prop_assert!((got - mirrored).abs() < 1e-5 * mirrored, "{} {}", got, mirrored);
        prop_assert_eq!(sliced_wasserstein_table(&real, &real.roll([shift], [0]), 30, 2).unwrap(), 0.0);
    }

    #[test]
    fn a_shift_is_at_most_its_length(seed: u64, shift in prop::array::uniform3(-2.0..2.0f64)) {
        let real = normal([50, 3], seed);
        let shift = Tensor::from_slice(&shift);
        let length = (&shift / real.std_dim(0, false, false)).norm().double_value(&[]);
        let got = sliced_wasserstein_table(&real, &(&real + &shift), 400, seed).unwrap();
        // The mean of |cos| over the sphere in three dimensions is a half.
        prop_assert!((got - 0.5 * length).abs() < 0.08 * length, "{} {}", got, length);
    }
}

#[test]
fn the_seed_alone_decides_and_libtorch_is_left_alone() {
    let (real, fake) = (normal([100, 4], 1), normal([100, 4], 2));
    tch::manual_seed(5);
    let undisturbed = Tensor::rand([4], (Kind::Double, tch::Device::Cpu));
    tch::manual_seed(5);
    let first = sliced_wasserstein_table(&real, &fake, 16, 9).unwrap();
    assert_eq!(Tensor::rand([4], (Kind::Double, tch::Device::Cpu)), undisturbed);
    assert_eq!(first, sliced_wasserstein_table(&real, &fake, 16, 9).unwrap());
    assert_ne!(first, sliced_wasserstein_table(&real, &fake, 16, 10).unwrap());
}

#[test]
fn refusals_say_what_was_expected() {
    let good = normal([5, 2], 1);
    let message = |real: &Tensor, fake: &Tensor, directions| {
        sliced_wasserstein_table(real, fake, directions, 1).unwrap_err().to_string()
    };
    let got = message(&good, &normal([4, 2], 1), 8);
    assert!(got.contains("of one shape") && got.contains("[5, 2], fake Double [4, 2]"), "{got}");
    assert!(message(&good.select(1, 0), &good.select(1, 0), 8).contains("[N, D]"));
    assert!(message(&good, &good.to_kind(Kind::Int64), 8).contains("fake Int64"));
    assert!(message(&good, &good, 0).contains("number of directions must be 1 to 65536, got 0"));
    for bad in [f64::NAN, f64::INFINITY] {
        let holed = good.copy();
        let _ = holed.narrow(0, 3, 1).fill_(bad);
        let got = message(&good, &holed, 8);
        assert_eq!(
            got,
            "the fake table must be finite numbers, got 10 values, 2 of them not finite"
        );
    }
    let diverged = message(&good, &(&good * 1e60), 8);
    assert!(diverged.contains("fake table in deviations of the real one"), "{diverged}");
    let flat = good.copy();
    let _ = flat.narrow(1, 1, 1).fill_(22.3);
    assert!(message(&flat, &good, 8).contains("column 1 constant"));
}
