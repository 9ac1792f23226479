//! Passes without a graph against autograd.

mod turn;

use std::collections::BTreeMap;

use astrogen_nn::layers::{ConvolutionConfig, Direction, Sequential, SequentialBuilder};
use astrogen_nn::{Initialization, NamedTensors};
use tch::{Device, Kind, Tensor, nn};

use turn::alone;

const DOWN: ConvolutionConfig = ConvolutionConfig {
    direction: Direction::Down,
    kernel: 4,
    stride: 2,
    padding: 1,
    groups: 1,
    bias: false,
    spectral_norm: false,
};
const UP: ConvolutionConfig = ConvolutionConfig { direction: Direction::Up, ..DOWN };
const WHOLE: ConvolutionConfig = ConvolutionConfig { stride: 1, padding: 0, ..DOWN };

/// The root mean square of the difference, in units of the values' own.
fn error(got: &Tensor, expected: &Tensor) -> f64 {
    let rms =
        |x: &Tensor| x.to_kind(Kind::Double).square().mean(Kind::Double).sqrt().double_value(&[]);
    assert_eq!(got.size(), expected.size());
    rms(&(got - expected)) / rms(expected)
}

/// Draws everything, normalisations' gains and running statistics too.
fn drawn(stack: Sequential) -> Sequential {
    stack.init(Initialization::Dcgan).expect("memory");
    tch::no_grad(|| {
        for (name, mut tensor) in stack.named_tensors() {
            match (tensor.kind(), tensor.dim()) {
                (Kind::Float, 1) => drop(tensor.g_add_(&(tensor.rand_like() * 0.5))),
                (Kind::Float, _) => drop(tensor.g_mul_scalar_(3.0)),
                _ => assert!(name.ends_with("num_batches_tracked")),
            }
        }
    });
    stack
}

/// The normalisations' own statistics.
fn statistics(stack: &Sequential) -> BTreeMap<String, Tensor> {
    let tensors = stack.named_tensors().into_iter();
    tensors
        .filter(|(name, _)| name.contains("running") || name.contains("tracked"))
        .map(|(name, tensor)| (name, tensor.copy()))
        .collect()
}

/// Outputs, gradients of inputs and weights, and statistics afterwards.
fn agree(stack: &Sequential, sample: &[i64], n: i64) {
    let size: Vec<i64> = [n].iter().chain(sample).copied().collect();
    let xs = Tensor::randn(size.as_slice(), (Kind::Float, Device::Cpu));
    let before = statistics(stack);
    let passes = stack.passes().expect("layers that have passes");
    let tape = passes.forward(&xs);
    let outputs = tape.outputs().copy();
    let signal = outputs.randn_like();
    let found = passes.backward(tape, &signal, true, true);
    let after = statistics(stack);

    // The same by autograd, from the same statistics.
    for (name, tensor) in stack.named_tensors() {
        if let Some(before) = before.get(&name) {
            tensor.shallow_clone().copy_(before);
        }
    }
    let leaf = xs.copy().set_requires_grad(true);
    let expected = stack.forward_t(&leaf, true);
    let limit = 2e-5;
    assert!(error(&outputs, &expected.detach()) < limit);
    let weights: Vec<(String, Tensor)> =
        stack.named_tensors().into_iter().filter(|(_, tensor)| tensor.requires_grad()).collect();
    let parameters: Vec<&Tensor> =
        weights.iter().map(|(_, weight)| weight).chain([&leaf]).collect();
    let scalar = (expected * &signal).sum(Kind::Float);
    let mut gradients = Tensor::run_backward(&[scalar], &parameters, false, false);
    let of_inputs = gradients.pop().expect("the last");
    assert!(error(&found.inputs.expect("wanted"), &of_inputs) < limit);
    let mut named: BTreeMap<String, Tensor> = found.weights.into_iter().collect();
    for ((name, weight), expected) in weights.iter().zip(gradients) {
        let got = named.remove(&format!("net.{name}")).expect("every gradient");
        assert!(error(&got, &expected) < limit, "{name}: {}", error(&got, &expected));
        assert_eq!(got.stride(), weight.stride(), "{name} lies in memory as its weight");
    }
    assert!(named.is_empty(), "{:?}", named.keys());
    for (name, expected) in statistics(stack) {
        let worst = (&after[&name] - &expected).abs().max().double_value(&[]);
        assert!(worst <= 1e-5 * expected.abs().max().double_value(&[]), "{name}: {worst}");
    }

    // What nobody reads is not computed.
    let passes = stack.passes().expect("layers that have passes");
    let found = passes.backward(passes.forward(&xs), &signal, false, true);
    assert!(found.weights.is_empty() && found.inputs.is_some());
    let found = passes.backward(passes.forward(&xs), &signal, true, false);
    assert!(!found.weights.is_empty() && found.inputs.is_none());
}

#[test]
fn generators_and_their_opponents_have_the_gradients_of_autograd() {
    let _alone = alone(8);
    let store = nn::VarStore::new(Device::Cpu);
    let first = ConvolutionConfig { stride: 1, padding: 0, ..UP };
    let generator = || -> Result<Sequential, astrogen_nn::NnError> {
        let net = Sequential::build(store.root() / "generator" / "net");
        let net = net.convolution([10, 32], &first)?.batch_norm(32)?.relu();
        let net = net.convolution([32, 16], &UP)?.batch_norm(16)?.relu();
        Ok(net.convolution([16, 3], &UP)?.tanh().finish())
    };
    agree(&drawn(generator().expect("a stack")), &[10, 1, 1], 6);
    let discriminator = || -> Result<Sequential, astrogen_nn::NnError> {
        let net = Sequential::build(store.root() / "discriminator" / "net");
        let net = net.convolution([3, 32], &DOWN)?.leaky_relu(0.2);
        let net = net.convolution([32, 64], &DOWN)?.batch_norm(64)?.leaky_relu(0.2);
        Ok(net.convolution([64, 1], &WHOLE)?.finish())
    };
    agree(&drawn(discriminator().expect("a stack")), &[3, 16, 16], 5);
    // With biases, channels that the kernels do not cover, and a convolution of another kind.
    let critic = || -> Result<Sequential, astrogen_nn::NnError> {
        let biased = ConvolutionConfig { bias: true, ..DOWN };
        let net = Sequential::build(store.root() / "critic" / "net");
        let net = net.convolution([2, 16], &biased)?.leaky_relu(0.2);
        let net = net.convolution([16, 20], &biased)?.relu();
        let plain = ConvolutionConfig { bias: false, ..ConvolutionConfig::default() };
        let net = net.convolution([20, 16], &plain)?;
        let net = net.batch_norm(16)?.relu();
        let net = net.convolution([16, 2], &ConvolutionConfig { bias: true, ..UP })?.tanh();
        Ok(net.finish())
    };
    agree(&drawn(critic().expect("a stack")), &[2, 32, 16], 3);
}

#[test]
fn any_number_of_channels_has_the_gradients_of_autograd() {
    let _alone = alone(10);
    let store = nn::VarStore::new(Device::Cpu);
    let stack = || -> Result<Sequential, astrogen_nn::NnError> {
        let biased = ConvolutionConfig { bias: true, ..DOWN };
        let net = Sequential::build(store.root() / "stack" / "net");
        let net = net.convolution([3, 28], &biased)?.leaky_relu(0.2);
        let net = net.convolution([28, 44], &DOWN)?.batch_norm(44)?.leaky_relu(0.2);
        let net = net.convolution([44, 28], &UP)?.batch_norm(28)?.relu();
        let net = net.convolution([28, 30], &ConvolutionConfig { bias: true, ..UP })?.relu();
        Ok(net.convolution([30, 3], &UP)?.tanh().finish())
    };
    agree(&drawn(stack().expect("a stack")), &[3, 32, 32], 5);
}

/// Sides from which a stride leaves pixels over.
#[test]
fn strides_that_leave_a_rest_have_the_gradients_of_autograd() {
    let _alone = alone(11);
    let store = nn::VarStore::new(Device::Cpu);
    let stack = |name: &str, first: [i64; 2], config: &ConvolutionConfig| {
        let net = Sequential::build(store.root() / name / "net");
        let net = net.convolution(first, config)?.leaky_relu(0.2);
        Ok::<_, astrogen_nn::NnError>(net.convolution([first[1], 20], config)?.finish())
    };
    let three = ConvolutionConfig { stride: 2, ..ConvolutionConfig::default() };
    let far = ConvolutionConfig { stride: 3, kernel: 2, padding: 0, ..DOWN };
    for (name, first, config, sides) in [
        ("three", [3, 8], three, [32, 32]),
        ("thin", [3, 16], DOWN, [33, 30]),
        ("wide", [16, 32], DOWN, [38, 35]),
        ("far", [3, 8], far, [19, 22]),
    ] {
        let stack = stack(name, first, &config).expect("a stack");
        agree(&drawn(stack), &[first[0], sides[0], sides[1]], 4);
    }
}

#[test]
fn encoders_and_decoders_have_the_gradients_of_autograd() {
    let _alone = alone(9);
    let store = nn::VarStore::new(Device::Cpu);
    let [down, up] = [DOWN, UP].map(|config| ConvolutionConfig { bias: true, ..config });
    let encoder = || -> Result<Sequential, astrogen_nn::NnError> {
        let net = Sequential::build(store.root() / "encoder" / "net");
        let net = net.convolution([3, 16], &down)?.relu().convolution([16, 32], &down)?.relu();
        Ok(net.flatten().linear(32 * 5 * 3, 6)?.leaky_relu(0.2).linear(6, 4)?.finish())
    };
    agree(&drawn(encoder().expect("a stack")), &[3, 20, 12], 3);
    let decoder = || -> Result<Sequential, astrogen_nn::NnError> {
        let net = Sequential::build(store.root() / "decoder" / "net");
        let net = net.linear(4, 32 * 5 * 3)?.unflatten([32, 5, 3]).convolution([32, 16], &up)?;
        Ok(net.relu().convolution([16, 3], &up)?.sigmoid().finish())
    };
    agree(&drawn(decoder().expect("a stack")), &[4], 3);
}

#[test]
fn stacks_that_passes_do_not_know_have_none() {
    let _alone = alone(1);
    let store = nn::VarStore::new(Device::Cpu);
    let build = |name: &str| Sequential::build(store.root() / name / "net");
    let spectral = ConvolutionConfig { spectral_norm: true, ..DOWN };
    for stack in [
        build("elu").linear(3, 2).map(SequentialBuilder::elu),
        build("normed").linear(3, 2).and_then(|net| net.batch_norm(2)),
        build("flat").convolution([3, 16], &DOWN).map(SequentialBuilder::flatten),
        build("bent").linear(3, 2).map(|net| net.unflatten([2, 1, 1]).relu()),
        build("spectral").convolution([3, 16], &spectral),
        build("group").convolution([3, 16], &DOWN).and_then(|net| net.group_norm(1, 16)),
    ] {
        assert!(stack.expect("a stack").finish().passes().is_none());
    }
    assert!(build("empty").finish().passes().is_none());
}
