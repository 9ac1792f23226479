//! Distances between sets of images.

use astrogen::metrics::{FeatureNetwork, QualityConfig, RandomFeaturesConfig, image_quality};
use tch::{Device, Tensor};

use super::{CPU, check, other, turn};

#[test]
fn metrics_agree() {
    let _turn = turn();
    let network = FeatureNetwork::random(&RandomFeaturesConfig::default()).expect("a network");
    tch::manual_seed(3);
    let (real, fake) = (Tensor::randn([40, 3, 32, 32], CPU), Tensor::randn([40, 3, 32, 32], CPU));
    let of = |device| {
        let [real, fake] = [&real, &fake].map(|set| (set * 0.3).to_device(device));
        image_quality(&real, &fake, &network, &QualityConfig::default()).expect("numbers")
    };
    let (here, there) = (of(Device::Cpu), of(other()));
    assert_eq!(here.numbers.len(), there.numbers.len());
    // A neighbour more or less is a jump.
    let jumps = ["precision", "density", "recall", "coverage"];
    for (here, there) in here.numbers.iter().zip(&there.numbers) {
        let [a, b] = [here, there].map(|number| number.estimate.value);
        let (scale, tolerance) = match jumps.contains(&&*here.name) {
            true => (1.0, 0.2),
            false => (a.abs().max(0.1), 0.02),
        };
        check(&format!("metric {}", here.name), (a - b).abs() / scale, tolerance);
    }
}
