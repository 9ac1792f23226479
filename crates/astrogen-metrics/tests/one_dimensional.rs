//! The one-dimensional statistics against scipy, and the laws they keep.
//! `golden/one_dimensional.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::{
    Binned, Sorted, binned, kolmogorov_smirnov, quantile_edges, quantiles, wasserstein_1,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn golden() -> BTreeMap<String, Vec<f64>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/one_dimensional.safetensors");
    let tensors = tch::Tensor::read_safetensors(path).unwrap();
    let values = |tensor: tch::Tensor| Vec::<f64>::try_from(tensor.flatten(0, -1)).unwrap();
    tensors.into_iter().map(|(name, tensor)| (name, values(tensor))).collect()
}

fn assert_close(got: f64, expected: f64, what: &str) {
    let bound = 1e-12 * expected.abs().max(1.0);
    assert!((got - expected).abs() <= bound, "{what}: {got} is not {expected}");
}

#[test]
fn statistics_are_those_of_scipy() {
    let golden = golden();
    for pair in 0..5 {
        let (real, fake) = (&golden[&format!("real.{pair}")], &golden[&format!("fake.{pair}")]);
        let ks = kolmogorov_smirnov(real, fake).unwrap();
        let got = [ks.statistic, ks.p_value, wasserstein_1(real, fake).unwrap()];
        for (got, expected) in got.into_iter().zip(&golden[&format!("statistics.{pair}")]) {
            assert_close(got, *expected, &format!("pair {pair}"));
        }
        let [real_sorted, fake_sorted] = [real, fake].map(|set| Sorted::new("set", set).unwrap());
        let got = real_sorted.tail_distance(&fake_sorted);
        assert_close(got, golden[&format!("tails.{pair}")][0], &format!("tails of {pair}"));
        assert_close(fake_sorted.tail_distance(&real_sorted), got, "from the other side");
        let got = quantiles(real, &golden["parts"]).unwrap();
        for (got, expected) in got.into_iter().zip(&golden[&format!("quantiles.{pair}")]) {
            assert_close(got, *expected, &format!("a quantile of {pair}"));
        }
    }
    let ks = Sorted::new("uniform", &golden["uniform"]).unwrap().against_uniform();
    assert_close(ks.statistic, golden["uniform.statistics"][0], "the statistic");
    assert_close(ks.p_value, golden["uniform.statistics"][1], "its p-value");
}

fn sample() -> impl Strategy<Value = Vec<f64>> {
    // Tenths, so that ties come up, beside any values.
    prop_oneof![
        prop::collection::vec((-50i32..50).prop_map(|tenths| f64::from(tenths) / 10.0), 1..60),
        prop::collection::vec(-1e3..1e3f64, 1..60),
    ]
}

proptest! {
    #[test]
    fn both_are_symmetric_and_zero_between_equal_samples(a in sample(), b in sample()) {
        let there = kolmogorov_smirnov(&a, &b).unwrap();
        prop_assert_eq!(there, kolmogorov_smirnov(&b, &a).unwrap());
        prop_assert!((0.0..=1.0).contains(&there.statistic));
        prop_assert!((0.0..=1.0).contains(&there.p_value));
        let distance = wasserstein_1(&a, &b).unwrap();
        prop_assert_eq!(distance, wasserstein_1(&b, &a).unwrap());
        prop_assert_eq!(distance == 0.0, there.statistic == 0.0);
        let reversed: Vec<f64> = a.iter().rev().copied().collect();
        prop_assert_eq!(wasserstein_1(&a, &reversed).unwrap(), 0.0);
        prop_assert_eq!(kolmogorov_smirnov(&a, &reversed).unwrap().statistic, 0.0);
        // The same values twice are the same distribution.
        let twice = [a.clone(), a.clone()].concat();
        prop_assert_eq!(kolmogorov_smirnov(&a, &twice).unwrap().statistic, 0.0);
    }

    #[test]
    fn a_shift_is_its_length_and_a_scale_scales(a in sample(), c in -20.0..20.0f64) {
        let shifted: Vec<f64> = a.iter().map(|x| x + c).collect();
        let distance = wasserstein_1(&a, &shifted).unwrap();
        prop_assert!((distance - c.abs()).abs() < 1e-9, "{} {}", distance, c);
        let scaled: Vec<f64> = a.iter().map(|x| c * x).collect();
        let mean = a.iter().map(|x| x.abs()).sum::<f64>() / a.len() as f64;
        let zeros = vec![0.0; 7];
        let distance = wasserstein_1(&scaled, &zeros).unwrap();
        prop_assert!((distance - c.abs() * mean).abs() < 1e-9 * (1.0 + c.abs() * mean));
    }

    #[test]
    fn distances_obey_the_triangle(a in sample(), b in sample(), c in sample()) {
        let far = wasserstein_1(&a, &c).unwrap();
        let near = wasserstein_1(&a, &b).unwrap() + wasserstein_1(&b, &c).unwrap();
        prop_assert!(far <= near * (1.0 + 1e-12));
    }

    #[test]
    fn ks_does_not_change_under_increasing_maps(a in sample(), b in sample()) {
        // Strictly increasing in floating point too, at the distances these samples have.
        let map = |values: &[f64]| values.iter().map(|x| x.powi(3) + x).collect::<Vec<_>>();
        prop_assert_eq!(
            kolmogorov_smirnov(&a, &b).unwrap(),
            kolmogorov_smirnov(&map(&a), &map(&b)).unwrap()
        );
    }

    #[test]
    fn quantiles_ascend_within_the_sample(a in sample(), mut p in prop::collection::vec(0.0..=1.0, 5)) {
        p.sort_by(f64::total_cmp);
        let found = quantiles(&a, &p).unwrap();
        let (low, high) = a.iter().fold((f64::MAX, f64::MIN), |(l, h), x| (x.min(l), x.max(h)));
        prop_assert!(found.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
        prop_assert!(found.iter().all(|x| (low..=high + 1e-9).contains(x)));
    }

    #[test]
    fn every_value_lies_in_one_bin(by in sample(), bins in 1usize..12) {
        let edges = quantile_edges(&by, bins).unwrap();
        let of = Binned { by: &by, values: &by };
        let found = binned(of, of, &edges, 1).unwrap();
        prop_assert!(found.len() <= bins);
        prop_assert_eq!(found.iter().map(|bin| bin.real_count).sum::<usize>(), by.len());
        for bin in found {
            prop_assert_eq!(bin.real_count, bin.fake_count);
            prop_assert_eq!(bin.comparison.map(|c| (c.ks, c.w1)),
                (bin.real_count > 0).then_some((0.0, 0.0)));
        }
    }
}

/// Normal enough: the sum of twelve even deviates.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

#[test]
fn bins_find_where_a_sampler_is_wrong() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let count = 20_000;
    let magnitude: Vec<f64> = (0..count).map(|_| rng.random_range(18.0..24.0)).collect();
    let residual = |rng: &mut ChaCha8Rng, m: f64| normal(rng) * 0.01 * 10f64.powf(0.2 * (m - 18.0));
    let real: Vec<f64> = magnitude.iter().map(|m| residual(&mut rng, *m)).collect();
    // Right but for the faintest tenth, where it is three quarters as wide.
    let edges = quantile_edges(&magnitude, 10).unwrap();
    let fake: Vec<f64> = magnitude
        .iter()
        .map(|m| residual(&mut rng, *m) * if *m >= edges[9] { 0.75 } else { 1.0 })
        .collect();
    let of = |values| Binned { by: &magnitude, values };
    let bins = binned(of(&real), of(&fake), &edges, 100).unwrap();
    assert_eq!(bins.iter().map(|bin| bin.real_count).collect::<Vec<_>>(), [2000; 10]);
    for (index, bin) in bins.iter().enumerate() {
        let found = bin.comparison.unwrap();
        let expected = if index == 9 { 0.75 } else { 1.0 };
        // Its standard error is 0.03.
        assert!((found.width_ratio() - expected).abs() < 0.12, "bin {index}: {found:?}");
        // 0.87 sqrt(2 / 2000) = 0.027 in the mean, above 0.062 once in a thousand.
        assert_eq!(found.ks > 0.062, index == 9, "bin {index}: {found:?}");
    }
    let whole = kolmogorov_smirnov(&real, &fake).unwrap();
    assert!(whole.statistic < 0.02, "as a whole it passes: {whole:?}");
}

#[test]
fn a_bin_with_too_few_says_so() {
    let by = [0.0, 0.5, 1.0, 1.5, 2.0, 9.0];
    let of = |values| Binned { by: &by, values };
    let bins = binned(of(&by), of(&by), &[0.0, 1.0, 1.2, 2.0], 2).unwrap();
    let counts: Vec<_> =
        bins.iter().map(|bin| (bin.real_count, bin.comparison.is_some())).collect();
    // The last edge belongs to the last bin, other edges to the bin above; 9 is in none.
    assert_eq!(counts, [(2, true), (1, false), (2, true)]);
    assert_eq!((bins[1].low, bins[1].high), (1.0, 1.2));
    // Not asked for any: an empty bin still cannot be compared.
    assert!(binned(of(&by), of(&by), &[3.0, 4.0], 0).unwrap()[0].comparison.is_none());
    // A constant to bin by is one bin with everything in it.
    assert_eq!(quantile_edges(&[7.0; 5], 10).unwrap(), [7.0, 7.0]);
    let one = Binned { by: &[7.0; 6], values: &by };
    assert_eq!(binned(one, one, &[7.0, 7.0], 1).unwrap()[0].real_count, 6);
    let text = serde_json::to_string(&bins[1]).unwrap();
    assert!(text.contains(r#""fake_count":1,"comparison":null"#), "{text}");
}

#[test]
fn refusals_say_what_was_expected() {
    let good = [1.0, 2.0];
    let message = kolmogorov_smirnov(&good, &[1.0, f64::NAN, f64::INFINITY]).unwrap_err();
    assert_eq!(
        message.to_string(),
        "the fake values must be finite numbers, one at least, got 3 values, 2 of them not finite"
    );
    let message = wasserstein_1(&[], &good).unwrap_err().to_string();
    assert_eq!(
        message,
        "the real values must be finite numbers, one at least, got 0 values, 0 of them not finite"
    );
    let message = quantiles(&good, &[0.5, 1.5]).unwrap_err().to_string();
    assert_eq!(message, "the parts of a quantile must be within 0 to 1, got 1.5");
    assert!(quantiles(&good, &[f64::NAN]).is_err());
    assert!(quantile_edges(&good, 0).unwrap_err().to_string().contains("number of bins"));
    let of = Binned { by: &good, values: &good };
    for edges in [&[1.0][..], &[2.0, 1.0], &[1.0, f64::NAN], &[1.0, f64::INFINITY]] {
        let message = binned(of, of, edges, 1).unwrap_err().to_string();
        assert!(message.starts_with("the edges must be two or more finite"), "{message}");
    }
    let short = Binned { by: &good[..1], values: &good };
    let message = binned(of, short, &[0.0, 3.0], 1).unwrap_err().to_string();
    assert!(message.contains("got 1 to bin by and 2 values"), "{message}");
}
