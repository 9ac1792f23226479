//! Whole runs: resume to the last bit.

use astrogen_data::augment::Translation;
use astrogen_models::{Generator, SharpGenerator};
use astrogen_train::relativistic::RelativisticStepConfig;
use astrogen_train::schedule::Schedule;
use tch::{Device, Kind, Tensor};

use super::algorithm;
use crate::{alone, batches_of, resume};

#[test]
fn a_resumed_run_with_noise_shifts_and_a_falling_rate_ends_in_the_same_bytes() {
    let _alone = alone();
    let mut config = RelativisticStepConfig {
        translation: Translation { pixels: 3, probability: 0.5 },
        ..Default::default()
    };
    let schedule = Schedule::Linear { steps: 10, end: 0.1 };
    config.generator_optimizer.schedule = schedule;
    config.critic_optimizer.schedule = schedule;
    let whole =
        resume::resumes_to_the_last_bit(|| algorithm(&config), || batches_of(11, [2, 32, 32]));
    assert_eq!(
        whole.losses,
        [
            "critic_loss",
            "real_score",
            "fake_score",
            "gradient_penalty",
            "gradient_norm",
            "generator_loss"
        ]
    );
    // The generator alone is enough to sample from.
    let generator = SharpGenerator::load(&whole.run, Device::Cpu).unwrap();
    let latent = Tensor::linspace(-1, 1, 18, (Kind::Float, Device::Cpu)).view([3, 6]);
    let sample = |generator: &SharpGenerator| {
        tch::manual_seed(3);
        generator.sample(&latent).unwrap()
    };
    assert_eq!(sample(&generator), sample(whole.step.average()));
}
