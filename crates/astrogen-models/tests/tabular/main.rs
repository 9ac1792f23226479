//! The networks of tables: their shapes and rules, PyTorch's values, both kernels of the
//! gradient penalty, and tables generated in blocks. `golden/cwgan_gp.py` made the values.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../astrogen-nn/tests/agreement/mod.rs"]
#[allow(dead_code, reason = "other tests compare names and shapes too")]
mod agreement;
mod emulate;
mod gaussian;
mod golden;
mod networks;
mod passes;
mod penalty;
#[path = "../../../astrogen-nn/tests/turn/mod.rs"]
mod turn;
mod weights_files;

use astrogen_models::{Activation, TabularConfig, TabularCritic, TabularGenerator, weights};
use tch::nn::VarStore;
use tch::{Device, Tensor};

use agreement::{Named, assert_close, below, bytes_twice, golden_file};

/// Every activation and its name.
const ACTIVATIONS: [(&str, Activation); 3] =
    [("leaky_relu", Activation::LeakyRelu), ("relu", Activation::Relu), ("elu", Activation::Elu)];

/// What `cwgan_gp.py` trains.
fn small(activation: Activation) -> TabularConfig {
    TabularConfig { branch: vec![16, 8], trunk: vec![16, 16], activation, ..Default::default() }
}

fn golden() -> Named {
    golden_file("cwgan_gp.safetensors")
}

fn generator(config: &TabularConfig) -> (VarStore, TabularGenerator) {
    let store = VarStore::new(Device::Cpu);
    let generator = config.init_generator(&store.root()).unwrap();
    (store, generator)
}

fn critic(config: &TabularConfig) -> (VarStore, TabularCritic) {
    let store = VarStore::new(Device::Cpu);
    let critic = config.init_critic(&store.root()).unwrap();
    (store, critic)
}

/// Both networks with golden weights, such as those below `relu.initial`.
fn golden_pair(
    activation: Activation,
    golden: &Named,
    prefix: &str,
) -> ((VarStore, TabularGenerator), (VarStore, TabularCritic)) {
    let pair = (generator(&small(activation)), critic(&small(activation)));
    for (store, network) in [(&pair.0.0, "generator"), (&pair.1.0, "critic")] {
        weights::load_into(store, &below(golden, &format!("{prefix}.{network}."))).unwrap();
    }
    pair
}

/// The first batch of contexts.
fn contexts(golden: &Named) -> Tensor {
    golden["contexts"].get(0)
}
