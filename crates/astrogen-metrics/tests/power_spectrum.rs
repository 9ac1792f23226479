//! Power spectra against numpy, the mesh, and a score with its floor.
//! `golden/power_spectrum.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::power_spectrum::{nyquist_ratio, power_spectrum};
use astrogen_metrics::{RealHalves, SlicedWassersteinConfig, sliced_wasserstein};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

fn golden() -> BTreeMap<String, Tensor> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/power_spectrum.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

/// Noise even in [-1, 1], float64, from a generator that is not libtorch's.
fn noise(shape: [i64; 4], seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| rng.random_range(-1.0..=1.0)).collect();
    Tensor::from_slice(&values).view(shape)
}

#[test]
fn spectra_and_ratio_are_those_of_numpy() {
    let golden = golden();
    for set in ["real", "fake"] {
        let (got, expected) =
            (power_spectrum(&golden[set]).unwrap(), &golden[&format!("{set}.power")]);
        let worst = (got / expected - 1.0).abs().max().double_value(&[]);
        assert!(worst < 1e-9, "{set}: {worst:e}");
    }
    let ratio = nyquist_ratio(&golden["real"], &golden["fake"]).unwrap();
    let expected = golden["ratio"].double_value(&[0]);
    assert!((ratio / expected - 1.0).abs() < 1e-9, "{ratio} is not {expected}");
    assert!(expected > 2.0);
}

#[test]
fn the_ratio_counts_strength_and_not_how_many_images() {
    let images = noise([300, 1, 8, 8], 1);
    let same = nyquist_ratio(&images, &images).unwrap();
    assert!((same - 1.0).abs() < 1e-12, "{same}");
    let twice = nyquist_ratio(&images, &(&images * 2.0)).unwrap();
    assert!((twice - 4.0).abs() < 1e-9, "{twice}");
    let repeated = Tensor::cat(&[&images, &images], 0);
    let again = nyquist_ratio(&images, &repeated).unwrap();
    assert!((again - 1.0).abs() < 1e-12, "{again}");
    assert!(nyquist_ratio(&images, &images.zeros_like()).unwrap() < 1e-12);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let refusal = |real: &Tensor, fake: &Tensor| nyquist_ratio(real, fake).unwrap_err().to_string();
    let images = noise([2, 1, 8, 8], 1);
    assert!(refusal(&images, &noise([2, 1, 8, 6], 1)).contains("[1, 8, 6]"));
    assert!(refusal(&images.get(0), &images).contains("real images must be [N, C, H, W]"));
    let whole = images.to_kind(Kind::Int64);
    assert!(refusal(&images, &whole).contains("fake images must be floating-point"));
    let odd = noise([2, 1, 7, 8], 1);
    assert!(refusal(&odd, &odd).contains("7 x 8"));
    assert!(refusal(&images, &(&images * f64::NAN)).contains("fake"));
}

#[test]
fn samples_as_good_as_reals_score_the_floor_on_either_half() {
    let config = SlicedWassersteinConfig { directions: 64, ..Default::default() };
    let halves = RealHalves::new(&noise([65, 1, 32, 32], 1), config.clone(), 3).unwrap();
    assert_eq!(halves.images(), 32, "the odd one is left out");
    let good = noise([32, 1, 32, 32], 2);
    let smooth = noise([32, 1, 4, 4], 2).upsample_nearest2d([32, 32], None, None);
    let floor = halves.floor();
    for distance in [RealHalves::validation, RealHalves::test] {
        let score = distance(&halves, &good).unwrap();
        assert!((score / floor - 1.0).abs() < 0.3, "{score} of {floor}");
        assert!(distance(&halves, &smooth).unwrap() > 2.0 * floor);
    }

    let message = halves.test(&noise([16, 1, 32, 32], 2)).unwrap_err().to_string();
    assert!(message.contains("32 real and 16 fake"), "{message}");
    assert!(RealHalves::new(&noise([1, 1, 32, 32], 1), config, 3).is_err());
}

#[test]
fn no_image_both_chooses_and_reports() {
    let config = SlicedWassersteinConfig { directions: 64, ..Default::default() };
    let real = noise([32, 1, 32, 32], 1);
    let [first, second] = [0, 16].map(|start| real.narrow(0, start, 16));
    let halves = RealHalves::new(&real, config.clone(), 3).unwrap();
    let fake = noise([16, 1, 32, 32], 2);
    let of = |real: &Tensor| sliced_wasserstein(real, &fake, &config, 3).unwrap().mean;
    assert_eq!(halves.validation(&fake).unwrap(), of(&first));
    assert_eq!(halves.test(&fake).unwrap(), of(&second));
    // A generator that has learnt the validating half by heart looks perfect there alone.
    assert!(halves.validation(&first).unwrap() < 1e-6);
    assert_eq!(halves.test(&first).unwrap(), halves.floor());
}
