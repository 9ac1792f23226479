//! R3GAN's networks: their shapes and rules, PyTorch's values, which `golden/r3gan.py` made, and loss
//! and penalty in closed form against double backward.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../astrogen-nn/tests/turn/mod.rs"]
mod turn;

#[path = "../../astrogen-nn/tests/agreement/mod.rs"]
#[allow(dead_code, reason = "other tests compare other things too")]
mod agreement;

use std::path::Path;

use agreement::{
    Named, assert_all_close, assert_close, below, bytes_twice, forms, golden_file, gradients,
};
use astrogen_losses::{
    AdversarialLoss, GradientPenaltyConfig, PenaltyKind, PiecewiseLinear, gradient_penalty,
    piecewise_linear_loss, piecewise_linear_penalty,
};
use astrogen_models::{
    Critic, Generator, R3ganConfig, R3ganDiscriminator, R3ganGenerator, weights,
};
use proptest::prelude::*;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use turn::alone;

/// What `r3gan.py` has.
fn config() -> R3ganConfig {
    R3ganConfig {
        image_size: 16,
        channels: 2,
        latent_dim: 5,
        widths: vec![8, 8, 4],
        group_width: 4,
        ..R3ganConfig::default()
    }
}

fn generator(config: &R3ganConfig) -> (VarStore, R3ganGenerator) {
    let store = VarStore::new(Device::Cpu);
    let generator = config.init_generator(&store.root()).unwrap();
    (store, generator)
}

fn discriminator(config: &R3ganConfig) -> (VarStore, R3ganDiscriminator) {
    let store = VarStore::new(Device::Cpu);
    let discriminator = config.init_discriminator(&store.root()).unwrap();
    (store, discriminator)
}

#[test]
fn names_and_shapes_are_those_of_the_state_dict() {
    let _alone = alone(1);
    let golden = golden_file("r3gan.safetensors");
    let expected = |network: &str| forms(&below(&golden, &format!("initial.{network}.")));
    let (store, generator) = generator(&config());
    assert_eq!(forms(&store.variables()), expected("generator"));
    let named: Named = generator.named_tensors().into_iter().collect();
    assert_eq!(forms(&named), expected("generator"));
    let (store, discriminator) = discriminator(&config());
    assert_eq!(forms(&store.variables()), expected("critic"));
    let named: Named = discriminator.named_tensors().into_iter().collect();
    assert_eq!(forms(&named), expected("critic"));
}

#[test]
fn images_and_their_gradients_are_pytorchs() {
    let _alone = alone(1);
    let golden = golden_file("r3gan.safetensors");
    let (store, generator) = generator(&config());
    weights::load_into(&store, &below(&golden, "initial.generator.")).unwrap();
    let fakes = generator.forward_t(&golden["latent"], true);
    assert_close("fakes", &fakes, &golden["fakes"], 1e-5);
    let value = (&fakes * &golden["direction"]).sum(Kind::Float);
    let expected = below(&golden, "grad.generator.");
    assert_all_close("gradients", &gradients(&store, &value), &expected, 1e-5);
    // Samples are images that can be shown.
    let samples = generator.sample(&golden["latent"]).unwrap();
    assert_close("samples", &samples, &golden["fakes"].clamp(-1.0, 1.0), 1e-5);
    assert!(golden["fakes"].abs().max().double_value(&[]) > 1.0);
}

#[test]
fn scores_and_the_gradients_of_loss_and_penalty_are_pytorchs() {
    let _alone = alone(1);
    let golden = golden_file("r3gan.safetensors");
    let (store, discriminator) = discriminator(&config());
    weights::load_into(&store, &below(&golden, "initial.critic.")).unwrap();
    let (images, of_scores) = (&golden["fakes"], &golden["weights"]);
    let scores = discriminator.forward_t(images, true);
    assert_close("scores", &scores, &golden["scores"], 1e-5);
    let expected = below(&golden, "grad.critic.");

    // By double backward, and by one trace.
    let penalty = GradientPenaltyConfig::r1(0.4);
    let both = gradient_penalty(|images| discriminator.forward_t(images, true), images, &penalty);
    let value = (scores * of_scores).sum(Kind::Float) + both.value;
    assert_all_close("double backward", &gradients(&store, &value), &expected, 1e-4);
    let mut trace = discriminator.whole_trace(images).unwrap();
    let found = piecewise_linear_loss(&mut *trace, images, &penalty, |scores| {
        (scores * of_scores).sum(Kind::Float)
    });
    assert_close("penalty", &found.penalty, &golden["penalty"], 1e-5);
    let traced: Named = found.gradients.into_iter().collect();
    assert_all_close("one trace", &traced, &expected, 1e-4);
}

#[test]
fn the_default_is_the_authors_for_64_pixels() {
    let _alone = alone(1);
    let default = R3ganConfig::default();
    assert_eq!(default.widths, [768, 768, 768, 768, 384]);
    assert_eq!((default.latent_dim, default.blocks, default.group_width), (64, 2, 16));
    // As counted by PyTorch on the modules of `r3gan.py`, with these widths and groups.
    let config = R3ganConfig::new(64, 32);
    let count =
        |store: &VarStore| -> usize { store.trainable_variables().iter().map(Tensor::numel).sum() };
    assert_eq!(count(&generator(&config).0), 122_032);
    assert_eq!(count(&discriminator(&config).0), 120_016);
}

/// A narrow stage has narrower groups, and no other stage has them too.
#[test]
fn groups_are_of_sixteen_wherever_a_stage_has_as_many() {
    let _alone = alone(1);
    let config = R3ganConfig::new(256, 96);
    assert_eq!(
        (config.widths.as_slice(), config.group_width),
        (&[96, 96, 96, 96, 48, 24, 12][..], 16)
    );
    let (store, _) = discriminator(&config);
    let weights = store.variables();
    // A stage a size from 256 pixels down to 4.
    for (stage, size) in [
        (0, [24, 8, 3, 3]),
        (1, [48, 16, 3, 3]),
        (2, [96, 16, 3, 3]),
        (3, [192, 16, 3, 3]),
        (6, [192, 16, 3, 3]),
    ] {
        let name = format!("MainLayers.{stage}.Layers.0.LinearLayer2.Layer.weight");
        assert_eq!(weights[&name].size(), size, "{name}");
    }
    let odd = R3ganConfig { widths: vec![9, 8, 4], ..self::config() };
    let (store, network) = discriminator(&odd);
    let name = "MainLayers.2.Layers.0.LinearLayer2.Layer.weight";
    assert_eq!(store.variables()[name].size(), [18, 2, 3, 3]);
    let images = Tensor::randn([2, 2, 16, 16], (Kind::Float, Device::Cpu));
    assert_eq!(network.score(&images).unwrap().size(), [2]);
}

#[test]
fn first_weights_are_he_scaled_by_depth_and_blocks_begin_as_the_identity() {
    let _alone = alone(1);
    tch::manual_seed(1);
    let config = R3ganConfig::new(16, 64);
    let ((g, generator), (d, discriminator)) = (generator(&config), discriminator(&config));
    let deviation = |store: &VarStore, name: &str| {
        store.variables()[name].to_kind(Kind::Double).std(false).double_value(&[])
    };
    let gain = (2.0 / 1.04f64).sqrt() * 6f64.powf(-0.25);
    for (store, name, expected) in [
        (&g, "MainLayers.0.Layers.0.Basis", 1.0),
        (&g, "MainLayers.0.Layers.0.LinearLayer.weight", 1.0 / 8.0),
        (&g, "MainLayers.1.Layers.2.LinearLayer1.Layer.weight", gain / 8.0),
        (&g, "MainLayers.1.Layers.2.LinearLayer2.Layer.weight", gain / 12.0),
        (&d, "MainLayers.2.Layers.0.LinearLayer1.Layer.weight", gain / 8.0),
        (&d, "MainLayers.2.Layers.2.Basis.weight", 0.25),
        (&d, "MainLayers.2.Layers.2.LinearLayer.weight", 1.0 / 8.0),
    ] {
        let got = deviation(store, name);
        assert!((got / expected - 1.0).abs() < 0.25, "{name}: {got} {expected}");
    }
    for (name, tensor) in discriminator.named_tensors() {
        let zero = name.ends_with("Bias") || name.contains("LinearLayer3");
        assert_eq!(tensor.abs().max().double_value(&[]) == 0.0, zero, "{name}");
    }
    // Each stage doubles what the one before made, and no more.
    let images = generator.forward_t(&generator.latent(4), true);
    assert_eq!(images.size(), [4, 3, 16, 16]);
    assert!(images.abs().max().double_value(&[]) > 0.0);
}

#[test]
fn files_come_back_and_features_make_the_scores() {
    let _alone = alone(1);
    let (_, network) = generator(&config());
    let load = |path: &Path| R3ganGenerator::load(path, Device::Cpu).unwrap();
    let ([first, second], loaded) =
        bytes_twice(&network, |net, path| net.save(path).unwrap(), load);
    assert!(first == second && loaded.config() == &config());
    let (store, network) = discriminator(&config());
    let load = |path: &Path| R3ganDiscriminator::load(path, Device::Cpu).unwrap();
    let ([first, second], loaded) =
        bytes_twice(&network, |net, path| net.save(path).unwrap(), load);
    assert!(first == second && loaded.config() == &config());
    let images = Tensor::randn([3, 2, 16, 16], (Kind::Float, Device::Cpu));
    let features = network.features(&images).unwrap();
    let weight = &store.variables()["MainLayers.2.Layers.2.LinearLayer.weight"];
    let scores = features.linear(weight, None::<&Tensor>).view([-1]);
    assert_close("scores", &scores, &network.forward_t(&images, false), 1e-6);
}

#[test]
fn settings_that_cannot_be_are_refused_with_their_rule() {
    let _alone = alone(1);
    let refusal = |edit: fn(&mut R3ganConfig)| {
        let mut config = config();
        edit(&mut config);
        config.validate().unwrap_err().to_string()
    };
    assert!(refusal(|c| c.image_size = 20).contains("a power of two from 8 to 1024"));
    assert_eq!(
        refusal(|c| c.image_size = 32),
        "widths must be 4 of them, for 4x4 up to 32x32 pixels, got 3"
    );
    assert!(refusal(|c| c.widths[2] = 0).contains("widths must be from 1 to 65536, got 0"));
    assert!(refusal(|c| c.widths[2] = 40_000).contains("inside a block"));
    assert!(refusal(|c| c.blocks = 0).contains("blocks must be from 1"));
    assert!(refusal(|c| c.expansion = -2).contains("expansion must be from 1"));
    assert!(config().validate().is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// In double precision, of any shape, penalty and batch: one trace gives what autograd does.
    #[test]
    fn one_trace_is_loss_and_double_backward(
        seed in any::<u32>(),
        n in 1i64..4,
        channels in 1i64..4,
        widths in prop::collection::vec(1i64..4, 2..4),
        (blocks, expansion, group_width) in (1i64..3, 1i64..3, 1i64..3),
        kind in prop::sample::select(vec![
            PenaltyKind::TwoSided, PenaltyKind::OneSided, PenaltyKind::R1, PenaltyKind::R2,
        ]),
        weight in 0.1f64..5.0,
    ) {
        let _alone = alone(1);
        tch::manual_seed(i64::from(seed));
        let config = R3ganConfig {
            image_size: 4 << (widths.len() - 1),
            channels,
            widths: widths.iter().map(|width| width * group_width).collect(),
            blocks,
            expansion,
            group_width,
            ..R3ganConfig::default()
        };
        let mut store = VarStore::new(Device::Cpu);
        let network = config.init_discriminator(&store.root()).unwrap();
        store.double();
        tch::no_grad(|| {
            for mut tensor in store.trainable_variables() {
                let _ = tensor.normal_(0.0, 0.5);
            }
        });
        let images = Tensor::randn([2 * n, channels, config.image_size, config.image_size],
            (Kind::Double, Device::Cpu));
        let penalty = GradientPenaltyConfig { kind, weight, ..Default::default() };
        let loss = |scores: &Tensor| {
            AdversarialLoss::Relativistic
                .critic_loss(&scores.narrow(0, 0, n), &scores.narrow(0, n, n))
        };

        let taken = gradient_penalty(|images| network.forward_t(images, true), &images, &penalty);
        let expected_loss = loss(&network.forward_t(&images, true));
        let expected = gradients(&store, &(&expected_loss + &taken.value));

        let mut trace = network.whole_trace(&images).unwrap();
        assert_close("scores", trace.scores(), &network.forward_t(&images, true), 1e-12);
        let found = piecewise_linear_loss(&mut *trace, &images, &penalty, loss);
        assert_close("loss", &found.loss, &expected_loss, 1e-10);
        assert_close("penalty", &found.penalty, &taken.value, 1e-10);
        assert_close("norm", &found.norm, &taken.norm, 1e-10);
        let got: Named = found.gradients.into_iter().collect();
        prop_assert!(got.keys().eq(expected.keys()), "{:?}", got.keys());
        // What cancels leaves rounding.
        let largest = |named: &Named| {
            let norms = named.values().map(|tensor| tensor.abs().max().double_value(&[]));
            norms.fold(0.0, f64::max)
        };
        let scale = largest(&expected);
        for (name, expected) in &expected {
            let worst = (&got[name] - expected).abs().max().double_value(&[]);
            prop_assert!(worst <= 1e-10 * scale, "{}: {} of {}", name, worst, scale);
        }

        // The penalty alone leaves biases out.
        let alone = piecewise_linear_penalty(&network, &images, &penalty);
        let penalty_gradients = gradients(&store, &gradient_penalty(
            |images| network.forward_t(images, true), &images, &penalty).value);
        for (name, gradient) in alone.gradients {
            prop_assert!(!name.ends_with("Bias"), "{}", name);
            let worst = (gradient - &penalty_gradients[&name]).abs().max().double_value(&[]);
            prop_assert!(worst <= 1e-10 * largest(&penalty_gradients), "{}: {}", name, worst);
        }
    }
}
