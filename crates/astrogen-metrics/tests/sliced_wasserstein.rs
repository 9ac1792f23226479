//! The sliced Wasserstein distance against numpy and scipy, and the laws it keeps.
//! `golden/sliced_wasserstein.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::sliced_wasserstein::{LevelDraws, pyramid, sliced_wasserstein_with};
use astrogen_metrics::{
    MetricsError, SlicedWasserstein, SlicedWassersteinConfig, sliced_wasserstein,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

const SMALL: SlicedWassersteinConfig =
    SlicedWassersteinConfig { patches_per_image: 24, patch_size: 5, directions: 40, smallest: 8 };

/// Noise even in [-1, 1], float64, from a generator that is not libtorch's.
fn noise(shape: [i64; 4], seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| rng.random_range(-1.0..=1.0)).collect();
    Tensor::from_slice(&values).view(shape)
}

/// Smooth images: noise at an eighth of the side, drawn large.
fn structure([n, c, h, w]: [i64; 4], seed: u64) -> Tensor {
    noise([n, c, h / 8, w / 8], seed).upsample_bicubic2d([h, w], false, None, None)
}

fn assert_close(got: &SlicedWasserstein, expected: &SlicedWasserstein, relative: f64) {
    assert_eq!(got.levels.len(), expected.levels.len());
    for ((_, got), (_, expected)) in got.levels.iter().zip(&expected.levels) {
        assert!((got - expected).abs() <= relative * expected, "{got} is not {expected}");
    }
}

fn golden() -> BTreeMap<String, Tensor> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/sliced_wasserstein.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

#[test]
fn distances_are_those_of_numpy() {
    let golden = golden();
    let config = SlicedWassersteinConfig {
        patches_per_image: 11,
        patch_size: 3,
        directions: 13,
        smallest: 4,
    };
    let draws: Vec<_> = (0..3)
        .map(|level| LevelDraws {
            positions: golden[&format!("positions.{level}")].shallow_clone(),
            directions: golden[&format!("directions.{level}")].shallow_clone(),
        })
        .collect();
    let got = sliced_wasserstein_with(&golden["real"], &golden["fake"], &config, &draws).unwrap();
    let expected = Vec::<f64>::try_from(&golden["distances"]).unwrap();
    let levels = [16, 8, 4].into_iter().zip(expected).collect();
    let mean = golden["mean"].double_value(&[0]);
    assert_close(&got, &SlicedWasserstein { levels, mean }, 2e-6);
    assert_eq!(got.levels.iter().map(|level| level.0).collect::<Vec<_>>(), [16, 8, 4]);
    assert!((got.mean - mean).abs() <= 2e-6 * mean, "{} is not {mean}", got.mean);
}

#[test]
fn the_pyramid_is_that_of_scipy() {
    let golden = golden();
    let levels = pyramid::laplacian(&golden["real"].to_kind(Kind::Double), 3).unwrap();
    for (index, level) in levels.iter().enumerate() {
        let expected = &golden[&format!("pyramid.{index}")];
        assert_eq!(level.size(), expected.size());
        let worst = (level - expected).abs().max().double_value(&[]);
        assert!(worst < 1e-15, "level {index} differs by {worst:e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_pyramid_adds_up_to_its_image(
        seed: u64,
        channels in 1i64..4,
        (height, width) in (1i64..5, 1i64..5),
        levels in 1usize..4,
    ) {
        let images = noise([2, channels, 16 * height, 16 * width], seed);
        let pyramid = pyramid::laplacian(&images, levels).unwrap();
        prop_assert_eq!(pyramid.len(), levels);
        let again = pyramid::reconstruct(&pyramid).unwrap();
        prop_assert!((again - &images).abs().max().double_value(&[]) < 1e-14);
        // The filter's weights are sums of powers of two: whole numbers come back to the bit.
        let whole = (images * 1000.0).round();
        let again = pyramid::reconstruct(&pyramid::laplacian(&whole, levels).unwrap()).unwrap();
        prop_assert!(again == whole);
    }

    #[test]
    fn the_distance_is_one(seed: u64, other: u64) {
        let shape = [3, 2, 32, 16];
        let (real, fake) = (structure(shape, seed), noise(shape, other));
        let there = sliced_wasserstein(&real, &fake, &SMALL, seed).unwrap();
        prop_assert!(there.mean > 0.0);
        prop_assert_eq!(sliced_wasserstein(&real, &real, &SMALL, seed).unwrap().mean, 0.0);
        prop_assert_eq!(&there, &sliced_wasserstein(&fake, &real, &SMALL, seed).unwrap());
        // The triangle through a third set, level by level.
        let third = structure(shape, other.wrapping_add(1));
        let first = sliced_wasserstein(&real, &third, &SMALL, seed).unwrap();
        let second = sliced_wasserstein(&third, &fake, &SMALL, seed).unwrap();
        for ((a, b), c) in first.levels.iter().zip(&second.levels).zip(&there.levels) {
            prop_assert!(c.1 <= (a.1 + b.1) * (1.0 + 1e-6), "{} > {} + {}", c.1, a.1, b.1);
        }
    }

    #[test]
    fn brightness_and_contrast_of_a_channel_change_nothing(
        seed: u64,
        gains in prop::array::uniform2(-12.0..12.0f64),
        offsets in prop::array::uniform2(-1e3..1e3f64),
        common: bool,
    ) {
        let shape = [3, 2, 16, 16];
        let (real, fake) = (structure(shape, seed), noise(shape, seed ^ 1));
        let change = |images: &Tensor| {
            let gains: Vec<f64> = gains.iter().map(|power| 10f64.powf(*power)).collect();
            let gains = Tensor::from_slice(&gains).view([1, 2, 1, 1]);
            (images + Tensor::from_slice(&offsets).view([1, 2, 1, 1])) * gains
        };
        let expected = sliced_wasserstein(&real, &fake, &SMALL, seed).unwrap();
        let real = if common { change(&real) } else { real };
        let got = sliced_wasserstein(&real, &change(&fake), &SMALL, seed).unwrap();
        assert_close(&got, &expected, 1e-5);
    }

    #[test]
    fn the_order_of_images_is_of_no_matter_if_positions_follow(seed: u64, shift in 1i64..5) {
        let shape = [5, 1, 16, 16];
        let (real, fake) = (structure(shape, seed), noise(shape, seed ^ 1));
        let draws = SMALL.draw(&real, seed).unwrap();
        let expected = sliced_wasserstein_with(&real, &fake, &SMALL, &draws).unwrap();
        let rolled = |tensor: &Tensor| tensor.roll([shift], [0]);
        let draws: Vec<_> = draws
            .iter()
            .map(|level| LevelDraws {
                positions: rolled(&level.positions),
                directions: level.directions.shallow_clone(),
            })
            .collect();
        let got = sliced_wasserstein_with(&rolled(&real), &rolled(&fake), &SMALL, &draws).unwrap();
        assert_close(&got, &expected, 1e-5);
    }
}

#[test]
fn noise_is_farther_from_structure_than_other_structure_at_every_level() {
    let shape = [64, 1, 64, 64];
    let config = SlicedWassersteinConfig::default();
    let real = structure(shape, 1);
    let near = sliced_wasserstein(&real, &structure(shape, 2), &config, 3).unwrap();
    let far = sliced_wasserstein(&real, &noise(shape, 4), &config, 3).unwrap();
    for ((pixels, near), (_, far)) in near.levels.iter().zip(&far.levels) {
        assert!(far > &(2.0 * near), "{pixels} pixels: {far} against {near}");
    }
}

#[test]
fn a_little_pixel_noise_is_seen_at_the_finest_level_first() {
    let shape = [24, 1, 64, 64];
    let config = SlicedWassersteinConfig::default();
    let clean = structure(shape, 1);
    let noisy = &clean + noise(shape, 2) * 0.02;
    let distance = sliced_wasserstein(&clean, &noisy, &config, 3).unwrap();
    let [finest, .., coarsest] = distance.levels[..] else { panic!("{distance:?}") };
    assert!(finest.1 > 5.0 * coarsest.1, "{distance:?}");
}

#[test]
fn the_floor_falls_with_the_number_of_images() {
    let floor = |count| {
        let shape = [count, 1, 16, 16];
        let halves = (structure(shape, 1), structure(shape, 2));
        sliced_wasserstein(&halves.0, &halves.1, &SMALL, 3).unwrap().mean
    };
    let (few, many) = (floor(8), floor(512));
    assert!(few > 4.0 * many && many > 0.0, "{few} and {many}");
}

#[test]
fn a_flat_channel_is_compared_and_not_divided_by_zero() {
    let shape = [4, 2, 16, 16];
    let real = structure(shape, 1);
    let flatten = |images: &Tensor, value: f64| {
        let flat = images.copy();
        let _ = flat.narrow(1, 1, 1).fill_(value);
        flat
    };
    // Flat to the bit, or one level per image: what the pyramid's rounding leaves is no structure.
    let levels = noise([4, 1, 1, 1], 2).expand([4, 1, 16, 16], false);
    let stepped = Tensor::cat(&[real.narrow(1, 0, 1), levels], 1);
    let distance = |a: &Tensor, b: &Tensor| sliced_wasserstein(a, b, &SMALL, 5).unwrap();
    for kind in [Kind::Float, Kind::Double] {
        let (zeros, tenths) =
            (flatten(&real, 0.0).to_kind(kind), flatten(&real, 0.1).to_kind(kind));
        assert_eq!(distance(&zeros, &tenths).mean, 0.0);
        let finest = distance(&zeros, &stepped.to_kind(kind)).levels[0].1;
        assert!(finest < 1e-3, "{finest}");
        let structured = distance(&zeros, &real.to_kind(kind)).mean;
        assert!(structured > 50.0 && structured.is_finite(), "{structured}");
    }
}

#[test]
fn draws_are_the_seeds_alone_and_leave_libtorch_be() {
    let images = structure([2, 3, 32, 24], 1);
    let config = SlicedWassersteinConfig { smallest: 12, ..SMALL };
    tch::manual_seed(5);
    let undisturbed = Tensor::rand([4], (Kind::Double, Device::Cpu));
    tch::manual_seed(5);
    let (first, again) = (config.draw(&images, 9).unwrap(), config.draw(&images, 9).unwrap());
    sliced_wasserstein(&images, &images, &config, 9).unwrap();
    assert_eq!(Tensor::rand([4], (Kind::Double, Device::Cpu)), undisturbed);

    let other = config.draw(&images, 10).unwrap();
    assert_eq!(first.len(), 2);
    for ((first, again), other) in first.iter().zip(&again).zip(&other) {
        assert_eq!(first.positions, again.positions);
        assert_eq!(first.directions, again.directions);
        assert_ne!(first.positions, other.positions);
        assert_ne!(first.directions, other.directions);
        let norms = first.directions.square().sum_dim_intlist(1, false, Kind::Double);
        assert!((norms - 1.0).abs().max().double_value(&[]) < 1e-6);
    }
    assert_eq!(first[1].directions.size(), [40, 3 * 25]);
    // Every place of the coarse level, 16 x 12, is open: 12 x 8 upper left pixels.
    let many = SlicedWassersteinConfig { patches_per_image: 4000, ..config };
    let positions = &many.draw(&images, 1).unwrap()[1].positions;
    let ends = |axis| (positions.select(2, axis).min(), positions.select(2, axis).max());
    assert_eq!(ends(0), (Tensor::from(0i64), Tensor::from(11i64)));
    assert_eq!(ends(1), (Tensor::from(0i64), Tensor::from(7i64)));
}

#[test]
fn the_smallest_sets_have_a_distance() {
    let config =
        SlicedWassersteinConfig { patches_per_image: 1, patch_size: 1, directions: 1, smallest: 2 };
    let image = noise([1, 1, 4, 4], 1);
    // A single patch of one pixel, less its mean, is nothing.
    let distance = sliced_wasserstein(&image, &(&image * -2.0), &config, 1).unwrap();
    assert_eq!(distance, SlicedWasserstein { levels: vec![(4, 0.0), (2, 0.0)], mean: 0.0 });
    let default = SlicedWassersteinConfig::default();
    let sides = |side| default.levels(side, 2 * side).map(|levels| levels.len()).unwrap();
    assert_eq!([7, 16, 31, 32, 64, 48, 256].map(sides), [1, 1, 1, 2, 3, 2, 5]);
}

#[test]
fn settings_are_read_with_their_defaults_and_no_others() {
    let read = |text| serde_json::from_str::<SlicedWassersteinConfig>(text);
    assert_eq!(read("{}").unwrap(), SlicedWassersteinConfig::default());
    assert_eq!(read(r#"{"directions": 3}"#).unwrap().directions, 3);
    assert!(read(r#"{"direction": 3}"#).is_err());
}

fn message(result: Result<SlicedWasserstein, MetricsError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn sets_that_cannot_be_compared_are_named() {
    let good = noise([2, 3, 16, 16], 1);
    let compare = |real: &Tensor, fake: &Tensor| message(sliced_wasserstein(real, fake, &SMALL, 1));
    assert_eq!(
        compare(&good, &noise([3, 3, 16, 16], 1)),
        "both sets must hold equally many images, got 2 real and 3 fake: narrow the larger one"
    );
    assert_eq!(
        compare(&good, &noise([2, 1, 16, 16], 1)),
        "both sets must hold images [C, H, W] of one shape, got real [3, 16, 16], fake [1, 16, 16]"
    );
    assert_eq!(
        compare(&good, &good.select(0, 0)),
        "the fake images must be [N, C, H, W] with every size 1 or more, got [3, 16, 16]"
    );
    assert!(compare(&good.narrow(0, 0, 0), &good).contains("real images must be [N, C, H, W]"));
    assert_eq!(
        compare(&good, &good.to_kind(Kind::Uint8)),
        "the fake images must be floating-point, got Uint8: convert them with to_kind"
    );
    for bad in [f64::NAN, f64::NEG_INFINITY, 1e39] {
        let holed = good.copy();
        let _ = holed.narrow(0, 1, 1).narrow(2, 3, 2).narrow(3, 5, 1).fill_(bad);
        let expected = "6 of the 1536 values of the fake images are not finite numbers of \
                        float32's range: mask or fill them first";
        assert_eq!(compare(&good, &holed), expected);
        assert!(compare(&holed, &good).contains("of the real images"));
    }
}

#[test]
fn images_that_do_not_suit_the_settings_are_refused() {
    let compare = |side: i64, config: &SlicedWassersteinConfig| {
        let images = noise([2, 1, side, side], 1);
        message(sliced_wasserstein(&images, &images, config, 1))
    };
    assert_eq!(
        compare(4, &SMALL),
        "images of 4 x 4 pixels hold no patch of 5 x 5: lower patch_size"
    );
    let odd = compare(34, &SMALL);
    assert!(odd.starts_with("a pyramid level of 17 x 17 pixels cannot be halved"), "{odd}");
    for (config, expected) in [
        (
            SlicedWassersteinConfig { patches_per_image: 0, ..SMALL },
            "patches_per_image must be 1 to 65536, got 0",
        ),
        (
            SlicedWassersteinConfig { patch_size: -1, ..SMALL },
            "patch_size must be 1 or more, got -1",
        ),
        (
            SlicedWassersteinConfig { directions: i64::MAX, ..SMALL },
            "directions must be 1 to 65536, got 9223372036854775807",
        ),
        (
            SlicedWassersteinConfig { smallest: 4, ..SMALL },
            "smallest must be 2 or more and at least patch_size, got 4",
        ),
    ] {
        assert_eq!(compare(16, &config), expected);
    }
}

#[test]
fn draws_for_other_images_are_refused() {
    let images = noise([2, 1, 16, 16], 1);
    let compare =
        |draws: &[LevelDraws]| message(sliced_wasserstein_with(&images, &images, &SMALL, draws));
    let mut draws = SMALL.draw(&images, 1).unwrap();
    assert_eq!(compare(&draws[..1]), "the draws do not fit: expected 2 levels, got 1");
    let positions = draws[1].positions.shallow_clone();
    draws[1].positions = positions.narrow(0, 0, 1);
    assert_eq!(
        compare(&draws),
        "the draws do not fit: expected positions of shape [2, 24, 2], got [1, 24, 2]"
    );
    for beyond in [-1, 4] {
        draws[1].positions = positions.zeros_like();
        let _ = draws[1].positions.narrow(1, 7, 1).fill_(beyond);
        let got = compare(&draws);
        let expected = "the draws do not fit: expected positions 0 to 3 on a side of 8 pixels, got";
        assert!(got.starts_with(expected), "{got}");
    }
    draws[1].positions = positions;
    draws[0].directions = draws[0].directions.narrow(1, 0, 24);
    assert!(compare(&draws).contains("directions of shape [40, 25], got [40, 24]"));
}
