//! Power by scale against numpy, and what it sees.
//! `golden/radial_power_spectrum.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_metrics::power_spectrum::radial::{log_power_distance, radial_log_power};
use astrogen_metrics::{RadialSpectrum, radial_power_spectrum, radial_spectrum_distance};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

/// Noise even in [-1, 1], float64, from a generator that is not libtorch's.
fn noise(shape: [i64; 4], seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| rng.random_range(-1.0..=1.0)).collect();
    Tensor::from_slice(&values).view(shape)
}

fn flat(rows: &[Vec<f64>]) -> Tensor {
    Tensor::from_slice(&rows.concat()).view([rows.len() as i64, -1])
}

fn worst(got: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(got.size(), expected.size());
    (got - expected).abs().max().double_value(&[])
}

#[test]
fn profiles_and_distances_are_those_of_numpy() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/radial_power_spectrum.safetensors");
    let golden: BTreeMap<_, _> = Tensor::read_safetensors(path).unwrap().into_iter().collect();
    for case in 0..2 {
        let of = |name: &str| &golden[&format!("{name}.{case}")];
        assert!(worst(&radial_log_power(of("real")).unwrap(), of("log")) < 1e-12);
        let fake = radial_power_spectrum(of("fake")).unwrap();
        assert!(worst(&flat(&fake.log_power), of("mean")) < 1e-12);
        assert!(worst(&flat(&fake.scatter), of("scatter")) < 1e-12);
        assert_eq!(fake.constant, [0, 1]);
        let shorter = of("real").size()[2];
        let last = *fake.frequencies.last().unwrap();
        assert_eq!((fake.frequencies[0], last), (1.0 / shorter as f64, 0.5));
        let distance = radial_spectrum_distance(of("real"), of("fake")).unwrap();
        let spectra = ["real", "fake"].map(|set| radial_power_spectrum(of(set)).unwrap());
        let deviation = spectra[0].largest_deviation(&spectra[1]).unwrap();
        assert!((distance.deviation - deviation).abs() < 1e-9 * deviation, "{case}");
        for (index, got) in [(0, distance.mean), (1, distance.scatter)] {
            let expected = of("distance").double_value(&[index]);
            assert!((got - expected).abs() < 1e-12, "{case}, {index}: {got} is not {expected}");
        }
    }
}

#[test]
fn a_wave_is_in_the_bin_of_its_frequency_and_noise_has_its_variance_in_all() {
    let phase = Tensor::arange(32, (Kind::Double, tch::Device::Cpu)) * (std::f64::consts::PI / 4.0);
    let wave = phase.sin().expand([2, 1, 20, 32], false); // 0.125 cycles per pixel along 32
    let spectrum = radial_power_spectrum(&wave).unwrap();
    let power = &spectrum.log_power[0];
    let strongest = (0..power.len()).max_by(|a, b| power[*a].total_cmp(&power[*b])).unwrap();
    assert!((spectrum.frequencies[strongest] - 0.125).abs() < 0.5 / 20.0);
    for shape in [[60, 1, 16, 48], [60, 1, 32, 32]] {
        let spectrum = radial_power_spectrum(&noise(shape, 1)).unwrap();
        for power in &spectrum.log_power[0][4..] {
            assert!((power - (1f64 / 3.0).log10()).abs() < 0.1, "{shape:?}: {power}");
        }
    }
}

#[test]
fn contrast_counts_in_dex_and_level_not_at_all() {
    let images = noise([20, 2, 16, 16], 1);
    let distance = |fake: &Tensor| radial_spectrum_distance(&images, fake).unwrap();
    assert_eq!(distance(&images).mean, 0.0);
    assert!((distance(&(&images * 10.0)).mean - 2.0).abs() < 1e-9);
    assert!(distance(&(&images * 10.0)).scatter < 1e-9);
    assert!(distance(&(&images + 5.0)).mean < 1e-9);
    // The same image again and again is right in the mean and has no scatter.
    let same = images.narrow(0, 0, 1).repeat([20, 1, 1, 1]);
    let scatter = radial_power_spectrum(&images).unwrap().scatter.concat();
    let mean = scatter.iter().sum::<f64>() / scatter.len() as f64;
    assert!((distance(&same).scatter - mean).abs() < 1e-9);
}

#[test]
fn any_choice_of_rows_is_compared_without_another_transform() {
    let (real, fake) = (noise([9, 1, 8, 8], 1), noise([7, 1, 8, 8], 2));
    let rows = Tensor::from_slice(&[0i64, 0, 3, 6]);
    let whole = radial_spectrum_distance(&real, &fake.index_select(0, &rows)).unwrap();
    let fake = radial_log_power(&fake).unwrap().index_select(0, &rows);
    assert_eq!(log_power_distance(&radial_log_power(&real).unwrap(), &fake).unwrap(), whole);
}

#[test]
fn what_has_no_power_is_counted_or_refused() {
    let images = noise([3, 1, 8, 8], 1);
    let with_blank = Tensor::cat(&[&images, &(images.zeros_like() + 0.1)], 0);
    let spectrum = radial_power_spectrum(&with_blank).unwrap();
    assert_eq!(spectrum.constant, [3]);
    assert_eq!(spectrum.log_power, radial_power_spectrum(&images).unwrap().log_power);

    let refusal = |real: &Tensor, fake: &Tensor| {
        radial_spectrum_distance(real, fake).unwrap_err().to_string()
    };
    let constant = refusal(&images, &images.ones_like());
    assert!(constant.contains("fake images must be two or more that are not constant"));
    assert!(constant.contains("got 0 of 3"), "{constant}");
    assert!(refusal(&images.narrow(0, 0, 1), &images).contains("got 1 of 1"));
    assert!(refusal(&images, &noise([3, 1, 8, 6], 1)).contains("[1, 8, 6]"));
    assert!(refusal(&images, &(&images * f64::INFINITY)).contains("fake"));
    assert!(refusal(&images, &images.to_kind(Kind::Int64)).contains("floating-point"));
    let narrow = noise([3, 1, 3, 8], 1);
    assert!(refusal(&narrow, &narrow).contains("4 pixels a side or more"));
}

#[test]
fn the_largest_deviation_is_in_units_of_ones_own_scatter() {
    let spectrum = |log_power: [[f64; 2]; 2], scatter: [[f64; 2]; 2]| RadialSpectrum {
        frequencies: vec![0.25, 0.5],
        log_power: log_power.map(Vec::from).into(),
        scatter: scatter.map(Vec::from).into(),
        constant: vec![0, 0],
    };
    let reals = spectrum([[1.0, 2.0], [3.0, 4.0]], [[0.5, 0.1], [0.2, 0.0]]);
    let fakes = spectrum([[2.0, 1.9], [2.5, 9.0]], [[1.0; 2]; 2]);
    // 1.0 / 0.5, 0.1 / 0.1, 0.5 / 0.2; what all reals have alike says nothing.
    assert_eq!(reals.largest_deviation(&fakes), Some(2.5));
    let others = RadialSpectrum { frequencies: vec![0.1, 0.2], ..fakes };
    assert_eq!(reals.largest_deviation(&others), None);
}
