//! Profiles against scipy and numpy. `golden/table.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::profile;

fn golden() -> BTreeMap<String, Vec<f64>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/table.safetensors");
    let tensors = tch::Tensor::read_safetensors(path).unwrap();
    let values = |tensor: tch::Tensor| Vec::<f64>::try_from(tensor.flatten(0, -1)).unwrap();
    tensors.into_iter().map(|(name, tensor)| (name, values(tensor))).collect()
}

fn assert_close(got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        let close = (got - expected).abs() <= 1e-12 * expected.abs();
        assert!(close || (got.is_nan() && expected.is_nan()), "{got} is not {expected}");
    }
}

#[test]
fn profiles_are_those_of_scipy() {
    let golden = golden();
    let [x, y, w, edges] = ["x", "y", "w", "edges"].map(|name| &golden[name][..]);
    let expected: Vec<&[f64]> = golden["profile"].chunks(6).collect();
    let plain = profile(x, y, None, edges).unwrap();
    let counts: Vec<f64> = plain.count.iter().map(|count| *count as f64).collect();
    assert_close(&counts, expected[0]);
    assert_eq!(plain.weight, counts);
    assert_close(&plain.mean, expected[1]);
    assert_close(&plain.dispersion, expected[2]);

    let weighted = profile(x, y, Some(w), edges).unwrap();
    assert_eq!(weighted.count, plain.count);
    assert_close(&weighted.weight, expected[3]);
    assert_close(&weighted.mean, &golden["weighted"][..6]);
    assert_close(&weighted.dispersion, &golden["weighted"][6..]);
    assert_close(&weighted.surface_density(), &golden["surface_density"]);
    assert_close(&weighted.middles(), &[0.25, 1.0, 2.25, 3.5, 5.0, 8.0]);
    assert_eq!(weighted.edges, edges);
}

#[test]
fn bins_without_weight_are_nan_and_null_in_json() {
    let found =
        profile(&[0.5, 2.5], &[7.0, 8.0], Some(&[2.0, 0.0]), &[0.0, 1.0, 2.0, 3.0]).unwrap();
    assert_eq!((&found.count[..], &found.weight[..]), (&[1, 0, 1][..], &[2.0, 0.0, 0.0][..]));
    assert_eq!((found.mean[0], found.dispersion[0]), (7.0, 0.0));
    assert!(found.mean[1..].iter().chain(&found.dispersion[1..]).all(|value| value.is_nan()));
    let text = serde_json::to_string(&found).unwrap();
    assert!(text.contains(r#""mean":[7.0,null,null]"#), "{text}");
}

#[test]
fn a_far_offset_costs_the_dispersion_nothing() {
    let y: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i % 2)).collect();
    let found = profile(&[0.5; 1000], &y, None, &[0.0, 1.0]).unwrap();
    assert!((found.dispersion[0] - 0.5).abs() < 1e-6, "{}", found.dispersion[0]);
}

#[test]
fn refusals_say_what_was_expected() {
    let (good, edges) = ([1.0, 2.0], [0.0, 3.0]);
    let message = |x: &[f64], y: &[f64], w: Option<&[f64]>, edges: &[f64]| {
        profile(x, y, w, edges).unwrap_err().to_string()
    };
    assert_eq!(
        message(&[], &[], None, &edges),
        "the coordinates of the profile must be finite numbers, one at least, got 0 values, 0 of \
         them not finite"
    );
    assert!(message(&good, &[1.0, f64::NAN], None, &edges).contains("2 values, 1 of them not"));
    assert_eq!(
        message(&good, &[1.0; 3], None, &edges),
        "the values of the profile must be one per coordinate, got 3 for 2 coordinates"
    );
    assert!(message(&good, &good, Some(&[1.0]), &edges).contains("got 1 for 2 coordinates"));
    assert_eq!(
        message(&good, &good, Some(&[1.0, -2.0]), &edges),
        "the weights of the profile must be 0 or more, got -2"
    );
    for edges in [&[1.0][..], &[2.0, 1.0], &[1.0, f64::NAN]] {
        assert!(message(&good, &good, None, edges).starts_with("the edges must be two or more"));
    }
}
