//! Settings: their defaults, their range, their text form.

use astrogen_losses::{AdversarialLoss, GradientPenaltyConfig};
use astrogen_models::WganConfig;
use astrogen_train::wgan_gp::{WganGpStep, WganGpStepConfig};
use tch::Device;

use super::MODEL;
use crate::alone;

#[test]
fn the_defaults_are_those_of_the_paper() {
    let config = WganGpStepConfig::default();
    for optimizer in [config.generator_optimizer, config.critic_optimizer] {
        assert_eq!((optimizer.lr, optimizer.betas, optimizer.eps), (1e-4, [0.0, 0.9], 1e-8));
    }
    assert_eq!(config.loss, AdversarialLoss::Wasserstein);
    assert_eq!(config.penalty, GradientPenaltyConfig::default());
    assert_eq!((config.n_critic, config.weight_clip), (5, None));
}

#[test]
fn settings_out_of_range_are_refused_with_their_rule() {
    let _alone = alone();
    let refusal = |edit: fn(&mut WganGpStepConfig)| {
        let mut config = WganGpStepConfig::default();
        edit(&mut config);
        WganGpStep::new(&MODEL, &config, Device::Cpu).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(|c| c.n_critic = 0),
        "n_critic must be at least 1 critic update a generator update, got 0"
    );
    assert_eq!(
        refusal(|c| c.penalty.weight = -1.0),
        "gradient penalty weight must be finite and at least 0, got -1"
    );
    assert_eq!(
        refusal(|c| c.penalty.interval = 0),
        "gradient penalty interval must be at least 1 (1 is every step), got 0"
    );
    let clip = "weight_clip must be a finite number above 0, or none, got";
    assert_eq!(refusal(|c| c.weight_clip = Some(0.0)), format!("{clip} 0"));
    assert_eq!(refusal(|c| c.weight_clip = Some(-0.01)), format!("{clip} -0.01"));
    assert_eq!(refusal(|c| c.weight_clip = Some(f64::NAN)), format!("{clip} NaN"));
    assert_eq!(refusal(|c| c.weight_clip = Some(f64::INFINITY)), format!("{clip} inf"));
    assert_eq!(refusal(|c| c.ema_decay = 1.0), "ema_decay must be in [0, 1), got 1");
    assert_eq!(
        refusal(|c| c.critic_optimizer.lr = 0.0),
        "lr must be a finite number above 0, got 0"
    );

    let model = WganConfig { image_size: 60, ..MODEL };
    let error = WganGpStep::new(&model, &WganGpStepConfig::default(), Device::Cpu).unwrap_err();
    assert_eq!(
        error.to_string(),
        "image_size must be a power of two from 32 to 256 (nearest: 32 and 64), got 60"
    );
}

#[test]
fn settings_read_as_plain_words() {
    let read = serde_json::from_str::<WganGpStepConfig>;
    assert_eq!(read("{}").unwrap(), WganGpStepConfig::default());
    let text = r#"{"loss": "hinge", "penalty": {"kind": "r1", "interval": 16}, "n_critic": 2}"#;
    let config = read(text).unwrap();
    assert_eq!((config.loss, config.n_critic), (AdversarialLoss::Hinge, 2));
    assert_eq!(
        config.penalty,
        GradientPenaltyConfig { interval: 16, ..GradientPenaltyConfig::r1(10.0) }
    );
    for (text, parts) in [
        (r#"{"n_critics": 5}"#, ["unknown field `n_critics`", "`n_critic`"]),
        (r#"{"loss": "wgan"}"#, ["unknown variant `wgan`", "`wasserstein`"]),
        (r#"{"penalty": {"kind": "gp"}}"#, ["unknown variant `gp`", "`two_sided`"]),
    ] {
        let message = read(text).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}
