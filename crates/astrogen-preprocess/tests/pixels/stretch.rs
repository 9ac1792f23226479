//! The family of stretches: astropy's values, then the same invariants for every member.

use astrogen_preprocess::{Curve, Equalization, Stretch};
use proptest::prelude::*;

use crate::golden::{array, assert_close, golden};

/// Every stretch that maps `[0, 1]` onto `[0, 1]`, mild and strong.
const ONTO: [&str; 16] = [
    "linear",
    "sqrt",
    "power:2",
    "power:0.3",
    "log",
    "log:0.0001",
    "log:100000",
    "asinh",
    "asinh:0.001",
    "asinh:1000",
    "sinh",
    "sinh:0.05",
    "sinh:100",
    "power_dist",
    "power_dist:0.01",
    "power_dist:1.000001",
];

fn curve(name: &str) -> Curve {
    name.parse::<Stretch>().unwrap().curve().unwrap()
}

fn equalization() -> Curve {
    let values: Vec<f32> = (0..500).map(|i| (i as f32).powi(2)).collect();
    Equalization::fit(&values, [0.0, 499.0 * 499.0]).unwrap().into()
}

#[test]
fn both_directions_agree_with_astropy() {
    let cases = golden().stretches;
    assert_eq!(cases.len(), 18);
    for case in cases {
        let curve = curve(&case.name);
        for (index, &x) in case.x.iter().enumerate() {
            let what = format!("{} of {x}", case.name);
            assert_close(curve.forward(x), case.forward[index], 1e-12, &what);
            let what = format!("inverse {} of {x}", case.name);
            assert_close(curve.inverse(x), case.inverse[index], 1e-12, &what);
        }
    }
}

#[test]
fn histogram_equalization_agrees_with_astropy() {
    for case in golden().equalizations {
        let values = array(case.recipe);
        let finite = values.iter().copied().filter(|value| value.is_finite());
        let limits = [finite.clone().reduce(f32::min), finite.reduce(f32::max)];
        let limits = limits.map(|limit| f64::from(limit.unwrap()));
        let curve = Curve::from(Equalization::fit(&values, limits).unwrap());
        for (index, &x) in case.x.iter().enumerate() {
            assert_close(curve.forward(x), case.forward[index], 1e-9, &format!("forward {x}"));
            assert_close(curve.inverse(x), case.inverse[index], 1e-9, &format!("inverse {x}"));
        }
    }
}

#[test]
fn equalized_values_are_evenly_spread_even_when_the_table_is_a_summary() {
    let values = array(serde_json::from_str("[5, 60000, 3.0, 1.0, 0.1, 50.0, 0]").unwrap());
    let (vmin, vmax) = values
        .iter()
        .fold((f32::MAX, f32::MIN), |(low, high), &value| (low.min(value), high.max(value)));
    let [vmin, vmax] = [vmin, vmax].map(f64::from);
    let table = Equalization::fit(&values, [vmin, vmax]).unwrap();
    assert_eq!(table.values().len(), 1025);
    let curve = Curve::from(table);
    let mut stretched: Vec<f64> = values
        .iter()
        .map(|&value| curve.forward((f64::from(value) - vmin) / (vmax - vmin)))
        .collect();
    stretched.sort_by(f64::total_cmp);
    for (rank, level) in stretched.iter().enumerate() {
        assert_close(*level, rank as f64 / 59_999.0, 1.0 / 1024.0, "level");
    }
}

#[test]
fn the_ends_stay_where_they_are_and_nothing_falls() {
    let mut curves: Vec<(&str, Curve)> = ONTO.iter().map(|name| (*name, curve(name))).collect();
    curves.push(("equalized", equalization()));
    for (name, curve) in &curves {
        for (end, beyond) in [(0.0, -7.0), (1.0, 7.0)] {
            assert_close(curve.forward(end), end, 1e-14, name);
            assert_close(curve.inverse(end), end, 1e-9, name);
            assert_eq!(curve.forward(beyond), curve.forward(end), "{name}");
            assert_eq!(curve.inverse(beyond), curve.inverse(end), "{name}");
        }
    }
    curves.push(("contrast_bias", curve("contrast_bias:3,0.4")));
    for (name, curve) in &curves {
        let steps: Vec<f64> = (0..=2000).map(|i| f64::from(i) / 2000.0).collect();
        for pair in steps.windows(2) {
            assert!(curve.forward(pair[0]) <= curve.forward(pair[1]), "{name} falls at {pair:?}");
            assert!(curve.inverse(pair[0]) <= curve.inverse(pair[1]), "{name}⁻¹ at {pair:?}");
        }
        for x in steps {
            assert!((0.0..=1.0).contains(&curve.forward(x)), "{name} of {x}");
            assert!((0.0..=1.0).contains(&curve.inverse(x)), "{name}⁻¹ of {x}");
        }
        assert!(curve.forward(f64::NAN).is_nan() && curve.inverse(f64::NAN).is_nan(), "{name}");
    }
}

proptest! {
    #[test]
    fn inverse_undoes_forward(x in 0.0..=1.0_f64) {
        for (name, curve) in ONTO.iter().map(|name| (*name, curve(name))).chain([("equalized", equalization())]) {
            let back = curve.inverse(curve.forward(x));
            // An error of one unit in the last place of y grows by the inverse's slope.
            prop_assert!((back - x).abs() < 1e-10, "{} of {}: {}", name, x, back);
        }
    }

    #[test]
    fn any_parameter_gives_an_invertible_curve(a in 0.01..1000.0_f64, x in 0.0..=1.0_f64) {
        for stretch in [Stretch::Log { a }, Stretch::Asinh { a }, Stretch::Sinh { a }] {
            let curve = stretch.curve().unwrap();
            prop_assert!((curve.inverse(curve.forward(x)) - x).abs() < 1e-9, "{} of {}", stretch, x);
        }
    }

    #[test]
    fn a_line_inverts_where_it_does_not_clip(contrast in 0.1..5.0_f64, bias in 0.0..1.0_f64, x in 0.0..=1.0_f64) {
        let curve = Stretch::ContrastBias { contrast, bias }.curve().unwrap();
        let y = curve.forward(x);
        prop_assume!(y > 0.0 && y < 1.0);
        prop_assert!((curve.inverse(y) - x).abs() < 1e-12);
    }
}

#[test]
fn notation_travels_through_display_and_serde() {
    for (text, written) in [
        ("linear", "linear"),
        ("sqrt", "sqrt"),
        ("power:2", "power:2"),
        ("log", "log:1000"),
        ("asinh: 0.1", "asinh:0.1"),
        ("sinh:0.5", "sinh:0.5"),
        ("power_dist", "power_dist:1000"),
        ("contrast_bias:2,0.5", "contrast_bias:2,0.5"),
        ("histogram_equalization", "histogram_equalization"),
    ] {
        let stretch: Stretch = text.parse().unwrap();
        assert_eq!(stretch.to_string(), written);
        let json = serde_json::to_string(&stretch).unwrap();
        assert_eq!(json, format!("{written:?}"));
        assert_eq!(serde_json::from_str::<Stretch>(&json).unwrap(), stretch);
    }
}

#[test]
fn bad_stretches_say_the_rule_and_what_was_given() {
    let rule = "expected a number greater than 0, and not so extreme that the curve overflows";
    for (text, message) in [
        ("power:0", format!("stretch power: {rule}, got 0")),
        ("log:-5", format!("stretch log: {rule}, got -5")),
        ("log:-1", format!("stretch log: {rule}, got -1")),
        ("log:-0.5", format!("stretch log: {rule}, got -0.5")),
        ("asinh:nan", format!("stretch asinh: {rule}, got NaN")),
        ("asinh:-1", format!("stretch asinh: {rule}, got -1")),
        ("asinh:1e-200", format!("stretch asinh: {rule}, got {}", 1e-200)),
        ("sinh:0.001", format!("stretch sinh: {rule}, got 0.001")),
        ("contrast_bias:0,0.5", format!("stretch contrast_bias contrast: {rule}, got 0")),
        (
            "contrast_bias:1,inf",
            "stretch contrast_bias bias: expected a finite number, got inf".to_owned(),
        ),
        (
            "power_dist:1",
            "stretch power_dist: expected a number greater than 0 and not 1, got 1".to_owned(),
        ),
    ] {
        assert_eq!(text.parse::<Stretch>().unwrap_err().to_string(), message);
    }
    for text in ["arcsinh", "power", "asinh:x", "asinh:1,2", "linear:1", "contrast_bias:2", ""] {
        let message = text.parse::<Stretch>().unwrap_err().to_string();
        assert!(message.starts_with(&format!("unknown stretch {text:?}: ")), "{message}");
        for name in ["linear", "sqrt", "power", "log", "asinh", "sinh", "power_dist"] {
            assert!(message.contains(name), "{message}");
        }
        assert!(message.contains("contrast_bias") && message.contains("histogram_equalization"));
    }
    let unfitted = Stretch::HistogramEqualization.curve().unwrap_err().to_string();
    assert!(unfitted.contains("Equalization::fit"), "{unfitted}");
}

#[test]
fn a_table_is_checked_when_it_is_read() {
    let table = Equalization::fit(&[1.0, 2.0, 4.0], [0.0, 4.0]).unwrap();
    let json = serde_json::to_string(&table).unwrap();
    assert_eq!(json, "[0.25,0.5,1.0]");
    assert_eq!(serde_json::from_str::<Equalization>(&json).unwrap(), table);
    for bad in ["[0.5]", "[0.5,0.2]", "[0.0,2.0]"] {
        let message = serde_json::from_str::<Equalization>(bad).unwrap_err().to_string();
        assert!(message.contains("two or more unit values that never fall"), "{message}");
    }
    assert!(Equalization::fit(&[1.0, 2.0], [3.0, 3.0]).is_err());
    assert!(Equalization::fit(&[f32::NAN, 2.0], [0.0, 3.0]).is_err());
}
