//! The kernel distance.

use astrogen_metrics::{
    KernelDistance, KernelDistanceConfig, KernelSubset, kernel_distance, kernel_distance_with,
};
use proptest::prelude::*;
use tch::{Kind, Tensor};

use crate::{golden, holed, libtorch_is_left_alone, normal, values};

fn all(rows: i64) -> Vec<i64> {
    (0..rows).collect()
}

/// One subset by the formula, of all rows.
fn by_hand(real: &Tensor, fake: &Tensor) -> f64 {
    let d = real.size()[1] as f64;
    let kernel = |a: &Tensor, b: &Tensor| (a.matmul(&b.tr()) / d + 1.0).pow_tensor_scalar(3);
    let sum = |kernel: Tensor| kernel.sum(Kind::Double).double_value(&[]);
    let among = |rows: &Tensor| {
        let own = kernel(rows, rows);
        let n = rows.size()[0] as f64;
        (sum(own.shallow_clone()) - sum(own.diagonal(0, 0, 1))) / (n * (n - 1.0))
    };
    let pairs = (real.size()[0] * fake.size()[0]) as f64;
    among(real) + among(fake) - 2.0 * sum(kernel(real, fake)) / pairs
}

fn close(got: KernelDistance, mean: f64, deviation: f64) {
    let size = mean.abs().max(deviation);
    assert!((got.mean - mean).abs() < 1e-11 * size, "{got:?} {mean}");
    assert!((got.deviation - deviation).abs() < 1e-11 * size, "{got:?} {deviation}");
}

#[test]
fn mean_and_deviation_are_those_of_torch_fidelity_over_its_subsets() {
    let golden = golden();
    let [real, fake] = ["subsets.real", "subsets.fake"].map(|name| {
        let rows = Vec::<Vec<i64>>::try_from(&golden[name]).unwrap();
        rows.into_iter()
    });
    let subsets: Vec<_> = real.zip(fake).map(|(real, fake)| KernelSubset { real, fake }).collect();
    let expected = values(&golden["kernel"]);
    let got = kernel_distance_with(&golden["real"], &golden["fake"], &subsets).unwrap();
    close(got, expected[0], expected[1]);
}

#[test]
fn blocks_and_groups_give_what_one_piece_gives() {
    // More rows than a block, of different counts.
    let (real, fake) = (normal([1500, 3], 1), normal([2100, 3], 2) * 1.1);
    let whole = KernelSubset { real: all(1500), fake: all(2100) };
    let expected = by_hand(&real, &fake);
    let got = kernel_distance_with(&real, &fake, std::slice::from_ref(&whole)).unwrap();
    assert!((got.mean - expected).abs() < 1e-12, "{got:?} {expected}");
    assert_eq!(got.deviation, 0.0);

    // Subsets that overlap, made together, and such that do not, made apart: of different sizes.
    let some = |start: i64, len: i64| KernelSubset {
        real: (start..start + len).rev().collect(),
        fake: (2 * start..2 * start + len + 5).collect(),
    };
    for subsets in [[some(0, 900), some(100, 1000)], [some(0, 40), some(700, 50)]] {
        let narrow =
            |table: &Tensor, rows: &Vec<i64>| table.index_select(0, &Tensor::from_slice(rows));
        let [a, b] = subsets
            .each_ref()
            .map(|subset| by_hand(&narrow(&real, &subset.real), &narrow(&fake, &subset.fake)));
        let got = kernel_distance_with(&real, &fake, &subsets).unwrap();
        assert!((got.mean - 0.5 * (a + b)).abs() < 1e-12, "{got:?} {a} {b}");
        assert!((got.deviation - 0.5 * (a - b).abs()).abs() < 1e-12, "{got:?} {a} {b}");
    }
}

#[test]
fn float32_tables_cost_digits_of_the_products_alone() {
    // As Inception's: none below 0, of order 1, many.
    let single = |table: Tensor| table.relu().to_kind(Kind::Float);
    let (real, fake) = (single(normal([400, 1024], 1)), single(normal([300, 1024], 2) + 0.05));
    let config = KernelDistanceConfig { subsets: 20, subset_size: 200 };
    let got = kernel_distance(&real, &fake, &config, 1).unwrap();
    let [real, fake] = [real, fake].map(|table| table.to_kind(Kind::Double));
    let exact = kernel_distance(&real, &fake, &config, 1).unwrap();
    assert!((got.mean - exact.mean).abs() < 1e-8, "{got:?} {exact:?}");
    assert!((got.deviation - exact.deviation).abs() < 1e-8, "{got:?} {exact:?}");
    assert!(exact.mean > 1e-3);
}

#[test]
fn normal_distributions_have_the_distance_of_the_formula() {
    // In one dimension E(xy + 1)^3 = 1 + 3 m m' + 3 s s' + t t' with the first three moments.
    let moments = |mean: f64| [mean, 1.0 + mean.powi(2), mean.powi(3) + 3.0 * mean];
    let weights = [3.0, 3.0, 1.0];
    let expected: f64 =
        (0..3).map(|i| weights[i] * (moments(0.0)[i] - moments(0.5)[i]).powi(2)).sum();
    let config = KernelDistanceConfig { subsets: 50, subset_size: 2000 };
    let got =
        kernel_distance(&normal([4000, 1], 1), &(normal([4000, 1], 2) + 0.5), &config, 1).unwrap();
    assert!((got.mean / expected - 1.0).abs() < 0.25, "{got:?} {expected}");
}

#[test]
fn the_estimate_is_unbiased_and_falls_below_zero() {
    let config = KernelDistanceConfig { subsets: 1, subset_size: 30 };
    let draws: Vec<f64> = (0..300)
        .map(|seed| {
            let (real, fake) = (normal([30, 4], 2 * seed), normal([30, 4], 2 * seed + 1));
            kernel_distance(&real, &fake, &config, 0).unwrap().mean
        })
        .collect();
    let mean = draws.iter().sum::<f64>() / 300.0;
    let scatter = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 299.0;
    assert!(mean.abs() < 4.0 * (scatter / 300.0).sqrt(), "{mean} of {}", scatter.sqrt());
    let below = draws.iter().filter(|draw| **draw < 0.0).count();
    assert!((90..270).contains(&below), "{below} of 300 below 0");
}

#[test]
fn the_seed_alone_decides_and_libtorch_is_left_alone() {
    let (real, fake) = (normal([90, 3], 1), normal([70, 3], 2).to_kind(Kind::Float));
    let config = KernelDistanceConfig { subsets: 7, subset_size: 40 };
    let distance = |seed| kernel_distance(&real, &fake, &config, seed).unwrap();
    assert_eq!(distance(3), distance(3));
    assert_ne!(distance(3), distance(4));
    assert!(distance(3).deviation > 0.0);
    assert!(libtorch_is_left_alone(|| {
        distance(3);
    }));
    // A subset of all rows is the same each time.
    let config = KernelDistanceConfig { subsets: 3, subset_size: 70 };
    let got = kernel_distance(&real.narrow(0, 0, 70), &fake, &config, 1).unwrap();
    let expected = by_hand(&real.narrow(0, 0, 70), &fake.to_kind(Kind::Double));
    assert!((got.mean - expected).abs() < 1e-12 && got.deviation < 1e-12, "{got:?} {expected}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn sides_and_order_are_of_no_matter(seed: u64, roll in 1i64..30) {
        let (real, fake) = (normal([30, 4], seed), normal([25, 4], seed ^ 1) + 0.7);
        let distance = |a: &Tensor, b: &Tensor| {
            let subset = KernelSubset { real: all(a.size()[0]), fake: all(b.size()[0]) };
            kernel_distance_with(a, b, &[subset]).unwrap().mean
        };
        let expected = distance(&real, &fake);
        let close = |got: f64| (got - expected).abs() < 1e-11;
        prop_assert!(close(distance(&fake, &real)));
        prop_assert!(close(distance(&real.roll([roll], [0]), &fake.flip([0]))));
        // A set and itself: without its diagonal it lies below the mean of all pairs.
        prop_assert!(distance(&real, &real) < 0.0);
    }

    #[test]
    fn a_larger_shift_is_farther(seed: u64) {
        let (real, fake) = (normal([100, 4], seed), normal([100, 4], seed ^ 1));
        let config = KernelDistanceConfig { subsets: 5, subset_size: 80 };
        let distances = [0.5, 1.0, 2.0, 4.0]
            .map(|shift| kernel_distance(&real, &(&fake + shift), &config, 1).unwrap().mean);
        prop_assert!(distances.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", distances);
    }
}

#[test]
fn refusals_say_what_was_expected() {
    let good = normal([50, 2], 1);
    let message = |fake: &Tensor, config: &KernelDistanceConfig| {
        kernel_distance(&good, fake, config, 1).unwrap_err().to_string()
    };
    let plain = KernelDistanceConfig::default();
    assert_eq!(
        message(&good, &plain),
        "the tables must be of subset_size rows or more each, or it be lowered, got 50 real and 50 \
         fake rows where 1000 are needed"
    );
    assert!(message(&normal([50, 3], 1), &plain).contains("of as many columns"));
    assert!(message(&holed(&good, f64::INFINITY), &plain).contains("fake table must be finite"));
    let config = KernelDistanceConfig { subset_size: 1, ..plain.clone() };
    assert_eq!(message(&good, &config), "subset_size must be 2 or more, got 1");
    let config = KernelDistanceConfig { subsets: 0, ..plain };
    assert_eq!(message(&good, &config), "subsets must be 1 to 1000, got 0");

    let with = |subsets: &[KernelSubset]| {
        kernel_distance_with(&good, &good, subsets).unwrap_err().to_string()
    };
    assert!(with(&[]).contains("got no subset"));
    let fine = || KernelSubset { real: vec![0, 1], fake: vec![3, 2] };
    for (rows, got) in [
        (vec![4], "1 rows, 1 of them different, of 50 for subset 1"),
        (vec![4, 4, 5], "3 rows, 2 of them different, of 50 for subset 1"),
        (vec![4, 50], "2 rows, 2 of them different, of 50 for subset 1"),
        (vec![-1, 4], "2 rows, 2 of them different, of 50 for subset 1"),
    ] {
        let message = with(&[fine(), KernelSubset { fake: rows, ..fine() }]);
        assert!(message.ends_with(got), "{message}");
    }
}
