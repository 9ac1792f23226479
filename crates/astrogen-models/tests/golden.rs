//! A small DCGAN against PyTorch: the same weights, latents and reals give the same
//! outputs, losses, gradients and trained weights. `golden/dcgan.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use astrogen_losses::{AdversarialConfig, discriminator_loss, generator_loss};
use astrogen_models::weights::{self, WeightFile};
use astrogen_models::{
    DcganConfig, DcganDiscriminator, DcganGenerator, Discriminator, Generator, Upsampling,
};
use tch::nn::{self, OptimizerConfig, VarStore};
use tch::{Device, Kind, Tensor};

const CONFIG: DcganConfig = DcganConfig {
    image_size: 32,
    channels: 3,
    latent_dim: 16,
    generator_features: 8,
    discriminator_features: 8,
    upsampling: Upsampling::Transposed,
    spectral_norm: false,
    minibatch_deviation: false,
};

fn golden() -> WeightFile {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/dcgan.safetensors");
    weights::read(folder).unwrap()
}

/// The tensors below a prefix, without it.
fn below(golden: &WeightFile, prefix: &str) -> BTreeMap<String, Tensor> {
    let named = golden.tensors.iter();
    named
        .filter_map(|(name, tensor)| {
            Some((name.strip_prefix(prefix)?.to_owned(), tensor.shallow_clone()))
        })
        .collect()
}

struct Networks {
    generator_store: VarStore,
    discriminator_store: VarStore,
    generator: DcganGenerator,
    discriminator: DcganDiscriminator,
}

/// Both networks with the weights of a moment, `initial` or `final`.
fn networks(golden: &WeightFile, moment: &str) -> Networks {
    let generator_store = VarStore::new(Device::Cpu);
    let discriminator_store = VarStore::new(Device::Cpu);
    let generator = CONFIG.init_generator(&generator_store.root()).unwrap();
    let discriminator = CONFIG.init_discriminator(&discriminator_store.root()).unwrap();
    let of = |network: &str| below(golden, &format!("{moment}.{network}."));
    weights::load_into(&generator_store, &of("generator")).unwrap();
    weights::load_into(&discriminator_store, &of("discriminator")).unwrap();
    Networks { generator_store, discriminator_store, generator, discriminator }
}

#[track_caller]
fn assert_close(what: &str, got: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(got.size(), expected.size(), "{what}");
    let difference = (got.to_kind(Kind::Double) - expected.to_kind(Kind::Double)).abs();
    let worst = difference.max().double_value(&[]);
    assert!(worst <= tolerance, "{what}: differs by {worst:e}, allowed {tolerance:e}");
}

#[test]
fn outputs_in_train_mode_are_pytorchs() {
    let golden = golden();
    let networks = networks(&golden, "initial");
    let fakes = networks.generator.forward_t(&golden.tensors["latents"].get(0), true);
    assert_close("fakes", &fakes, &golden.tensors["initial.fakes"], 1e-6);
    let logits = networks.discriminator.forward_t(&golden.tensors["reals"].get(0), true);
    assert_close("logits", &logits, &golden.tensors["initial.logits"], 1e-5);
}

#[test]
fn outputs_in_eval_mode_are_pytorchs() {
    let golden = golden();
    let networks = networks(&golden, "final");
    let samples = networks.generator.sample(&golden.tensors["latents"].get(0)).unwrap();
    assert_close("samples", &samples, &golden.tensors["final.samples"], 1e-6);
    let expected = &golden.tensors["final.sample_logits"];
    let logits = networks.discriminator.forward_t(&samples, false);
    assert_close("logits", &logits, expected, 1e-5);
    let probability = networks.discriminator.probability(&samples).unwrap();
    assert_close("probability", &probability, &expected.sigmoid(), 1e-5);
}

#[test]
fn five_training_steps_are_pytorchs() {
    let golden = golden();
    let Networks { generator_store: g, discriminator_store: d, generator, discriminator } =
        networks(&golden, "initial");
    let adam = nn::Adam { beta1: 0.5, eps: 1e-8, ..Default::default() };
    let mut generator_adam = adam.build(&g, 2e-4).unwrap();
    let mut discriminator_adam = adam.build(&d, 2e-4).unwrap();
    let config = AdversarialConfig::default();

    for step in 0..5 {
        let at = |name: &str| golden.tensors[name].get(step);
        let fakes = generator.forward_t(&at("latents"), true);

        discriminator_adam.zero_grad();
        let loss = discriminator_loss(
            &discriminator.forward_t(&at("reals"), true),
            &discriminator.forward_t(&fakes.detach(), true),
            &config,
        );
        loss.total().backward();
        if step == 0 {
            gradients_are(&d, &below(&golden, "grad.discriminator."));
        }
        discriminator_adam.step();

        generator_adam.zero_grad();
        let generator_loss = generator_loss(&discriminator.forward_t(&fakes, true), &config);
        generator_loss.backward();
        if step == 0 {
            gradients_are(&g, &below(&golden, "grad.generator."));
        }
        generator_adam.step();

        let losses = Tensor::stack(&[loss.total(), generator_loss], 0);
        let ratio = losses / at("losses");
        assert_close(
            &format!("losses of step {step}"),
            &ratio,
            &Tensor::from_slice(&[1.0, 1.0]),
            1e-4,
        );
        let ratio = Tensor::stack(&[loss.real, loss.fake], 0) / at("losses.parts");
        assert_close(
            &format!("parts of step {step}"),
            &ratio,
            &Tensor::from_slice(&[1.0, 1.0]),
            1e-4,
        );
    }
    for (name, tensor) in generator.named_tensors() {
        assert_close(&name, &tensor, &golden.tensors[&format!("final.generator.{name}")], 1e-4);
    }
    for (name, tensor) in discriminator.named_tensors() {
        assert_close(&name, &tensor, &golden.tensors[&format!("final.discriminator.{name}")], 1e-4);
    }
}

fn gradients_are(var_store: &VarStore, expected: &BTreeMap<String, Tensor>) {
    assert_eq!(var_store.trainable_variables().len(), expected.len());
    let variables = var_store.variables();
    for (name, expected) in expected {
        let scale = expected.abs().max().double_value(&[]);
        assert_close(name, &variables[name].grad(), expected, 1e-4 * scale);
    }
}
