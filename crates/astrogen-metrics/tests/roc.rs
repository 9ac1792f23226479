//! The receiver operating characteristic against scikit-learn, and the laws it keeps.
//! `golden/roc.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::Roc;
use proptest::prelude::*;

fn golden() -> BTreeMap<String, Vec<f64>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/roc.safetensors");
    let tensors = tch::Tensor::read_safetensors(path).unwrap();
    let values = |tensor: tch::Tensor| Vec::<f64>::try_from(tensor.flatten(0, -1)).unwrap();
    tensors.into_iter().map(|(name, tensor)| (name, values(tensor))).collect()
}

#[test]
fn areas_errors_and_curves_are_those_of_scikit_learn() {
    let golden = golden();
    for pair in 0..3 {
        let of = |name: &str| &golden[&format!("{name}.{pair}")];
        let roc = Roc::of(of("positives"), of("negatives")).unwrap();
        let got = [roc.auc, roc.error];
        for (got, expected) in got.into_iter().zip(of("auc")) {
            assert!((got - expected).abs() < 1e-12, "{pair}: {got} is not {expected}");
        }
        let rates = of("curve");
        let (fpr, tpr) = rates.split_at(rates.len() / 2);
        assert_eq!(roc.points.len(), fpr.len());
        for (point, expected) in roc.points.iter().zip(fpr.iter().zip(tpr)) {
            assert!((point[0] - expected.0).abs() < 1e-12 && (point[1] - expected.1).abs() < 1e-12);
        }
    }
}

#[test]
fn scores_that_are_none_are_refused() {
    for (positives, negatives, set) in [
        (&[][..], &[1.0][..], "positives' scores"),
        (&[1.0], &[], "negatives' scores"),
        (&[f64::NAN], &[1.0], "positives' scores"),
    ] {
        let message = Roc::of(positives, negatives).unwrap_err().to_string();
        assert!(message.contains(set), "{message}");
    }
    let single = Roc::of(&[2.0], &[1.0, 0.5]).unwrap();
    assert!(single.auc == 1.0 && single.error.is_nan());
}

proptest! {
    #[test]
    fn the_curve_has_the_area_and_mirrors(
        x in prop::collection::vec(-5i32..5, 2..30), y in prop::collection::vec(-5i32..5, 2..30),
    ) {
        let [x, y] = [x, y].map(|set| set.into_iter().map(f64::from).collect::<Vec<f64>>());
        let roc = Roc::of(&x, &y).unwrap();
        // Trapezia under the points, ties as straight lines.
        let area: f64 = roc
            .points
            .windows(2)
            .map(|two| (two[1][0] - two[0][0]) * 0.5 * (two[1][1] + two[0][1]))
            .sum();
        prop_assert!((area - roc.auc).abs() < 1e-12);
        let other = Roc::of(&y, &x).unwrap();
        prop_assert!((roc.auc + other.auc - 1.0).abs() < 1e-12);
        prop_assert!((roc.error - other.error).abs() < 1e-12);
        // Any increasing change of the scores leaves it as it is.
        let cubed = |set: &[f64]| set.iter().map(|x| x.powi(3) + x).collect::<Vec<f64>>();
        prop_assert_eq!(Roc::of(&cubed(&x), &cubed(&y)).unwrap(), roc);
    }
}

#[test]
fn intervals_hold_the_true_area_as_often_as_they_say_and_few_scores_make_them_wide() {
    use rand::{RngExt, SeedableRng};

    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    // Sums of twelve: as good as normal, deviation 1. The area is that of a shift by 1.5, Phi(1.5 / sqrt 2).
    let mut normal =
        |shift: f64| shift + (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    let (truth, trials) = (0.855_58, 2000);
    let mut held = 0;
    for _ in 0..trials {
        let positives: Vec<f64> = (0..12).map(|_| normal(1.5)).collect();
        let negatives: Vec<f64> = (0..40).map(|_| normal(0.0)).collect();
        let [low, high] = Roc::of(&positives, &negatives).unwrap().interval(1.645);
        held += i32::from(low <= truth && truth <= high);
    }
    let share = f64::from(held) / f64::from(trials);
    assert!((0.87..0.95).contains(&share), "{share}");

    let apart = Roc::of(&[3.0; 4], &[1.0; 16]).unwrap();
    let [low, high] = apart.interval(1.645);
    assert!((0.5..0.9).contains(&low) && high == 1.0, "{low} to {high}");
    // The equation of the definition holds at the end that is inside.
    let v =
        low * (1.0 - low) * (1.0 + 9.0 * ((1.0 - low) / (2.0 - low) + low / (1.0 + low))) / 64.0;
    assert!(((low - 1.0).powi(2) - 1.645f64.powi(2) * v).abs() < 1e-9);
}
