//! Whole passes as machines do them that have narrower registers than this one.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_losses::{GradientPenaltyConfig, piecewise_linear_penalty};
use tch::{Device, Kind, Tensor, nn};

use super::as_each;
use crate::layers::{Convolution, ConvolutionConfig, Direction, Passes, Sequential, Unit};
use crate::turn::alone;
use crate::{BatchNorm, Initialization, MlpConfig};

/// What some work gives differs by rounding from machine to machine, and nothing else.
fn agree(work: impl Fn() -> Vec<Tensor>) {
    let rms = |x: &Tensor| x.square().mean(Kind::Double).sqrt().double_value(&[]);
    let mut of_each = as_each(work);
    let (_, best) = of_each.pop().unwrap();
    for (machine, tensors) in of_each {
        assert_eq!(tensors.len(), best.len());
        for (i, (got, expected)) in tensors.iter().zip(&best).enumerate() {
            let (apart, size) = (rms(&(got - expected)), rms(expected));
            assert!(size > 0.0 && apart < 1e-5 * size, "{machine:?}, {i}: {apart:e} of {size:e}");
        }
    }
}

#[test]
fn convolutions_and_normalisations_agree() {
    let _alone = alone(3);
    let store = nn::VarStore::new(Device::Cpu);
    let down = ConvolutionConfig {
        direction: Direction::Down,
        kernel: 4,
        stride: 2,
        padding: 1,
        ..ConvolutionConfig::default()
    };
    let up = ConvolutionConfig { direction: Direction::Up, ..down };
    // Thin maps, both transforms, and back to thin maps.
    let stack = || -> Result<Sequential, crate::NnError> {
        let net = Sequential::build(store.root());
        let net = net.convolution([3, 16], &down)?.leaky_relu(0.2);
        let net = net.convolution([16, 48], &down)?.batch_norm(48)?.relu();
        let net = net.convolution([48, 80], &down)?.relu();
        let net = net.convolution([80, 16], &up)?.batch_norm(16)?.relu();
        Ok(net.convolution([16, 3], &up)?.tanh().finish())
    };
    let stack = stack().unwrap();
    stack.init(Initialization::He { slope: 0.0 }).unwrap();
    let xs = Tensor::randn([16, 3, 32, 32], (Kind::Float, Device::Cpu));
    let signal = Tensor::randn([16, 3, 16, 16], (Kind::Float, Device::Cpu));
    agree(|| {
        let passes = stack.passes().unwrap();
        let tape = passes.forward(&xs);
        let outputs = tape.outputs().copy();
        let gradients = passes.backward(tape, &signal, true, true);
        let weights = gradients.weights.into_iter();
        // Behind a normalisation a bias changes nothing, and its gradient is rounding.
        let weights = weights.filter(|(name, _)| !["2.bias", "7.bias"].contains(&name.as_str()));
        weights.map(|(_, tensor)| tensor).chain([outputs, gradients.inputs.unwrap()]).collect()
    });
}

#[test]
fn convolutions_behind_a_doubling_agree() {
    let _alone = alone(5);
    let store = nn::VarStore::new(Device::Cpu);
    let config = ConvolutionConfig { bias: false, ..ConvolutionConfig::default() };
    let layer = |name: &str, channels| {
        let path = store.root() / name;
        let layer = Convolution::build(&path, channels, &config).unwrap();
        layer.init(Initialization::He { slope: 0.2 }).unwrap();
        (layer, BatchNorm::new(&(path / "norm"), channels[1]).unwrap())
    };
    let [(first, first_norm), (second, second_norm)] =
        [layer("first", [48, 80]), layer("second", [80, 24])];
    let xs = Tensor::randn([12, 48, 4, 6], (Kind::Float, Device::Cpu));
    let signal = Tensor::randn([12, 24, 16, 24], (Kind::Float, Device::Cpu));
    agree(|| {
        let units = vec![
            Unit::doubled("first", &first).normalised("first.norm", &first_norm).bent(0.2),
            Unit::doubled("second", &second).normalised("second.norm", &second_norm),
        ];
        let passes = Passes::new(units).unwrap();
        let tape = passes.forward(&xs);
        let outputs = tape.outputs().copy();
        let gradients = passes.backward(tape, &signal, true, true);
        let weights = gradients.weights.into_iter().map(|(_, tensor)| tensor);
        weights.chain([outputs, gradients.inputs.unwrap()]).collect()
    });
}

#[test]
fn fully_connected_layers_agree() {
    let _alone = alone(4);
    let store = nn::VarStore::new(Device::Cpu);
    let config = MlpConfig { inputs: 12, hidden: vec![40, 33], outputs: 1 };
    let mlp = config.init(&store.root()).unwrap();
    let points = Tensor::randn([150, 12], (Kind::Float, Device::Cpu));
    agree(|| {
        let critic = mlp.piecewise_linear().unwrap();
        let penalty = piecewise_linear_penalty(critic, &points, &GradientPenaltyConfig::default());
        let gradients = penalty.gradients.into_iter().map(|(_, tensor)| tensor);
        gradients.chain([penalty.value]).collect()
    });
}
