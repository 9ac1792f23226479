//! The DCGAN: its shapes, names, first weights, modes and gradients.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../astrogen-nn/tests/turn/mod.rs"]
mod turn;

use std::collections::HashSet;

use astrogen_models::{
    DcganConfig, DcganDiscriminator, DcganGenerator, Discriminator, Generator, ModelError,
    Upsampling,
};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, kind};

use turn::alone;

const SMALL: DcganConfig = DcganConfig {
    image_size: 32,
    channels: 3,
    latent_dim: 6,
    generator_features: 4,
    discriminator_features: 4,
    upsampling: Upsampling::Transposed,
    spectral_norm: false,
    minibatch_deviation: false,
};

struct Networks {
    g: VarStore,
    d: VarStore,
    generator: DcganGenerator,
    discriminator: DcganDiscriminator,
}

fn networks(config: &DcganConfig) -> Networks {
    let (g, d) = (VarStore::new(Device::Cpu), VarStore::new(Device::Cpu));
    let generator = config.init_generator(&g.root()).unwrap();
    let discriminator = config.init_discriminator(&d.root()).unwrap();
    Networks { g, d, generator, discriminator }
}

fn shapes(tensors: &[(String, Tensor)]) -> Vec<(String, Vec<i64>)> {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.size())).collect()
}

fn batch_norm(i: usize, features: i64) -> Vec<(String, Vec<i64>)> {
    let name = |tensor: &str| format!("net.{i}.{tensor}");
    vec![
        (name("weight"), vec![features]),
        (name("bias"), vec![features]),
        (name("running_mean"), vec![features]),
        (name("running_var"), vec![features]),
        (name("num_batches_tracked"), vec![]),
    ]
}

fn conv(i: usize, outer: i64, inner: i64) -> Vec<(String, Vec<i64>)> {
    vec![(format!("net.{i}.weight"), vec![outer, inner, 4, 4])]
}

#[test]
fn the_default_is_the_dcgan_of_pytorchs_example() {
    let _alone = alone(1);
    let Networks { g, d, generator, discriminator } = networks(&DcganConfig::default());
    let expected = [
        conv(0, 100, 512),
        batch_norm(1, 512),
        conv(3, 512, 256),
        batch_norm(4, 256),
        conv(6, 256, 128),
        batch_norm(7, 128),
        conv(9, 128, 64),
        batch_norm(10, 64),
        conv(12, 64, 3),
    ];
    assert_eq!(shapes(&generator.named_tensors()), expected.concat());
    let expected = [
        conv(0, 64, 3),
        conv(2, 128, 64),
        batch_norm(3, 128),
        conv(5, 256, 128),
        batch_norm(6, 256),
        conv(8, 512, 256),
        batch_norm(9, 512),
        conv(11, 1, 512),
    ];
    assert_eq!(shapes(&discriminator.named_tensors()), expected.concat());

    let parameters = |var_store: &VarStore| -> usize {
        var_store.trainable_variables().iter().map(Tensor::numel).sum()
    };
    // As counted by PyTorch.
    assert_eq!((parameters(&g), parameters(&d)), (3_576_704, 2_765_568));
}

#[test]
fn variable_stores_hold_the_named_tensors_below_their_path() {
    let _alone = alone(1);
    let var_store = VarStore::new(Device::Cpu);
    let root = var_store.root();
    let generator = SMALL.init_generator(&(&root / "generator")).unwrap();
    let discriminator = SMALL.init_discriminator(&(&root / "discriminator")).unwrap();
    let below = |prefix: &str, tensors: Vec<(String, Tensor)>| -> Vec<String> {
        tensors.into_iter().map(|(name, _)| format!("{prefix}.{name}")).collect()
    };
    let mut names = below("generator", generator.named_tensors());
    names.extend(below("discriminator", discriminator.named_tensors()));
    let stored: HashSet<_> = var_store.variables().into_keys().collect();
    assert_eq!(names.into_iter().collect::<HashSet<_>>(), stored);

    // A second network in the same place would get garbled names.
    let error = SMALL.init_generator(&(&root / "generator")).unwrap_err();
    assert!(matches!(&error, ModelError::NameTaken { name } if name == "generator.net.0.weight"));
}

#[test]
fn every_allowed_size_works_both_ways() {
    let _alone = alone(1);
    for (image_size, convolutions) in [(32, 4), (64, 5), (128, 6), (256, 7), (512, 8)] {
        let config = DcganConfig {
            image_size,
            channels: 2,
            latent_dim: 3,
            generator_features: 1,
            discriminator_features: 1,
            upsampling: Upsampling::Transposed,
            spectral_norm: false,
            minibatch_deviation: false,
        };
        let Networks { generator, discriminator, .. } = networks(&config);
        let images = generator.forward_t(&generator.latent(2), true);
        assert_eq!(images.size(), [2, 2, image_size, image_size]);
        assert_eq!(images.size()[1..], generator.image_shape());
        assert_eq!(discriminator.forward_t(&images, true).size(), [2]);
        for tensors in [generator.named_tensors(), discriminator.named_tensors()] {
            let kernels = tensors.iter().filter(|(_, tensor)| tensor.dim() == 4);
            assert_eq!(kernels.count(), convolutions);
            // Widths double up to 8 times the features.
            let widest = tensors.iter().flat_map(|(_, tensor)| tensor.size()).max().unwrap();
            assert_eq!(widest, if image_size == 32 { 4 } else { 8 });
        }
    }
}

#[test]
fn images_are_signed_and_latents_may_have_four_axes() {
    let _alone = alone(1);
    let Networks { generator, .. } = networks(&SMALL);
    let latent = generator.latent(4);
    let images = generator.sample(&latent).unwrap();
    assert!(images.abs().max().double_value(&[]) <= 1.0);
    let other = generator.sample(&latent.reshape([4, 6, 1, 1])).unwrap();
    assert_eq!(images, other);
    // Another float type is converted.
    assert_eq!(images, generator.sample(&latent.to_kind(Kind::Double)).unwrap());
    assert_eq!(generator.sample(&latent.narrow(0, 0, 0)).unwrap().size(), [0, 3, 32, 32]);
}

#[test]
fn inputs_of_another_shape_are_refused() {
    let _alone = alone(1);
    let Networks { generator, discriminator, .. } = networks(&SMALL);
    let zeros = |shape: &[i64]| Tensor::zeros(shape, kind::FLOAT_CPU);
    for shape in [&[6][..], &[2, 3], &[1, 12], &[2, 6, 1], &[2, 6, 2, 2]] {
        let error = generator.sample(&zeros(shape)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("latents must have shape [N, 6] or [N, 6, 1, 1], got {shape:?}")
        );
    }
    for shape in [&[3, 32, 32][..], &[1, 1, 32, 32], &[1, 3, 64, 64]] {
        let error = discriminator.probability(&zeros(shape)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("images must have shape [N, 3, 32, 32], got {shape:?}")
        );
    }
}

#[test]
fn sampling_is_in_eval_mode_without_gradients() {
    let _alone = alone(1);
    let Networks { g, generator, discriminator, .. } = networks(&SMALL);
    let latent = generator.latent(5);
    let before = g.variables()["net.1.running_mean"].copy();
    let samples = generator.sample(&latent).unwrap();
    assert!(!samples.requires_grad());
    assert_eq!(g.variables()["net.1.running_mean"], before);
    assert_eq!(g.variables()["net.1.num_batches_tracked"].int64_value(&[]), 0);
    // In eval mode a sample does not depend on its neighbours.
    let alone = generator.sample(&latent.narrow(0, 2, 1)).unwrap();
    let difference = (alone - samples.narrow(0, 2, 1)).abs().max().double_value(&[]);
    assert!(difference < 1e-6, "{difference:e}");

    let probability = discriminator.probability(&samples).unwrap();
    assert!(!probability.requires_grad() && probability.size() == [5]);
    let logits = discriminator.forward_t(&samples, false);
    assert_eq!(probability, logits.sigmoid());
}

#[test]
fn batches_are_counted_in_train_mode_only() {
    let _alone = alone(1);
    let Networks { d, discriminator, .. } = networks(&SMALL);
    let images = Tensor::randn([4, 3, 32, 32], kind::FLOAT_CPU);
    let count = || d.variables()["net.6.num_batches_tracked"].shallow_clone();
    assert_eq!(count().kind(), Kind::Int64);
    for train in [true, false, true, true] {
        let _ = discriminator.forward_t(&images, train);
    }
    assert_eq!(count().int64_value(&[]), 3);
}

#[test]
fn running_statistics_follow_the_batch() {
    let _alone = alone(1);
    let Networks { d, discriminator, .. } = networks(&SMALL);
    let images = Tensor::randn([4, 3, 32, 32], kind::FLOAT_CPU);
    let _ = discriminator.forward_t(&images, true);
    // The first normalised tensor by hand: conv, LeakyReLU, conv.
    let variables = d.variables();
    let conv = |xs: &Tensor, name: &str| {
        xs.conv2d(&variables[name], None::<&Tensor>, [2, 2], [1, 1], [1, 1], 1)
    };
    let hidden = conv(&images, "net.0.weight");
    let hidden = conv(&hidden.maximum(&(&hidden * 0.2)), "net.2.weight");
    let (var, mean) = (
        hidden.var_dim(&[0i64, 2, 3][..], true, false) * 0.1 + 0.9,
        hidden.mean_dim(&[0i64, 2, 3][..], false, Kind::Float) * 0.1,
    );
    assert!((&variables["net.3.running_mean"] - mean).abs().max().double_value(&[]) < 1e-7);
    assert!((&variables["net.3.running_var"] - var).abs().max().double_value(&[]) < 1e-6);
}

#[test]
fn first_weights_have_the_papers_distribution() {
    let _alone = alone(1);
    let Networks { generator, discriminator, .. } = networks(&DcganConfig::default());
    let (mut gains, mut kernels) = (Vec::new(), Vec::new());
    for (name, tensor) in generator.named_tensors().iter().chain(&discriminator.named_tensors()) {
        let flat = tensor.flatten(0, -1);
        match (tensor.dim(), name.rsplit('.').next().unwrap()) {
            (4, "weight") => kernels.push(flat),
            (1, "weight") => gains.push(flat),
            (_, "bias" | "running_mean" | "num_batches_tracked") => {
                assert_eq!(flat.count_nonzero(None).int64_value(&[]), 0, "{name}");
            }
            (_, "running_var") => assert!(flat.eq(1.0).all().int64_value(&[]) == 1, "{name}"),
            _ => panic!("{name} is unknown"),
        }
    }
    // Means and deviations within 5 standard errors.
    for (tensors, mean) in [(gains, 1.0), (kernels, 0.0)] {
        let all = Tensor::cat(&tensors, 0).to_kind(Kind::Double);
        let n = all.numel() as f64;
        let got = all.mean(None::<Kind>).double_value(&[]);
        let deviation = all.std(true).double_value(&[]);
        assert!((got - mean).abs() < 5.0 * 0.02 / n.sqrt(), "mean {got}");
        assert!((deviation / 0.02 - 1.0).abs() < 5.0 / (2.0 * n).sqrt(), "deviation {deviation}");
    }
}

#[test]
fn a_frozen_discriminator_passes_gradients_to_its_input_only() {
    let _alone = alone(1);
    let Networks { g, d, generator, discriminator } = networks(&SMALL);
    let fakes = generator.forward_t(&generator.latent(3), true);

    for variable in d.trainable_variables() {
        let _ = variable.set_requires_grad(false);
    }
    discriminator.forward_t(&fakes, true).mean(None::<Kind>).backward();
    assert!(d.trainable_variables().iter().all(|variable| !variable.grad().defined()));
    for (name, variable) in g.variables().iter().filter(|(_, v)| v.requires_grad()) {
        assert!(variable.grad().abs().max().double_value(&[]) > 0.0, "{name} has no gradient");
    }

    for variable in d.trainable_variables() {
        let _ = variable.set_requires_grad(true);
    }
    let fakes = fakes.detach();
    discriminator.forward_t(&fakes, true).mean(None::<Kind>).backward();
    for (name, variable) in d.variables().iter().filter(|(_, v)| v.requires_grad()) {
        assert!(variable.grad().abs().max().double_value(&[]) > 0.0, "{name} has no gradient");
    }
}

#[test]
fn input_gradients_are_finite_differences() {
    let _alone = alone(1);
    let Networks { mut g, mut d, generator, discriminator } = networks(&SMALL);
    g.double();
    d.double();
    // Weights of a size that lets signals through.
    for variable in g.trainable_variables().into_iter().chain(d.trainable_variables()) {
        let _ = tch::no_grad(|| variable.shallow_clone().g_mul_scalar_(6.0));
    }
    let latent = generator.latent(3).set_requires_grad(true);
    assert_eq!(latent.kind(), Kind::Double);
    // Eval mode: no running statistics that move between evaluations.
    let loss = |latent: &Tensor| {
        let images = generator.forward_t(latent, false);
        discriminator.forward_t(&images, false).square().sum(None::<Kind>) * 1e4
    };
    loss(&latent).backward();
    let gradient = latent.grad();
    let direction = Tensor::randn_like(&gradient);
    let step = 1e-6;
    let at = |by: f64| tch::no_grad(|| loss(&(&latent + &direction * by)).double_value(&[]));
    let numeric = (at(step) - at(-step)) / (2.0 * step);
    let analytic = (gradient * direction).sum(None::<Kind>).double_value(&[]);
    assert!(analytic.abs() > 1e-9);
    assert!((numeric / analytic - 1.0).abs() < 1e-4, "{numeric:e} and {analytic:e}");
}

#[test]
fn layers_follow_their_variable_store() {
    let _alone = alone(1);
    let Networks { mut d, discriminator, .. } = networks(&SMALL);
    assert_eq!(discriminator.options(), (Kind::Float, Device::Cpu));
    d.double();
    assert_eq!(discriminator.options(), (Kind::Double, Device::Cpu));
    // Inputs of another type are brought along; the counter stays whole.
    let images = Tensor::randn([2, 3, 32, 32], kind::FLOAT_CPU);
    assert_eq!(discriminator.probability(&images).unwrap().kind(), Kind::Double);
    assert_eq!(d.variables()["net.3.num_batches_tracked"].kind(), Kind::Int64);

    let cuda = Device::cuda_if_available();
    d.set_device(cuda);
    assert_eq!(discriminator.options().1, cuda);
    assert_eq!(discriminator.probability(&images).unwrap().device(), cuda);
}

#[test]
fn an_image_size_that_cannot_be_says_which_can() {
    let _alone = alone(1);
    for (image_size, nearest) in [
        (60, "32 and 64"),
        (65, "64 and 128"),
        (500, "256 and 512"),
        (16, "32"),
        (1024, "512"),
        (0, "32"),
        (-64, "32"),
        (i64::MIN, "32"),
    ] {
        let config = DcganConfig { image_size, ..Default::default() };
        let expected = format!(
            "image_size must be a power of two from 32 to 512 (nearest: {nearest}), got {image_size}"
        );
        assert_eq!(config.validate().unwrap_err().to_string(), expected);
        let var_store = VarStore::new(Device::Cpu);
        assert!(config.init_generator(&var_store.root()).is_err());
        assert!(config.init_discriminator(&var_store.root()).is_err());
        assert!(var_store.is_empty());
    }
}

#[test]
fn counts_outside_their_range_are_refused() {
    let _alone = alone(1);
    for got in [0, -3, 65537, i64::MAX] {
        let default = DcganConfig::default;
        for (field, config) in [
            ("channels", DcganConfig { channels: got, ..default() }),
            ("latent_dim", DcganConfig { latent_dim: got, ..default() }),
            ("generator_features", DcganConfig { generator_features: got, ..default() }),
            ("discriminator_features", DcganConfig { discriminator_features: got, ..default() }),
        ] {
            assert_eq!(
                config.validate().unwrap_err().to_string(),
                format!("{field} must be from 1 to 65536, got {got}")
            );
        }
    }
}
