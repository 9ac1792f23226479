//! Generated rows with the observed distributions.

use astrogen_tables::QuantileMatching;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ROWS: usize = 6000;

fn names() -> Vec<String> {
    ["r", "i"].map(String::from).into()
}

/// A condition and two true features; observed features scatter along them, generated ones less
/// and off their place.
fn rows() -> [Vec<f32>; 3] {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut context, mut observed, mut made) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROWS {
        let row: [f32; 3] = rng.random();
        context.extend(row);
        for truth in &row[1..] {
            let noise: [f32; 2] = rng.random();
            let noise = noise.map(|noise| (2.0 * noise - 1.0) * (1.0 + 0.2 * truth));
            observed.push(truth + noise[0].powi(3));
            made.push(0.3 + truth + 0.5 * noise[1]);
        }
    }
    [context, observed, made]
}

/// The quantiles of a feature among the rows whose true feature is in a range.
fn quantiles(context: &[f32], of: &[f32], feature: usize, from: f32, to: f32) -> Vec<f32> {
    let pairs = context.chunks(3).zip(of.chunks(2));
    let inside = pairs.filter(|(context, _)| (from..to).contains(&context[1 + feature]));
    let mut values: Vec<f32> =
        inside.map(|(context, row)| row[feature] - context[1 + feature]).collect();
    values.sort_by(f32::total_cmp);
    [0.02, 0.16, 0.5, 0.84, 0.98].map(|part| values[(part * values.len() as f64) as usize]).into()
}

#[test]
fn every_feature_has_the_observed_quantiles_all_along() {
    let [context, observed, made] = rows();
    let matching = QuantileMatching::fit(&names(), &context, &observed, &made, 6).unwrap();
    let mut matched = made.clone();
    matching.apply(&context, &mut matched).unwrap();
    for feature in 0..2 {
        for range in [(0.0, 0.3), (0.3, 0.6), (0.6, 1.0)] {
            let of = |of: &[f32]| quantiles(&context, of, feature, range.0, range.1);
            let (want, got, before) = (of(&observed), of(&matched), of(&made));
            for ((want, got), before) in want.iter().zip(got).zip(before) {
                assert!((want - got).abs() < 0.12, "{range:?}: {got} for {want}");
                assert!((want - got).abs() < 0.5 * (want - before).abs() + 0.06, "{before}");
            }
        }
    }
    // Ranks at one place stay, and rows do not touch each other.
    let mut two = vec![0.7, 0.7, 0.9, 0.7];
    matching.apply(&[0.0, 0.5, 0.5, 0.9, 0.5, 0.5], &mut two).unwrap();
    assert!(two[0] < two[2] && two[1] == two[3]);

    // Nothing lies beyond what was observed.
    let mut far = vec![-1e9, 1e9];
    matching.apply(&[0.0, 0.5, 0.5], &mut far).unwrap();
    assert!((-1.5..-0.3).contains(&far[0]) && (1.3..2.5).contains(&far[1]), "{far:?}");

    let text = serde_json::to_string(&matching).unwrap();
    assert_eq!(serde_json::from_str::<QuantileMatching>(&text).unwrap(), matching);
}

#[test]
fn rows_that_do_not_go_together_are_refused() {
    let [context, observed, made] = rows();
    let fit = |context: &[f32], observed: &[f32], made: &[f32], bins| {
        QuantileMatching::fit(&names(), context, observed, made, bins).unwrap_err().to_string()
    };
    for message in [
        fit(&context[3..], &observed, &made, 4),
        fit(&context, &observed, &made[2..], 4),
        fit(&observed[1..], &observed, &made, 4),
    ] {
        assert!(message.contains("contexts and generated features: expected"), "{message}");
    }
    assert!(fit(&context, &observed, &made, 0).contains("at least 1"));
    assert!(fit(&context, &observed, &vec![0.0; 2 * ROWS], 4).contains("\"r\" has no scatter"));
    let mut spoilt = made.clone();
    spoilt[5] = f32::NAN;
    assert!(fit(&context, &observed, &spoilt, 4).contains("is not finite"));
    assert!(QuantileMatching::fit(&[], &context, &observed, &made, 4).is_err());

    let matching = QuantileMatching::fit(&names(), &context, &observed, &made, 4).unwrap();
    assert!(matching.apply(&context, &mut [0.0; 2]).is_err());
    assert!(matching.apply(&[], &mut []).is_ok());
    let mut nothing = [f32::NAN, 0.5, 0.5, 0.5];
    matching.apply(&[0.0, 0.5, 0.5, 0.0, 0.5, f32::NAN], &mut nothing).unwrap();
    assert_eq!(nothing.map(f32::is_nan), [true, false, false, true]);
}
