//! Settings: their defaults, their range, their text form.

use astrogen_losses::GradientPenaltyConfig;
use astrogen_models::{Activation, TabularConfig};
use astrogen_train::cwgan_gp::{CwganGpStep, CwganGpStepConfig};
use tch::Device;

use super::model;
use crate::alone;

#[test]
fn the_defaults_are_balrogs_without_the_squared_error() {
    let config = CwganGpStepConfig::default();
    for optimizer in [config.generator_optimizer, config.critic_optimizer] {
        assert_eq!((optimizer.lr, optimizer.betas, optimizer.eps), (1e-4, [0.5, 0.999], 1e-8));
    }
    assert_eq!(config.penalty, GradientPenaltyConfig::default());
    assert_eq!(config.penalty.weight, 10.0);
    assert_eq!((config.n_critic, config.cosine_steps, config.mse_weight), (5, None, 0.0));
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
        refusal(|c| c.cosine_steps = Some(0)),
        "cosine_steps must be at least 1, or none, got 0"
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
    let text = r#"{"mse_weight": 0.5, "cosine_steps": 900, "penalty": {"kind": "one_sided"}}"#;
    let config = read(text).unwrap();
    assert_eq!((config.mse_weight, config.cosine_steps), (0.5, Some(900)));
    let written = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<CwganGpStepConfig>(&written).unwrap(), config);
    let message = read(r#"{"mse": 1}"#).unwrap_err().to_string();
    assert!(
        message.contains("unknown field `mse`") && message.contains("`mse_weight`"),
        "{message}"
    );
}
