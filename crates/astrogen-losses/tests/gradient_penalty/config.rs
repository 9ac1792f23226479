//! Settings: their range, their text form, the lazy interval.

use astrogen_losses::{GradientPenaltyConfig, PenaltyKind, gradient_penalty};

use crate::stack::{Stack, linear, scalar, values};

#[test]
fn the_default_is_wgan_gp() {
    let config = GradientPenaltyConfig::default();
    assert_eq!(config.kind, PenaltyKind::TwoSided);
    assert_eq!((config.weight, config.target, config.interval), (10.0, 1.0, 1));
    config.validate().unwrap();
}

#[test]
fn settings_outside_their_range_are_refused_with_the_rule() {
    let with = |edit: fn(&mut GradientPenaltyConfig)| {
        let mut config = GradientPenaltyConfig::default();
        edit(&mut config);
        config.validate().unwrap_err().to_string()
    };
    assert_eq!(
        with(|c| c.weight = -0.5),
        "gradient penalty weight must be finite and at least 0, got -0.5"
    );
    assert_eq!(
        with(|c| c.weight = f64::NAN),
        "gradient penalty weight must be finite and at least 0, got NaN"
    );
    assert_eq!(
        with(|c| c.target = f64::INFINITY),
        "gradient penalty target must be finite and at least 0, got inf"
    );
    assert_eq!(
        with(|c| c.target = -1.0),
        "gradient penalty target must be finite and at least 0, got -1"
    );
    assert_eq!(
        with(|c| c.interval = 0),
        "gradient penalty interval must be at least 1 (1 is every step), got 0"
    );
}

#[test]
fn settings_read_as_plain_words() {
    let config: GradientPenaltyConfig =
        serde_json::from_str(r#"{"kind": "one_sided", "weight": 2.5}"#).unwrap();
    assert_eq!(
        config,
        GradientPenaltyConfig {
            kind: PenaltyKind::OneSided,
            weight: 2.5,
            ..GradientPenaltyConfig::default()
        }
    );
    let text = serde_json::to_string(&GradientPenaltyConfig::r1(0.1)).unwrap();
    assert_eq!(text, r#"{"kind":"r1","weight":0.1,"target":1.0,"interval":1}"#);
    let error = serde_json::from_str::<GradientPenaltyConfig>(r#"{"lambda": 10}"#).unwrap_err();
    assert!(error.to_string().contains("unknown field `lambda`"), "{error}");
}

#[test]
fn a_lazy_penalty_applies_seldom_and_weighs_more() {
    let every = GradientPenaltyConfig::r1(2.0);
    let lazy = GradientPenaltyConfig { interval: 16, ..every.clone() };
    let applied: Vec<u64> = (0..50).filter(|&step| lazy.applies_at(step)).collect();
    assert_eq!(applied, [0, 16, 32, 48]);
    assert!((0..50).all(|step| every.applies_at(step)));
    let none = GradientPenaltyConfig { weight: 0.0, ..lazy.clone() };
    assert!((0..50).all(|step| !none.applies_at(step)));

    let critic = Stack(vec![linear(3, 1, 1)]);
    let points = values(&[2, 3], 2);
    let value = |config| scalar(&gradient_penalty(|x| critic.forward(x), &points, config).value);
    assert!((value(&lazy) / value(&every) - 16.0).abs() < 1e-12);
}
