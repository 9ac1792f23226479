//! Corner plots: what stands in the SVG, what is seen in the PNG, and every refusal.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use astrogen_plot::{Corner, PlotError, Rows, save_corner};

/// Normal deviates by Box and Muller, the same each time.
fn normal(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut even = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let deviate = |_| (-2.0 * (1.0 - even()).ln()).sqrt() * (std::f64::consts::TAU * even()).cos();
    (0..count).map(deviate).collect()
}

/// Rows of columns that hang together: each is a part of the one before, bent.
fn rows(count: usize, columns: usize, bend: f64, seed: u64) -> Vec<f64> {
    let mut values = normal(count * columns, seed);
    for row in values.chunks_exact_mut(columns) {
        for column in 1..columns {
            let before = row[column - 1];
            row[column] = 0.6 * before + bend * (before * before).min(9.0) + 0.6 * row[column];
        }
    }
    values
}

fn read(save: impl Fn(&Path) -> Result<(), PlotError>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    save(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    fs::read_to_string(path).unwrap()
}

fn corner(columns: usize) -> Corner {
    let labels = (0..columns).map(|column| format!("column {column}")).collect();
    Corner { labels, ..Corner::default() }
}

/// The lines of a colour in an SVG, as their points.
fn lines(text: &str, colour: &str) -> Vec<Vec<(f64, f64)>> {
    let drawn = text.lines().filter(|line| line.starts_with("<polyline") && line.contains(colour));
    let points = |line: &str| -> Vec<(f64, f64)> {
        let points = line.split_once("points=\"").unwrap().1.split_once('"').unwrap().0;
        let pair = |text: &str| {
            let (x, y) = text.split_once(',').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        };
        points.split_whitespace().map(pair).collect()
    };
    drawn.map(points).collect()
}

const BLUE: &str = "#0072B2";
const ORANGE: &str = "#D55E00";

#[test]
fn a_corner_has_its_names_and_tells_what_is_not_shown() {
    let (mut data, mut samples) = (rows(20_000, 3, 0.2, 1), rows(10_000, 3, 0.2, 2));
    data[4] = f64::NAN;
    data[300] = f64::INFINITY;
    for row in samples.chunks_exact_mut(3).take(1500) {
        row[1] += 50.0;
    }
    let text = read(|path| {
        let tables = [Rows::new("data", &data), Rows::new("samples", &samples)];
        save_corner(path, "Stars", &["age", "[Fe/H]", "mass"], &tables)
    });
    let lines: Vec<&str> = text.lines().collect();
    let count = |label: &str| lines.iter().filter(|line| **line == label).count();
    assert_eq!(["Stars", "age", "[Fe/H]", "mass"].map(count), [1, 1, 2, 2]);
    assert_eq!(count("regions of highest density"), 1);
    assert_eq!(count("hold 39%, 86% and 99% of the rows"), 1);
    let beyond = |name: &str, rows: usize| -> f64 {
        let start = format!("{name}: {rows} rows, ");
        let rest = lines.iter().find_map(|line| line.strip_prefix(&*start)).unwrap();
        rest.split_once('%').unwrap().0.parse().unwrap()
    };
    assert!(beyond("data", 19_998) < 1.0 && text.contains("% outside, 2 not finite"));
    assert!((beyond("samples", 10_000) - 15.0).abs() < 1.0, "{}", beyond("samples", 10_000));
}

#[test]
fn regions_of_a_normal_distribution_are_its_circles() {
    let values = normal(400_000, 3);
    let far: Vec<f64> = values.iter().map(|value| value + 100.0).collect();
    let one = Corner { ranges: vec![Some((-4.0, 4.0)); 2], ..corner(2) };
    let text = read(|path| {
        one.save(
            path,
            &[Rows::new("a", &values), Rows::new("a again", &values), Rows::new("far", &far)],
        )
    });
    assert!(text.contains("\nfar: 200000 rows, 100.0% outside\n"));
    // Steps of two histograms, an entry of the legend, and a line for every share.
    let mut all = lines(&text, ORANGE);
    all.retain(|line| line.len() > 20 && line.first() == line.last());
    assert_eq!(all.len(), 3);
    let mut radii: Vec<f64> = all
        .iter()
        .map(|line| {
            let (mut low, mut high) = (f64::MAX, f64::MIN);
            line.iter().for_each(|(x, _)| (low, high) = (low.min(*x), high.max(*x)));
            0.5 * (high - low)
        })
        .collect();
    radii.sort_by(f64::total_cmp);
    assert!(
        (radii[1] / radii[0] - 2.0).abs() < 0.06 && (radii[2] / radii[0] - 3.0).abs() < 0.1,
        "{radii:?}"
    );
    let outline = |line: &&Vec<(f64, f64)>| line.len() > 20 && line.first() == line.last();
    assert_eq!(lines(&text, BLUE).iter().filter(outline).count(), 3, "the filled have outlines");
}

#[test]
fn what_is_filled_is_seen_where_the_points_are() {
    let values: Vec<f64> = rows(50_000, 2, 0.0, 5).iter().map(|value| 0.2 + 0.05 * value).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("corner.png");
    let ranges = vec![Some((0.0, 1.0)); 2];
    Corner { ranges, size: Some(600), ..corner(2) }
        .save(&path, &[Rows::new("a", &values)])
        .unwrap();
    let image = image::open(path).unwrap().to_rgb8();
    assert_eq!(image.dimensions(), (600, 600));
    let blue =
        |x: u32, y: u32| image.get_pixel(x, y).0[2].saturating_sub(image.get_pixel(x, y).0[0]) > 20;
    let places = |xs: std::ops::Range<u32>, ys: std::ops::Range<u32>| {
        ys.flat_map(|y| xs.clone().map(move |x| (x, y)))
            .filter(|(x, y)| blue(*x, *y))
            .collect::<Vec<_>>()
    };
    // The panel below on the left runs from about (90, 280) to (330, 530).
    let seen = places(95..325, 285..525);
    let middle = |of: fn(&(u32, u32)) -> u32| {
        seen.iter().map(|place| f64::from(of(place))).sum::<f64>() / seen.len() as f64
    };
    assert!(seen.len() > 2000);
    assert!(middle(|place| place.0) < 170.0 && middle(|place| place.1) > 440.0);
    assert!(places(200..325, 285..400).is_empty(), "nothing is far off");
}

#[test]
fn one_column_and_sixteen_are_drawn() {
    for columns in [1, 2, 7, 16] {
        let (data, samples) = (rows(300, columns, 0.0, 1), rows(40, columns, 0.0, 2));
        let text = read(|path| {
            corner(columns).save(path, &[Rows::new("data", &data), Rows::new("samples", &samples)])
        });
        assert!(text.contains(&format!("\ncolumn {}\n", columns - 1)));
        assert!(text.contains("\nsamples: 40 rows"));
    }
}

#[test]
fn the_eighth_table_is_not_drawn_like_the_first() {
    let values: Vec<Vec<f64>> = (0..8).map(|seed| rows(200, 2, 0.0, seed)).collect();
    let blue = |tables: usize| {
        let tables: Vec<_> = values[..tables].iter().map(|values| Rows::new("t", values)).collect();
        lines(&read(|path| corner(2).save(path, &tables)), BLUE).len()
    };
    assert!(blue(8) > blue(7) + 50, "in dashes: {} and {}", blue(8), blue(7));
}

#[test]
fn tables_of_every_odd_shape_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.png");
    let odd = [
        vec![0.0, 1.0],
        vec![5.0; 6],
        vec![1e299, -1e299, -1e299, 1e299],
        vec![1e-310, 2e-310, 3e-310, 4e-310],
        vec![1e15, 1e15 + 1.0, 1e15, 1e15],
        vec![f64::NAN, 1.0, f64::MAX, 2.0, 3.0, 4.0],
    ];
    for values in odd {
        let corner = Corner { size: Some(320), ..corner(2) };
        corner.save(&path, &[Rows::new("odd", &values), Rows::new("same", &values)]).unwrap();
    }
}

#[test]
fn refusals_say_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let good = [1.0, 2.0, 3.0, 4.0];
    let table = Rows::new("data", &good);
    let message = |corner: &Corner, name: &str, tables: &[Rows<'_>]| {
        corner.save(folder.path().join(name), tables).unwrap_err().to_string()
    };
    let two = corner(2);
    assert!(message(&two, "a.pdf", &[table]).contains(".png or .svg"));
    assert!(message(&two, "a.png", &[]).contains("nothing to draw"));
    assert_eq!(
        message(&two, "a.png", &[table, Rows::new("samples", &[1.0, f64::NAN])]),
        "there is nothing to draw of \"samples\": it holds no row of finite numbers"
    );
    assert!(message(&two, "a.png", &[Rows::new("none", &[])]).contains("no row of finite numbers"));
    assert_eq!(
        message(&corner(3), "a.png", &[table]),
        "\"data\" has 4 values, which make no rows of 3 columns: every row needs one value per column"
    );
    let settings = [
        (corner(0), "labels must be 1 to 16 names, one per column, got 0"),
        (corner(17), "labels must be 1 to 16 names, one per column, got 17"),
        (
            Corner { ranges: vec![None], ..two.clone() },
            "ranges must be none at all or one per column, got 1 for 2 columns",
        ),
        (
            Corner { ranges: vec![None, Some((2.0, 1.0))], ..two.clone() },
            "a range must be two finite numbers in ascending order, got 2 to 1",
        ),
        (
            Corner { shares: vec![0.5, 1.0], ..two.clone() },
            "shares must be 1 to 5 numbers between 0 and 1, got [0.5, 1.0]",
        ),
        (Corner { bins: 0, ..two.clone() }, "bins must be 1 to 1000, got 0"),
    ];
    for (corner, expected) in settings {
        assert_eq!(message(&corner, "a.png", &[table]), expected);
    }
    let many = message(&two, "a.png", &[table; 22]);
    assert_eq!(many, "tables must be 21 at most, which are told apart, got 22");
    let narrow = Corner { size: Some(320), ..corner(10) };
    let ten = [0.5; 10];
    let got = message(&narrow, "a.png", &[Rows::new("data", &ten)]);
    assert!(got.contains("too narrow for 10 panels"), "{got}");
    let tiny = Corner { size: Some(10), ..two };
    assert!(message(&tiny, "a.png", &[table]).contains("320..=8192"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}
