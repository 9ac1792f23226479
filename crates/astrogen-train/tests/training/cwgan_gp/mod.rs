//! The conditional WGAN-GP step for tables.

mod golden;
mod run;
mod schedule;
mod settings;
mod updates;

use astrogen_models::{Activation, TabularConfig};
use astrogen_train::cwgan_gp::{CwganGpStep, CwganGpStepConfig};
use tch::{Device, Kind, Tensor};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

/// Small networks for rows of 6 conditions, 3 true and 3 observed features.
fn model(activation: Activation) -> TabularConfig {
    TabularConfig {
        latent_dim: 4,
        branch: vec![8, 4],
        trunk: vec![8],
        activation,
        ..Default::default()
    }
}

fn algorithm(config: &CwganGpStepConfig) -> CwganGpStep {
    algorithm_of(Activation::LeakyRelu, config)
}

fn algorithm_of(activation: Activation, config: &CwganGpStepConfig) -> CwganGpStep {
    tch::manual_seed(11);
    CwganGpStep::new(&model(activation), config, Device::Cpu).unwrap()
}

/// A batch of 4 rows.
fn rows() -> Tensor {
    Tensor::randn([4, 12], FLOAT)
}

/// Contexts, observed features and latents of 4 rows.
fn parts() -> [Tensor; 3] {
    [9, 3, 4].map(|width| Tensor::randn([4, width], FLOAT))
}
