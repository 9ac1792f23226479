//! All numbers of two tables as wholes: what each sees, what it does not, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_metrics::{
    MetricsError, Quality, TableQualityConfig, paired_table_quality, table_quality,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor};

/// Three normal columns, the first two correlated by 0.8, in units of their own.
fn rows(count: i64, seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> = (0..3 * count).map(|_| StandardNormal.sample(&mut rng)).collect();
    let own = Tensor::from_slice(&values).view([count, 3]);
    let second = 0.8 * own.narrow(1, 0, 1) + 0.6 * own.narrow(1, 1, 1);
    let columns = [own.narrow(1, 0, 1), 100.0 * second + 7.0, 0.01 * own.narrow(1, 2, 1)];
    Tensor::cat(&columns, 1)
}

fn measure(real: &Tensor, fake: &Tensor) -> Result<Quality, MetricsError> {
    let config = TableQualityConfig { rows: 400, ..TableQualityConfig::default() };
    table_quality(real, fake, &["x", "y", "z"], &config)
}

const NAMES: [&str; 7] =
    ["ks", "w1", "sliced_wasserstein", "energy", "mmd", "classifier", "correlation"];

#[test]
fn rows_of_one_distribution_are_at_the_floor() {
    let quality = measure(&rows(1000, 1), &rows(500, 2)).unwrap();
    let names: Vec<&str> = quality.numbers.iter().map(|number| &number.name[..]).collect();
    assert_eq!((quality.count, names), (400, NAMES.to_vec()), "{:?}", quality.left_out);
    for number in &quality.numbers {
        let of = number.estimate;
        assert!(of.low <= of.value && of.value <= of.high, "{}: {of}", number.name);
        assert!((of.value - of.floor).abs() < 2.0 * (of.high - of.low), "{}: {of}", number.name);
    }
    // The same rows give the same numbers, and nobody's random numbers are taken for it.
    tch::manual_seed(4);
    let next = Tensor::rand([3], (Kind::Float, Device::Cpu));
    tch::manual_seed(4);
    assert_eq!(measure(&rows(1000, 1), &rows(500, 2)).unwrap(), quality);
    assert_eq!(Tensor::rand([3], (Kind::Float, Device::Cpu)), next);
    // A line a number, which is read again from a report of images before there were tables.
    assert_eq!(quality.to_string().lines().count(), 7);
    assert!(quality.to_string().contains("  sliced wasserstein   0."), "{quality}");
    let json = serde_json::to_string(&quality).unwrap().replace("\"count\"", "\"images\"");
    assert_eq!(serde_json::from_str::<Quality>(&json).unwrap(), quality);
}

#[test]
fn each_number_sees_what_it_is_for() {
    let real = rows(1000, 1);
    let seen = |fake: &Tensor, names: &[&str]| {
        let quality = measure(&real, fake).unwrap();
        for name in names {
            let of = quality.get(name).unwrap();
            assert!(of.low > of.floor, "{name}: {of}");
        }
    };
    let fresh = rows(500, 2);
    let units = Tensor::from_slice(&[1.0, 100.0, 0.01]);
    seen(&(&fresh + 0.5 * units), &NAMES[..6]);
    let apart = Tensor::cat(&[rows(500, 2).narrow(1, 0, 1), rows(500, 3).narrow(1, 1, 2)], 1);
    seen(&apart, &["energy", "classifier", "correlation"]);
}

#[test]
fn what_tables_have_not_is_left_out_with_its_reason() {
    let (real, fake) = (rows(200, 1), rows(100, 2));
    let constant = |table: &Tensor| {
        let ones = Tensor::ones([table.size()[0], 1], (Kind::Double, Device::Cpu));
        Tensor::cat(&[&ones, &table.narrow(1, 0, 1), &ones], 1)
    };
    let quality = measure(&constant(&real), &constant(&fake)).unwrap();
    let line = |start: &str| quality.left_out.iter().any(|line| line.starts_with(start));
    assert!(line("column x: one value in all real rows") && line("column z: "), "{quality}");
    assert!(line("correlation: the tables must be of two columns"), "{quality}");
    assert!(quality.get("energy").is_some());
    let ones = Tensor::ones([200, 3], (Kind::Double, Device::Cpu));
    assert!(measure(&ones, &fake).unwrap().numbers.is_empty());
    let few = measure(&real.narrow(0, 0, 79), &fake).unwrap();
    assert!(few.numbers.is_empty());
    assert_eq!(few.left_out, ["all numbers: 80 real and 40 fake rows are needed, got 79 and 100"]);
    assert_eq!(measure(&real.narrow(0, 0, 80), &fake).unwrap().numbers.len(), 7);
    let endless = measure(&real, &(&fake / 0.0)).unwrap();
    assert_eq!(endless.left_out, ["all numbers: 300 values of the fake rows are not finite"]);
}

/// A column that some half-sample of the interval has one value of.
#[test]
fn a_column_in_which_few_rows_differ_is_left_out_alone() {
    let config = TableQualityConfig { pair_rows: 200, rows: 400, ..TableQualityConfig::default() };
    let flagged = |table: &Tensor, ones: i64| {
        let flag = Tensor::zeros([table.size()[0], 1], (Kind::Double, Device::Cpu));
        let _ = flag.narrow(0, 0, ones).fill_(1.0);
        Tensor::cat(&[&table.narrow(1, 0, 1), &flag, &table.narrow(1, 1, 2)], 1)
    };
    let (real, fake) = (rows(800, 1), rows(400, 2));
    let plain = table_quality(&real, &fake, &["x", "y", "z"], &config).unwrap();
    let names = ["x", "flag", "y", "z"];
    for (real_ones, fake_ones) in [(1, 1), (1, 200), (3, 0), (8, 4)] {
        let tables = [flagged(&real, real_ones), flagged(&fake, fake_ones)];
        let quality = table_quality(&tables[0], &tables[1], &names, &config).unwrap();
        let line = "column flag: one value in a half-sample of the real rows, so few have another; give more \
                    of those";
        assert_eq!(quality.left_out, [line], "{real_ones} ones");
        assert_eq!(quality.numbers, plain.numbers, "{real_ones} ones");
    }
    let tables = [flagged(&real, 400), flagged(&fake, 200)];
    let quality = table_quality(&tables[0], &tables[1], &names, &config).unwrap();
    assert_eq!((quality.numbers.len(), quality.left_out), (7, vec![]));
}

#[test]
fn of_rows_that_pair_up_none_stands_in_both_tables() {
    let config = TableQualityConfig { rows: 400, ..TableQualityConfig::default() };
    let real = rows(900, 1);
    let every = |places: [i64; 2]| {
        let rows = (0..900).filter(|row| places.contains(&(row % 3))).collect::<Vec<i64>>();
        real.index_select(0, &Tensor::from_slice(&rows))
    };
    let paired = paired_table_quality(&real, &real, &["x", "y", "z"], &config).unwrap();
    assert_eq!(paired, measure(&every([0, 1]), &every([2, 2])).unwrap());
    assert_eq!(paired.count, 300);
    let message = paired_table_quality(&real, &rows(899, 1), &["x", "y", "z"], &config);
    assert!(message.unwrap_err().to_string().contains("900 real and 899 fake rows"));
}

#[test]
fn tables_that_cannot_be_compared_are_refused() {
    let (real, fake) = (rows(200, 1), rows(100, 2));
    for (real, fake, words) in [
        (real.narrow(1, 0, 2), fake.narrow(1, 0, 2), "must be as many as columns, got 3 for 2"),
        (real.shallow_clone(), fake.narrow(1, 0, 2), "of as many columns"),
        (real.shallow_clone(), fake.to_kind(Kind::Int64), "floating-point"),
        (real.shallow_clone(), fake.get(0), "[N, D] and [M, D]"),
    ] {
        let message = measure(&real, &fake).unwrap_err().to_string();
        assert!(message.contains(words), "{words}: {message}");
    }
    for config in [
        TableQualityConfig { rows: 39, ..TableQualityConfig::default() },
        TableQualityConfig { pair_rows: 39, ..TableQualityConfig::default() },
        TableQualityConfig { directions: 0, ..TableQualityConfig::default() },
    ] {
        assert!(matches!(config.validate(), Err(MetricsError::Setting { .. })), "{config:?}");
    }
}
