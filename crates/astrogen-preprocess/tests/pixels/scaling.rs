//! Scalings: back to physical units, of many frames their median, and as JSON.

use astrogen_preprocess::{BackgroundConfig, Interval, Pipeline, PipelineConfig, Scaling, Stretch};
use ndarray::{Array3, s};
use proptest::prelude::*;

use crate::golden::{assert_close, uniform};
use crate::pipeline::{STRETCHES, pipeline, sky};

/// How far `back` may lie from `value`: a few roundings of f32, in the signed range (taken
/// back through the steepest part of the curve between them) and in the value itself.
fn assert_same(
    frame: &Array3<f32>,
    back: &Array3<f32>,
    pipeline: &Pipeline,
    scaling: &Scaling,
    what: &str,
) {
    let signed = pipeline.apply_with(frame, scaling).unwrap();
    let nudged = |by: f32| {
        pipeline.inverse(&signed.mapv(|value| (value + by).clamp(-1.0, 1.0)), scaling).unwrap()
    };
    let (below, above) = (nudged(-2.0 * f32::EPSILON), nudged(2.0 * f32::EPSILON));
    for (index, &value) in frame.indexed_iter() {
        let slack = 4.0 * f32::EPSILON * value.abs();
        let within = (below[index] - slack)..=(above[index] + slack);
        assert!(within.contains(&value), "{what}: {value} at {index:?} not in {within:?}");
        assert!(within.contains(&back[index]), "{what}: {} at {index:?}", back[index]);
    }
}

#[test]
fn every_stretch_and_setting_leads_back_to_physical_units() {
    let frame = sky(11, 40);
    for stretch in STRETCHES {
        for linked in [false, true] {
            for background in [None, Some(BackgroundConfig::default())] {
                let pipeline = Pipeline::new(PipelineConfig {
                    interval: Interval::MinMax,
                    stretch: stretch.parse().unwrap(),
                    linked,
                    background,
                    ..PipelineConfig::default()
                })
                .unwrap();
                let prepared = pipeline.apply(&frame).unwrap();
                assert!(prepared.pixels.iter().all(|value| (-1.0..=1.0).contains(value)));
                assert_eq!(prepared.bad_fraction, 0.0);
                let again = pipeline.apply_with(&frame, &prepared.scaling).unwrap();
                assert_eq!(again, prepared.pixels, "{stretch}");
                let back = pipeline.inverse(&prepared.pixels, &prepared.scaling).unwrap();
                let what = format!("{stretch}, linked {linked}");
                assert_same(&frame, &back, &pipeline, &prepared.scaling, &what);
            }
        }
    }
}

#[test]
fn what_is_no_number_stays_none_on_the_way_back() {
    let frame = sky(11, 40);
    for stretch in STRETCHES.into_iter().chain(["contrast_bias:2,0.5"]) {
        let pipeline = pipeline("minmax", stretch);
        let mut prepared = pipeline.apply(&frame).unwrap();
        prepared.pixels[[1, 2, 3]] = f32::NAN;
        let back = pipeline.inverse(&prepared.pixels, &prepared.scaling).unwrap();
        for (index, value) in back.indexed_iter() {
            assert_eq!(value.is_nan(), index == (1, 2, 3), "{stretch}: {value} at {index:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_frame_comes_back_where_nothing_was_clipped(
        seed in any::<u32>(),
        level in -1e5..1e5_f64,
        exponent in -3..6_i32,
        stretch in prop::sample::select(&STRETCHES[..]),
    ) {
        let mut uniform = uniform(seed.into());
        let frame = Array3::from_shape_fn((2, 9, 13), |_| {
            (level + 10_f64.powi(exponent) * uniform() * uniform()) as f32
        });
        let pipeline = pipeline("minmax", stretch);
        let Ok(prepared) = pipeline.apply(&frame) else {
            // A width lost in the rounding of the level.
            prop_assert!(frame.iter().all(|value| *value == frame[[0, 0, 0]]));
            return Ok(());
        };
        let back = pipeline.inverse(&prepared.pixels, &prepared.scaling).unwrap();
        assert_same(&frame, &back, &pipeline, &prepared.scaling, stretch);
    }
}

#[test]
fn the_median_scaling_is_taken_number_by_number() {
    let scaling = |level: f64, low: f64, high: f64| Scaling {
        background: vec![level],
        limits: vec![[low, high]],
        equalization: Vec::new(),
        fill: Vec::new(),
    };
    let many = [scaling(1.0, 0.0, 5.0), scaling(9.0, 2.0, 7.0), scaling(3.0, 1.0, 90.0)];
    assert_eq!(Scaling::median(&many), Some(scaling(3.0, 1.0, 7.0)));
    assert_eq!(Scaling::median(&many[..2]), Some(scaling(5.0, 1.0, 6.0)));
    assert_eq!(Scaling::median(&[]), None);
    let two_bands = Scaling { background: vec![0.0; 2], ..scaling(0.0, 0.0, 1.0) };
    assert_eq!(Scaling::median(&[scaling(1.0, 0.0, 5.0), two_bands]), None);
    // Frames without blank pixels have no say in what stands in for them.
    let filled = |fill: &[f64]| Scaling { fill: fill.to_vec(), ..scaling(0.0, 0.0, 1.0) };
    let some = [filled(&[4.0]), filled(&[]), filled(&[8.0]), filled(&[5.0])];
    assert_eq!(Scaling::median(&some), Some(filled(&[5.0])));
    assert_eq!(Scaling::median(&[filled(&[4.0]), filled(&[4.0, 5.0])]), None);
    let pipeline = pipeline("zscale", "histogram_equalization");
    let fitted = [1, 2, 3].map(|seed| pipeline.apply(&sky(seed, 24)).unwrap().scaling);
    let median = Scaling::median(&fitted).unwrap();
    assert!(pipeline.inverse(&Array3::zeros((3, 2, 2)), &median).is_ok());
    // Of a small frame and one with a constant band too, whose tables are shorter.
    let mut dark = sky(4, 40);
    dark.slice_mut(s![1, .., ..]).fill(0.0);
    let several =
        [sky(1, 24), sky(2, 20), dark].map(|frame| pipeline.apply(&frame).unwrap().scaling);
    let median = Scaling::median(&several).unwrap();
    assert_eq!(median.equalization[0].values().len(), 1025);
    assert!(pipeline.inverse(&Array3::zeros((3, 2, 2)), &median).is_ok());
}

#[test]
fn a_scaling_that_does_not_fit_is_refused() {
    let pipeline = Pipeline::new(PipelineConfig::default()).unwrap();
    let frame = sky(6, 8);
    let scaling = pipeline.apply(&frame).unwrap().scaling;
    let one_band = frame.slice(s![..1, .., ..]).to_owned();
    let message = pipeline.apply_with(&one_band, &scaling).unwrap_err().to_string();
    assert_eq!(
        message,
        "scaling: expected backgrounds, limits, equalizations, fills: [1, 1, 0, 0], \
         got [3, 3, 0, 0]"
    );
    let mut reversed = scaling.clone();
    reversed.limits[2] = [5.0, 1.0];
    let message = pipeline.inverse(&frame, &reversed).unwrap_err().to_string();
    assert!(message.ends_with("got background 0, limits 5,1"), "{message}");
    let endless = Scaling { fill: vec![1.0, f64::INFINITY, 1.0], ..scaling };
    let message = pipeline.apply_with(&frame, &endless).unwrap_err().to_string();
    assert_eq!(message, "scaling: expected finite fill values, got inf");
}

#[test]
fn configurations_and_scalings_travel_through_json() {
    let json = serde_json::to_value(PipelineConfig::default()).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "mask": {"saturation": null, "fill": "median", "max_bad_fraction": 0.5},
            "background": null,
            "interval": "asymmetric:0.25,99.75",
            "linked": false,
            "stretch": "asinh:0.1",
        })
    );
    let config: PipelineConfig =
        serde_json::from_str(r#"{"stretch": "log", "background": {"method": "mean"}}"#).unwrap();
    assert_eq!(config.stretch, Stretch::Log { a: 1000.0 });
    for (bad, words) in [
        (r#"{"strech": "log"}"#, "unknown field `strech`"),
        (r#"{"stretch": "log:-1"}"#, "expected a number greater than 0"),
        (r#"{"interval": "zcale"}"#, "unknown interval"),
    ] {
        let message = serde_json::from_str::<PipelineConfig>(bad).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    let frame = sky(7, 10);
    for stretch in ["asinh:0.1", "histogram_equalization"] {
        let scaling = pipeline("minmax", stretch).apply(&frame).unwrap().scaling;
        let json = serde_json::to_string(&scaling).unwrap();
        let read: Scaling = serde_json::from_str(&json).unwrap();
        for (read, written) in read.limits.iter().flatten().zip(scaling.limits.iter().flatten()) {
            assert_close(*read, *written, 1e-15, stretch);
        }
        assert_eq!(json.contains("equalization"), stretch != "asinh:0.1");
        assert!(!json.contains("fill"), "nothing was blank");
    }
    let mut blank = frame.clone();
    blank[[1, 2, 3]] = f32::NAN;
    let scaling = pipeline("minmax", "linear").apply(&blank).unwrap().scaling;
    assert_eq!(scaling.fill.len(), 3);
    let json = serde_json::to_string(&scaling).unwrap();
    assert_eq!(serde_json::from_str::<Scaling>(&json).unwrap(), scaling);
}
