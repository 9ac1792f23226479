//! The step of an autoencoder, against PyTorch (`astrogen-models/tests/golden/autoencoder.py`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use astrogen_data::{ArrayDataset, BatchConfig, Batches, Images};
use astrogen_models::{Autoencoder, AutoencoderConfig, Network, weights};
use astrogen_train::{AdamConfig, AutoencoderStep, AutoencoderStepConfig, Step};
use ndarray::Array4;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::resume::resumes_to_the_last_bit;
use crate::{alone, loss};

fn model() -> AutoencoderConfig {
    AutoencoderConfig {
        image_size: 24,
        widths: vec![8, 16],
        latent_dim: 4,
        ..AutoencoderConfig::default()
    }
}

fn step(model: &AutoencoderConfig) -> AutoencoderStep {
    tch::manual_seed(3);
    let config = AutoencoderStepConfig {
        optimizer: AdamConfig { lr: 1e-3, ..AdamConfig::default() },
        ..AutoencoderStepConfig::default()
    };
    AutoencoderStep::new(model, &config, Device::Cpu).unwrap()
}

/// Twenty images of a bright square somewhere.
fn batches() -> Batches<Images> {
    let images = Array4::from_shape_fn((20, 3, 24, 24), |(n, _, y, x)| {
        let inside = y.abs_diff(4 + n % 5 * 4) < 4 && x.abs_diff(4 + n / 5 * 4) < 4;
        if inside { 0.8 } else { -0.9 }
    });
    let images = ArrayDataset::new(images).unwrap();
    let config = BatchConfig { batch_size: 5, seed: 5, ..BatchConfig::default() };
    Batches::new(Arc::new(images), &config, Device::Cpu).unwrap()
}

#[test]
fn outputs_and_five_updates_agree_with_pytorch() {
    let _alone = alone();
    let file = "../astrogen-models/tests/golden/autoencoder.safetensors";
    let file = weights::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let take = |prefix: &str| -> BTreeMap<String, Tensor> {
        let named = file.tensors.iter();
        let named = named.filter_map(|(name, of)| {
            Some((name.strip_prefix(prefix)?.to_owned(), of.shallow_clone()))
        });
        named.collect()
    };
    let mut step = step(&model());
    let network = |step: &AutoencoderStep| step.autoencoder().named_tensors();
    weights::copy_into(network(&step), &take("initial."), "the golden file").unwrap();

    let close = |what: &str, got: &Tensor, expected: &Tensor| {
        let apart = (got - expected).abs().max().double_value(&[]);
        assert!(apart < 1e-5, "{what} differs by {apart:e}");
    };
    let images = &file.tensors["images"];
    let latent = step.autoencoder().encode(&images.get(0)).unwrap();
    close("latent", &latent, &file.tensors["latent"]);
    let reconstructed = step.autoencoder().decode(&latent).unwrap();
    close("reconstructed", &reconstructed, &file.tensors["reconstructed"]);
    for k in 0..5 {
        let losses = step.step(&Images(images.get(k) * 2.0 - 1.0)).unwrap();
        let expected = file.tensors["losses"].double_value(&[k]);
        assert!((loss(&losses, "reconstruction") / expected - 1.0).abs() < 1e-5, "step {k}");
    }
    let expected = take("final.");
    assert_eq!(network(&step).len(), expected.len());
    for (name, tensor) in network(&step) {
        let apart = (&tensor - &expected[&name]).abs().max().double_value(&[]);
        assert!(apart < 1e-4, "{name} differs by {apart:e}");
    }
}

#[test]
fn the_default_has_the_names_and_shapes_of_galacticforge() {
    let store = VarStore::new(Device::Cpu);
    // It is built without memory for its half a gigabyte of weights.
    let autoencoder = Autoencoder::build(&AutoencoderConfig::default(), &store.root()).unwrap();
    let shape = |name: &str| {
        let named = autoencoder.named_tensors().into_iter();
        named.filter(|(own, _)| own == name).map(|(_, of)| of.size()).next().unwrap_or_default()
    };
    assert_eq!(autoencoder.named_tensors().len(), 28);
    assert_eq!(shape("encoder.0.weight"), [64, 3, 4, 4]);
    assert_eq!(shape("encoder.10.weight"), [2048, 1024, 4, 4]);
    assert_eq!(shape("encoder.13.weight"), [16, 2048 * 7 * 7]);
    assert_eq!(shape("decoder.0.weight"), [2048 * 7 * 7, 16]);
    assert_eq!(shape("decoder.2.weight"), [2048, 1024, 4, 4]);
    assert_eq!(shape("decoder.12.bias"), [3]);
}

#[test]
fn runs_resume_to_the_last_bit_and_are_loaded() {
    let _alone = alone();
    for variational in [false, true] {
        let model = AutoencoderConfig { variational, ..model() };
        let whole = resumes_to_the_last_bit(|| step(&model), batches);
        let losses: &[&str] =
            if variational { &["reconstruction", "kl"] } else { &["reconstruction"] };
        assert_eq!(whole.losses, losses);
        let loaded = Autoencoder::load(&whole.run, Device::Cpu).unwrap();
        let images = Tensor::rand([2, 3, 24, 24], (Kind::Float, Device::Cpu));
        let of = |of: &Autoencoder| of.encode(&images).unwrap();
        assert_eq!(of(&loaded), of(whole.step.autoencoder()));
    }
}

#[test]
fn what_is_learnt_makes_reconstructions_better() {
    let _alone = alone();
    for variational in [false, true] {
        let mut step = step(&AutoencoderConfig { variational, ..model() });
        let mut data = batches();
        let before = step.reconstruction_error(&mut batches()).unwrap();
        for _ in 0..200 {
            step.step(&data.next_batch().unwrap()).unwrap();
        }
        let after = step.reconstruction_error(&mut batches()).unwrap();
        assert!(after < 0.4 * before, "{variational}: {before} {after}");
    }
}

#[test]
fn settings_and_images_that_cannot_be_are_refused() {
    let _alone = alone();
    let refusal = |model: AutoencoderConfig, config: AutoencoderStepConfig| {
        AutoencoderStep::new(&model, &config, Device::Cpu).unwrap_err().to_string()
    };
    let config = AutoencoderStepConfig::default;
    assert_eq!(
        refusal(AutoencoderConfig { image_size: 26, ..model() }, config()),
        "image_size must be a multiple of 4, 2 to the number of widths, got 26"
    );
    assert!(refusal(AutoencoderConfig { widths: vec![], ..model() }, config()).contains("widths"));
    assert!(
        refusal(AutoencoderConfig { latent_dim: 0, ..model() }, config()).contains("latent_dim")
    );
    assert_eq!(
        refusal(model(), AutoencoderStepConfig { kl_weight: -1.0, ..config() }),
        "kl_weight must be a finite number, 0 or more, got -1"
    );
    let mut step = step(&model());
    let small = Tensor::zeros([2, 3, 12, 12], (Kind::Float, Device::Cpu));
    let message = step.step(&Images(small.shallow_clone())).unwrap_err().to_string();
    assert_eq!(message, "images must have shape [N, 3, 24, 24], got [2, 3, 12, 12]");
    let message = step.autoencoder().encode(&small).unwrap_err().to_string();
    assert_eq!(message, "images must have shape [N, 3, 24, 24], got [2, 3, 12, 12]");
}
