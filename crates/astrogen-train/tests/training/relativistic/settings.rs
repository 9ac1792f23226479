//! Settings: their defaults, their range, their text form.

use astrogen_data::augment::Translation;
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use astrogen_train::schedule::Schedule;
use tch::Device;

use super::MODEL;
use crate::alone;

#[test]
fn the_defaults_are_those_of_the_recipe() {
    let config = RelativisticStepConfig::default();
    for optimizer in [config.generator_optimizer, config.critic_optimizer] {
        assert_eq!((optimizer.lr, optimizer.betas, optimizer.eps), (2e-3, [0.0, 0.99], 1e-8));
        assert_eq!(optimizer.schedule, Schedule::Constant);
    }
    assert_eq!((config.gamma, config.penalty_interval, config.ema_decay), (0.1, 2, 0.998));
    assert_eq!(config.translation, Translation { pixels: 0, probability: 0.3 });
    let read = serde_json::from_str::<RelativisticStepConfig>;
    assert_eq!(read("{}").unwrap(), config);
    let message = read(r#"{"gama": 1}"#).unwrap_err().to_string();
    assert!(message.contains("unknown field `gama`") && message.contains("`gamma`"), "{message}");
}

#[test]
fn settings_out_of_range_are_refused_with_their_rule() {
    let _alone = alone();
    let refusal = |edit: fn(&mut RelativisticStepConfig)| {
        let mut config = RelativisticStepConfig::default();
        edit(&mut config);
        RelativisticStep::new(&MODEL, &config, Device::Cpu).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(|c| c.critic_optimizer.schedule = Schedule::Linear { steps: 0, end: 0.1 }),
        "schedule steps must be at least 1, got 0"
    );
    assert_eq!(
        refusal(|c| c.generator_optimizer.schedule = Schedule::Linear { steps: 9, end: 1.5 }),
        "schedule end must be above 0 and at most 1, got 1.5"
    );
    assert_eq!(refusal(|c| c.gamma = -1.0), "gamma must be finite and at least 0, got -1");
    assert_eq!(
        refusal(|c| c.gamma = f64::INFINITY),
        "gamma must be finite and at least 0, got inf"
    );
    assert_eq!(
        refusal(|c| c.penalty_interval = 0),
        "penalty_interval must be at least 1 (1 is every step), got 0"
    );
    assert!(refusal(|c| c.translation.pixels = 32).contains("from 0 to 31"));
    assert_eq!(refusal(|c| c.ema_decay = 1.0), "ema_decay must be in [0, 1), got 1");
    assert_eq!(
        refusal(|c| c.critic_optimizer.lr = 0.0),
        "lr must be a finite number above 0, got 0"
    );
}

#[test]
fn settings_of_earlier_versions_are_the_same_training() {
    let read = |text: &str| serde_json::from_str::<RelativisticStepConfig>(text).unwrap();
    let earlier = r#"{
        "generator_optimizer": {"lr": 0.001, "betas": [0.0, 0.99], "eps": 1e-8},
        "critic_optimizer": {"lr": 0.002, "betas": [0.0, 0.99], "eps": 1e-8},
        "linear_steps": 4500,
        "final_lr": 0.25,
        "gamma": 0.2,
        "penalty_interval": 2,
        "translation": {"pixels": 0, "probability": 0.3},
        "ema_decay": 0.998
    }"#;
    let mut expected = RelativisticStepConfig { gamma: 0.2, ..Default::default() };
    expected.generator_optimizer.lr = 0.001;
    let schedule = Schedule::Linear { steps: 4500, end: 0.25 };
    expected.generator_optimizer.schedule = schedule;
    expected.critic_optimizer.schedule = schedule;
    assert_eq!(read(earlier), expected);
    assert_eq!(read(&serde_json::to_string(&expected).unwrap()), expected);

    let kept = read(r#"{"linear_steps": null, "final_lr": 0.25}"#);
    assert_eq!(kept, RelativisticStepConfig::default());
    let default = read(r#"{"linear_steps": 7}"#).critic_optimizer.schedule;
    assert_eq!(default, Schedule::Linear { steps: 7, end: 0.1 });
}
