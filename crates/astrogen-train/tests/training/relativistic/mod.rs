//! The step of a relativistic GAN.

mod golden;
mod leaks;
mod r3gan;
mod run;
mod settings;
mod updates;

use astrogen_models::SharpConfig;
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use tch::{Device, Kind, Tensor};

/// The smallest networks there are, nearly.
const MODEL: SharpConfig = SharpConfig {
    image_size: 32,
    channels: 2,
    latent_dim: 6,
    generator_features: 2,
    critic_features: 3,
};

fn algorithm(config: &RelativisticStepConfig) -> RelativisticStep {
    tch::manual_seed(11);
    RelativisticStep::new(&MODEL, config, Device::Cpu).unwrap()
}

/// A batch of so many images.
fn images(n: i64) -> Tensor {
    Tensor::randn([n, 2, 32, 32], (Kind::Float, Device::Cpu)).tanh()
}

fn latents(n: i64) -> Tensor {
    Tensor::randn([n, 6], (Kind::Float, Device::Cpu))
}
