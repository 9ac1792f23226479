//! Units put together by hand, with what fits and what does not.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod turn;

use std::panic::{AssertUnwindSafe, catch_unwind};

use astrogen_nn::layers::{Convolution, ConvolutionConfig, Direction, Passes, Unit, leaky_relu};
use astrogen_nn::{BatchNorm, Initialization};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use turn::alone;

const SAME: ConvolutionConfig = ConvolutionConfig {
    direction: Direction::Down,
    kernel: 3,
    stride: 1,
    padding: 1,
    groups: 1,
    bias: false,
    spectral_norm: false,
};
const UP: ConvolutionConfig =
    ConvolutionConfig { direction: Direction::Up, kernel: 4, stride: 2, ..SAME };

fn normal(size: &[i64]) -> Tensor {
    Tensor::randn(size, (Kind::Float, Device::Cpu))
}

fn convolution(channels: [i64; 2], config: &ConvolutionConfig) -> Convolution {
    let layer = Convolution::build(&VarStore::new(Device::Cpu).root(), channels, config).unwrap();
    layer.init(Initialization::He { slope: 0.0 }).unwrap();
    layer
}

fn norm(features: i64) -> BatchNorm {
    BatchNorm::new(&VarStore::new(Device::Cpu).root(), features).unwrap()
}

/// What a pass forward says where it panics.
fn refusal(units: Vec<Unit>, size: &[i64]) -> String {
    let passes = Passes::new(units).unwrap();
    let xs = normal(size);
    let panic = catch_unwind(AssertUnwindSafe(|| passes.forward(&xs)));
    let panic = panic.expect_err("a panic");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

#[test]
fn noise_of_other_channels_than_the_normalisations_is_refused() {
    let _alone = alone(21);
    let (layer, norm) = (convolution([2, 40], &SAME), norm(40));
    for channels in [0, 1, 39, 41, 400] {
        let weight = Tensor::ones([channels], (Kind::Float, Device::Cpu));
        let unit = Unit::convolution("layer", &layer).normalised("norm", &norm);
        let message = refusal(vec![unit.noisy("noise", &weight)], &[2, 2, 4, 4]);
        assert!(message.contains("channels of noise"), "{channels}: {message}");
    }
}

#[test]
fn channels_that_do_not_fit_are_neither_cut_nor_filled_up() {
    let _alone = alone(22);
    for channels in [39, 41, 48, 64] {
        let (layer, norm) = (convolution([2, 40], &SAME), norm(channels));
        let unit = Unit::convolution("layer", &layer).normalised("norm", &norm);
        let message = refusal(vec![unit], &[2, 2, 4, 4]);
        assert!(message.contains("channels of a normalisation"), "{channels}: {message}");
    }
    let first = convolution([2, 48], &SAME);
    for channels in [32, 47, 49, 64] {
        let second = convolution([channels, 48], &UP);
        let units = vec![Unit::convolution("first", &first), Unit::convolution("second", &second)];
        let message = refusal(units, &[8, 2, 8, 8]);
        assert!(message.contains("48"), "{channels}: {message}");
    }
}

#[test]
fn a_slope_below_zero_has_no_passes() {
    let layer = convolution([2, 3], &SAME);
    let unit = |slope| Unit::convolution("layer", &layer).bent(slope);
    assert!(Passes::new(vec![unit(0.2)]).is_some() && Passes::new(vec![unit(0.0)]).is_some());
    assert!(Passes::new(vec![unit(-0.2)]).is_none());
    assert!(Passes::new(vec![unit(f64::NAN)]).is_none());
}

#[test]
fn images_of_rows_have_the_gradients_of_autograd_without_a_normalisation_too() {
    let _alone = alone(23);
    let weight = normal(&[5 * 2 * 3, 7]).set_requires_grad(true);
    type End<'a> = (fn(Unit<'a>) -> Unit<'a>, fn(&Tensor) -> Tensor);
    let ends: [End; 3] = [
        (|unit| unit, Tensor::shallow_clone),
        (|unit| unit.bent(0.2), |xs| leaky_relu(xs, 0.2)),
        (Unit::tanh, Tensor::tanh),
    ];
    for (end, formula) in ends {
        let xs = normal(&[4, 7, 1, 1]).set_requires_grad(true);
        let passes = Passes::new(vec![end(Unit::images("rows", &weight, [5, 2, 3]))]).unwrap();
        let tape = passes.forward(&xs);
        let expected = formula(&xs.flatten(1, -1).mm(&weight.tr()).view([4, 5, 2, 3]));
        let signal = expected.randn_like();
        let scalar = (&expected * &signal).sum(Kind::Float);
        let gradients = Tensor::run_backward(&[scalar], &[&weight, &xs], false, false);
        let outputs = tape.outputs().shallow_clone();
        let mut found = passes.backward(tape, &signal, true, true);
        assert_eq!(found.weights.len(), 1);
        let (name, of_weight) = found.weights.remove(0);
        assert_eq!(name, "rows.weight");
        for (got, expected) in [
            (&outputs, &expected.detach()),
            (&of_weight, &gradients[0]),
            (&found.inputs.unwrap(), &gradients[1]),
        ] {
            assert_eq!(got.size(), expected.size());
            assert!((got - expected).abs().max().double_value(&[]) < 1e-5);
        }
    }
}
