//! The WGAN-GP step.

mod golden;
mod run;
mod settings;
mod updates;

use astrogen_losses::GradientPenaltyConfig;
use astrogen_models::{CriticNormalization, Upsampling, WganConfig};
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use tch::{Device, Kind, Tensor};

/// The smallest networks there are.
const MODEL: WganConfig = WganConfig {
    image_size: 64,
    channels: 1,
    latent_dim: 6,
    generator_features: 1,
    critic_features: 2,
    upsampling: Upsampling::Transposed,
    critic_normalization: CriticNormalization::None,
    spectral_norm: false,
};

fn algorithm(model: &WganConfig, config: &WganGpStepConfig) -> WganGpStep {
    tch::manual_seed(11);
    WganGpStep::new(model, config, Device::Cpu).unwrap()
}

/// No gradient penalty.
fn no_penalty() -> GradientPenaltyConfig {
    GradientPenaltyConfig { weight: 0.0, ..Default::default() }
}

/// A batch of 4 images.
fn images() -> Tensor {
    Tensor::randn([4, 1, 64, 64], (Kind::Float, Device::Cpu)).tanh()
}

fn latents() -> Tensor {
    Tensor::randn([4, 6], (Kind::Float, Device::Cpu))
}
