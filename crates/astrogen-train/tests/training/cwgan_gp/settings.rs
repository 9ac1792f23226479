//! Settings: their defaults, their range, their text form.

use astrogen_losses::GradientPenaltyConfig;
use astrogen_models::{Activation, TabularConfig};
use astrogen_train::cwgan_gp::{CwganGpStep, CwganGpStepConfig};
use astrogen_train::schedule::Schedule;
use tch::Device;

use super::model;
use crate::alone;

#[test]
fn the_defaults_are_balrogs_without_the_squared_error() {
    let config = CwganGpStepConfig::default();
    for optimizer in [config.generator_optimizer, config.critic_optimizer] {
        assert_eq!((optimizer.lr, optimizer.betas, optimizer.eps), (1e-4, [0.5, 0.999], 1e-8));
        assert_eq!(optimizer.schedule, Schedule::Constant);
    }
    assert_eq!(config.penalty, GradientPenaltyConfig::default());
    assert_eq!(config.penalty.weight, 10.0);
    assert_eq!((config.n_critic, config.mse_weight), (5, 0.0));
    let original = CwganGpStepConfig { mse_weight: 1.0, ..config };
    assert_eq!(CwganGpStepConfig::original(), original);
}

#[test]
fn settings_out_of_range_are_refused_with_their_rule() {
    let _alone = alone();
    let refusal = |edit: fn(&mut CwganGpStepConfig)| {
        let mut config = CwganGpStepConfig::default();
        edit(&mut config);
        let model = model(Activation::Relu);
        CwganGpStep::new(&model, &config, Device::Cpu).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(|c| c.n_critic = 0),
        "n_critic must be at least 1 critic update a generator update, got 0"
    );
    assert_eq!(
        refusal(|c| c.generator_optimizer.schedule = Schedule::Cosine { steps: 0, end: 0.0 }),
        "schedule steps must be at least 1, got 0"
    );
    let mse = "mse_weight must be finite and at least 0, got";
    assert_eq!(refusal(|c| c.mse_weight = -0.5), format!("{mse} -0.5"));
    assert_eq!(refusal(|c| c.mse_weight = f64::NAN), format!("{mse} NaN"));
    assert_eq!(refusal(|c| c.mse_weight = f64::INFINITY), format!("{mse} inf"));
    assert_eq!(
        refusal(|c| c.penalty.weight = -1.0),
        "gradient penalty weight must be finite and at least 0, got -1"
    );
    assert_eq!(
        refusal(|c| c.penalty.interval = 0),
        "gradient penalty interval must be at least 1 (1 is every step), got 0"
    );
    assert_eq!(refusal(|c| c.ema_decay = 1.0), "ema_decay must be in [0, 1), got 1");
    let lr = "lr must be a finite number above 0, got 0";
    assert_eq!(refusal(|c| c.critic_optimizer.lr = 0.0), lr);
    assert_eq!(refusal(|c| c.generator_optimizer.lr = 0.0), lr);

    let model = TabularConfig { conditions: 0, ..model(Activation::Relu) };
    let error = CwganGpStep::new(&model, &CwganGpStepConfig::default(), Device::Cpu).unwrap_err();
    assert_eq!(error.to_string(), "conditions must be from 1 to 65536, got 0");
}

#[test]
fn settings_read_as_plain_words() {
    let read = serde_json::from_str::<CwganGpStepConfig>;
    assert_eq!(read("{}").unwrap(), CwganGpStepConfig::default());
    let text = r#"{"mse_weight": 0.5, "penalty": {"kind": "one_sided"},
        "generator_optimizer": {"schedule": {"cosine": {"steps": 900}}}}"#;
    let config = read(text).unwrap();
    let schedule = Schedule::Cosine { steps: 900, end: 0.0 };
    assert_eq!((config.mse_weight, config.generator_optimizer.schedule), (0.5, schedule));
    let written = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<CwganGpStepConfig>(&written).unwrap(), config);
    let message = read(r#"{"mse": 1}"#).unwrap_err().to_string();
    assert!(
        message.contains("unknown field `mse`") && message.contains("`mse_weight`"),
        "{message}"
    );
}

#[test]
fn settings_of_earlier_versions_are_the_same_training() {
    let read = |text: &str| serde_json::from_str::<CwganGpStepConfig>(text);
    let earlier = r#"{
        "generator_optimizer": {"lr": 0.0002, "betas": [0.5, 0.999], "eps": 1e-8},
        "critic_optimizer": {"lr": 0.0001, "betas": [0.5, 0.999], "eps": 1e-8},
        "cosine_steps": 900,
        "penalty": {"kind": "two_sided", "weight": 10.0, "target": 1.0, "interval": 1},
        "n_critic": 3,
        "mse_weight": 0.0,
        "ema_decay": 0.999
    }"#;
    let mut expected = CwganGpStepConfig { n_critic: 3, ..Default::default() };
    expected.generator_optimizer.lr = 0.0002;
    expected.generator_optimizer.schedule = Schedule::Cosine { steps: 900, end: 0.0 };
    assert_eq!(read(earlier).unwrap(), expected);
    assert_eq!(read(&serde_json::to_string(&expected).unwrap()).unwrap(), expected);

    assert_eq!(read(r#"{"cosine_steps": null}"#).unwrap(), CwganGpStepConfig::default());
    let alone = read(r#"{"cosine_steps": 7}"#).unwrap().generator_optimizer;
    assert_eq!((alone.lr, alone.schedule), (1e-4, Schedule::Cosine { steps: 7, end: 0.0 }));
    let message = read(r#"{"cosine_steps": -1}"#).unwrap_err().to_string();
    assert!(message.contains("integer `-1`, expected u64"), "{message}");
    // What was never there is not let through.
    assert!(read(r#"{"linear_steps": 7}"#).unwrap_err().to_string().contains("unknown field"));
}
