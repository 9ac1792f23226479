//! Precision and recall, density and coverage.

use astrogen_metrics::{Prdc, PrdcConfig, prdc};
use proptest::prelude::*;
use tch::{Kind, Tensor};

use crate::{golden, holed, normal, values};

fn of(real: &Tensor, fake: &Tensor) -> Prdc {
    prdc(real, fake, &PrdcConfig::default()).unwrap()
}

/// Real and fake points on a line.
fn line(points: &[f64]) -> Tensor {
    Tensor::from_slice(points).view([-1, 1])
}

#[test]
fn numbers_are_those_of_torch_fidelity_and_of_the_formula() {
    let golden = golden();
    let (first, second) =
        (values(&golden["precision_recall"]), values(&golden["density_coverage"]));
    let second_config = PrdcConfig { precision_recall: 1, density_coverage: 2 };
    for (at, config) in [(0, PrdcConfig::default()), (2, second_config)] {
        let got = prdc(&golden["real"], &golden["fake"], &config).unwrap();
        let expected = [first[at], first[at + 1], second[at], second[at + 1]];
        let got = [got.precision, got.recall, got.density, got.coverage];
        for (got, expected) in got.iter().zip(&expected) {
            // torch-fidelity's mean is in float32.
            assert!((got - expected).abs() < 1e-7, "{got} {expected}");
        }
    }
}

#[test]
fn the_edge_of_a_ball_is_in_it_for_precision_and_not_for_density() {
    let config = PrdcConfig { precision_recall: 1, density_coverage: 1 };
    let real = line(&[0.0, 1.0, 10.0, 11.0]);
    // One fake on the edge of a ball, one inside two of them, one nowhere.
    let got = prdc(&real, &line(&[-1.0, 0.5, 30.0]), &config).unwrap();
    assert!((got.precision - 2.0 / 3.0).abs() < 1e-12, "{got:?}");
    assert!((got.density - 2.0 / 3.0).abs() < 1e-12, "{got:?}");
    assert_eq!(got.coverage, 0.5);
    // The fakes' balls reach 1.5, 1.5 and 29.5 far.
    assert_eq!(got.recall, 1.0);
    let got = prdc(&real, &line(&[-1.0, -3.0, 13.0, 15.0]), &config).unwrap();
    assert_eq!((got.precision, got.recall), (0.25, 0.75));
    assert_eq!((got.density, got.coverage), (0.0, 0.0));
}

#[test]
fn a_set_and_itself_have_one_each_whatever_rounding_does() {
    for (rows, columns) in [(10, 1), (300, 7), (700, 40)] {
        for offset in [0.0, 100.0] {
            let real = normal([rows, columns], 1) + offset;
            let got = of(&real, &real.flip([0]));
            let expected = Prdc { precision: 1.0, recall: 1.0, density: 1.0, coverage: 1.0 };
            assert_eq!(got, expected, "{rows} rows of {columns}");
        }
    }
    // Points of a lattice, all of whose distances are equal to others.
    let side = Tensor::arange(7, (Kind::Double, tch::Device::Cpu)) * 0.1;
    let lattice = Tensor::cartesian_prod(&[&side, &side, &side]);
    let (got, other) = (of(&lattice, &lattice), of(&lattice.flip([0]), &lattice.roll([5], [0])));
    assert_eq!((got.precision, got.recall), (1.0, 1.0));
    assert_eq!(got, other);
}

#[test]
fn good_odd_and_collapsed_samples_are_told_apart() {
    let (real, good) = (normal([1000, 4], 1), normal([1000, 4], 2));
    let equal = of(&real, &good);
    assert!(equal.precision > 0.9 && equal.recall > 0.9, "{equal:?}");
    assert!((equal.density - 1.0).abs() < 0.1, "{equal:?}");
    assert!((equal.coverage - (1.0 - 0.5f64.powi(5))).abs() < 0.03, "{equal:?}");
    let collapsed = of(&real, &(good.narrow(0, 0, 1) * 0.3 + 0.01 * normal([1000, 4], 3)));
    assert!(collapsed.precision > 0.99 && collapsed.coverage < 0.05, "{collapsed:?}");
    assert!(collapsed.recall < 0.05, "{collapsed:?}");
    let wild = of(&real, &(&good * 4.0));
    assert!(wild.precision < 0.2 && wild.density < 0.1 && wild.recall > 0.9, "{wild:?}");
    let far = of(&real, &(&good + 50.0));
    assert_eq!([far.precision, far.recall, far.density, far.coverage], [0.0; 4]);
    // One odd real makes everything precise, and little dense.
    let odd = Tensor::cat(&[&real, &(real.narrow(0, 0, 1) * 0.0 + 100.0)], 0);
    let got = of(&odd, &(&good + 50.0));
    assert!(got.precision == 1.0 && got.density < 0.21, "{got:?}");
}

#[test]
fn rows_that_all_are_one_hold_themselves() {
    let real = normal([1, 3], 1).expand([20, 3], true);
    let got = of(&real, &real);
    assert_eq!((got.precision, got.recall, got.density, got.coverage), (1.0, 1.0, 0.0, 0.0));
    let got = of(&real, &(&real + 1e-3));
    assert_eq!((got.precision, got.recall, got.density, got.coverage), (0.0, 0.0, 0.0, 0.0));
}

#[test]
fn chunks_give_what_one_piece_gives() {
    // More distances than are made at a time, against a hand count in one piece.
    let (real, fake) = (normal([3000, 2], 1), normal([2000, 2], 2) * 1.2);
    let config = PrdcConfig::default();
    let radii =
        |rows: &Tensor, k: i64| Tensor::cdist(rows, rows, 2.0, 2).kthvalue(k + 1, 1, false).0;
    let across = Tensor::cdist(&fake, &real, 2.0, 2);
    let mean = |truth: Tensor| truth.to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
    let inside = across.lt_tensor(&radii(&real, 5));
    let expected = [
        mean(across.le_tensor(&radii(&real, 3)).any_dim(1, false)),
        mean(across.le_tensor(&radii(&fake, 3).unsqueeze(1)).any_dim(0, false)),
        mean(inside.shallow_clone()) * 3000.0 / 5.0,
        mean(inside.any_dim(0, false)),
    ];
    let got = prdc(&real, &fake, &config).unwrap();
    for (got, expected) in
        [got.precision, got.recall, got.density, got.coverage].iter().zip(expected)
    {
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn sides_order_and_place_are_of_no_matter(seed: u64, roll in 1i64..30, gain in 1e-6..1e6f64) {
        let (real, fake) = (normal([40, 3], seed), normal([30, 3], seed ^ 1) * 1.3 + 0.3);
        let expected = of(&real, &fake);
        let moved = of(&(real.roll([roll], [0]) * gain + gain), &(fake.flip([0]) * gain + gain));
        prop_assert_eq!(moved, expected);
        let swapped = of(&fake, &real);
        prop_assert_eq!((swapped.precision, swapped.recall), (expected.recall, expected.precision));
    }
}

#[test]
fn refusals_say_what_was_expected() {
    let good = normal([6, 2], 1);
    let message = |real: &Tensor, fake: &Tensor, config: &PrdcConfig| {
        prdc(real, fake, config).unwrap_err().to_string()
    };
    let plain = PrdcConfig::default();
    assert!(prdc(&good, &good, &plain).is_ok());
    assert_eq!(
        message(&good, &normal([5, 2], 1), &plain),
        "the tables must be of more rows than neighbours each, got 6 real and 5 fake rows where 6 \
         are needed"
    );
    assert!(message(&good, &normal([6, 3], 1), &plain).contains("of as many columns"));
    assert!(message(&holed(&good, f64::NAN), &good, &plain).contains("real table must be finite"));
    let config = PrdcConfig { density_coverage: 0, ..plain };
    assert_eq!(message(&good, &good, &config), "density_coverage must be 1 or more, got 0");
}
