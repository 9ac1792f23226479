//! The random network.

use astrogen_metrics::{
    FeatureNetwork, KernelDistanceConfig, PrdcConfig, RandomFeaturesConfig, frechet_distance,
    kernel_distance, prdc,
};
use tch::{Kind, Tensor};

use crate::{holed, libtorch_is_left_alone, normal, values};

fn network(channels: i64) -> FeatureNetwork {
    let config = RandomFeaturesConfig {
        channels,
        widths: vec![8, 16, 32],
        ..RandomFeaturesConfig::default()
    };
    FeatureNetwork::random(&config).unwrap()
}

/// Stars on a sky that is dark: blobs of random places, widths and fluxes, in `[-1, 1]`.
fn sky(count: i64, channels: i64, seed: u64) -> Tensor {
    let side = 32;
    let axis = Tensor::arange(side, (Kind::Double, tch::Device::Cpu));
    let (x, y) = (axis.view([1, 1, 1, side]), axis.view([1, 1, side, 1]));
    let draws = normal([count, 3, 4], seed);
    let each = |blob: i64, what: i64| draws.select(1, blob).select(1, what).view([count, 1, 1, 1]);
    let blobs = (0..3).map(|blob| {
        let place = |what| each(blob, what) * 6.0 + 16.0;
        let width = each(blob, 2).abs() * 0.7 + 1.5;
        let squared = (&x - place(0)).square() + (&y - place(1)).square();
        (squared / (width.square() * -2.0)).exp() * (each(blob, 3) * 0.3).exp()
    });
    let flux: Tensor = blobs.sum();
    let noise = normal([count, channels, side, side], seed ^ 77) * 0.05;
    (flux * 2.0 - 1.0 + noise).clamp(-1.0, 1.0).to_kind(Kind::Float)
}

/// The mean over 2x2 pixels, at every place.
fn blurred(images: &Tensor) -> Tensor {
    let padded = images.replication_pad2d([0, 1, 0, 1]);
    padded.avg_pool2d([2, 2], [1, 1], [0, 0], false, true, None::<i64>)
}

#[test]
fn the_numbers_are_the_same_on_every_machine() {
    let ramp = Tensor::arange(2 * 16 * 16, (Kind::Double, tch::Device::Cpu)).view([1, 2, 16, 16]);
    let images = (ramp * 0.7).sin().to_kind(Kind::Float);
    let config = RandomFeaturesConfig { channels: 2, widths: vec![2, 3], seed: 9 };
    assert_eq!(config.features(), 14);
    let features = FeatureNetwork::random(&config).unwrap().extract(&images).unwrap();
    let expected: [f64; 14] = [
        0.0109083, -0.0112298, 0.7067901, 0.7067546, 0.1379646, 0.2203713, 0.3284364, 0.4241472,
        -0.0044981, 0.1538737, -0.0319233, 0.1957674, 0.2413990, 0.1921429,
    ];
    for (got, expected) in values(&features).iter().zip(&expected) {
        assert!((got - expected).abs() < 2e-6, "{:?}", values(&features));
    }
}

#[test]
fn chunks_and_kinds_change_rounding_alone() {
    let network = network(1);
    let images = sky(3, 1, 1).upsample_nearest2d([512, 512], None, None); // two images a chunk
    let together = network.extract(&images).unwrap();
    assert_eq!(together.size(), [3, 2 * 57]);
    assert_eq!(together.kind(), Kind::Float);
    let apart: Vec<Tensor> =
        images.split(1, 0).iter().map(|image| network.extract(image).unwrap()).collect();
    let apart = Tensor::cat(&apart, 0);
    assert!((&together - &apart).abs().max().double_value(&[]) < 1e-5);
    let doubles = network.extract(&images.to_kind(Kind::Double)).unwrap();
    assert_eq!(doubles, together);
    assert!(!network.extract(&images.set_requires_grad(true)).unwrap().requires_grad());
    let config = RandomFeaturesConfig::default();
    assert!(libtorch_is_left_alone(|| drop(FeatureNetwork::random(&config).unwrap())));
}

#[test]
fn flat_images_have_no_texture_and_features_are_in_their_unit() {
    let network = network(3);
    let flat = Tensor::full([1, 3, 24, 40], 0.7, (Kind::Float, tch::Device::Cpu));
    let features = values(&network.extract(&flat).unwrap());
    // The images' own deviations, means of filters without a mean, and deviations from there on.
    let deviations = [3..22, 38..54, 86..118].map(|level| features[level].to_vec()).concat();
    assert_eq!(features.len(), 118);
    assert!(deviations.iter().all(|deviation| deviation.abs() < 1e-6), "{deviations:?}");
    let images = sky(4, 3, 1);
    let (once, thrice) =
        (network.extract(&images).unwrap(), network.extract(&(&images * 3.0)).unwrap());
    assert!((once * 3.0 - thrice).abs().max().double_value(&[]) < 1e-5);
}

#[test]
fn what_differs_is_seen_beyond_the_floor() {
    for channels in [1, 3] {
        let network = network(channels);
        let features = |images: &Tensor| network.extract(images).unwrap();
        let real = sky(300, channels, 1);
        let good = sky(300, channels, 2);
        let (of_real, of_good) = (features(&real), features(&good));
        let kernel = KernelDistanceConfig { subsets: 10, subset_size: 200 };
        let both = |fake: &Tensor| {
            let distance = frechet_distance(&of_real, fake).unwrap().distance;
            let kernel = kernel_distance(&of_real, fake, &kernel, 1).unwrap().mean;
            [distance, kernel]
        };
        let floor = both(&of_good);
        let floor = [floor[0], floor[1].abs()];
        let noise = normal([300, channels, 32, 32], 5) * 0.1;
        let noisy = (&good + noise).to_kind(Kind::Float);
        for (name, worse) in [
            ("blurred", blurred(&good)),
            ("dim", (&good + 1.0) * 0.8 - 1.0),
            ("bright sky", &good * 0.9 + 0.1),
            ("noisy", noisy),
            ("one image", good.narrow(0, 0, 1).expand_as(&good)),
        ] {
            let got = both(&features(&worse));
            assert!(got[0] > 1.6 * floor[0] && got[1] > 4.0 * floor[1], "{name} {got:?} {floor:?}");
        }
        // Few patterns of many: eight images over and over.
        let few = good.narrow(0, 0, 8).repeat([38, 1, 1, 1]).narrow(0, 0, 300);
        let (many, few) = [of_good, features(&few)]
            .map(|fake| prdc(&of_real, &fake, &PrdcConfig::default()).unwrap())
            .into();
        assert!(few.coverage < 0.3 * many.coverage, "{few:?} {many:?}");
        assert!(few.recall < 0.3 * many.recall, "{few:?} {many:?}");
    }
}

#[test]
fn refusals_say_what_was_expected() {
    let network = network(3);
    let message = |images: &Tensor| network.extract(images).unwrap_err().to_string();
    let good = sky(2, 3, 1);
    assert_eq!(
        message(&good.narrow(1, 0, 1)),
        "the images must be of the network's channels, got 1 channels for a network of 3"
    );
    assert_eq!(
        message(&good.narrow(2, 0, 15)),
        "the images must be of 2 pixels a side at the last level, or the network of fewer widths, \
         got 15 x 32 pixels where 16 x 16 are the least"
    );
    assert!(network.extract(&good.narrow(2, 0, 16).narrow(3, 0, 17)).is_ok());
    assert!(message(&good.get(0)).contains("given images must be [N, C, H, W]"));
    assert!(message(&good.to_kind(Kind::Int64)).contains("given images must be floating-point"));
    assert!(message(&holed(&good, f64::NAN)).contains("1 of the 6144 values"));
    for (config, expected) in [
        (
            RandomFeaturesConfig { channels: 0, ..Default::default() },
            "channels must be 1 to 4096, got 0",
        ),
        (
            RandomFeaturesConfig { widths: vec![], ..Default::default() },
            "widths must be 1 to 8 numbers of 1 to 4096, got []",
        ),
        (
            RandomFeaturesConfig { widths: vec![4, 0], ..Default::default() },
            "widths must be 1 to 8 numbers of 1 to 4096, got [4, 0]",
        ),
    ] {
        assert_eq!(FeatureNetwork::random(&config).unwrap_err().to_string(), expected);
    }
}
