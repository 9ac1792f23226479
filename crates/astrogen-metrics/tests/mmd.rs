//! Tables compared by a kernel and column by column, against scikit-learn, and the laws these
//! numbers keep. `golden/table.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::{
    MmdConfig, Standardisation, between_halves, compare_columns, kolmogorov_smirnov,
    maximum_mean_discrepancy, mean_difference, sliced_wasserstein_table, wasserstein_1,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Kind, Tensor};

fn golden() -> BTreeMap<String, Tensor> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/table.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.flatten(0, -1)).unwrap()
}

/// Normal deviates, float64, from a generator that is not libtorch's.
fn normal(shape: [i64; 2], seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| StandardNormal.sample(&mut rng)).collect();
    Tensor::from_slice(&values).view(shape)
}

fn squared(real: &Tensor, fake: &Tensor, config: &MmdConfig, seed: u64) -> f64 {
    maximum_mean_discrepancy(real, fake, config, seed).unwrap().squared
}

#[test]
fn discrepancies_are_those_of_scikit_learn() {
    let golden = golden();
    let (real, fake) = (&golden["real"], &golden["fake"]);
    let plain = MmdConfig::default();
    let configs = [
        plain.clone(),
        MmdConfig { factors: vec![0.5, 1.0, 2.0], ..plain.clone() },
        MmdConfig { bandwidth: Some(0.7), ..plain.clone() },
        MmdConfig { bandwidth: Some(40.0), standardise: false, ..plain },
    ];
    for (config, expected) in configs.iter().zip(values(&golden["mmd"]).chunks(2)) {
        let got = maximum_mean_discrepancy(real, fake, config, 1).unwrap();
        assert!((got.bandwidth - expected[0]).abs() < 1e-12 * expected[0], "{got:?}");
        assert!((got.squared - expected[1]).abs() < 1e-13, "{got:?} {expected:?}");
        assert_eq!((got.real_rows, got.fake_rows), (60, 45));
    }
}

#[test]
fn mean_differences_are_those_of_numpy() {
    let golden = golden();
    let (real, fake) = (&golden["real"], &golden["fake"]);
    let expected = values(&golden["mean_difference"]);
    let close = |got: f64, expected: f64| (got - expected).abs() < 1e-12 * expected;
    assert!(close(mean_difference(real, fake).unwrap(), expected[0]));
    let units = Standardisation::of(real).unwrap();
    let (real, fake) = (units.apply(real).unwrap(), units.apply(fake).unwrap());
    assert!(close(mean_difference(&real, &fake).unwrap(), expected[1]));
    let width = real.std_dim(0, false, false);
    assert!((width - 1.0).abs().max().double_value(&[]) < 1e-12);
}

#[test]
fn blocks_sum_to_what_one_piece_gives() {
    // More rows than a block, of different counts; by hand with cdist.
    let (real, fake) = (normal([1500, 2], 1), normal([2100, 2], 2) * 1.1);
    let config = MmdConfig { bandwidth: Some(0.8), standardise: false, ..MmdConfig::default() };
    let kernel = |a: &Tensor, b: &Tensor| {
        let distances = (a.unsqueeze(1) - b.unsqueeze(0)).square().sum_dim_intlist(2, false, None);
        (distances / (-2.0 * 0.64)).exp().sum(Kind::Double).double_value(&[])
    };
    let among = |rows: &Tensor| {
        let n = rows.size()[0] as f64;
        (kernel(rows, rows) - n) / (n * (n - 1.0))
    };
    let across = kernel(&real, &fake) / (1500.0 * 2100.0);
    let expected = among(&real) + among(&fake) - 2.0 * across;
    let got = squared(&real, &fake, &config, 1);
    assert!((got - expected).abs() < 1e-12, "{got} {expected}");
}

#[test]
fn the_estimate_is_unbiased_and_falls_below_zero() {
    let config = MmdConfig::default();
    let draws: Vec<f64> = (0..200)
        .map(|seed| squared(&normal([40, 3], 2 * seed), &normal([30, 3], 2 * seed + 1), &config, 0))
        .collect();
    let mean = draws.iter().sum::<f64>() / 200.0;
    let scatter = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 199.0;
    assert!(mean.abs() < 4.0 * (scatter / 200.0).sqrt(), "{mean} of {}", scatter.sqrt());
    let below = draws.iter().filter(|draw| **draw < 0.0).count();
    assert!((60..180).contains(&below), "{below} of 200 below 0");
}

#[test]
fn what_no_column_and_no_mean_shows_is_seen() {
    let first = normal([2000, 1], 1);
    let second = &first * 0.95 + normal([2000, 1], 2) * 0.3;
    let real = Tensor::cat(&[&first, &second], 1);
    let apart = Tensor::cat(&[&first, &second.roll([1], [0])], 1);
    let config = MmdConfig::default();
    let floor =
        between_halves(&real, 3, |a, b| maximum_mean_discrepancy(a, b, &config, 3)).unwrap();
    assert!(squared(&real, &apart, &config, 3) > 20.0 * floor.squared.abs());
    assert!(mean_difference(&real, &apart).unwrap() < 1e-24);
    assert!(compare_columns(&real, &apart).unwrap().iter().all(|column| column.ks == 0.0));
}

#[test]
fn columns_compare_as_their_values_do() {
    let (real, fake) = (normal([300, 2], 1), normal([200, 2], 2) * 1.4 + 0.1);
    let columns = compare_columns(&real, &fake.to_kind(Kind::Float)).unwrap();
    assert_eq!(columns.len(), 2);
    for (index, column) in (0..).zip(columns) {
        let of = |table: &Tensor| values(&table.select(1, index).contiguous());
        let (real, fake) = (of(&real), of(&fake.to_kind(Kind::Float).to_kind(Kind::Double)));
        assert_eq!(column.ks, kolmogorov_smirnov(&real, &fake).unwrap().statistic);
        assert_eq!(column.w1, wasserstein_1(&real, &fake).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn units_order_and_place_are_of_no_matter(
        seed: u64,
        gains in prop::array::uniform3(prop_oneof![1e-6..1e6f64, -1e6..-1e-6f64]),
        offsets in prop::array::uniform3(-1e3..1e3f64),
        shift in 1i64..50,
    ) {
        let (real, fake) = (normal([60, 3], seed), normal([50, 3], seed ^ 1) * 1.5 + 0.4);
        let config = MmdConfig { factors: vec![0.5, 1.0], ..MmdConfig::default() };
        let expected = squared(&real, &fake, &config, 1);
        let change = |table: &Tensor| {
            (table + Tensor::from_slice(&offsets)) * Tensor::from_slice(&gains)
        };
        let got = squared(&change(&real).roll([shift], [0]), &change(&fake).flip([0]), &config, 2);
        prop_assert!((got - expected).abs() < 1e-9, "{} {}", got, expected);
        // Without standardisation at least the place is of no matter, and the sets can change
        // places where the bandwidth is given.
        let config = MmdConfig { bandwidth: Some(1.0), standardise: false, ..config };
        let expected = squared(&real, &fake, &config, 1);
        let far = Tensor::from_slice(&offsets) * 100.0;
        let got = squared(&(&fake + &far), &(&real + &far), &config, 2);
        prop_assert!((got - expected).abs() < 1e-9, "{} {}", got, expected);
    }

    #[test]
    fn a_larger_shift_is_farther(seed: u64, column in 0i64..3) {
        let (real, fake) = (normal([200, 3], seed), normal([200, 3], seed ^ 1));
        let distance = |shift: f64| {
            let fake = fake.copy();
            let _ = fake.narrow(1, column, 1).g_add_scalar_(shift);
            squared(&real, &fake, &MmdConfig::default(), 1)
        };
        let distances = [0.0, 1.0, 2.0, 4.0].map(distance);
        prop_assert!(distances.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", distances);
        prop_assert!(distances[3] < 2.0);
    }
}

#[test]
fn more_rows_than_the_limit_are_drawn_by_the_seed() {
    let (real, fake) = (normal([500, 2], 1), normal([90, 2], 2) + 0.5);
    let config = MmdConfig { rows: 100, ..MmdConfig::default() };
    let found = maximum_mean_discrepancy(&real, &fake, &config, 4).unwrap();
    assert_eq!((found.real_rows, found.fake_rows), (100, 90));
    assert_eq!(found, maximum_mean_discrepancy(&real, &fake, &config, 4).unwrap());
    assert_ne!(found.squared, squared(&real, &fake, &config, 5));
    let all = squared(&real, &fake, &MmdConfig::default(), 4);
    assert!((found.squared - all).abs() < 0.5 * all, "{found:?} {all}");
    tch::manual_seed(5);
    let undisturbed = Tensor::rand([4], (Kind::Double, tch::Device::Cpu));
    tch::manual_seed(5);
    let _ = squared(&real, &fake, &config, 4);
    assert_eq!(Tensor::rand([4], (Kind::Double, tch::Device::Cpu)), undisturbed);
}

#[test]
fn halves_hold_every_row_once_and_the_seed_decides() {
    let table = Tensor::arange(7, (Kind::Double, tch::Device::Cpu)).view([7, 1]);
    let rows = |seed| between_halves(&table, seed, |a, b| Ok([values(a), values(b)])).unwrap();
    let [first, second] = rows(1);
    assert_eq!((first.len(), second.len()), (3, 3));
    let mut all = [first.clone(), second].concat();
    all.sort_unstable_by(f64::total_cmp);
    all.dedup();
    assert_eq!(all.len(), 6);
    assert_eq!(rows(1)[0], first);
    assert!((2..20).any(|seed| rows(seed)[0] != first));
    let real = normal([2000, 3], 1);
    let floor = between_halves(&real, 1, |a, b| sliced_wasserstein_table(a, b, 32, 1)).unwrap();
    assert!((0.01..0.06).contains(&floor), "{floor}");
}

#[test]
fn refusals_say_what_was_expected() {
    let good = normal([5, 2], 1);
    let plain = MmdConfig::default();
    let message = |real: &Tensor, fake: &Tensor, config: &MmdConfig| {
        maximum_mean_discrepancy(real, fake, config, 1).unwrap_err().to_string()
    };
    let got = message(&good, &normal([5, 3], 1), &plain);
    assert!(got.contains("of as many columns") && got.contains("[5, 2], fake Double [5, 3]"));
    assert!(message(&good.select(1, 0), &good, &plain).contains("[N, D]"));
    assert!(message(&good, &good.narrow(0, 0, 0), &plain).contains("[0, 2]"));
    assert!(message(&good, &good.to_kind(Kind::Int64), &plain).contains("fake Int64"));
    assert_eq!(
        message(&good, &good.narrow(0, 0, 1), &plain),
        "the tables must be of two rows or more each, got 5 real and 1 fake"
    );
    for bad in [f64::NAN, f64::INFINITY] {
        let holed = good.copy();
        let _ = holed.narrow(0, 3, 1).fill_(bad);
        let expected = "the fake table must be finite numbers, got 10 values, 2 of them not finite";
        assert_eq!(message(&good, &holed, &plain), expected);
        assert_eq!(mean_difference(&good, &holed).unwrap_err().to_string(), expected);
        assert_eq!(compare_columns(&good, &holed).unwrap_err().to_string(), expected);
    }
    let flat = good.copy();
    let _ = flat.narrow(1, 1, 1).fill_(22.3);
    assert!(message(&flat, &good, &plain).contains("column 1 constant"));
    let same = Tensor::cat(&[&Tensor::zeros_like(&good), &good.narrow(0, 0, 1)], 0);
    assert_eq!(
        message(&same, &good, &plain),
        "the median distance of real rows must be above 0: give a bandwidth, got 0: most rows are \
         the same"
    );
    for bandwidth in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let config = MmdConfig { bandwidth: Some(bandwidth), ..plain.clone() };
        assert!(message(&good, &good, &config).starts_with("bandwidth must be above 0"));
    }
    for factors in [vec![], vec![1.0, 0.0], vec![f64::NAN], vec![1.0; 17]] {
        let config = MmdConfig { factors, ..plain.clone() };
        assert!(message(&good, &good, &config).starts_with("factors must be 1 to 16"));
    }
    let config = MmdConfig { rows: 1, ..plain };
    assert_eq!(message(&good, &good, &config), "rows must be 2 or more, got 1");
    let halves =
        |table: &Tensor| between_halves(table, 1, mean_difference).unwrap_err().to_string();
    assert!(halves(&good.narrow(0, 0, 1)).contains("N >= 2"));
    let units = Standardisation::of(&good).unwrap();
    let message = units.apply(&normal([2, 3], 1)).unwrap_err().to_string();
    assert!(message.contains("[2, 3] for 2 columns"), "{message}");
}
