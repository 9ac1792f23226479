//! Whole runs: resume to the last bit.

use astrogen_losses::GradientPenaltyConfig;
use astrogen_models::{Activation, TabularGenerator};
use astrogen_train::cwgan_gp::CwganGpStepConfig;
use astrogen_train::schedule::Schedule;
use tch::{Device, Tensor};

use super::{FLOAT, algorithm_of};
use crate::{alone, batches_of_rows, resume};

fn resumes_to_the_last_bit(activation: Activation, config: &CwganGpStepConfig) {
    let whole = resume::resumes_to_the_last_bit(
        || algorithm_of(activation, config),
        || batches_of_rows(11),
    );
    assert_eq!(
        whole.losses,
        ["gradient_penalty", "gradient_norm", "wasserstein", "critic_loss", "generator_loss"]
    );
    // The averaged generator alone is enough to sample from.
    let generator = TabularGenerator::load(&whole.run, Device::Cpu).unwrap();
    let [latent, context] = [4, 9].map(|width| Tensor::linspace(-1, 1, 5 * width, FLOAT));
    let (latent, context) = (latent.view([5, 4]), context.view([5, 9]));
    let samples = generator.sample(&latent, &context).unwrap();
    assert_eq!(samples, whole.step.average().sample(&latent, &context).unwrap());
}

#[test]
fn a_resumed_run_ends_in_the_same_bytes() {
    let _alone = alone();
    // The learning rate reaches zero after the run, and within it.
    for steps in [20, 8] {
        let mut config = CwganGpStepConfig {
            penalty: GradientPenaltyConfig { interval: 2, ..Default::default() },
            ..Default::default()
        };
        config.generator_optimizer.schedule = Schedule::Cosine { steps, end: 0.0 };
        resumes_to_the_last_bit(Activation::LeakyRelu, &config);
    }
}

#[test]
fn a_resumed_run_with_a_smooth_critic_and_squared_error_ends_in_the_same_bytes() {
    let _alone = alone();
    let config = CwganGpStepConfig { n_critic: 2, ..CwganGpStepConfig::original() };
    resumes_to_the_last_bit(Activation::Elu, &config);
}
