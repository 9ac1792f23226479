//! Sizes, first weights, and settings or tensors that cannot be.

use crate::turn::alone;
use astrogen_models::{Activation, TabularConfig};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::{ACTIVATIONS, critic, generator, small};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

fn count(store: &VarStore) -> usize {
    store.trainable_variables().iter().map(Tensor::numel).sum()
}

#[test]
fn the_default_is_balrogs_emulator() {
    let _alone = alone(1);
    let default = TabularConfig::default();
    assert_eq!((default.features, default.true_features, default.conditions), (3, 3, 6));
    assert_eq!((default.latent_dim, default.context_dim()), (8, 9));
    assert_eq!(default.activation, Activation::LeakyRelu);
    // As counted by PyTorch.
    assert_eq!(count(&generator(&default).0), 68_931);
    assert_eq!(count(&critic(&default).0), 68_033);
}

/// The parameters of fully connected layers one after the other.
fn stack(widths: &[i64]) -> i64 {
    widths.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum()
}

#[test]
fn networks_of_any_size_work_both_ways() {
    let _alone = alone(1);
    let sizes = [
        ([1, 1, 1, 1], vec![1], vec![1]),
        ([5, 2, 1, 3], vec![7], vec![4, 3, 2]),
        ([2, 4, 9, 1], vec![6, 5, 4], vec![8]),
    ];
    for ([features, true_features, conditions, latent_dim], branch, trunk) in sizes {
        for (_, activation) in ACTIVATIONS {
            let config = TabularConfig {
                features,
                true_features,
                conditions,
                latent_dim,
                branch: branch.clone(),
                trunk: trunk.clone(),
                activation,
            };
            let ((g, generator), (c, critic)) = (generator(&config), critic(&config));
            let parameters = |first: i64, outputs: i64| -> i64 {
                let inputs = [first, conditions, true_features];
                let branches = inputs.map(|inputs| stack(&[&[inputs], &branch[..]].concat()));
                let joined = 3 * branch.last().unwrap();
                branches.iter().sum::<i64>() + stack(&[&[joined], &trunk[..], &[outputs]].concat())
            };
            assert_eq!(count(&g) as i64, parameters(latent_dim, features));
            assert_eq!(count(&c) as i64, parameters(features, 1));
            let last = format!("out.{}.weight", 2 * trunk.len());
            assert!(g.variables().contains_key(&last) && c.variables().contains_key(&last));

            for n in [1, 4] {
                let context = Tensor::randn([n, conditions + true_features], FLOAT);
                let latent = generator.latent(n);
                assert_eq!(latent.size(), [n, latent_dim]);
                let features_made = generator.sample(&latent, &context).unwrap();
                assert_eq!(features_made.size(), [n, features]);
                assert_eq!(critic.given(&context).forward(&features_made).size(), [n]);
            }
        }
    }
}

#[test]
fn first_weights_are_those_of_pytorchs_fully_connected_layers() {
    let _alone = alone(1);
    let (store, _) = generator(&TabularConfig::default());
    let variables = store.variables();
    for (name, tensor) in &variables {
        let layer = name.rsplit_once('.').unwrap().0;
        let inputs = variables[&format!("{layer}.weight")].size()[1];
        let limit = 1.0 / (inputs as f64).sqrt();
        let worst = tensor.abs().max().double_value(&[]);
        assert!(worst <= limit, "{name}: {worst} of {limit}");
        // The largest of so many has to be near the limit.
        assert!(tensor.numel() < 50 || worst > 0.9 * limit, "{name}: {worst} of {limit}");
    }
}

#[test]
fn tensors_of_another_shape_are_refused() {
    let _alone = alone(1);
    let (_, generator) = generator(&small(Activation::Relu));
    let zeros = |size: &[i64]| Tensor::zeros(size, FLOAT);
    let refusal = |latent: &[i64], context: &[i64]| {
        generator.sample(&zeros(latent), &zeros(context)).unwrap_err().to_string()
    };
    assert_eq!(refusal(&[5, 7], &[5, 9]), "latents must have shape [5, 8], got [5, 7]");
    assert_eq!(refusal(&[5, 8, 1], &[5, 9]), "latents must have shape [5, 8], got [5, 8, 1]");
    assert_eq!(refusal(&[5, 8], &[5, 6]), "contexts must have shape [5, 9], got [5, 6]");
    assert_eq!(refusal(&[5, 8], &[4, 9]), "contexts must have shape [5, 9], got [4, 9]");
    let none = generator.sample(&zeros(&[0, 8]), &zeros(&[0, 9])).unwrap();
    assert_eq!(none.size(), [0, 3]);
}

#[test]
fn settings_outside_their_range_are_refused_and_leave_nothing() {
    let _alone = alone(1);
    let default = TabularConfig::default;
    let refusal = |config: TabularConfig| {
        let store = VarStore::new(Device::Cpu);
        let messages = [
            config.validate().unwrap_err().to_string(),
            config.init_generator(&store.root()).unwrap_err().to_string(),
            config.init_critic(&store.root()).unwrap_err().to_string(),
        ];
        assert!(store.is_empty());
        assert!(messages.iter().all(|message| *message == messages[0]), "{messages:?}");
        messages[0].clone()
    };
    for got in [0, -3, 65537, i64::MAX] {
        for (field, config) in [
            ("features", TabularConfig { features: got, ..default() }),
            ("true_features", TabularConfig { true_features: got, ..default() }),
            ("conditions", TabularConfig { conditions: got, ..default() }),
            ("latent_dim", TabularConfig { latent_dim: got, ..default() }),
            ("branch", TabularConfig { branch: vec![8, got], ..default() }),
            ("trunk", TabularConfig { trunk: vec![got], ..default() }),
        ] {
            assert_eq!(refusal(config), format!("{field} must be from 1 to 65536, got {got}"));
        }
    }
    let branch = refusal(TabularConfig { branch: vec![], ..default() });
    assert!(branch.starts_with("branch must be a list of at least one width"), "{branch}");
    let trunk = refusal(TabularConfig { trunk: vec![], ..default() });
    assert!(trunk.starts_with("trunk must be a list of at least one width"), "{trunk}");
}

#[test]
fn settings_read_as_plain_words() {
    let _alone = alone(1);
    let read = |text: &str| serde_json::from_str::<TabularConfig>(text);
    assert_eq!(read("{}").unwrap(), TabularConfig::default());
    for (name, activation) in ACTIVATIONS {
        let text = format!(r#"{{"activation": "{name}", "branch": [4]}}"#);
        let expected = TabularConfig { activation, branch: vec![4], ..Default::default() };
        assert_eq!(read(&text).unwrap(), expected);
    }
    for (text, parts) in [
        (r#"{"activation": "tanh"}"#, ["unknown variant `tanh`", "`leaky_relu`, `relu`, `elu`"]),
        (r#"{"condition": 4}"#, ["unknown field `condition`", "`conditions`"]),
    ] {
        let message = read(text).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[test]
fn two_networks_do_not_share_a_path() {
    let _alone = alone(1);
    let store = VarStore::new(Device::Cpu);
    let config = small(Activation::Relu);
    config.init_generator(&store.root()).unwrap();
    let message = config.init_critic(&store.root()).unwrap_err().to_string();
    assert!(message.contains("already holds `cond.0.weight`"), "{message}");
}
