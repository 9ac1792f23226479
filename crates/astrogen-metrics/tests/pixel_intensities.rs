//! The values of pixels against scipy, in any unit.
//! `golden/pixel_intensities.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::pixel_intensities;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

/// Noise even in [-1, 1], from a generator that is not libtorch's.
fn noise(shape: [i64; 4], seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f32> =
        (0..shape.iter().product()).map(|_| rng.random_range(-1.0..=1.0)).collect();
    Tensor::from_slice(&values).view(shape)
}

#[test]
fn numbers_are_those_of_scipy() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/pixel_intensities.safetensors");
    let golden: BTreeMap<_, _> = Tensor::read_safetensors(path).unwrap().into_iter().collect();
    let found = pixel_intensities(&golden["real"], &golden["fake"], 1).unwrap();
    assert_eq!((found.real_pixels, found.fake_pixels), (4 * 10 * 12, 6 * 8 * 8));
    let rows = [&found.together, &found.channels[0], &found.channels[1]];
    for (index, got) in (0..).zip(rows) {
        let expected = |column| golden["numbers"].double_value(&[index, column]);
        assert!((got.ks - expected(0)).abs() < 1e-12, "{index}: {} {}", got.ks, expected(0));
        assert!((got.w1 - expected(1)).abs() < 1e-12, "{index}: {} {}", got.w1, expected(1));
    }
}

#[test]
fn a_change_of_units_changes_the_distance_by_it_and_the_statistic_not_at_all() {
    let (real, fake) = (noise([8, 2, 9, 9], 1), noise([5, 2, 9, 9], 2) * 0.5);
    let signed = pixel_intensities(&real, &fake, 1).unwrap();
    let physical = |images: &Tensor| images.to_kind(Kind::Double) * 120.0 + 300.0;
    let counts = pixel_intensities(&physical(&real), &physical(&fake), 1).unwrap();
    assert_eq!(signed.together.ks, counts.together.ks);
    assert!((counts.together.w1 / signed.together.w1 - 120.0).abs() < 1e-4);
    let constant = pixel_intensities(&real.zeros_like(), &real.ones_like(), 1).unwrap();
    assert_eq!((constant.together.ks, constant.together.w1), (1.0, 1.0));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let images = noise([2, 3, 8, 8], 1);
    let refusal =
        |real: &Tensor, fake: &Tensor| pixel_intensities(real, fake, 1).unwrap_err().to_string();
    assert!(refusal(&images, &noise([2, 1, 8, 8], 1)).contains("[1, 8, 8]"));
    assert!(refusal(&images, &(&images * f64::NAN)).contains("fake images are not finite"));
    assert!(refusal(&images.get(0), &images).contains("real images must be [N, C, H, W]"));
    assert!(refusal(&images.to_kind(Kind::Int64), &images).contains("floating-point"));
}
