//! Morphologies against statmorph, and what turning, shifting and scaling must not change.
//! `golden/morphology.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::morphology::{Sky, table_distances};
use astrogen_metrics::{
    Morphology, MorphologyConfig, morphology, morphology_distances, segment_morphology,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

const NAMES: [&str; 9] = [
    "flux",
    "half-light radius",
    "concentration",
    "asymmetry",
    "gini",
    "m20",
    "Petrosian radius",
    "r20",
    "r80",
];

fn golden() -> BTreeMap<String, Tensor> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/morphology.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

fn numbers(of: &Morphology) -> [f64; 9] {
    [
        of.flux,
        of.half_light_radius,
        of.concentration,
        of.asymmetry,
        of.gini,
        of.m20,
        of.petrosian_radius,
        of.r20,
        of.r80,
    ]
}

fn row(table: &Tensor, index: i64) -> Vec<f64> {
    Vec::try_from(table.get(index).contiguous()).unwrap()
}

fn measured(images: &Tensor) -> Vec<Morphology> {
    morphology(images, &MorphologyConfig::default()).unwrap()
}

#[test]
fn one_segment_and_centre_have_the_numbers_of_statmorph() {
    let golden = golden();
    for image in 0..golden["images"].size()[0] {
        let sky = row(&golden["sky"], image);
        let parts = golden["parts"].get(image);
        // statmorph got the other objects at the level of the sky.
        let pixels = golden["images"].get(image).get(0).to_kind(Kind::Double);
        let pixels = pixels.masked_fill(&parts.eq(2), sky[0]);
        let expected = row(&golden["numbers"], image);
        let sky = Sky { level: sky[0], deviation: golden["deviations"].double_value(&[image]) };
        let centre = [expected[9], expected[10]];
        // Its own simplex and our search end at the same place in all six.
        for (centre, tolerance) in [(Some(centre), 1e-6), (None, 1e-3)] {
            let found = segment_morphology(&pixels, &parts.eq(1), sky, centre).unwrap();
            for ((name, got), expected) in NAMES.iter().zip(numbers(&found)).zip(&expected) {
                let apart = (got - expected).abs() / expected.abs().max(1e-2);
                assert!(apart < tolerance, "{image}, {name}: {got} is not {expected}");
            }
        }
    }
}

#[test]
fn objects_found_alone_have_the_numbers_of_statmorph() {
    let golden = golden();
    for (image, found) in (0..).zip(measured(&golden["images"])) {
        let expected = row(&golden["numbers"], image);
        let numbers = numbers(&found);
        for (index, name) in NAMES.iter().enumerate().filter(|(_, name)| **name != "asymmetry") {
            let apart = (numbers[index] / expected[index] - 1.0).abs();
            assert!(apart < 1e-3, "{image}, {name}: {} is not {}", numbers[index], expected[index]);
        }
        // Its noise is that of the border, and statmorph's that of a box.
        let (sky, parts) = (row(&golden["sky"], image), golden["parts"].get(image));
        let pixels = golden["images"].get(image).get(0).masked_fill(&parts.eq(2), sky[0]);
        let sky = Sky { level: sky[0], deviation: sky[1] };
        let again = segment_morphology(&pixels, &parts.eq(1), sky, None).unwrap();
        assert!((found.asymmetry - again.asymmetry).abs() < 1e-5, "{image}");
    }
}

/// Some clumps without noise about the middle of a frame.
fn clumps(seed: u64, noise: f64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let side = 64;
    let mut values = vec![0f64; side * side];
    for _ in 0..4 {
        let [x0, y0] = [0; 2].map(|_| 31.5 + rng.random_range(-4.0..4.0));
        let (size, light) = (rng.random_range(1.0..2.0), rng.random_range(0.5..2.0));
        for (place, value) in values.iter_mut().enumerate() {
            let (x, y) = ((place % side) as f64 - x0, (place / side) as f64 - y0);
            let square: f64 = x * x + y * y;
            *value += light * (-square / (2.0 * size * size)).exp();
        }
    }
    values.iter_mut().for_each(|value| *value += noise * rng.random_range(-1.0..1.0));
    Tensor::from_slice(&values).view([1, 1, side as i64, side as i64])
}

#[track_caller]
fn same(a: &Morphology, b: &Morphology) {
    assert_eq!(a.pixels, b.pixels);
    for ((name, a), b) in NAMES.iter().zip(numbers(a)).zip(numbers(b)) {
        assert!((a - b).abs() < 1e-5 * a.abs().max(1.0), "{name}: {a} and {b}");
    }
}

#[test]
fn turned_mirrored_and_shifted_images_have_the_same_numbers() {
    for seed in 0..6 {
        let image = clumps(seed, 0.02);
        let upright = measured(&image)[0];
        for turn in 1..4 {
            same(&upright, &measured(&image.rot90(turn, [2, 3]))[0]);
        }
        same(&upright, &measured(&image.flip([3]))[0]);
        let image = clumps(seed, 0.0);
        let shifted = image.roll([5, -7], [2, 3]);
        let [here, there] = [&image, &shifted].map(|image| measured(image)[0]);
        same(&here, &there);
        assert!((there.centre[0] - here.centre[0] + 7.0).abs() < 1e-3);
        assert!((there.centre[1] - here.centre[1] - 5.0).abs() < 1e-3);
    }
}

#[test]
fn a_factor_is_one_of_the_flux_alone_and_a_level_is_sky() {
    for seed in 0..6 {
        let image = clumps(seed, 0.02);
        let [before, mut after] = [&image, &(&image * 250.0 - 40.0)].map(|of| measured(of)[0]);
        assert!((after.flux / before.flux / 250.0 - 1.0).abs() < 1e-9);
        after.flux = before.flux;
        same(&before, &after);
    }
}

#[test]
fn channels_count_by_their_mean() {
    let image = clumps(1, 0.02);
    let colours = Tensor::cat(&[&image * 0.5, &image * 1.5], 1);
    same(&measured(&colours)[0], &measured(&image)[0]);
}

#[test]
fn extremes_are_what_they_have_to_be() {
    let sky = Sky { level: 0.0, deviation: 0.0 };
    let segment = Tensor::zeros([21, 21], (Kind::Bool, Device::Cpu));
    let _ = segment.narrow(0, 8, 5).narrow(1, 8, 5).fill_(1);
    let flat = segment.to_kind(Kind::Double);
    let patch = segment_morphology(&flat, &segment, sky, None).unwrap();
    assert!(patch.gini.abs() < 1e-12 && patch.asymmetry.abs() < 1e-12, "{patch:?}");
    assert_eq!((patch.pixels, patch.centre), (25, [10.0, 10.0]));
    assert!((patch.flux - 25.0).abs() < 1e-9);

    let point = flat.zeros_like();
    let _ = point.narrow(0, 10, 1).narrow(1, 10, 1).fill_(3.0);
    let point = segment_morphology(&point, &segment, sky, None).unwrap();
    assert!((point.gini - 1.0).abs() < 1e-12, "{point:?}");
    assert!(point.m20.is_nan(), "all its light is at one place");
    // A circle of half the area of a pixel holds half of it.
    assert!((point.half_light_radius - (0.5 / std::f64::consts::PI).sqrt()).abs() < 1e-6);

    // Half a disc is lopsided, a disc is not.
    let disc = clumps(3, 0.0);
    let disc = &disc + disc.rot90(2, [2, 3]);
    let half = disc.copy();
    let _ = half.narrow(3, 0, 32).fill_(0.0);
    let [disc, half] = [disc, half].map(|image| measured(&image)[0]);
    assert!(disc.asymmetry.abs() < 1e-9, "{disc:?}");
    assert!(half.asymmetry > 0.1, "{half:?}");
}

#[test]
fn images_without_an_object_are_counted() {
    let (kind, mut rng) = ((Kind::Float, Device::Cpu), ChaCha8Rng::seed_from_u64(5));
    let blank = Tensor::cat(
        &[Tensor::zeros([1, 1, 64, 64], kind), Tensor::full([1, 1, 64, 64], 0.1, kind)],
        0,
    );
    assert!(measured(&blank).iter().all(|found| found.pixels == 0 && found.gini.is_nan()));
    let dark: Vec<f32> = (0..64 * 64).map(|_| rng.random_range(-1.0..1.0)).collect();
    let dark = Tensor::from_slice(&dark).view([1, 1, 64, 64]);
    let config = MorphologyConfig { least_pixels: 30, ..Default::default() };
    assert_eq!(morphology(&dark, &config).unwrap()[0].pixels, 0);

    let real: Vec<Tensor> = (0..8).map(|seed| clumps(seed, 0.02).to_kind(Kind::Float)).collect();
    let real = Tensor::cat(&real, 0);
    let fake = Tensor::cat(&[&(real.narrow(0, 0, 6) * 2.0), &blank], 0);
    let distances = morphology_distances(&real, &fake, &MorphologyConfig::default()).unwrap();
    assert_eq!(distances.len(), 6);
    let [flux, radius] = [&distances[0], &distances[1]];
    assert_eq!((flux.statistic.as_str(), flux.real_missing, flux.fake_missing), ("flux", 0, 2));
    assert_eq!((flux.real_count, flux.fake_count), (8, 6));
    let none = morphology_distances(&real, &blank, &MorphologyConfig::default()).unwrap();
    assert!(none.iter().all(|of| of.comparison.is_none() && of.fake_missing == 2));
    let json = serde_json::to_string(&none).unwrap();
    assert_eq!(serde_json::from_str::<Vec<_>>(&json).ok(), Some(none));

    // Twice the light, and of the same sizes.
    assert!(flux.comparison.unwrap().ks > 0.5, "{flux:?}");
    assert!(radius.comparison.unwrap().ks < 0.3, "{radius:?}");
    let table = Morphology::table(&measured(&real)).unwrap();
    assert_eq!(table.size(), [8, 6]);
    assert!(
        table_distances(&table, &table).unwrap().iter().all(|of| of.comparison.unwrap().ks == 0.0)
    );
}

#[test]
fn what_fills_the_frame_is_measured_against_its_border_or_a_known_black() {
    let images = golden()["images"].narrow(0, 5, 1);
    let clouds = measured(&images)[0];
    assert!(numbers(&clouds).iter().all(|number| number.is_finite()), "{clouds:?}");
    let known =
        MorphologyConfig { sky: Some(Sky { level: 0.1, deviation: 0.02 }), ..Default::default() };
    let whole = morphology(&images, &known).unwrap()[0];
    assert_eq!(whole.pixels, 48 * 56);
    let sum = (images - 0.1).sum(Kind::Double).double_value(&[]);
    assert!((whole.flux / sum - 1.0).abs() < 0.2, "{} {sum}", whole.flux);
}

#[test]
fn small_images_do_not_panic() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let config = MorphologyConfig { least_pixels: 1, smoothing: 0.0, ..Default::default() };
    for (height, width) in [(1, 1), (1, 7), (2, 2), (3, 1), (5, 4), (9, 9)] {
        let count = 20 * height * width;
        let values: Vec<f32> = (0..count).map(|_| rng.random_range(-1.0..1.0)).collect();
        let images = Tensor::from_slice(&values).view([20, 1, height, width]);
        for config in [&config, &MorphologyConfig::default()] {
            assert_eq!(morphology(&images, config).unwrap().len(), 20);
        }
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let image = clumps(1, 0.0);
    let config = MorphologyConfig::default();
    let refusal = |images: &Tensor, config: &MorphologyConfig| {
        morphology(images, config).unwrap_err().to_string()
    };
    assert!(refusal(&(&image * f64::NAN), &config).contains("not finite"));
    assert!(refusal(&image.get(0), &config).contains("[N, C, H, W]"));
    assert!(refusal(&image.to_kind(Kind::Int64), &config).contains("floating-point"));
    for (config, named) in [
        (MorphologyConfig { border: 0, ..config.clone() }, "border must be 1 or more, got 0"),
        (MorphologyConfig { smoothing: f64::NAN, ..config.clone() }, "smoothing must be 0 to 100"),
        (MorphologyConfig { threshold: -1.0, ..config.clone() }, "threshold must be 0 or more"),
        (MorphologyConfig { least_pixels: 0, ..config.clone() }, "least_pixels must be 1"),
        (
            MorphologyConfig { sky: Some(Sky { level: 0.0, deviation: -1.0 }), ..config.clone() },
            "sky must be a finite level",
        ),
    ] {
        let message = refusal(&image, &config);
        assert!(message.contains(named), "{message}");
    }
    let other = morphology_distances(&image, &image.narrow(2, 0, 32), &config).unwrap_err();
    assert!(other.to_string().contains("[1, 32, 64]"));

    let (plane, sky) = (image.get(0).get(0), Sky { level: 0.0, deviation: 0.0 });
    let refusal = |image: &Tensor, segment: &Tensor, centre| {
        segment_morphology(image, segment, sky, centre).unwrap_err().to_string()
    };
    assert!(refusal(&plane, &plane.narrow(0, 0, 2), None).contains("[H, W] of one shape"));
    assert!(refusal(&image, &image, None).contains("[H, W] of one shape"));
    assert!(refusal(&plane, &plane, Some([64.0, 3.0])).contains("within the image"));
    assert!(refusal(&plane, &plane, Some([f64::NAN, 3.0])).contains("within the image"));
}
