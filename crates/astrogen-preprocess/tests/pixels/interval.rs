//! Limits against astropy's, and bad parameters.

use astrogen_preprocess::Interval;

use crate::golden::{array, assert_close, golden};

#[test]
fn limits_agree_with_astropy() {
    let mut compared = 0;
    for case in golden().arrays {
        let values = array(case.recipe);
        for (name, expected) in &case.limits {
            let interval: Interval = name.parse().unwrap();
            let got = interval.limits(&values).unwrap();
            for (got, expected) in got.into_iter().zip(expected) {
                let what = format!("{name} of {:?}", case.recipe);
                assert_close(got, *expected, 1e-9, &what);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 20 * 8 * 2);
}

#[test]
fn infinities_and_nans_are_left_out() {
    let values = [f32::NAN, 1.0, f32::INFINITY, 3.0, 2.0, f32::NEG_INFINITY];
    for interval in ["minmax", "percentile:100", "asymmetric:0,100", "zscale", "manual:,"] {
        let limits = interval.parse::<Interval>().unwrap().limits(&values).unwrap();
        assert_eq!(limits, [1.0, 3.0], "{interval}");
    }
}

#[test]
fn one_manual_limit_may_be_left_out() {
    let values = [1.0, 5.0];
    let limits = |text: &str| text.parse::<Interval>().unwrap().limits(&values);
    assert_eq!(limits("manual:0,100").unwrap(), [0.0, 100.0]);
    assert_eq!(limits("manual:0").unwrap(), [0.0, 5.0]);
    assert_eq!(limits("manual:,9").unwrap(), [1.0, 9.0]);
    let message = limits("manual:7,").unwrap_err().to_string();
    assert_eq!(
        message,
        "interval manual: expected limits that overlap the values, got manual:7, for values \
         from 1 to 5"
    );
}

#[test]
fn notation_travels_through_display_and_serde() {
    for text in [
        "manual:0,100",
        "manual:,100",
        "manual:-1.5,",
        "minmax",
        "percentile:99.5",
        "asymmetric:0.25,99.75",
        "zscale",
        "zscale:0.1",
        "zscale:0.25,300",
    ] {
        let interval: Interval = text.parse().unwrap();
        assert_eq!(interval.to_string(), text);
        let json = serde_json::to_string(&interval).unwrap();
        assert_eq!(json, format!("{text:?}"));
        assert_eq!(serde_json::from_str::<Interval>(&json).unwrap(), interval);
    }
}

#[test]
fn bad_intervals_say_the_rule_and_what_was_given() {
    for (text, message) in [
        (
            "percentile:0",
            "interval percentile: expected a percentage above 0 and at most 100, got 0",
        ),
        (
            "percentile:nan",
            "interval percentile: expected a percentage above 0 and at most 100, got NaN",
        ),
        (
            "asymmetric:90,10",
            "interval asymmetric: expected percentiles with 0 <= low < high <= 100, got 90,10",
        ),
        ("manual:3,3", "interval manual: expected vmin below vmax, got manual:3,3"),
        ("manual:inf,", "interval manual: expected finite limits, got manual:inf,"),
        ("zscale:0", "interval zscale contrast: expected a finite number greater than 0, got 0"),
        ("zscale:0.25,0", "interval zscale samples: expected 1 or more, got 0"),
    ] {
        assert_eq!(text.parse::<Interval>().unwrap_err().to_string(), message);
    }
    for text in ["zcale", "percentile", "percentile:a", "percentile:1,2", "minmax:1", ""] {
        let message = text.parse::<Interval>().unwrap_err().to_string();
        assert!(message.starts_with(&format!("unknown interval {text:?}: ")), "{message}");
        for name in ["manual", "minmax", "percentile", "asymmetric", "zscale"] {
            assert!(message.contains(name), "{message}");
        }
    }
}

#[test]
fn an_array_without_a_finite_value_is_refused() {
    for values in [&[][..], &[f32::NAN, f32::NAN]] {
        for interval in ["minmax", "percentile:99", "zscale", "manual:0,"] {
            let interval: Interval = interval.parse().unwrap();
            let message = interval.limits(values).unwrap_err().to_string();
            assert!(message.contains("no good pixel"), "{message}");
        }
    }
}
