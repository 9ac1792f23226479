//! Which stacks have a gradient penalty in closed form, and that it is that of double backward.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "other tests compare files and PyTorch's numbers too")]
mod agreement;

use std::panic::{AssertUnwindSafe, catch_unwind};

use astrogen_losses::GradientPenaltyConfig;
use astrogen_nn::NnError;
use astrogen_nn::layers::{ConvolutionConfig, Direction, Sequential, SequentialBuilder};
use astrogen_nn::variables::allocate;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use agreement::penalty::{
    assert_agree, by_double_backward, in_closed_form, scattered, spread_weights,
};

type Layers = fn(SequentialBuilder) -> Result<SequentialBuilder, NnError>;

/// A stack at the store's root.
fn stack(store: &VarStore, layers: Layers) -> Sequential {
    layers(Sequential::build(store.root())).unwrap().finish()
}

#[test]
fn only_one_activation_behind_each_affine_layer_can_be_traced() {
    let traced: [Layers; 4] = [
        |net| net.linear(4, 6)?.leaky_relu(0.2).linear(6, 1),
        |net| net.linear(4, 6)?.relu().linear(6, 6)?.linear(6, 1),
        |net| net.linear(4, 6)?.leaky_relu(0.0).linear(6, 1),
        |net| Ok(net.linear(4, 1)?.leaky_relu(0.2)),
    ];
    let config = GradientPenaltyConfig::default();
    for layers in traced {
        let mut store = VarStore::new(Device::Cpu);
        let net = stack(&store, layers);
        allocate(&net).unwrap();
        spread_weights(&store);
        store.double();
        assert!(net.is_piecewise_linear(), "{net:?}");
        let points = scattered(&[7, 4], 0.3);
        let score = |xs: &Tensor| net.forward_t(xs, true).flatten(0, -1);
        let expected = by_double_backward(&store, score, &points, &config);
        assert_agree("stack", &in_closed_form(&store, &net, &points, &config), &expected, 1e-12);
    }
    let refused: [Layers; 8] = [
        |net| net.linear(4, 6)?.leaky_relu(-0.2).linear(6, 1),
        |net| net.linear(4, 6)?.leaky_relu(f64::NAN).linear(6, 1),
        |net| net.linear(4, 6)?.leaky_relu(0.2).relu().linear(6, 1),
        |net| net.linear(4, 6)?.leaky_relu(0.5).leaky_relu(0.5).linear(6, 1),
        |net| net.relu().linear(4, 1),
        |net| net.linear(4, 6)?.elu().linear(6, 1),
        |net| net.convolution([1, 2], &ConvolutionConfig::default())?.batch_norm(2),
        |net| {
            let config = ConvolutionConfig { spectral_norm: true, ..Default::default() };
            net.convolution([1, 2], &config)
        },
    ];
    for layers in refused {
        let net = stack(&VarStore::new(Device::Cpu), layers);
        assert!(!net.is_piecewise_linear(), "{net:?}");
        assert!(catch_unwind(AssertUnwindSafe(|| net.stages("net").len())).is_err(), "{net:?}");
    }
}

/// Sides from which a stride leaves pixels over.
#[test]
fn strides_that_leave_a_rest_have_the_penalty_of_double_backward() {
    let down = ConvolutionConfig { stride: 2, ..ConvolutionConfig::default() };
    let four = ConvolutionConfig { kernel: 4, ..down };
    let three = ConvolutionConfig { kernel: 2, stride: 3, padding: 0, ..down };
    let config = GradientPenaltyConfig::default();
    for (what, layer, channels, [h, w]) in [
        ("3x3 of stride 2", down, [3, 5], [32, 32]),
        ("4x4 of stride 2", four, [3, 32], [17, 32]),
        ("4x4 of stride 2, many channels", four, [32, 32], [16, 19]),
        ("2x2 of stride 3", three, [3, 5], [9, 10]),
        ("one place", ConvolutionConfig { kernel: 4, padding: 0, ..down }, [3, 5], [5, 5]),
    ] {
        let [rows, columns] =
            [h, w].map(|side| (side + 2 * layer.padding - layer.kernel) / layer.stride + 1);
        let store = VarStore::new(Device::Cpu);
        let net = Sequential::build(store.root()).convolution(channels, &layer).unwrap();
        let last = ConvolutionConfig {
            kernel: rows.max(columns),
            padding: (rows - columns).abs(),
            stride: 64,
            direction: Direction::Down,
            ..down
        };
        let net = net.leaky_relu(0.2).convolution([channels[1], 1], &last).unwrap().finish();
        allocate(&net).unwrap();
        spread_weights(&store);
        let points = scattered(&[4, channels[0], h, w], 0.7).to_kind(Kind::Float);
        let score = |xs: &Tensor| net.forward_t(xs, true).flatten(0, -1);
        let expected = by_double_backward(&store, score, &points, &config);
        let got = in_closed_form(&store, &net, &points, &config);
        assert_agree(what, &got, &expected, 1e-4);
    }
}
