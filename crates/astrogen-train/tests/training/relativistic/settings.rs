//! Settings: their defaults, their range, their text form.

use astrogen_data::augment::Translation;
use astrogen_train::relativistic::{RelativisticStep, RelativisticStepConfig};
use tch::Device;

use super::MODEL;
use crate::alone;

#[test]
fn the_defaults_are_those_of_the_recipe() {
    let config = RelativisticStepConfig::default();
    for optimizer in [config.generator_optimizer, config.critic_optimizer] {
        assert_eq!((optimizer.lr, optimizer.betas, optimizer.eps), (2e-3, [0.0, 0.99], 1e-8));
    }
    assert_eq!((config.gamma, config.penalty_interval, config.ema_decay), (0.1, 2, 0.998));
    assert_eq!((config.linear_steps, config.final_lr), (None, 0.1));
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
        refusal(|c| c.linear_steps = Some(0)),
        "linear_steps must be at least 1, or none, got 0"
    );
    let rate = "final_lr must be above 0 and at most 1, got";
    assert_eq!(refusal(|c| c.final_lr = 0.0), format!("{rate} 0"));
    assert_eq!(refusal(|c| c.final_lr = 1.5), format!("{rate} 1.5"));
    assert_eq!(refusal(|c| c.final_lr = f64::NAN), format!("{rate} NaN"));
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
