//! The learning rates of a run.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use astrogen_train::checkpoint::Checkpoint;
use astrogen_train::cwgan_gp::{CwganGpStep, CwganGpStepConfig};
use astrogen_train::optim::AdamConfig;
use astrogen_train::schedule::Schedule;
use astrogen_train::state::State;
use astrogen_train::step::Step;
use tch::Tensor;

use super::{algorithm, rows};
use crate::alone;

/// Both networks are updated at every step, each weight by just the learning rate: that is
/// what Adam does without memory.
fn config(schedule: Schedule) -> CwganGpStepConfig {
    let adam = |lr| AdamConfig { lr, betas: [0.0, 0.0], ..Default::default() };
    CwganGpStepConfig {
        generator_optimizer: AdamConfig { schedule, ..adam(0.02) },
        critic_optimizer: adam(0.01),
        n_critic: 1,
        ..Default::default()
    }
}

/// The longest way of a weight of generator and critic in one step, in units of the settings'
/// learning rate.
fn ways(step: &mut CwganGpStep) -> [f64; 2] {
    let weights = |step: &CwganGpStep| -> BTreeMap<String, Tensor> {
        step.state().into_iter().map(|(name, tensor)| (name, tensor.copy())).collect()
    };
    let before = weights(step);
    step.step(&rows()).unwrap();
    let after = weights(step);
    [("generator.", 0.02), ("critic.", 0.01)].map(|(network, lr)| {
        let names = before.keys().filter(|name| name.starts_with(network));
        let way = |name: &String| (&after[name] - &before[name]).abs().max().double_value(&[]);
        names.map(way).fold(0.0, f64::max) / lr
    })
}

/// The generator moves by `factor` of its learning rate, the critic by all of its own.
#[track_caller]
fn assert_factor(step: &mut CwganGpStep, factor: f64) {
    for (way, factor) in ways(step).into_iter().zip([factor, 1.0]) {
        assert!((way - factor).abs() < 1e-4, "{way} is not {factor}");
    }
}

#[test]
fn the_generators_rate_falls_along_half_a_cosine_and_the_critics_stays() {
    let _alone = alone();
    let mut step = algorithm(&config(Schedule::Cosine { steps: 4, end: 0.0 }));
    for k in 0..4 {
        assert_factor(&mut step, 0.5 * (1.0 + (PI * f64::from(k) / 4.0).cos()));
    }
    for _ in 0..2 {
        assert_factor(&mut step, 0.0);
    }
}

#[test]
fn learning_rates_stay_where_there_is_no_schedule() {
    let _alone = alone();
    let mut step = algorithm(&config(Schedule::Constant));
    for _ in 0..6 {
        assert_factor(&mut step, 1.0);
    }
}

#[test]
fn learning_rates_go_on_from_a_checkpoint() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let mut step = algorithm(&config(Schedule::Cosine { steps: 6, end: 0.0 }));
    for _ in 0..3 {
        step.step(&rows()).unwrap();
    }
    Checkpoint { step: 3, samples: 4, data: None, score: None, processes: 1 }
        .save(&path, &step)
        .unwrap();
    let mut resumed = algorithm(&config(Schedule::Cosine { steps: 6, end: 0.0 }));
    Checkpoint::load(&path, &resumed).unwrap();
    assert_factor(&mut resumed, 0.5);
    assert_factor(&mut resumed, 0.25);
}
