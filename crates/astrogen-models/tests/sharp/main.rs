//! The sharp networks: their shapes and rules, and PyTorch's values, which `golden/sharp.py`
//! made.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../astrogen-nn/tests/agreement/mod.rs"]
#[allow(dead_code, reason = "other tests compare penalties too")]
mod agreement;
mod golden;
mod networks;
#[path = "../../../astrogen-nn/tests/turn/mod.rs"]
mod turn;

use astrogen_models::{SharpConfig, SharpGenerator, WganCritic};
use tch::Device;
use tch::nn::VarStore;

/// What `sharp.py` has.
const CONFIG: SharpConfig = SharpConfig {
    image_size: 32,
    channels: 2,
    latent_dim: 6,
    generator_features: 4,
    critic_features: 4,
};

fn generator(config: &SharpConfig) -> (VarStore, SharpGenerator) {
    let store = VarStore::new(Device::Cpu);
    let generator = config.init_generator(&store.root()).unwrap();
    (store, generator)
}

fn critic(config: &SharpConfig) -> (VarStore, WganCritic) {
    let store = VarStore::new(Device::Cpu);
    let critic = config.init_critic(&store.root()).unwrap();
    (store, critic)
}
