//! The Wasserstein GAN's networks: their shapes and rules, PyTorch's values, and both kernels
//! of the gradient penalty. `golden/wgan_gp.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../astrogen-nn/tests/agreement/mod.rs"]
mod agreement;
mod golden;
mod networks;
mod penalty;
#[path = "../../../astrogen-nn/tests/turn/mod.rs"]
mod turn;
mod variants;
mod weights_files;

use astrogen_models::{
    CriticNormalization, Upsampling, WganConfig, WganCritic, WganGenerator, weights,
};
use tch::Device;
use tch::nn::VarStore;

use agreement::{
    Named, assert_all_close, assert_close, below, bytes_twice, forms, golden_file, gradients,
    parameters,
};

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
    golden_file("wgan_gp.safetensors")
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
