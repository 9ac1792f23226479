//! A trial's values in a config.

use astrogen_models::{Activation, TabularConfig};
use astrogen_runtime::Precision;
use astrogen_train::cwgan_gp::CwganGpStepConfig;
use astrogen_train::fit::{Criterion, FitConfig};
use astrogen_train::schedule::Schedule;
use astrogen_train::search::Trial;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::reason;

/// What a program may have in its `config.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    algorithm: CwganGpStepConfig,
    model: TabularConfig,
    fit: FitConfig,
}

fn trial(settings: &[(&str, Value)]) -> Trial {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Trial { number: 4, settings: settings.collect() }
}

#[test]
fn values_reach_their_places_and_nothing_else() {
    let trial = trial(&[
        ("algorithm.critic_optimizer.lr", json!(3e-5)),
        ("algorithm.critic_optimizer.betas.0", json!(0.25)),
        ("algorithm.generator_optimizer.schedule", json!({"cosine": {"steps": 1000}})),
        ("model.latent_dim", json!(3)),
        ("model.branch", json!([32, 16])),
        ("model.activation", json!("elu")),
        ("fit.seed", json!(u64::MAX)),
    ]);
    let mut expected = Config::default();
    expected.algorithm.critic_optimizer.lr = 3e-5;
    expected.algorithm.critic_optimizer.betas = [0.25, 0.999];
    expected.algorithm.generator_optimizer.schedule = Schedule::Cosine { steps: 1000, end: 0.0 };
    expected.model.latent_dim = 3;
    expected.model.branch = vec![32, 16];
    expected.model.activation = Activation::Elu;
    expected.fit.seed = u64::MAX;
    assert_eq!(trial.apply(&Config::default()).unwrap(), expected);
}

#[test]
fn a_name_that_is_not_in_the_config_is_refused_with_those_there_are() {
    let refusal = |name: &str| reason(trial(&[(name, json!(1))]).apply(&Config::default()));
    assert_eq!(
        refusal("algorthm.n_critic"),
        "the config has no setting `algorthm.n_critic`: it has `algorithm`, `fit`, `model`; of \
         this name there is `algorithm.n_critic`"
    );
    assert_eq!(
        refusal("algorithm.critic_optimizer.rate"),
        "the config has no setting `algorithm.critic_optimizer.rate`: unknown field `rate`, \
         expected one of `lr`, `betas`, `eps`, `rectified`, `update_clipping`, `schedule`"
    );
    assert_eq!(
        refusal("lr"),
        "the config has no setting `lr`: unknown field `lr`, expected one of `algorithm`, `model`, \
         `fit`; of this name there is `algorithm.critic_optimizer.lr`, \
         `algorithm.generator_optimizer.lr`"
    );
    assert_eq!(
        refusal("algorithm.n_critic.start"),
        "the config has no setting `algorithm.n_critic.start`: `algorithm.n_critic` is 5, which \
         has no settings of its own"
    );
    assert_eq!(
        refusal("model.branch.2"),
        "the config has no setting `model.branch.2`: `model.branch` is a list, whose elements \
         are 0 to 1"
    );
    for name in ["", ".", "model.", "model/latent_dim", "model..latent_dim"] {
        assert!(refusal(name).starts_with("the config has no setting"), "{name}");
    }
}

#[test]
fn settings_that_json_leaves_out_at_their_default_are_settings_too() {
    let json = serde_json::to_string(&Config::default()).unwrap();
    for name in ["update_clipping", "rectified", "patience", "best_by", "precision"] {
        assert!(!json.contains(name), "{name} is left out of {json}");
    }
    let applied = trial(&[
        ("algorithm.critic_optimizer.update_clipping", json!(1)),
        ("algorithm.generator_optimizer.rectified", json!(true)),
        ("fit.patience", json!(500)),
        ("fit.best_by", json!({"lowest": "ks_bands"})),
        ("fit.precision", json!("tf32")),
    ]);
    let mut expected = Config::default();
    expected.algorithm.critic_optimizer.update_clipping = Some(1.0);
    expected.algorithm.generator_optimizer.rectified = true;
    expected.fit.patience = Some(500);
    expected.fit.best_by = Criterion::Lowest("ks_bands".into());
    expected.fit.precision = Precision::Tf32;
    assert_eq!(applied.apply(&Config::default()).unwrap(), expected);
    // To the default and back: JSON leaves it out again.
    let default = [
        ("algorithm.critic_optimizer.update_clipping", json!(null)),
        ("algorithm.generator_optimizer.rectified", json!(false)),
        ("fit.patience", json!(null)),
        ("fit.best_by", json!("score")),
        ("fit.precision", json!("f32")),
    ];
    assert_eq!(trial(&default).apply(&expected).unwrap(), Config::default());
    assert_eq!(trial(&default).apply(&Config::default()).unwrap(), Config::default());

    let message = reason(trial(&[("fit.patience", json!("long"))]).apply(&Config::default()));
    assert!(message.starts_with("`fit.patience` cannot be \"long\": invalid type"), "{message}");
}

#[test]
fn a_name_that_a_config_passes_over_is_no_setting() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Lenient {
        fit: FitConfig,
    }
    let config = Lenient { fit: FitConfig::default() };
    for value in [json!(3), json!(null), json!(false), json!({"steps": 3}), json!("score")] {
        let message = reason(trial(&[("steps", value)]).apply(&config));
        assert_eq!(
            message,
            "the config has no setting `steps`: it has `fit`; of this name there is `fit.steps`"
        );
    }
}

#[test]
fn a_value_of_another_kind_is_refused_with_its_setting() {
    let refusal = |settings: &[(&str, Value)]| reason(trial(settings).apply(&Config::default()));
    let good = ("fit.steps", json!(5));
    for (name, value, expected) in [
        (
            "model.latent_dim",
            json!(2.5),
            "`model.latent_dim` cannot be 2.5: invalid type: floating point `2.5`, expected i64",
        ),
        (
            "fit.seed",
            json!(-1),
            "`fit.seed` cannot be -1: invalid value: integer `-1`, expected u64",
        ),
        (
            "model.activation",
            json!("tanh"),
            "`model.activation` cannot be \"tanh\": unknown variant `tanh`, expected one of \
             `leaky_relu`, `relu`, `elu`",
        ),
        (
            "algorithm.critic_optimizer",
            json!({"rate": 1}),
            "`algorithm.critic_optimizer` cannot be {\"rate\":1}: unknown field `rate`, expected \
             one of `lr`, `betas`, `eps`, `rectified`, `update_clipping`, `schedule`",
        ),
    ] {
        assert_eq!(refusal(&[good.clone(), (name, value)]), expected);
    }
    // Each may be for itself; it is both together that cannot.
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(try_from = "Range")]
    struct Ordered(Range);
    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Range {
        low: i64,
        high: i64,
    }
    impl TryFrom<Range> for Ordered {
        type Error = String;
        fn try_from(range: Range) -> Result<Self, String> {
            if range.low <= range.high { Ok(Self(range)) } else { Err("low above high".into()) }
        }
    }
    let both = trial(&[("low", json!(4)), ("high", json!(3))]);
    let message = reason(both.apply(&Ordered(Range { low: 0, high: 9 })));
    assert_eq!(message, "the settings of trial 4 do not go together: low above high");

    // JSON has no infinity.
    let mut config = Config::default();
    config.algorithm.mse_weight = f64::INFINITY;
    let message = reason(trial(&[good]).apply(&config));
    assert!(message.starts_with("the config does not read back from its JSON: "), "{message}");
}

proptest! {
    #[test]
    fn a_value_applied_is_read_back(
        lr in any::<f64>().prop_filter("JSON has finite numbers", |x| x.is_finite()),
        steps: u64,
        latent_dim: i64,
        trunk in prop::collection::vec(any::<i64>(), 0..4),
    ) {
        let trial = trial(&[
            ("algorithm.generator_optimizer.lr", json!(lr)),
            ("fit.steps", json!(steps)),
            ("model.latent_dim", json!(latent_dim)),
            ("model.trunk", json!(trunk)),
        ]);
        let config = trial.apply(&Config::default()).unwrap();
        prop_assert_eq!(config.algorithm.generator_optimizer.lr.to_bits(), lr.to_bits());
        prop_assert_eq!(config.fit.steps, steps);
        prop_assert_eq!(config.model.latent_dim, latent_dim);
        prop_assert_eq!(config.model.trunk, trunk);
    }
}
