//! Which pixels are bad and how many are too many.

use astrogen_preprocess::{Fill, MaskConfig};

#[test]
fn bad_pixels_are_counted_over_all_bands() {
    let mask = MaskConfig { saturation: Some(100.0), ..Default::default() };
    let red = [1.0, f32::NAN, 3.0, 4.0];
    let blue = [f32::INFINITY, 99.9, 100.0, f32::NEG_INFINITY];
    assert_eq!(*mask.good_values(&red), [1.0, 3.0, 4.0]);
    assert_eq!(*mask.good_values(&blue), [99.9]);
    assert_eq!(mask.bad_fraction([&red[..], &blue[..]]).unwrap(), 0.5);
}

#[test]
fn too_many_bad_pixels_are_refused_with_the_fraction() {
    let mask = MaskConfig { max_bad_fraction: 0.25, ..Default::default() };
    let band = [1.0, f32::NAN, f32::NAN, 2.0];
    let message = mask.bad_fraction([&band[..]]).unwrap_err().to_string();
    assert!(message.starts_with("50.0 % of the pixels are bad"), "{message}");
    assert!(message.contains("more than the 25.0 % allowed"), "{message}");
    let blank = [f32::NAN; 4];
    let message = mask.bad_fraction([&[1.0; 4][..], &blank[..]]).unwrap_err().to_string();
    assert!(message.starts_with("band 1 has no good pixel"), "{message}");
}

#[test]
fn fills_are_physical_values() {
    let band = [1.0, f32::NAN, 2.0, 9.0];
    for (text, expected) in [("median", 2.0), ("vmin", -3.0), ("value:7.5", 7.5)] {
        let fill: Fill = text.parse().unwrap();
        assert_eq!(fill.to_string(), text);
        let mask = MaskConfig { fill, ..Default::default() };
        assert_eq!(mask.fill_value(&band, -3.0), expected, "{text}");
    }
    let all_blank = MaskConfig::default().fill_value(&[f32::NAN; 3], -3.0);
    assert_eq!(all_blank, -3.0, "no pixel has a median");
    for text in ["mean", "value", "value:x", "median:1"] {
        let message = text.parse::<Fill>().unwrap_err().to_string();
        assert_eq!(
            message,
            format!("unknown fill {text:?}: expected one of median, vmin, value:NUMBER")
        );
    }
}

#[test]
fn bad_settings_name_the_rule() {
    let message = |mask: MaskConfig| mask.validate().unwrap_err().to_string();
    let fraction = MaskConfig { max_bad_fraction: 1.5, ..Default::default() };
    assert_eq!(
        message(fraction),
        "mask max_bad_fraction: expected a fraction from 0 to 1, got 1.5"
    );
    let saturation = MaskConfig { saturation: Some(f64::NAN), ..Default::default() };
    assert_eq!(message(saturation), "mask saturation: expected a finite number, or none, got NaN");
    let fill = MaskConfig { fill: Fill::Value(f64::INFINITY), ..Default::default() };
    assert_eq!(message(fill), "mask fill value: expected a finite number, got inf");
    assert!(serde_json::from_str::<MaskConfig>(r#"{"saturated":3}"#).is_err());
}
