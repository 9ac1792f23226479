//! The conditional WGAN-GP step for tables.

mod golden;
mod run;
mod schedule;
mod settings;
mod updates;

use astrogen_data::Rows;
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
fn rows() -> Rows {
    rows_of(&Tensor::randn([4, 12], FLOAT))
}

/// Rows whose last 3 values are the observed features.
fn rows_of(values: &Tensor) -> Rows {
    let context = values.narrow(1, 0, 9).contiguous();
    Rows { context, features: values.narrow(1, 9, 3).contiguous(), weights: None }
}

/// Contexts, observed features and latents of 4 rows.
fn parts() -> [Tensor; 3] {
    [9, 3, 4].map(|width| Tensor::randn([4, width], FLOAT))
}
