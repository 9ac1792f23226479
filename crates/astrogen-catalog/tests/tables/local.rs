//! One quantity along another, against numpy and scipy. `golden/local.py` made the values.

use astrogen_catalog::{Knot, LocalScale, LocalScores, QuantileMap, ScoreKnot};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    along: Vec<f64>,
    values: Vec<f64>,
    made: Vec<f64>,
    knots: Vec<ScoreKnot>,
    scales: Vec<Knot>,
    places: Vec<f64>,
    probes: Vec<f64>,
    scores: Vec<f64>,
    mapped: Vec<f64>,
}

fn golden() -> Golden {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/local.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn assert_close(got: f64, expected: f64) {
    assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
}

#[test]
fn knots_scores_and_maps_are_those_of_numpy_and_scipy() {
    let golden = golden();
    let (along, values) = (&golden.along, &golden.values);
    let scale = LocalScale::fit("i", along, values, 4).unwrap();
    assert_eq!(scale.knots().len(), golden.scales.len());
    for (got, expected) in scale.knots().iter().zip(&golden.scales) {
        let pairs = [(got.at, expected.at), (got.median, expected.median)];
        pairs.into_iter().for_each(|(got, expected)| assert_close(got, expected));
        assert_close(got.width, expected.width);
    }
    let scores = LocalScores::fit("i", along, values, 4).unwrap();
    assert_eq!(scores.knots().len(), golden.knots.len());
    for (got, expected) in scores.knots().iter().zip(&golden.knots) {
        assert_close(got.at, expected.at);
        assert_eq!(got.quantiles.len(), expected.quantiles.len());
        let quantiles = got.quantiles.iter().zip(&expected.quantiles);
        quantiles.for_each(|(&got, &expected)| assert_close(got, expected));
        let ends = got.ends.iter().zip(&expected.ends);
        ends.for_each(|(&got, &expected)| assert_close(got, expected));
    }
    let map = QuantileMap::fit("i", along, &golden.made, values, 4).unwrap();
    for (i, (&place, &probe)) in golden.places.iter().zip(&golden.probes).enumerate() {
        assert_close(scores.apply(place, probe), golden.scores[i]);
        assert_close(scores.inverse(place, golden.scores[i]), probe);
        assert_close(map.apply(place, probe), golden.mapped[i]);
    }
}

#[test]
fn edited_knots_are_refused() {
    let golden = golden();
    let scores = LocalScores::fit("i", &golden.along, &golden.values, 4).unwrap();
    let text = serde_json::to_value(&scores).unwrap();
    assert_eq!(serde_json::from_value::<LocalScores>(text.clone()).unwrap(), scores);
    let edits: [fn(&mut serde_json::Value); 6] = [
        |knots| knots[0]["ends"][1] = (-1e9).into(),
        |knots| knots[1]["quantiles"][3] = (-1e9).into(),
        |knots| knots[1]["at"] = (-1e9).into(),
        |knots| knots[2]["quantiles"] = serde_json::json!([1, 2, 3]),
        |knots| *knots = serde_json::json!([{"at": 0, "quantiles": [1], "ends": [1, 1]}]),
        |knots| *knots = serde_json::json!([]),
    ];
    for edit in edits {
        let mut edited = text.clone();
        edit(&mut edited);
        let message = serde_json::from_value::<LocalScores>(edited).unwrap_err().to_string();
        assert!(message.contains("the knots of local scores: expected"), "{message}");
    }
}

#[test]
fn repeated_values_have_scores_and_a_constant_is_refused() {
    let along: Vec<f64> = (0..1000).map(f64::from).collect();
    // Nine tenths of the values are one of three.
    let steps: Vec<f64> = (0..1000).map(|i| f64::from(i * 7 % 10).min(2.0)).collect();
    let scores = LocalScores::fit("flag", &along, &steps, 2).unwrap();
    for value in [0.0, 1.0, 2.0] {
        let score = scores.apply(500.0, value);
        assert!(score.is_finite());
        assert!((scores.inverse(500.0, score) - value).abs() < 1e-9);
    }
    let message = LocalScores::fit("flag", &along, &[1.0; 1000], 2).unwrap_err().to_string();
    assert!(message.contains("\"flag\" has no scatter"), "{message}");
}

/// Runs that go on fit their scales again: what is fitted of the same rows may not change.
#[test]
fn bins_at_one_place_are_joined_about_the_median_of_the_first() {
    // Five bins of 100 rows, of which the middle three are at 1.
    let along: Vec<f64> = (0..500).map(|i| f64::from(i / 100).clamp(0.0, 4.0)).collect();
    let along: Vec<f64> =
        along.iter().map(|&x| if (1.0..4.0).contains(&x) { 1.0 } else { x }).collect();
    let values: Vec<f64> = (0..500).map(|i| f64::from(i * i % 997)).collect();
    let scale = LocalScale::fit("flag", &along, &values, 5).unwrap();
    let quantile = |rows: std::ops::Range<usize>, part: f64| {
        let mut own = values[rows].to_vec();
        own.sort_by(f64::total_cmp);
        let (at, last) = (part * (own.len() - 1) as f64, own.len() - 1);
        let low = own[at as usize];
        low + (own[(at as usize + 1).min(last)] - low) * at.fract()
    };
    let at: Vec<f64> = scale.knots().iter().map(|knot| knot.at).collect();
    assert_eq!(at, [0.0, 1.0, 4.0]);
    assert_close(scale.knots()[1].median, quantile(100..200, 0.5));
    let width = 0.5 * (quantile(100..400, 0.84) - quantile(100..400, 0.16));
    assert_close(scale.knots()[1].width, width);
    // Scores are those of all rows there.
    let scores = LocalScores::fit("flag", &along, &values, 5).unwrap();
    let middle = scores.knots()[1].quantiles.len() / 2;
    assert_close(scores.knots()[1].quantiles[middle], quantile(100..400, 0.5));
}

#[test]
fn what_is_no_number_stays_none_whatever_the_number_of_knots() {
    let golden = golden();
    let (along, values) = (&golden.along, &golden.values);
    for bins in [1, 4] {
        let scale = LocalScale::fit("i", along, values, bins).unwrap();
        let scores = LocalScores::fit("i", along, values, bins).unwrap();
        let map = QuantileMap::fit("i", along, &golden.made, values, bins).unwrap();
        let place = along[0];
        assert!(scale.inverse(place, 0.5).is_finite() && map.apply(place, 0.5).is_finite());
        for (along, value) in [(place, f64::NAN), (f64::NAN, 0.5), (f64::NAN, f64::NAN)] {
            let made = [
                scale.apply(along, value),
                scale.inverse(along, value),
                scores.apply(along, value),
                scores.inverse(along, value),
                map.apply(along, value),
            ];
            assert!(made.iter().all(|value| value.is_nan()), "{bins} bins: {made:?}");
        }
        assert!(scores.range(f64::NAN).iter().all(|end| end.is_nan()));
    }
}

proptest! {
    /// There and back is the identity anywhere, and larger values have larger scores.
    #[test]
    fn local_scores_are_inverted(
        slope in -2.0..2.0f64,
        scatter in 1e-3..10.0f64,
        bins in 1..20usize,
        along in -100.0..100.0f64,
        value in -100.0..100.0f64,
        more in 1e-3..10.0f64,
    ) {
        let x: Vec<f64> = (0..400).map(|i| f64::from(i * i) / 4000.0).collect();
        let noise = |i: usize| scatter * (1.0 + x[i]) * (((i * 7919) % 1000) as f64 / 500.0 - 1.0);
        let y: Vec<f64> = (0..400).map(|i| slope * x[i] + noise(i)).collect();
        let local = LocalScores::fit("y", &x, &y, bins).unwrap();
        let score = local.apply(along, value);
        prop_assert!(score.is_finite() && score < local.apply(along, value + more));
        let back = local.inverse(along, score);
        let size = value.abs() + local.inverse(along, 0.0).abs();
        prop_assert!((back - value).abs() <= 1e-9 * size.max(1.0), "{value} {back}");
        prop_assert!(local.inverse(along, f64::NAN).is_nan());
    }

    /// Whatever the slope of the relation, and whatever the distribution, scores have the widths
    /// and tails of the normal one all along a scatter that grows fourfold.
    #[test]
    fn scores_are_normal_everywhere(slope in -3.0..3.0f64, bins in 5..12usize) {
        let x: Vec<f64> = (0..5000).map(|i| f64::from(i) / 500.0).collect();
        // Even, with a hundredth of outliers.
        let noise = |i: usize| {
            let even = ((i * 7919) % 5003) as f64 / 2501.5 - 1.0;
            if i.is_multiple_of(97) { 10.0 * even } else { even }
        };
        let y: Vec<f64> = (0..5000).map(|i| slope * x[i] + (1.0 + 0.3 * x[i]) * noise(i)).collect();
        let local = LocalScores::fit("y", &x, &y, bins).unwrap();
        for (x, y) in x.chunks(1000).zip(y.chunks(1000)) {
            let scores = x.iter().zip(y).map(|(&x, &y)| local.apply(x, y));
            let mut scores: Vec<f64> = scores.collect();
            scores.sort_by(f64::total_cmp);
            let [width, tails] = [scores[840] - scores[160], scores[977] - scores[23]];
            prop_assert!((1.6..2.4).contains(&width), "{width}");
            prop_assert!((3.2..4.8).contains(&tails), "{tails}");
        }
    }
}
