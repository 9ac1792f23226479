//! The Wasserstein GAN's networks: their shapes and rules, PyTorch's values, and both kernels
//! of the gradient penalty. `golden/wgan_gp.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod golden;
mod networks;
mod penalty;
mod variants;
mod weights_files;

use std::collections::BTreeMap;

use astrogen_models::{
    CriticNormalization, Upsampling, WganConfig, WganCritic, WganGenerator, weights,
};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

type Named = BTreeMap<String, Tensor>;

/// What `wgan_gp.py` trains.
const CONFIG: WganConfig = WganConfig {
    image_size: 64,
    channels: 1,
    latent_dim: 16,
    generator_features: 2,
    critic_features: 4,
    upsampling: Upsampling::Transposed,
    critic_normalization: CriticNormalization::None,
    spectral_norm: false,
};

/// Its variants with 2 features.
const NARROW: WganConfig = WganConfig { critic_features: 2, ..CONFIG };

fn golden() -> Named {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/wgan_gp.safetensors");
    weights::read(path).unwrap().tensors
}

/// The tensors below a prefix, without it.
fn below(golden: &Named, prefix: &str) -> Named {
    let named = golden.iter();
    named
        .filter_map(|(name, tensor)| {
            Some((name.strip_prefix(prefix)?.to_owned(), tensor.shallow_clone()))
        })
        .collect()
}

fn critic(config: &WganConfig) -> (VarStore, WganCritic) {
    let store = VarStore::new(Device::Cpu);
    let critic = config.init_critic(&store.root()).unwrap();
    (store, critic)
}

fn generator(config: &WganConfig) -> (VarStore, WganGenerator) {
    let store = VarStore::new(Device::Cpu);
    let generator = config.init_generator(&store.root()).unwrap();
    (store, generator)
}

/// A critic with golden weights.
fn golden_critic(config: &WganConfig, golden: &Named, prefix: &str) -> (VarStore, WganCritic) {
    let (store, critic) = critic(config);
    weights::load_into(&store, &below(golden, prefix)).unwrap();
    (store, critic)
}

/// A generator with golden weights.
fn golden_generator(
    config: &WganConfig,
    golden: &Named,
    prefix: &str,
) -> (VarStore, WganGenerator) {
    let (store, generator) = generator(config);
    weights::load_into(&store, &below(golden, prefix)).unwrap();
    (store, generator)
}

/// The variables that training changes, by name.
fn parameters(store: &VarStore) -> Named {
    store.variables().into_iter().filter(|(_, variable)| variable.requires_grad()).collect()
}

/// Gradients of a scalar by parameter name; 0 where it does not depend on the parameter.
fn gradients(store: &VarStore, of: &Tensor) -> Named {
    let (names, parameters): (Vec<_>, Vec<_>) = parameters(store).into_iter().unzip();
    let gradients = Tensor::run_backward(&[of], &parameters, false, false);
    let defined = gradients.into_iter().zip(&parameters).map(|(gradient, parameter)| {
        if gradient.defined() { gradient } else { parameter.zeros_like() }
    });
    names.into_iter().zip(defined).collect()
}

/// The largest difference, relative to the largest expected magnitude.
fn distance(got: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(got.size(), expected.size());
    let (got, expected) = (got.to_kind(Kind::Double), expected.to_kind(Kind::Double));
    let worst = (got - &expected).abs().max().double_value(&[]);
    let scale = expected.abs().max().double_value(&[]);
    if worst == 0.0 { 0.0 } else { worst / scale }
}

#[track_caller]
fn assert_close(what: &str, got: &Tensor, expected: &Tensor, tolerance: f64) {
    let error = distance(got, expected);
    assert!(error <= tolerance, "{what}: differs by {error:e}, allowed {tolerance:e}");
}

/// Two sets of tensors of the same names.
#[track_caller]
fn assert_all_close(what: &str, got: &Named, expected: &Named, tolerance: f64) {
    assert!(got.keys().eq(expected.keys()), "{what}: {:?}", got.keys());
    for (name, expected) in expected {
        assert_close(&format!("{what}, {name}"), &got[name], expected, tolerance);
    }
}
