//! Frames to the signed range.

use astrogen_preprocess::{
    BackgroundConfig, Fill, Interval, MaskConfig, Pipeline, PipelineConfig, Stretch,
};
use ndarray::{Array3, s};

use crate::golden::array;

pub(crate) const STRETCHES: [&str; 8] = [
    "linear",
    "sqrt",
    "power:1.5",
    "log:1000",
    "asinh:0.1",
    "sinh:0.5",
    "power_dist:10",
    "histogram_equalization",
];

/// Three bands of sky, stars and different zero points.
pub(crate) fn sky(seed: u64, side: usize) -> Array3<f32> {
    let recipe = |band: u64| {
        format!("[{}, {}, {}, 5.0, 0.05, 2000.0, 0]", seed + band, side * side, 100 * (band + 1))
    };
    let bands = [0, 1, 2].map(|band| array(serde_json::from_str(&recipe(band)).unwrap()));
    Array3::from_shape_vec((3, side, side), bands.concat()).unwrap()
}

pub(crate) fn pipeline(interval: &str, stretch: &str) -> Pipeline {
    Pipeline::new(PipelineConfig {
        interval: interval.parse().unwrap(),
        stretch: stretch.parse().unwrap(),
        ..PipelineConfig::default()
    })
    .unwrap()
}

#[test]
fn the_default_is_the_asinh_of_the_inner_percentiles() {
    let config = PipelineConfig::default();
    assert_eq!(config.interval, Interval::AsymmetricPercentile(0.25, 99.75));
    assert_eq!(config.stretch, Stretch::Asinh { a: 0.1 });
    let frame = sky(5, 64);
    let pipeline = Pipeline::new(config).unwrap();
    let prepared = pipeline.apply(&frame).unwrap();
    for (index, &signed) in prepared.pixels.indexed_iter() {
        let [vmin, vmax] = prepared.scaling.limits[index.0];
        let unit = ((f64::from(frame[index]) - vmin) / (vmax - vmin)).clamp(0.0, 1.0);
        let expected = 2.0 * (unit / 0.1).asinh() / 10.0_f64.asinh() - 1.0;
        assert!((f64::from(signed) - expected).abs() < 1e-7);
    }
    let limits = pipeline.config().interval.limits(frame.slice(s![1, .., ..]).as_slice().unwrap());
    assert_eq!(prepared.scaling.limits[1], limits.unwrap());
}

#[test]
fn linked_bands_share_limits_above_their_own_background() {
    let frame = sky(21, 50);
    let config = PipelineConfig {
        linked: true,
        background: Some(BackgroundConfig::default()),
        interval: Interval::MinMax,
        ..PipelineConfig::default()
    };
    let scaling = Pipeline::new(config).unwrap().apply(&frame).unwrap().scaling;
    for (band, level) in [100.0, 200.0, 300.0].into_iter().enumerate() {
        assert!((scaling.background[band] - level).abs() < 2.0, "{:?}", scaling.background);
    }
    assert!(scaling.limits.iter().all(|limits| *limits == scaling.limits[0]));
    assert!(scaling.limits[0][0] < 0.0 && scaling.limits[0][0] > -15.0);
}

#[test]
fn manual_limits_count_from_the_background() {
    let frame = sky(3, 30);
    let config = PipelineConfig {
        background: Some(BackgroundConfig::default()),
        interval: "manual:-20,20".parse().unwrap(),
        stretch: Stretch::Linear,
        ..PipelineConfig::default()
    };
    let prepared = Pipeline::new(config).unwrap().apply(&frame).unwrap();
    // The sky itself lies in the middle of the range in every band.
    for band in prepared.pixels.outer_iter() {
        let mut values = band.iter().copied().collect::<Vec<_>>();
        values.sort_by(f32::total_cmp);
        assert!(values[values.len() / 2].abs() < 0.1);
    }
}

#[test]
fn bad_pixels_are_filled_and_kept_out_of_the_statistics() {
    let clean = sky(8, 32);
    let mut frame = clean.clone();
    frame[[0, 0, 0]] = f32::NAN;
    frame[[1, 3, 4]] = f32::INFINITY;
    frame[[2, 5, 6]] = f32::NEG_INFINITY;
    frame[[0, 9, 9]] = 1e9;
    let run = |fill: Fill| {
        let mask = MaskConfig { saturation: Some(1e6), fill, ..MaskConfig::default() };
        let config =
            PipelineConfig { mask, interval: Interval::MinMax, ..PipelineConfig::default() };
        Pipeline::new(config).unwrap().apply(&frame).unwrap()
    };
    let prepared = run(Fill::Vmin);
    assert!(prepared.pixels.iter().all(|value| (-1.0..=1.0).contains(value)));
    assert!((prepared.bad_fraction - 4.0 / (3.0 * 32.0 * 32.0)).abs() < 1e-12);
    assert!(prepared.scaling.limits[0][1] < 3000.0);
    for filled in [[0, 0, 0], [1, 3, 4], [2, 5, 6]] {
        assert_eq!(prepared.pixels[filled], -1.0);
    }
    assert_eq!(prepared.pixels[[0, 9, 9]], 1.0, "a saturated pixel is as bright as can be");
    assert_eq!(run(Fill::Value(1e12)).pixels[[0, 0, 0]], 1.0);
    let prepared = run(Fill::Median);
    let mut band = prepared.pixels.slice(s![0, .., ..]).iter().copied().collect::<Vec<_>>();
    band.sort_by(f32::total_cmp);
    assert!((prepared.pixels[[0, 0, 0]] - band[512]).abs() < 0.01);
}

#[test]
fn a_cutout_is_scaled_as_in_the_whole_frame() {
    let mut frame = sky(12, 40);
    frame.slice_mut(s![.., ..12, ..12]).fill(f32::NAN);
    frame.slice_mut(s![1, 20.., 25..]).fill(f32::INFINITY);
    frame[[2, 30, 30]] = 1e9;
    let corners = [(0, 0), (3, 8), (15, 22), (24, 24)];
    for (stretch, fill) in STRETCHES.into_iter().flat_map(|stretch| {
        ["median", "vmin", "value:150"].map(|fill| (stretch, fill.parse::<Fill>().unwrap()))
    }) {
        let pipeline = Pipeline::new(PipelineConfig {
            mask: MaskConfig { fill, saturation: Some(1e6), ..MaskConfig::default() },
            background: Some(BackgroundConfig::default()),
            stretch: stretch.parse().unwrap(),
            ..PipelineConfig::default()
        })
        .unwrap();
        let whole = pipeline.apply(&frame).unwrap();
        assert_eq!(whole.scaling.fill.len(), if fill == Fill::Median { 3 } else { 0 });
        for (y, x) in corners {
            let region = s![.., y..y + 16, x..x + 16];
            let cut = frame.slice(region).to_owned();
            let scaled = pipeline.apply_with(&cut, &whole.scaling).unwrap();
            assert_eq!(scaled, whole.pixels.slice(region), "{stretch}, {fill} at {y}, {x}");
        }
    }
}

#[test]
fn blank_pixels_that_no_scaling_knows_of_are_filled_from_what_is_given() {
    let pipeline = pipeline("minmax", "linear");
    let scaling = pipeline.apply(&sky(9, 16)).unwrap().scaling;
    let mut other = sky(10, 16);
    other.slice_mut(s![0, .., ..]).fill(f32::NAN); // no good pixel: the low end
    other[[1, 4, 4]] = f32::NAN;
    let scaled = pipeline.apply_with(&other, &scaling).unwrap();
    assert!(scaled.slice(s![0, .., ..]).iter().all(|value| *value == -1.0));
    let mut band = scaled.slice(s![1, .., ..]).iter().copied().collect::<Vec<_>>();
    band.sort_by(f32::total_cmp);
    assert!((scaled[[1, 4, 4]] - band[128]).abs() < 0.01);
}

#[test]
fn frames_that_carry_nothing_are_refused() {
    let pipeline = Pipeline::new(PipelineConfig::default()).unwrap();
    let message = |frame: &Array3<f32>| pipeline.apply(frame).unwrap_err().to_string();
    let constant = message(&Array3::from_elem((2, 8, 8), 3.25));
    assert!(constant.contains("both 3.25 in every band, as in a constant frame"), "{constant}");
    let blank = message(&Array3::from_elem((1, 8, 8), f32::NAN));
    assert!(blank.starts_with("band 0 has no good pixel: all are NaN"), "{blank}");
    let empty = message(&Array3::zeros((1, 0, 8)));
    assert!(empty.starts_with("frame: expected [C, H, W] with at least one pixel"), "{empty}");
    let mut patchy = sky(1, 8);
    patchy.slice_mut(s![.., ..5, ..]).fill(f32::NAN);
    let patchy = message(&patchy);
    assert!(patchy.starts_with("62.5 % of the pixels are bad"), "{patchy}");
}

#[test]
fn one_constant_band_or_a_sparse_one_is_no_reason_to_refuse() {
    for stretch in STRETCHES {
        let pipeline = pipeline("percentile:90", stretch);
        let mut frame = sky(2, 16);
        frame.slice_mut(s![1, .., ..]).fill(4.5);
        // Nine tenths of the band are equal, so the percentiles coincide; the rest differ.
        frame.slice_mut(s![2, .., ..]).fill(0.0);
        frame[[2, 0, 0]] = 8.0;
        frame[[2, 0, 1]] = 2.0;
        let prepared = pipeline.apply(&frame).unwrap();
        assert_eq!(prepared.scaling.limits[1], [4.5, 4.5]);
        assert_eq!(prepared.scaling.limits[2], [0.0, 8.0]);
        assert!(prepared.pixels.slice(s![1, .., ..]).iter().all(|value| *value == -1.0));
        assert!(prepared.pixels[[2, 0, 1]] > -1.0 && prepared.pixels[[2, 0, 1]] < 1.0);
        let back = pipeline.inverse(&prepared.pixels, &prepared.scaling).unwrap();
        assert!(back.slice(s![1, .., ..]).iter().all(|value| *value == 4.5), "{stretch}");
        assert!((back[[2, 0, 1]] - 2.0).abs() < 1e-4, "{stretch}: {}", back[[2, 0, 1]]);
    }
}

#[test]
fn ready_made_pictures_pass_through_unchanged() {
    let picture = Array3::from_shape_fn((3, 4, 4), |(c, y, x)| (c * 16 + y * 4 + x) as f32 / 47.0);
    let pipeline = Pipeline::new(PipelineConfig::picture()).unwrap();
    let prepared = pipeline.apply(&picture).unwrap();
    let difference = &prepared.pixels - picture.mapv(|value| 2.0 * value - 1.0);
    assert!(difference.iter().all(|value| value.abs() < 1e-6));
    assert!(pipeline.apply(&Array3::zeros((3, 4, 4))).is_ok(), "a black picture is a picture");
}

#[test]
fn layout_in_memory_does_not_matter() {
    let frame = sky(4, 12);
    let turned = frame.clone().permuted_axes([0, 2, 1]);
    let pipeline = Pipeline::new(PipelineConfig::default()).unwrap();
    let (one, other) = (pipeline.apply(&frame).unwrap(), pipeline.apply(&turned).unwrap());
    assert_eq!(one.pixels.permuted_axes([0, 2, 1]), other.pixels);
}

#[test]
fn a_pipeline_is_checked_when_it_is_made() {
    for config in [
        PipelineConfig { stretch: Stretch::Asinh { a: 0.0 }, ..PipelineConfig::default() },
        PipelineConfig { stretch: Stretch::Sinh { a: 0.002 }, ..PipelineConfig::default() },
        PipelineConfig { interval: Interval::Percentile(101.0), ..PipelineConfig::default() },
        PipelineConfig {
            background: Some(BackgroundConfig { sigma: -3.0, ..BackgroundConfig::default() }),
            ..PipelineConfig::default()
        },
        PipelineConfig {
            mask: MaskConfig { max_bad_fraction: -0.1, ..MaskConfig::default() },
            ..PipelineConfig::default()
        },
    ] {
        let message = Pipeline::new(config).unwrap_err().to_string();
        assert!(message.contains("expected") && message.contains("got"), "{message}");
    }
}
