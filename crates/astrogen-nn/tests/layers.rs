//! Layers and stacks: their names, first weights and rules, and what they make of a tensor.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod turn;

use astrogen_losses::{GradientPenaltyConfig, piecewise_linear_penalty};
use astrogen_nn::layers::{
    Convolution, ConvolutionConfig, Direction, Interpolation, Linear, Sequential,
    minibatch_deviation,
};
use astrogen_nn::{BatchNorm, Initialization, NamedTensors, NnError};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, kind};

use turn::alone;

const CPU: Device = Device::Cpu;

fn names(part: &impl NamedTensors) -> Vec<String> {
    part.named_tensors().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn every_layer_takes_the_next_number_and_keeps_pytorchs_names() {
    let _alone = alone(1);
    let store = VarStore::new(CPU);
    let spectral = ConvolutionConfig { spectral_norm: true, ..Default::default() };
    let up = ConvolutionConfig { direction: Direction::Up, bias: false, ..Default::default() };
    let net = Sequential::build(store.root() / "net")
        .convolution([2, 4], &spectral)
        .unwrap()
        .group_norm(2, 4)
        .unwrap()
        .leaky_relu(0.2)
        .upsample(Interpolation::Nearest)
        .convolution([4, 6], &up)
        .unwrap()
        .batch_norm(6)
        .unwrap()
        .elu()
        .finish();
    assert_eq!(
        names(&net),
        [
            "0.parametrizations.weight.original",
            "0.bias",
            "0.parametrizations.weight.0._u",
            "0.parametrizations.weight.0._v",
            "1.weight",
            "1.bias",
            "4.weight",
            "5.weight",
            "5.bias",
            "5.running_mean",
            "5.running_var",
            "5.num_batches_tracked",
        ]
    );
    net.init(Initialization::Dcgan).unwrap();
    let images = Tensor::randn([3, 2, 8, 8], kind::FLOAT_CPU);
    assert_eq!(net.forward_t(&images, true).size(), [3, 6, 16, 16]);
    assert_eq!(net.options(), (Kind::Float, CPU));
    assert!(!net.is_piecewise_linear());
    let stored: Vec<_> = store.named_tensors().into_iter().map(|(name, _)| name).collect();
    let mut below: Vec<_> = names(&net).iter().map(|name| format!("net.{name}")).collect();
    below.sort();
    assert_eq!(stored, below);
}

#[test]
fn a_penalty_names_the_weights_as_the_store_does_whatever_the_stacks_path() {
    let _alone = alone(1);
    let store = VarStore::new(CPU);
    for (path, prefix) in [(store.root() / "critic", "critic."), (store.root(), "")] {
        let net = Sequential::build(path).linear(4, 8).unwrap().relu().linear(8, 1).unwrap();
        let net = net.finish();
        net.init(Initialization::Uniform).unwrap();
        let points = Tensor::randn([6, 4], kind::FLOAT_CPU);
        let penalty = piecewise_linear_penalty(&net, &points, &GradientPenaltyConfig::default());
        let named: Vec<_> = penalty.gradients.into_iter().map(|(name, _)| name).collect();
        assert_eq!(named, ["0.weight", "2.weight"].map(|name| format!("{prefix}{name}")));
        assert!(named.iter().all(|name| store.variables().contains_key(name)));
    }
}

/// Mean and deviation.
fn moments(tensor: &Tensor) -> [f64; 2] {
    [tensor.mean(None::<Kind>), tensor.std(true)].map(|moment| moment.double_value(&[]))
}

#[test]
fn first_weights_have_the_stated_distributions() {
    let _alone = alone(1);
    let drawn = |initialization| {
        let store = VarStore::new(CPU);
        let layer = Convolution::build(&store.root(), [32, 64], &ConvolutionConfig::default());
        layer.unwrap().init(initialization).unwrap();
        let linear = Linear::build(&(store.root() / "linear"), [400, 100]).unwrap();
        linear.init(initialization).unwrap();
        store.variables()
    };
    let he = drawn(Initialization::He { slope: 0.2 });
    for (name, inputs) in [("weight", 32.0 * 9.0), ("linear.weight", 400.0)] {
        let [mean, deviation] = moments(&he[name]);
        let expected = (2.0f64 / 1.04 / inputs).sqrt();
        assert!((deviation / expected - 1.0).abs() < 0.03, "{name}: {deviation}, {expected}");
        assert!(mean.abs() < 0.03 * expected, "{name}: {mean}");
    }
    for name in ["bias", "linear.bias"] {
        assert_eq!(he[name].abs().max().double_value(&[]), 0.0);
    }
    let dcgan = drawn(Initialization::Dcgan);
    assert!((moments(&dcgan["weight"])[1] / 0.02 - 1.0).abs() < 0.03);
    assert_eq!(dcgan["bias"].abs().max().double_value(&[]), 0.0);
    let uniform = drawn(Initialization::default());
    for (variables, name, inputs) in [
        (&uniform, "weight", 32.0 * 9.0),
        (&uniform, "linear.weight", 400.0),
        (&uniform, "bias", 32.0 * 9.0),
        (&uniform, "linear.bias", 400.0),
        (&dcgan, "linear.weight", 400.0),
        (&dcgan, "linear.bias", 400.0),
    ] {
        let worst = variables[name].abs().max().double_value(&[]) * f64::sqrt(inputs);
        assert!(worst <= 1.0 + 1e-6 && worst > 0.8, "{name}: {worst}");
    }
}

#[test]
fn numbers_that_make_no_layer_are_refused() {
    let _alone = alone(1);
    let store = VarStore::new(CPU);
    let path = store.root();
    let same = ConvolutionConfig::default();
    let convolution = |config: ConvolutionConfig| Convolution::build(&path, [1, 1], &config).err();
    let groups = |groups| Sequential::build(store.root()).group_norm(groups, 6).err();
    for (error, expected) in [
        (Linear::build(&path, [0, 3]).err(), "inputs must be at least 1, got 0"),
        (Linear::build(&path, [3, -1]).err(), "outputs must be at least 1, got -1"),
        (Convolution::build(&path, [0, 3], &same).err(), "inputs must be at least 1, got 0"),
        (convolution(ConvolutionConfig { kernel: 0, ..same }), "kernel must be at least 1, got 0"),
        (convolution(ConvolutionConfig { stride: 0, ..same }), "stride must be at least 1, got 0"),
        (
            convolution(ConvolutionConfig { padding: -1, ..same }),
            "padding must be at least 0, got -1",
        ),
        (BatchNorm::new(&path, 0).err(), "features must be at least 1, got 0"),
        (groups(4), "groups must be a divisor of 6, the features, got 4"),
        (groups(0), "groups must be at least 1, got 0"),
    ] {
        assert_eq!(error.unwrap().to_string(), expected);
    }
    assert!(store.is_empty());
    Linear::build(&path, [3, 3]).unwrap();
    let error = Linear::build(&path, [3, 3]).unwrap_err();
    assert!(matches!(error, NnError::NameTaken { ref name } if name == "weight"), "{error}");
}

#[test]
fn a_stack_has_no_memory_before_it_is_initialised() {
    let _alone = alone(1);
    let store = VarStore::new(CPU);
    let net = Sequential::build(store.root()).linear(1 << 30, 1 << 30).unwrap().finish();
    let (_, weight) = net.named_tensors().remove(0);
    assert_eq!((weight.size(), weight.stride()), (vec![1 << 30; 2], vec![0, 0]));
}

/// Its formula, one number after the other.
fn deviation_of_group(images: &[Tensor]) -> f64 {
    let images: Vec<Vec<f64>> =
        images.iter().map(|image| Vec::try_from(image.flatten(0, -1)).unwrap()).collect();
    let (n, features) = (images.len() as f64, images[0].len());
    let deviations = (0..features).map(|feature| {
        let mean = images.iter().map(|image| image[feature]).sum::<f64>() / n;
        let squares = images.iter().map(|image| (image[feature] - mean).powi(2));
        (1e-8 + squares.sum::<f64>() / n).sqrt()
    });
    deviations.sum::<f64>() / features as f64
}

#[test]
fn the_deviation_of_a_batch_is_that_of_its_groups() {
    let _alone = alone(1);
    // Images a batch, and the groups that they make.
    for (n, groups) in [(1, 1), (3, 1), (4, 1), (6, 1), (8, 2), (9, 1), (10, 2), (12, 3)] {
        let images = Tensor::randn([n, 3, 4, 5], (Kind::Double, CPU)).set_requires_grad(true);
        let seen = minibatch_deviation(&images);
        assert_eq!(seen.size(), [n, 4, 4, 5]);
        assert_eq!(seen.narrow(1, 0, 3), images);
        for image in 0..n {
            let group = (0..n).filter(|other| other % groups == image % groups);
            let group: Vec<_> = group.map(|other| images.get(other).detach()).collect();
            let expected = deviation_of_group(&group);
            let channel = seen.get(image).get(3);
            let [least, greatest] = [channel.min(), channel.max()].map(|x| x.double_value(&[]));
            assert!((least - expected).abs() < 1e-12 && greatest == least, "{n}: {image}");
        }
        seen.narrow(1, 3, 1).sum(Kind::Double).backward();
        let gradient = images.grad();
        assert!(bool::try_from(gradient.isfinite().all()).unwrap());
        assert_eq!(gradient.abs().sum(Kind::Double).double_value(&[]) > 1e-6, n > 1);
    }
    assert_eq!(
        minibatch_deviation(&Tensor::zeros([0, 3, 4, 4], kind::FLOAT_CPU)).size(),
        [0, 4, 4, 4]
    );
}
