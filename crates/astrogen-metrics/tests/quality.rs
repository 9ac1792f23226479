//! All numbers of two sets of images: what each sees, what it does not, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_metrics::{
    FeatureNetwork, MetricsError, MorphologyConfig, Quality, QualityConfig, RandomFeaturesConfig,
    SlicedWassersteinConfig, image_quality,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

/// Round sources of several sizes on noise, `[n, 2, 32, 32]`.
fn sky(n: usize, seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pixels = Vec::with_capacity(n * 2 * 1024);
    for _ in 0..n {
        let [y0, x0] = std::array::from_fn(|_| rng.random_range(12.0..20.0f32));
        let (width, light) = (rng.random_range(2.0..4.0f32), rng.random_range(0.8..1.6f32));
        for band in 0..2 {
            for place in 0..1024 {
                let (y, x) = ((place / 32) as f32, (place % 32) as f32);
                let square = (y - y0).powi(2) + (x - x0).powi(2);
                let source =
                    light * (1.0 + 0.3 * band as f32) * (-0.5 * square / width.powi(2)).exp();
                pixels.push(source - 0.9 + 0.1 * rng.random_range(-1.0..1.0f32));
            }
        }
    }
    Tensor::from_slice(&pixels).view([n as i64, 2, 32, 32])
}

fn measure(real: &Tensor, fake: &Tensor) -> Result<Quality, MetricsError> {
    let features = RandomFeaturesConfig { channels: 2, widths: vec![16, 16], ..Default::default() };
    let network = FeatureNetwork::random(&features)?;
    let patches_per_image = 16;
    let sliced_wasserstein =
        SlicedWassersteinConfig { patches_per_image, directions: 128, ..Default::default() };
    let config = QualityConfig { sliced_wasserstein, directions: 200, ..QualityConfig::default() };
    image_quality(real, fake, &network, &config)
}

/// Every number's name, in order.
const NAMES: [&str; 18] = [
    "sliced_wasserstein",
    "power_spectrum",
    "power_scatter",
    "power_deviation",
    "pixels",
    "flux",
    "half_light_radius",
    "concentration",
    "asymmetry",
    "gini",
    "m20",
    "frechet",
    "kernel",
    "mind",
    "precision",
    "density",
    "recall",
    "coverage",
];

#[test]
fn samples_as_good_as_reals_are_at_the_floor() {
    let quality = measure(&sky(160, 1), &sky(80, 2)).unwrap();
    let names: Vec<&str> = quality.numbers.iter().map(|number| &number.name[..]).collect();
    assert_eq!((quality.count, names), (80, NAMES.to_vec()), "{:?}", quality.left_out);
    for number in &quality.numbers {
        let of = number.estimate;
        assert!(of.low <= of.value && of.value <= of.high, "{}: {of}", number.name);
        // Twice the interval's width holds the floor of all of them.
        let width = of.high - of.low;
        assert!((of.value - of.floor).abs() < 2.0 * width, "{}: {of}", number.name);
    }
    // The same images give the same numbers, and nobody's random numbers are taken for it.
    tch::manual_seed(4);
    let next = Tensor::rand([3], (Kind::Float, Device::Cpu));
    tch::manual_seed(4);
    assert_eq!(measure(&sky(160, 1), &sky(80, 2)).unwrap(), quality);
    assert_eq!(Tensor::rand([3], (Kind::Float, Device::Cpu)), next);
}

#[test]
fn each_number_sees_what_it_is_for() {
    let real = sky(160, 1);
    let seen = |fake: &Tensor, names: &[&str]| {
        let quality = measure(&real, fake).unwrap();
        for name in names {
            let of = quality.get(name).unwrap();
            let is_worse = match *name {
                "precision" | "density" | "recall" | "coverage" => of.high < of.floor,
                _ => of.low > of.floor,
            };
            assert!(is_worse, "{name}: {of}");
        }
    };
    let fresh = sky(80, 2);
    let blurred = fresh.avg_pool2d([3, 3], [1, 1], [1, 1], false, false, None::<i64>);
    seen(&blurred, &["sliced_wasserstein", "power_spectrum", "frechet", "kernel", "precision"]);
    seen(&(&fresh + 0.3), &["pixels", "frechet", "mind", "coverage"]);
    let brighter: Tensor = (&fresh + 0.9) * 1.5 - 0.9;
    seen(&brighter, &["pixels", "flux", "power_spectrum"]);
    let few = fresh.narrow(0, 0, 4).repeat([20, 1, 1, 1]);
    seen(&few, &["recall", "coverage"]);
}

#[test]
fn what_images_have_not_is_left_out_with_its_reason() {
    let flat = Tensor::zeros([80, 2, 32, 32], (Kind::Float, Device::Cpu));
    let quality = measure(&sky(160, 1), &flat).unwrap();
    assert!(quality.get("power_spectrum").is_none() && quality.get("frechet").is_some());
    assert!(quality.get("pixels").is_some_and(|of| of.low > of.floor));
    let power = "power_spectrum, power_scatter, power_deviation: ";
    assert!(quality.left_out.iter().any(|line| line.starts_with(power)), "{quality}");
    // Images of nothing have no shape, which is as far from one as can be.
    assert!(quality.get("m20").is_some_and(|of| of.value > 0.9 && of.floor < 0.5), "{quality}");
    let quality = measure(&Tensor::cat(&[&flat, &flat], 0), &flat).unwrap();
    assert!(quality.left_out.iter().any(|line| line.starts_with("m20: ")), "{quality}");
}

/// A generator that makes good images every second time.
#[test]
fn images_of_nothing_are_counted_among_good_ones() {
    let (real, good) = (sky(320, 1), sky(80, 2));
    let quality = measure(&real, &Tensor::cat(&[&good, &(good.zeros_like() - 0.9)], 0)).unwrap();
    for name in ["flux", "half_light_radius", "concentration", "asymmetry", "gini", "m20"] {
        let of = quality.get(name).unwrap();
        assert!(of.low > of.floor && (of.value - 0.5).abs() < 0.15, "{name}: {of}");
    }
    let told = quality.left_out.iter().any(|line| line.contains("80 of 160 fakes, 0 of 320 reals"));
    assert!(told, "{quality}");
}

#[test]
fn few_images_have_all_numbers_but_those_of_neighbours() {
    for (reals, fakes, count) in [(8, 4, 14), (20, 10, 14), (24, 12, 18)] {
        let quality = measure(&sky(reals, 1), &sky(fakes, 2)).unwrap();
        let names: Vec<&str> = quality.numbers.iter().map(|number| &number.name[..]).collect();
        assert_eq!(names, NAMES[..count], "{reals} and {fakes}: {:?}", quality.left_out);
        let line = format!(
            "precision, density, recall, coverage: 24 real and 12 fake images are needed, got {reals} and \
             {fakes}"
        );
        assert_eq!(quality.left_out, if count == 18 { vec![] } else { vec![line] });
    }
}

#[test]
fn sets_that_cannot_be_compared_are_refused() {
    let (real, fake) = (sky(8, 1), sky(4, 2));
    let refusal = |real: &Tensor, fake: &Tensor| measure(real, fake).unwrap_err().to_string();
    assert!(measure(&real, &fake).is_ok());
    for (real, fake, words) in [
        (
            real.narrow(0, 0, 7),
            fake.shallow_clone(),
            "8 real and 4 fake images or more, got 7 real",
        ),
        (real.shallow_clone(), fake.narrow(0, 0, 3), "got 8 real and 3 fake"),
        (real.shallow_clone(), fake.narrow(2, 0, 16), "[2, 16, 32]"),
        (real.shallow_clone(), fake.narrow(1, 0, 1), "[1, 32, 32]"),
        (real.shallow_clone(), fake.get(0), "[N, C, H, W]"),
        (real.shallow_clone(), fake.to_kind(Kind::Int64), "floating-point"),
        (real.shallow_clone(), &fake / 0.0, "not finite"),
    ] {
        let message = refusal(&real, &fake);
        assert!(message.contains(words), "{words}: {message}");
    }
    let network = FeatureNetwork::random(&RandomFeaturesConfig::default()).unwrap();
    let message = image_quality(&real, &fake, &network, &QualityConfig::default());
    assert!(message.unwrap_err().to_string().contains("2 channels for a network of 3"));
    for config in [
        QualityConfig { directions: 0, ..QualityConfig::default() },
        QualityConfig { sliced_wasserstein_images: 7, ..QualityConfig::default() },
        QualityConfig {
            morphology: MorphologyConfig { border: 0, ..MorphologyConfig::default() },
            ..QualityConfig::default()
        },
    ] {
        assert!(matches!(config.validate(), Err(MetricsError::Setting { .. })), "{config:?}");
    }
}
