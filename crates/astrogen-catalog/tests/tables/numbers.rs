//! Magnitudes and standardisation.

use astrogen_catalog::{BadRows, Columns, MagnitudeRange, Magnitudes, RowCounts, Standardize};
use ndarray::{Array2, array};
use proptest::prelude::*;

#[test]
fn magnitudes_follow_their_formulas() {
    let pogson = Magnitudes::default();
    assert_eq!(pogson.of_flux(1.0), 30.0);
    assert_eq!(pogson.of_flux(100.0), 25.0);
    assert!(pogson.of_flux(0.0).is_nan() && pogson.of_flux(f64::NAN).is_nan());
    assert_eq!(pogson.of_flux(f64::INFINITY), f64::NEG_INFINITY);
    // Lupton et al. 1999: at zero flux the magnitude is m0 - 2.5 log10 b.
    let asinh = Magnitudes::Asinh { zero_point: 22.5, softening: 0.1 };
    assert!((asinh.of_flux(0.0) - 25.0).abs() < 1e-12);
    assert!(asinh.of_flux(-0.5) > asinh.of_flux(0.0));
    assert!((asinh.of_flux(1e6) - 7.5).abs() < 1e-9);
}

#[test]
fn scales_that_make_no_sense_are_refused() {
    for (scale, words) in [
        (Magnitudes::Asinh { zero_point: 30.0, softening: 0.0 }, "softening: expected a positive"),
        (Magnitudes::Asinh { zero_point: 30.0, softening: f64::NAN }, "softening: expected"),
        (Magnitudes::Logarithmic { zero_point: f64::INFINITY }, "zero_point: expected a finite"),
    ] {
        let message = scale.validate().unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    assert!(Magnitudes::default().validate().is_ok());
    let json = r#"{"scale": "asinh", "zero_point": 30.0, "softening": 2.0}"#;
    let scale: Magnitudes = serde_json::from_str(json).unwrap();
    assert_eq!(scale, Magnitudes::Asinh { zero_point: 30.0, softening: 2.0 });
}

#[test]
fn sentinel_magnitudes_are_dropped_or_refused() {
    let table = || {
        let i = vec![22.0, 99.0, 21.0, f64::INFINITY, f64::NAN, 20.0];
        let r = vec![22.5, 99.0, -99.0, 23.0, 23.0, 21.0];
        Columns::new([("i", i), ("r", r)]).unwrap()
    };
    let mut counts = RowCounts::new(6);
    let mut columns = table();
    let range = MagnitudeRange::default();
    range.apply(&mut columns, &["i", "r"], &mut counts).unwrap();
    assert_eq!(columns.column("r").unwrap(), [22.5, 21.0]);
    let words = "2 of 6 rows kept; dropped: 3 by i outside 0 to 50, 1 by r outside 0 to 50";
    assert_eq!(counts.to_string(), words);

    let refuse = MagnitudeRange { outside: BadRows::Refuse, ..range };
    let message = refuse.apply(&mut table(), &["r"], &mut counts).unwrap_err().to_string();
    let words = "expected magnitudes from 0 to 50, got 2 rows outside, the first 99 at row 1";
    assert!(message.contains(words), "{message}");
    let keep = MagnitudeRange { outside: BadRows::Keep, ..range };
    let mut columns = table();
    keep.apply(&mut columns, &["i"], &mut counts).unwrap();
    assert_eq!(columns.len(), 6);
    let message = range.apply(&mut columns, &["g"], &mut counts).unwrap_err().to_string();
    assert!(message.contains("no column \"g\""), "{message}");
    let none = MagnitudeRange { min: 50.0, max: 0.0, ..range };
    assert!(none.apply(&mut columns, &["i"], &mut counts).is_err());
}

#[test]
fn columns_without_a_spread_are_refused() {
    let data = array![[1.0, 0.1, f64::NAN], [2.0, 0.1, 1.0], [3.0, 0.1, 2.0]];
    let fit = |names: &[&str], rows: std::ops::Range<usize>| {
        Standardize::fit(names, data.view(), rows).unwrap_err().to_string()
    };
    assert!(fit(&["a", "b", "c"], 0..0).contains("no rows to fit"));
    assert!(fit(&["a", "b", "c"], 0..3).contains("column \"b\" is constant (0.1)"));
    assert!(fit(&["a", "b"], 0..3).contains("expected 2 columns, got 3"));
    assert!(fit(&["a", "b", "c"], 2..9).contains("expected rows below 3, got 3"));
    let message = Standardize::fit(&["c"], data.slice(ndarray::s![.., 2..]), 0..3);
    let message = message.unwrap_err().to_string();
    assert!(message.contains("column \"c\" is not finite in 1 of the 3 rows"), "{message}");
}

#[test]
fn a_large_offset_costs_no_digits_and_the_fit_survives_its_file() {
    let data = Array2::from_shape_fn((1000, 1), |(row, _)| 1e9 + (row % 2) as f64);
    let standardize = Standardize::fit(&["t"], data.view(), 0..1000).unwrap();
    assert_eq!((standardize.mean[0], standardize.deviation[0]), (1e9 + 0.5, 0.5));
    let json = serde_json::to_string(&standardize).unwrap();
    assert_eq!(serde_json::from_str::<Standardize>(&json).unwrap(), standardize);
}

proptest! {
    #[test]
    fn magnitudes_are_invertible(flux in 1e-3_f64..1e9, negative in any::<bool>(), softening in 1e-2_f64..1e3) {
        let pogson = Magnitudes::Logarithmic { zero_point: 27.0 };
        let back = pogson.to_flux(pogson.of_flux(flux));
        prop_assert!((back - flux).abs() <= 1e-12 * flux);
        let flux = if negative { -flux } else { flux };
        let asinh = Magnitudes::Asinh { zero_point: 27.0, softening };
        let back = asinh.to_flux(asinh.of_flux(flux));
        prop_assert!((back - flux).abs() <= 1e-11 * (flux.abs() + softening), "{flux} {back}");
    }

    #[test]
    fn standardisation_is_invertible(
        values in prop::collection::vec(-1e6_f64..1e6, 6..60), offset in -1e6_f64..1e6,
    ) {
        let rows = values.len() / 2;
        let data = Array2::from_shape_fn((rows, 2), |(row, column)| values[2 * row + column] + offset);
        let standardize = Standardize::fit(&["a", "b"], data.view(), 0..rows).unwrap();
        let mut scaled = data.clone();
        standardize.apply(scaled.view_mut()).unwrap();
        for column in scaled.columns() {
            prop_assert!(column.mean().unwrap().abs() < 1e-9);
            prop_assert!((column.mapv(|v| v * v).mean().unwrap() - 1.0).abs() < 1e-9);
        }
        standardize.inverse(scaled.view_mut()).unwrap();
        for (back, value) in scaled.iter().zip(&data) {
            prop_assert!((back - value).abs() <= 4.0 * f64::EPSILON * (value.abs() + 3e6));
        }
    }
}
