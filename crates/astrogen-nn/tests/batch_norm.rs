//! Batch normalisation by libtorch and by the passes: batches of one value a channel, and of no number.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod turn;

use astrogen_nn::layers::{ConvolutionConfig, Sequential};
use astrogen_nn::{Initialization, NamedTensors};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use turn::alone;

/// A normalisation behind a convolution of 4x4 pixels to 5 channels.
fn normalised() -> Sequential {
    let whole = ConvolutionConfig { kernel: 4, padding: 0, ..ConvolutionConfig::default() };
    let store = VarStore::new(Device::Cpu);
    let net = Sequential::build(store.root()).convolution([2, 5], &whole).unwrap();
    let net = net.batch_norm(5).unwrap().finish();
    net.init(Initialization::He { slope: 0.0 }).unwrap();
    net
}

/// What comes out, and the running mean and variance afterwards, by libtorch and by the passes.
fn both(images: &Tensor) -> [[Tensor; 3]; 2] {
    let net = normalised();
    let of = |name: &str| {
        let mut named = net.named_tensors().into_iter();
        named.find(|(own, _)| own == name).unwrap().1
    };
    let [mut mean, mut var] = ["1.running_mean", "1.running_var"].map(of);
    [false, true].map(|by_passes| {
        let _ = (mean.fill_(0.0), var.fill_(1.0));
        let outputs = match by_passes {
            true => net.passes().unwrap().forward(images).outputs().copy(),
            false => net.forward_t(images, true).detach(),
        };
        [outputs, mean.copy(), var.copy()]
    })
}

#[test]
fn one_value_a_channel_leaves_the_running_variance_as_it_was() {
    let _alone = alone(31);
    let image = Tensor::randn([1, 2, 4, 4], (Kind::Float, Device::Cpu));
    let [libtorchs, ours] = both(&image);
    for [outputs, mean, var] in [&libtorchs, &ours] {
        assert!(outputs.abs().max().double_value(&[]) < 1e-3, "the bias, to rounding");
        assert!(mean.abs().min().double_value(&[]) > 0.0);
        assert_eq!(var, &var.ones_like());
    }
    assert!((&libtorchs[1] - &ours[1]).abs().max().double_value(&[]) < 1e-6);
    // Two values have a variance.
    let [libtorchs, ours] = both(&Tensor::cat(&[&image, &(&image * 3.0)], 0));
    assert_ne!(ours[2], ours[2].ones_like());
    let apart = (&libtorchs[2] - &ours[2]) / &libtorchs[2];
    assert!(apart.abs().max().double_value(&[]) < 1e-5);
}

#[test]
fn what_is_no_number_is_no_variance_of_zero() {
    let _alone = alone(32);
    let images = Tensor::randn([3, 2, 4, 4], (Kind::Float, Device::Cpu));
    let _ = images.get(1).get(0).get(2).fill_(f64::NAN);
    for [_, mean, var] in both(&images) {
        assert!(bool::try_from(mean.isnan().all()).unwrap(), "{mean:?}");
        assert!(bool::try_from(var.isnan().all()).unwrap(), "{var:?}");
    }
}
