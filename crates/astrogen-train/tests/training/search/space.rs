//! Spaces read from JSON, and the trials they make.

use std::collections::BTreeSet;

use astrogen_train::search::{Choices, SearchSpace};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{reason, space, values};

const MIXED: &str = r#"{
    "lr": {"log_uniform": [1e-5, 1e-3]},
    "batch": [100, 200, 500],
    "latent_dim": {"integer": [2, 16]},
    "weight": {"uniform": [-0.5, 0.5]}
}"#;

#[test]
fn a_space_is_read_in_the_order_it_is_written() {
    let expected = [
        ("lr", Choices::LogUniform([1e-5, 1e-3])),
        ("batch", Choices::Grid(vec![100.into(), 200.into(), 500.into()])),
        ("latent_dim", Choices::Integer([2, 16])),
        ("weight", Choices::Uniform([-0.5, 0.5])),
    ];
    let expected = expected.map(|(name, choices)| (name.to_owned(), choices));
    assert_eq!(space(MIXED).settings(), expected);
    assert_eq!(space(MIXED), SearchSpace::new(expected.into()).unwrap());

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("space.json");
    std::fs::write(&path, MIXED).unwrap();
    assert_eq!(SearchSpace::open(&path).unwrap(), space(MIXED));
    std::fs::write(&path, r#"{"lr": []}"#).unwrap();
    let message = SearchSpace::open(&path).unwrap_err().to_string();
    assert!(message.ends_with("space.json: `lr`: an array needs at least one value"), "{message}");
    let message = SearchSpace::open(folder.path().join("none.json")).unwrap_err().to_string();
    assert!(message.contains("none.json"), "{message}");
}

#[test]
fn spaces_that_cannot_be_are_refused_with_their_rule() {
    for (text, expected) in [
        ("{}", "a search space needs at least one setting"),
        (r#"{"a": []}"#, "`a`: an array needs at least one value"),
        (r#"{"a": [1, 2, 1]}"#, "`a`: the array holds 1 twice"),
        (r#"{"a": [1], "a": [2]}"#, "`a` stands twice"),
        (r#"{"": [1]}"#, "`` must be names joined by dots, as in `optimizer.lr`"),
        (r#"{"a..b": [1]}"#, "`a..b` must be names joined by dots, as in `optimizer.lr`"),
        (r#"{"a": [1], "a.b": [2]}"#, "`a` and `a.b` set the same: take one of them"),
        (r#"{"a.b.c": [1], "a.b": [2]}"#, "`a.b.c` and `a.b` set the same: take one of them"),
        (r#"{"a": {"uniform": [2, 1]}}"#, "`a`: low must not be above high, got [2, 1]"),
        (r#"{"a": {"integer": [5, -5]}}"#, "`a`: low must not be above high, got [5, -5]"),
        (
            r#"{"a": {"log_uniform": [0, 1]}}"#,
            "`a`: both ends of `log_uniform` must be above 0, got [0.0, 1.0]",
        ),
        (
            r#"{"a": {"log_uniform": [-3, -1]}}"#,
            "`a`: both ends of `log_uniform` must be above 0, got [-3.0, -1.0]",
        ),
        (
            r#"{"a": {"log_uniform": [0.1, 0.01]}}"#,
            "`a`: low must not be above high, got [0.1, 0.01]",
        ),
        (
            r#"{"a": {"integer": [1, 2.5]}}"#,
            "`a`: `integer` takes [low, high], two whole numbers, got [1,2.5]",
        ),
        (
            r#"{"a": {"uniform": [1, 2, 3]}}"#,
            "`a`: `uniform` takes [low, high], two numbers, got [1,2,3]",
        ),
        (
            r#"{"a": {"log_uniform": "wide"}}"#,
            "`a`: `log_uniform` takes [low, high], two numbers, got \"wide\"",
        ),
    ] {
        assert_eq!(reason(SearchSpace::from_json(text)), expected);
    }
    for (text, got) in [
        (r#"{"a": 5}"#, "got 5"),
        (r#"{"a": {"normal": [0, 1]}}"#, r#"got {"normal":[0,1]}"#),
        (r#"{"a": {"uniform": [0, 1], "integer": [0, 1]}}"#, r#"got {"integer":[0,1],"#),
        (r#"{"a": {}}"#, "got {}"),
    ] {
        let message = reason(SearchSpace::from_json(text));
        let expected = "`a`: expected an array of values, or one of {\"uniform\": [low, high]}, ";
        assert!(message.starts_with(expected) && message.contains(got), "{message}");
    }
    for text in ["", "[1, 2]", "{\"a\": [1,]}", "{\"a\": {\"uniform\": [0, 1e999]}}"] {
        let message = reason(SearchSpace::from_json(text));
        assert!(message.starts_with("this is no search space: "), "{message}");
    }
    let message = reason(SearchSpace::from_json("[1, 2]"));
    assert!(message.contains("expected an object of settings, each with its values"), "{message}");
    let infinite = Choices::Uniform([0.0, f64::INFINITY]);
    assert_eq!(
        reason(SearchSpace::new(vec![("a".into(), infinite)])),
        "`a`: both ends must be finite, got [0.0, inf]"
    );
    let error = SearchSpace::from_json("{}").unwrap_err().to_string();
    assert!(error.starts_with("hyperparameter search: a search space needs"), "{error}");
}

#[test]
fn names_that_only_begin_alike_are_two_settings() {
    assert_eq!(space(r#"{"lr": [1], "lr_decay": [2], "l": [3]}"#).settings().len(), 3);
}

#[test]
fn a_grid_has_every_combination_in_order() {
    let grid = space(r#"{"b": [1, 2], "a": ["x", null, [3, 4]]}"#);
    let trials = grid.trials(None, 0).unwrap();
    let expected = [
        [json!(1), json!("x")],
        [json!(1), json!(null)],
        [json!(1), json!([3, 4])],
        [json!(2), json!("x")],
        [json!(2), json!(null)],
        [json!(2), json!([3, 4])],
    ];
    assert_eq!(values(&trials), expected.map(Vec::from));
    assert!(trials.iter().map(|trial| trial.number).eq(1..=6));
    assert!(trials.iter().all(|trial| trial.settings[0].0 == "b" && trial.settings[1].0 == "a"));
    assert_eq!(grid.trials(None, 99).unwrap(), trials, "the seed is of no matter");
}

#[test]
fn a_number_of_trials_is_needed_where_values_have_no_end() {
    let message = reason(space(MIXED).trials(None, 0));
    assert_eq!(message, "`lr` is a range, which has no end of values: ask for a number of trials");
    for count in [0, 100_001, u64::MAX] {
        let message = reason(space(MIXED).trials(Some(count), 0));
        let expected = format!("the number of trials must be from 1 to 100000, got {count}");
        assert_eq!(message, expected);
    }
    let values: Vec<Value> = (0..1000).map(Value::from).collect();
    let wide = |settings: usize| {
        let named = (0..settings).map(|i| (format!("s{i}"), Choices::Grid(values.clone())));
        SearchSpace::new(named.collect()).unwrap()
    };
    assert_eq!(
        reason(wide(2).trials(None, 0)),
        "the arrays have 1000000 combinations, more than 100000: ask for a number of trials"
    );
    assert_eq!(wide(6).trials(Some(5), 0).unwrap().len(), 5);
    assert_eq!(reason(wide(7).trials(Some(5), 0)), "the arrays have more than 2^64 combinations");
}

#[test]
fn draws_follow_their_law() {
    let trials = space(MIXED).trials(Some(4000), 3).unwrap();
    let column = |i: usize| values(&trials).into_iter().map(move |row| row[i].clone());
    let share = |count: usize| count as f64 / 4000.0;
    // Half of the powers of ten lie below 1e-4.
    let below = share(column(0).filter(|lr| lr.as_f64().unwrap() < 1e-4).count());
    assert!((below - 0.5).abs() < 0.03, "{below}");
    let negative = share(column(3).filter(|weight| weight.as_f64().unwrap() < 0.0).count());
    assert!((negative - 0.5).abs() < 0.03, "{negative}");
    for batch in [100, 200, 500] {
        let share = share(column(1).filter(|value| *value == batch).count());
        assert!((share - 1.0 / 3.0).abs() < 0.03, "{batch}: {share}");
    }
    for dim in 2..=16 {
        let share = share(column(2).filter(|value| *value == dim).count());
        assert!((share - 1.0 / 15.0).abs() < 0.02, "{dim}: {share}");
    }
}

/// Ranges and arrays in their JSON.
fn choices() -> impl Strategy<Value = Value> {
    let ends = |ends: (f64, f64)| json!([ends.0.min(ends.1), ends.0.max(ends.1)]);
    let number = any::<f64>().prop_filter("JSON has finite numbers", |x| x.is_finite());
    prop_oneof![
        (number.clone(), number).prop_map(move |x| json!({"uniform": ends(x)})),
        (1e-300..1e300f64, 1e-300..1e300f64).prop_map(move |x| json!({"log_uniform": ends(x)})),
        any::<(i64, i64)>().prop_map(|(a, b)| json!({"integer": [a.min(b), a.max(b)]})),
        prop::collection::btree_set(any::<i16>(), 1..6).prop_map(|values| json!(values)),
    ]
}

fn holds(choices: &Choices, value: &Value) -> bool {
    let within = |[low, high]: [f64; 2]| value.as_f64().is_some_and(|x| (low..=high).contains(&x));
    match choices {
        Choices::Grid(values) => values.contains(value),
        Choices::Uniform(ends) | Choices::LogUniform(ends) => within(*ends),
        Choices::Integer([low, high]) => {
            value.as_i64().is_some_and(|x| (*low..=*high).contains(&x))
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn every_value_drawn_is_one_of_the_choices(
        choices in prop::collection::vec(choices(), 1..5),
        count in 1u64..20,
        seed: u64,
    ) {
        let named: serde_json::Map<_, _> =
            choices.into_iter().enumerate().map(|(i, value)| (format!("s{i}"), value)).collect();
        let space = space(&Value::Object(named).to_string());
        let trials = space.trials(Some(count), seed).unwrap();
        prop_assert!(trials.len() as u64 <= count);
        for trial in &trials {
            prop_assert_eq!(trial.settings.len(), space.settings().len());
            for ((name, value), (expected, choices)) in trial.settings.iter().zip(space.settings()) {
                prop_assert_eq!(name, expected);
                prop_assert!(holds(choices, value), "{} of {:?}", value, choices);
            }
        }
        // The same seed, the same trials; fewer are the first of more.
        prop_assert_eq!(&space.trials(Some(count), seed).unwrap(), &trials);
        let more = space.trials(Some(count + 7), seed).unwrap();
        prop_assert_eq!(&more[..trials.len()], trials.as_slice());
    }

    #[test]
    fn a_grid_has_the_product_of_its_sizes_and_no_combination_twice(
        sizes in prop::collection::vec(1usize..6, 1..5),
        count in 1u64..700,
        seed: u64,
    ) {
        let settings = sizes.iter().enumerate().map(|(i, &size)| {
            (format!("s{i}"), Choices::Grid((0..size).map(Value::from).collect()))
        });
        let space = SearchSpace::new(settings.collect()).unwrap();
        let all = space.trials(None, seed).unwrap();
        let distinct = |trials: &[_]| -> BTreeSet<String> {
            values(trials).into_iter().map(|row| format!("{row:?}")).collect()
        };
        prop_assert_eq!(all.len(), sizes.iter().product::<usize>());
        prop_assert_eq!(distinct(&all).len(), all.len());
        let drawn = space.trials(Some(count), seed).unwrap();
        prop_assert_eq!(drawn.len(), all.len().min(count as usize));
        prop_assert_eq!(distinct(&drawn).len(), drawn.len());
        prop_assert!(distinct(&drawn).is_subset(&distinct(&all)));
    }
}

#[test]
fn another_seed_draws_other_trials() {
    let ranges = space(MIXED);
    assert_ne!(ranges.trials(Some(5), 1).unwrap(), ranges.trials(Some(5), 2).unwrap());
    let grid = space(r#"{"a": [1, 2, 3, 4, 5, 6, 7, 8], "b": [1, 2, 3, 4, 5, 6, 7, 8]}"#);
    assert_ne!(grid.trials(Some(5), 1).unwrap(), grid.trials(Some(5), 2).unwrap());
}
