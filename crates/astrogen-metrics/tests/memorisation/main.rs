//! Nearest neighbours by trying all, copies that are caught, fresh draws that are not.
//! `golden/memorisation.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod collapse;
mod copying;

use std::collections::BTreeMap;

use astrogen_metrics::diversity::{CollapseConfig, Diversity, collapsed, mean_pairwise_distance};
use astrogen_metrics::memorisation::{
    AuditConfig, CopyingConfig, LeakageConfig, MemorisationAudit, Neighbour, Points, Symmetry,
    leakage, memorisation_audit, nearest, nearest_others,
};
use astrogen_metrics::{MetricsError, Sorted};
use astrogen_sky::NebulaConfig;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Kind, Tensor};

fn golden() -> BTreeMap<String, Tensor> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/memorisation.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).contiguous().flatten(0, -1)).unwrap()
}

/// Normal deviates, float32, from a generator that is not libtorch's.
fn normal(shape: &[i64], seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f32> =
        (0..shape.iter().product()).map(|_| StandardNormal.sample(&mut rng)).collect();
    Tensor::from_slice(&values).view(shape)
}

/// Smooth fields `[count, 2, 16, 16]` of a few brightnesses.
fn fields(count: i64, seed: u64) -> Tensor {
    let smooth = |images: Tensor| images.avg_pool2d([5, 5], [1, 1], [2, 2], false, false, None);
    let clouds = smooth(smooth(normal(&[count, 2, 16, 16], 2 * seed))) * 5.0;
    clouds + normal(&[count, 2, 1, 1], 2 * seed + 1).sign() * 2.0
}

/// Members of a set as augmentation shows them: each under a symmetry of its own, with noise.
fn copies(train: &Tensor, count: i64, noise: f64, seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let one = |_| {
        let image = train.narrow(0, rng.random_range(0..train.size()[0]), 1);
        Symmetry::SQUARE[rng.random_range(0..8)].apply(&image).unwrap()
    };
    let images: Vec<Tensor> = (0..count).map(one).collect();
    let images = Tensor::cat(&images, 0);
    let noise = noise * normal(&images.size(), seed + 1);
    images + noise
}

fn points(images: &Tensor) -> Points {
    Points::images(images, Some(32)).unwrap()
}

fn audit(samples: &Tensor, held_out: &Tensor, train: &Tensor) -> MemorisationAudit {
    let [samples, held_out, train] = [samples, held_out, train].map(points);
    memorisation_audit(&samples, &held_out, &train, &AuditConfig::default()).unwrap()
}

#[track_caller]
fn check(found: &[Neighbour], expected: &Tensor) {
    let expected = values(expected);
    assert_eq!(found.len(), expected.len() / 4);
    for (query, (found, expected)) in found.iter().zip(expected.chunks(4)).enumerate() {
        assert_eq!(found.query, query);
        assert_eq!(found.index as f64, expected[0], "{found:?}");
        assert_eq!(f64::from(u8::from(found.symmetry.flipped)), expected[1], "{found:?}");
        assert_eq!(f64::from(found.symmetry.quarter_turns), expected[2], "{found:?}");
        assert!((found.distance - expected[3]).abs() < 1e-5, "{found:?} {expected:?}");
    }
}

#[test]
fn neighbours_are_those_of_trying_all() {
    let golden = golden();
    for name in ["square", "wide"] {
        let (queries, train) = (&golden[name], &golden[&format!("{name}_train")]);
        let found = nearest(&points(queries), &points(train)).unwrap();
        check(&found, &golden[&format!("{name}.found")]);
    }
    let (queries, train) = (&golden["square"], &golden["square_train"]);
    let pooled = |images| Points::images(images, Some(3)).unwrap();
    check(&nearest(&pooled(queries), &pooled(train)).unwrap(), &golden["pooled.found"]);
    check(&nearest_others(&points(train)).unwrap(), &golden["others.found"]);
    // The views of an image given as features find the same.
    let views: Vec<Tensor> = Symmetry::SQUARE
        .iter()
        .map(|symmetry| symmetry.apply(queries).unwrap().flatten(1, -1))
        .collect();
    let views = Points::views(&Tensor::stack(&views, 0)).unwrap();
    let rows = Points::rows(&train.flatten(1, -1)).unwrap();
    check(&nearest(&views, &rows).unwrap(), &golden["square.found"]);
}

#[test]
fn many_blocks_find_what_one_finds() {
    // More queries and members than are compared at a time, one of which is another's twin.
    let (queries, set) = (normal(&[2300, 2], 1), normal(&[4500, 2], 2));
    set.narrow(0, 4400, 1).copy_(&set.narrow(0, 100, 1));
    let all = Tensor::cdist(&queries.to_kind(Kind::Double), &set.to_kind(Kind::Double), 2.0, 0);
    let (distance, index) = all.min_dim(1, false);
    let found = nearest(&Points::rows(&queries).unwrap(), &Points::rows(&set).unwrap()).unwrap();
    for (found, (distance, index)) in found.iter().zip(values(&distance).iter().zip(values(&index)))
    {
        // Where two are within float32's rounding of each other either will do.
        assert!(found.index as f64 == index || found.distance < distance + 1e-4, "{found:?}");
        assert!((found.distance - distance).abs() < 1e-4, "{found:?} {distance}");
    }
    let twins = nearest_others(&Points::rows(&set).unwrap()).unwrap();
    assert_eq!((twins[100].index, twins[100].distance), (4400, 0.0));
    assert_eq!((twins[4400].index, twins[4400].distance), (100, 0.0));
    assert!(twins.iter().all(|twin| twin.query != twin.index));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_symmetry_brings_a_copy_back(seed: u64, which in 0usize..8, index in 0usize..12) {
        let train = normal(&[12, 3, 7, 7], seed);
        let copy = Symmetry::SQUARE[which].apply(&train.narrow(0, index as i64, 1)).unwrap();
        let found = nearest(&points(&copy), &points(&train)).unwrap()[0];
        prop_assert_eq!((found.index, found.distance), (index, 0.0));
        prop_assert_eq!(found.symmetry.apply(&copy).unwrap(), train.narrow(0, index as i64, 1));
        // Means over squares do not depend on the side that is counted from, and 7 is no multiple.
        let pooled = |images| Points::images(images, Some(3)).unwrap();
        let found = nearest(&pooled(&copy), &pooled(&train)).unwrap()[0];
        prop_assert_eq!(found.index, index);
        prop_assert!(found.distance < 1e-6);
    }
}

#[test]
fn copies_are_caught_mirrored_turned_and_noisy() {
    let (train, held_out) = (fields(300, 1), fields(200, 2));
    let found = audit(&copies(&train, 200, 0.1, 3), &held_out, &train);
    assert!(found.copying.p_value < 1e-10 && found.copying.statistic < -5.0, "{found}");
    assert!(found.near.share > 0.95 && found.ks.p_value < 1e-10, "{found}");
    assert!(found.to_string().starts_with("samples copy training images"), "{found}");
    assert_eq!(found.closest.len(), 16);
    assert!(found.closest.windows(2).all(|pair| pair[0].distance <= pair[1].distance));
    // A tenth of copies among fresh draws is caught too, and found among the closest pairs.
    let mixed = Tensor::cat(&[copies(&train, 40, 0.1, 5), fields(160, 6)], 0);
    let found = audit(&mixed, &held_out, &train);
    assert!(found.copying.p_value < 1e-3 && found.near.share > 0.2, "{found}");
    assert!(found.closest.iter().all(|pair| pair.query < 40));
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<MemorisationAudit>(&json).unwrap(), found);
}

#[test]
fn fresh_draws_pass_as_often_as_said() {
    let mut accused = 0;
    let p_values: Vec<[f64; 3]> = (0..60)
        .map(|seed| {
            let at = 10_000 + 10 * seed;
            let found = audit(&fields(150, at), &fields(150, at + 1), &fields(200, at + 2));
            assert!(found.near.share < 0.2, "{found}");
            accused += usize::from(found.copies());
            let shares = [found.near.p_value, found.contrast.unwrap().p_value];
            [found.copying.p_value, shares[0], shares[1]]
        })
        .collect();
    let each = |which: usize| p_values.iter().map(move |of| of[which]);
    let even = Sorted::new("p-values", &each(0).collect::<Vec<_>>()).unwrap().against_uniform();
    assert!(even.p_value > 0.01, "{even:?} {p_values:.3?}");
    assert!(accused <= 3, "{accused} of 60, at a level of 0.01");
    // Upper bounds are as small as that at most so often, to chance.
    for which in [1, 2] {
        let small = each(which).filter(|p| *p < 0.1).count();
        assert!(small <= 12, "{small} of 60: {p_values:.3?}");
    }
}

#[test]
fn simulated_nebulae_are_judged_rightly() {
    let nebulae = |count: u64, seed: u64| {
        let config = NebulaConfig { size: 16, ..NebulaConfig::default() };
        let images: Vec<Tensor> = (0..count)
            .map(|at| {
                let nebula = config.simulate(seed + at).unwrap();
                let pixels: Vec<f32> = nebula.bands().iter().copied().collect();
                Tensor::from_slice(&pixels).view([1, 3, 16, 16]).clamp_min(0.0).log1p()
            })
            .collect();
        Tensor::cat(&images, 0)
    };
    let (train, held_out, fresh) = (nebulae(150, 0), nebulae(80, 1000), nebulae(80, 2000));
    let found = audit(&fresh, &held_out, &train);
    assert!((0.01..0.99).contains(&found.copying.p_value), "{found}");
    let noise = 0.05 * train.std(true).double_value(&[]);
    let found = audit(&copies(&train, 80, noise, 1), &held_out, &train);
    assert!(found.copying.p_value < 1e-3 && found.near.share > 0.9, "{found}");
    let leaked = Tensor::cat(&[&held_out, &train.narrow(0, 7, 2).flip([2])], 0);
    let found = leakage(&points(&leaked), &points(&train), &LeakageConfig::default()).unwrap();
    let pairs: Vec<_> = found.pairs.iter().map(|pair| (pair.query, pair.index)).collect();
    assert_eq!(pairs, [(80, 7), (81, 8)], "{found:?}");
}

/// A blurred image lies near to all others.
#[test]
fn soft_samples_are_near_and_no_copies() {
    let (train, held_out) = (fields(300, 1), fields(200, 2));
    let soft = fields(200, 3).avg_pool2d([5, 5], [1, 1], [2, 2], false, false, None);
    let found = audit(&soft, &held_out, &train);
    assert!(found.copying.p_value < 1e-6 && found.is_nearer() && !found.copies(), "{found}");
    let told = found.to_string();
    assert!(told.starts_with("samples are nearer to the training images than reals are"), "{told}");
}

/// As a whole they are far, by `C_T` too.
#[test]
fn copies_do_not_hide_among_samples_that_miss() {
    let (train, held_out) = (fields(300, 1), fields(200, 2));
    let far = fields(140, 5) + 0.7 * normal(&[140, 2, 16, 16], 4);
    let found = audit(&Tensor::cat(&[copies(&train, 60, 0.1, 3), far], 0), &held_out, &train);
    assert!(found.copying.p_value > 0.05 && found.copies(), "{found}");
    assert!(found.contrast.is_some_and(|of| (0.25..0.4).contains(&of.share)), "{found}");
    assert!(found.to_string().starts_with("samples copy training images"), "{found}");
}

#[test]
fn samples_that_miss_the_truth_are_far() {
    let train = fields(200, 1);
    let found = audit(&(fields(150, 3) + normal(&[150, 2, 16, 16], 4)), &fields(150, 2), &train);
    assert!(found.copying.p_value > 0.999 && found.copying.statistic > 3.0, "{found}");
    assert!(found.to_string().contains("farther from the training images"), "{found}");
}

#[test]
fn images_of_two_splits_are_found() {
    let (train, fresh) = (fields(250, 1), fields(120, 2));
    let none = leakage(&points(&fresh), &points(&train), &LeakageConfig::default()).unwrap();
    assert!(none.pairs.is_empty(), "{none:?}");
    assert_eq!((none.held_out, none.threshold), (120, 0.25 * none.typical));
    let leaked = train.narrow(0, 30, 5).flip([3]).rot90(1, [2, 3]);
    let leaked = &leaked + 0.02 * normal(&leaked.size(), 4);
    let held_out = points(&Tensor::cat(&[&fresh, &leaked], 0));
    let found = leakage(&held_out, &points(&train), &LeakageConfig::default()).unwrap();
    let mut pairs: Vec<_> = found.pairs.iter().map(|pair| (pair.query, pair.index)).collect();
    assert!(found.pairs.windows(2).all(|pair| pair[0].distance <= pair[1].distance));
    pairs.sort_unstable();
    assert_eq!(pairs, [(120, 30), (121, 31), (122, 32), (123, 33), (124, 34)]);
    // A split that is all copies is seen as well: what is typical comes from the training set.
    let all = leakage(&points(&train.narrow(0, 0, 50)), &points(&train), &LeakageConfig::default());
    assert_eq!(all.unwrap().pairs.len(), 50);
    let twins = points(&train.narrow(0, 0, 9).repeat([2, 1, 1, 1]));
    let got = leakage(&held_out, &twins, &LeakageConfig::default()).unwrap_err().to_string();
    assert!(got.contains("a twin of most images"), "{got}");
}

#[test]
fn refusals_say_what_was_expected() {
    let good = normal(&[5, 2, 6, 6], 1);
    let message = |images: &Tensor, side| Points::images(images, side).unwrap_err().to_string();
    assert!(message(&good.narrow(0, 0, 0), None).contains("[N, C, H, W]"));
    assert!(message(&good.to_kind(Kind::Int64), None).contains("floating-point"));
    assert_eq!(message(&good, Some(0)), "side must be 1 or more, got 0");
    let holed = good.copy();
    let _ = holed.narrow(0, 0, 1).fill_(f64::NAN);
    assert!(matches!(Points::images(&holed, None), Err(MetricsError::NotFinite { .. })));
    let rows = |rows: &Tensor| Points::rows(rows).unwrap_err().to_string();
    assert!(rows(&good).contains("[N, D] with N, D >= 1, got Float [5, 2, 6, 6]"));
    assert!(rows(&holed.flatten(1, -1)).contains("not finite"));
    let views = Points::views(&normal(&[3, 5, 2], 1)).unwrap_err().to_string();
    assert!(views.contains("S 1, 4 or 8"), "{views}");
    let got = nearest(&points(&good), &points(&good.narrow(2, 0, 4))).unwrap_err().to_string();
    assert!(got.ends_with("got [2, 6, 6] and [2, 4, 6]"), "{got}");
    let rows = Points::rows(&good.flatten(1, -1)).unwrap(); // pixels are not features
    assert!(nearest(&points(&good), &rows).unwrap_err().to_string().contains("or rows of as many"));
    let one = points(&good.narrow(0, 0, 1));
    assert!(nearest_others(&one).unwrap_err().to_string().contains("two or more"));
    let got = memorisation_audit(&one, &one, &points(&good), &AuditConfig::default());
    let got = got.unwrap_err().to_string();
    assert!(got.contains("20 of each") && got.ends_with("1 of both at most in 1 cells"), "{got}");
    for quantile in [0.0, 1.0, f64::NAN] {
        let config = AuditConfig { quantile, ..AuditConfig::default() };
        assert!(config.validate().unwrap_err().to_string().starts_with("quantile must be"));
    }
    let config = CopyingConfig { cells: Some(0), ..CopyingConfig::default() };
    assert_eq!(config.validate().unwrap_err().to_string(), "cells must be 1 or more, got 0");
    let config = CopyingConfig { least: 1, ..CopyingConfig::default() };
    assert_eq!(config.validate().unwrap_err().to_string(), "least must be 2 or more, got 1");
    let config = LeakageConfig { fraction: 1.0, ..LeakageConfig::default() };
    assert!(config.validate().unwrap_err().to_string().starts_with("fraction must be"));
    let config = LeakageConfig { rows: 1, ..LeakageConfig::default() };
    assert_eq!(config.validate().unwrap_err().to_string(), "rows must be 2 or more, got 1");
    let alone = mean_pairwise_distance(&good.narrow(0, 0, 1)).unwrap_err().to_string();
    assert!(alone.contains("[N, ...] with N >= 2"), "{alone}");
    assert!(mean_pairwise_distance(&holed).unwrap_err().to_string().contains("not finite"));
    let diverse = |distance| Diversity { distance, coverage: None };
    for (now, reals) in [(f64::NAN, 1.0), (1.0, 0.0), (-1.0, 1.0)] {
        let got = collapsed(&diverse(now), &diverse(reals), &CollapseConfig::default());
        assert!(got.unwrap_err().to_string().contains("diversity must be finite"));
    }
    let config = CollapseConfig { coverage: 0.0, ..CollapseConfig::default() };
    assert_eq!(
        config.validate().unwrap_err().to_string(),
        "coverage must be above 0 and below 1, got 0"
    );
}
